"""Archiving a workspace: what that does, and the runs that must end before (SCREENS 2.19)."""

from __future__ import annotations

import anyio
from textual.app import ComposeResult

from dlthub_tui.client.errors import ClientError, NotSignedIn
from dlthub_tui.client.models import Run
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import TypedSheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted
from dlthub_tui.viewmodel.work.runs import COUNTED, name_of
from dlthub_tui.widgets.lines import LinesView

MOST_NAMED = 3
LOOKS_AGAIN_SECONDS = 1.0


class ArchiveSheet(TypedSheet):
    """Typing the name archives it, once no run is active; ctrl+x stops those that are."""

    def __init__(self, context: Context, workspace: WorkspaceRef, name: str) -> None:
        lines = _consequences("jobs", "runs", workspace.dataplane_id, None)
        super().__init__(context, f"Archive workspace {guard(name)}", name, "archive", lines)
        self._workspace = workspace
        self._active: tuple[Run, ...] = ()
        self._count = 0

    def compose_sheet(self) -> ComposeResult:
        """What blocks stands between what will be and the field."""
        for position, widget in enumerate(super().compose_sheet()):
            yield widget
            if not position:
                yield LinesView(self._blocking, widget_id="blocking")

    def on_mount(self) -> None:
        """Counts what is concerned, and looks for runs until there is none any more."""
        self.fetch(self._count_all(), "counts")
        self.fetch(self._watch(), "active")

    async def _count_all(self) -> None:
        from dlthub_tui.client.jobs import list_jobs
        from dlthub_tui.client.runs import list_runs

        plane = self.context.connected.control
        jobs = [job for job in await list_jobs(plane, self._workspace.id, recent_runs=0) if not job.is_archived]
        runs = await list_runs(plane, self._workspace.id, limit=1)
        concerned = words.plural(len(jobs), "job"), words.plural(runs.total, "run")
        self._say_consequences(*concerned, None)
        self._say_consequences(*concerned, await self._log_days())

    def _say_consequences(self, jobs: str, runs: str, log_days: int | None) -> None:
        self._lines = _consequences(jobs, runs, self._workspace.dataplane_id, log_days)
        self.query_one("#consequences", LinesView).update()

    async def _log_days(self) -> int | None:
        from dlthub_tui.client.residency import get_region_holdings

        try:
            region = await self.context.connected.region(self._workspace)
            return (await get_region_holdings(region, self._workspace.id)).keep_log_days
        except NotSignedIn:
            raise
        except ClientError:
            return None  # how long is not known while the region does not say; that they stay is

    async def _watch(self) -> None:
        from dlthub_tui.client.runs import list_runs

        plane = self.context.connected.control
        while True:
            page = await list_runs(plane, self._workspace.id, statuses=COUNTED, limit=MOST_NAMED)
            self._active, self._count = page.items, page.total
            self.query_one("#blocking", LinesView).update()
            self.update_footer()
            if not page.total:
                return
            await anyio.sleep(LOOKS_AGAIN_SECONDS)

    def _blocking(self, _width: int) -> list[Line]:
        if not self._count:
            return []
        named = [line("       ", self.look.state(run.status), f" {name_of(run)}") for run in self._active]
        more = [line(f"       and {self._count - len(named)} more")] if self._count > len(named) else []
        them = "it" if self._count == 1 else "them"
        return [line(), line("   ", Span("!", Role.WARN), f" {self._says()} Stop {them} first:"), *named, *more]

    def _says(self) -> str:
        return f"{words.plural(self._count, 'run')} {'is' if self._count == 1 else 'are'} active."

    @property
    def matches(self) -> bool:
        """Whether the word was typed, and nothing blocks."""
        return not self._count and super().matches

    def footer_entries(self) -> list[tuple[Action, str]]:
        """What blocks can be done first."""
        found = super().footer_entries()
        unblock = [action for action in self.live if action.id == "sheet.unblock" and self._count]
        return [*((action, f"stop the {words.plural(self._count, 'run')}") for action in unblock), *found]

    def do_form_next(self) -> None:
        """Not while runs are active."""
        if self._count:
            self.say(f"{self._says()} Stop what is, first.", Role.WARN)
        else:
            super().do_form_next()

    def do_sheet_unblock(self) -> None:
        """Asks the active runs to stop."""
        if self._count:
            self.fetch(self._stop(), "act")

    async def _stop(self) -> None:
        from dlthub_tui.client.errors import Conflict
        from dlthub_tui.client.runs import cancel_run, list_runs

        plane = self.context.connected.control
        page = await list_runs(plane, self._workspace.id, statuses=COUNTED)
        self.say(f"Stopping {words.plural(len(page.items), 'run')}.")
        for run in page.items:
            try:
                await cancel_run(plane, self._workspace.id, run.id)
            except Conflict:
                continue  # it ended by itself


def _consequences(jobs: str, runs: str, region: str, log_days: int | None) -> tuple[Line, ...]:
    """What ends, what stays and for how long, and that it comes back."""
    back = line(muted("   You can bring it back."))
    if log_days:
        back = line(
            f"   A log goes {words.plural(log_days, 'day')} after its run's end. ", muted("You can bring it back.")
        )
    return (
        line(f"   Its {jobs} stop firing and nobody can deploy or run. Code, variables, logs"),
        line(f"   and {runs} stay in {guard(region)}, readable."),
        back,
    )
