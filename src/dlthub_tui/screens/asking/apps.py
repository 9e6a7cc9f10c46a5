"""Opening the app of an interactive run, the same from every screen that can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

from dlthub_tui.client.models import Run
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel.look import TERMINAL_STATES
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.text import Role, guard

if TYPE_CHECKING:
    from dlthub_tui.client.apps import OpenedApp

NO_APP = "Only an interactive job has an app."
NOT_RUNNING = "It does not run. {run.start} runs it."


def why_no_app(job_type: str | None, run: Run | None) -> str | None:
    """Why a job or run has no app to open now; None when it has one."""
    if job_type != "interactive":
        return NO_APP
    return NOT_RUNNING if run is None or run.status in TERMINAL_STATES else None


class AppOpener:
    """Opens apps of one workspace and says where they are."""

    def __init__(self, context: Context, workspace: WorkspaceRef, screen: ActingScreen[None]) -> None:
        self._context = context
        self._workspace = workspace
        self._screen = screen

    async def open(self, run: Run) -> None:
        """In the browser of this desktop; without one the address is copied."""
        if not self._context.opens_browser:
            await self.copy(run)
            return
        import webbrowser

        app = await self._open(run)
        if await to_thread.run_sync(webbrowser.open, app.url):
            self._screen.say(f"Opened {guard(app.origin)} in the browser.", Role.OK)
        else:
            self._say_copied(app.url)

    async def copy(self, run: Run) -> None:
        """Copies an address that lets a browser in, once, within a minute."""
        self._say_copied((await self._open(run)).url)

    async def _open(self, run: Run) -> OpenedApp:
        from dlthub_tui.client.apps import open_app

        region = await self._context.connected.region(self._workspace)
        return await open_app(region, self._workspace.id, run.id)

    def _say_copied(self, url: str) -> None:
        self._screen.host.copy_to_clipboard(url)
        self._screen.say(f"Copied; it opens the app once, within a minute: {guard(url.partition('?')[0])}?…")
