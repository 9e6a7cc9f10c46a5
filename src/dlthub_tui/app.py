"""The Textual application: which screen is up, and the connection behind them.

Paints first and connects later: nothing here or in the first screen imports the client, the session or the planes
(Borders: 11); a test reads `sys.modules` at the first frame.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from textual.constants import get_environ
from textual.driver import Driver
from textual.screen import Screen
from textual.worker import Worker, WorkerError, WorkerState

from dlthub_tui import messages
from dlthub_tui.paths import styles_folder
from dlthub_tui.screens.configuring import ConfiguredApp
from dlthub_tui.screens.entering.start import StartScreen
from dlthub_tui.screens.moving import PATIENCE_SECONDS
from dlthub_tui.viewmodel.options import AppOptions, PlatformStarter
from dlthub_tui.viewmodel.settings import said_at_start
from dlthub_tui.viewmodel.text import Role

if TYPE_CHECKING:
    from dlthub_tui.screens.frame.acting import ActingScreen

__all__ = ["AppOptions", "DlthubTui", "PlatformStarter", "run"]

Ending = Literal["stop", "keep"]
# Work of the app itself that waits for the end of all other work.
_NOT_STOPPED = frozenset({"leave", "sign-out"})


def client_folder(options: AppOptions) -> Path:
    """Where session, pins and crash files are kept."""
    if options.home is not None:
        return Path(options.home) / "client"
    from dlthub_tui.settings import find_home

    return find_home(None) / "client"


class DlthubTui(ConfiguredApp, inherit_bindings=False):
    """Routes between screens; wires session and client."""

    CSS_PATH = styles_folder() / "base.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "dlthub-tui"
    # What makes room for the rows of a list where there are few: SCREENS 1.1. The styles say what goes at each.
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (10, "-low"), (14, "-short"), (20, "-tall")]  # noqa: RUF012 - Textual's type

    def __init__(self, options: AppOptions) -> None:
        super().__init__(options, client_folder(options))
        self._in_tmux = get_environ("TMUX", None) is not None
        self._is_leaving = False
        self._signed_in = ""
        self.crash = ""
        """What says where the app failed, if it did."""

    def get_default_screen(self) -> Screen[Any]:
        """The first screen is the one at the bottom of the stack."""
        return StartScreen(self.context)

    def copy_to_clipboard(self, text: str) -> None:
        """Also where the terminal is a pane of tmux, which takes no clipboard from programs unless it is told to."""
        super().copy_to_clipboard(text)
        if self._in_tmux:
            from dlthub_tui.screens.frame.clipboard import copy_in_tmux

            self.run_worker(copy_in_tmux(text), group="copy", exclusive=True, exit_on_error=False)

    def on_ready(self) -> None:
        """Connecting begins after the first frame was painted."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        gc.enable()
        from dlthub_tui.client.lookups import wait_for_no_lookup
        from dlthub_tui.settings import find_editor, ways_to_notify

        self.context.editor = find_editor()
        self.context.signs.ways, self.context.signs.in_tmux = ways_to_notify(), self._in_tmux
        wait_for_no_lookup()
        self._watch_signals()
        self.run_worker(self._connect(), group="connect", exclusive=True, exit_on_error=False)

    async def _connect(self) -> None:
        """Reaches or starts the platform, then shows who is signed in or how to sign in."""
        from dlthub_tui.screens.entering.connecting import connect

        try:
            await connect(self, self.context, self.options.platform, uses_keyring=self.options.uses_keyring)
        finally:
            if self.context.connection is None or self.context.connection.pair is None:
                self.start_over()
        self.sweeper.begin(self)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Failed work of the app itself is said on the screen that is up."""
        worker = cast("Worker[Any]", event.worker)  # pyright: ignore[reportUnknownMemberType] - generic in Textual
        if event.state is WorkerState.ERROR and worker.error is not None:
            if worker.group == "live" and self._is_over(worker.error):
                return
            from dlthub_tui.screens.entering.connecting import report

            report(self, self.context, worker.error)

    def _is_over(self, error: BaseException) -> bool:
        from dlthub_tui.client.errors import NotSignedIn

        if isinstance(error, NotSignedIn):
            self.on_session_ended()
        return isinstance(error, NotSignedIn)

    def on_connect_again(self) -> None:
        """Try to reach the installation again."""
        self.run_worker(self._connect(), group="connect", exclusive=True, exit_on_error=False)

    def on_draw_again(self) -> None:
        """All cells are sent anew, whatever the terminal is known to show."""
        from dlthub_tui.widgets.lasting_driver import LastingDriver

        if isinstance(self._driver, LastingDriver):
            self._driver.forget()
        self.screen.refresh()

    async def on_signed_in(self, message: messages.SignedIn) -> None:
        """There is a session: back to where it ended, else home, and on the first start the guide over it."""
        before, self._signed_in = self._signed_in, self.context.connected.email
        if before not in {"", self._signed_in}:
            await self._forget_who_was_here()
        self._follow_changes()
        from dlthub_tui.screens.entering.sign_in import SignInScreen
        from dlthub_tui.screens.installation.home import HomeScreen
        from dlthub_tui.screens.places.place import PlaceScreen

        if any(isinstance(screen, HomeScreen) for screen in self.screen_stack):
            if isinstance(self.screen, SignInScreen):
                await self.pop_screen()
            elif isinstance(self.screen, PlaceScreen):
                self.screen.do_link_retry()
            return
        await self._reset()
        home = HomeScreen(self.context)
        await self.turn(lambda: self.push_screen(home))
        if self.options.link and isinstance(self.screen, HomeScreen):
            await self.screen.run_chosen(f"open {self.options.link}")
        if self.context.troubles and isinstance(self.screen, HomeScreen):
            self.screen.say(said_at_start(self.context.troubles), Role.WARN)
        if message.is_first:
            from dlthub_tui.screens.installation.guide import GuideScreen

            await self.push_screen(GuideScreen(self.context))
        # No coroutine before it is begun: an app that is left meanwhile would never begin it.
        self.run_worker(partial(self._begin_home, home), group="ahead", exit_on_error=False)

    async def _begin_home(self, home: ActingScreen[None]) -> None:
        """Keys that were typed ahead; then, beside what one does, what every log and every error needs."""
        from anyio import to_thread

        from dlthub_tui.viewmodel.logs.log_rows import get_ready

        await self.give_keys(home)
        await to_thread.run_sync(get_ready, abandon_on_cancel=True)

    def _follow_changes(self) -> None:
        from dlthub_tui.screens.places.following import follow, watch_planes

        if self.context.poll_seconds:
            self.run_worker(follow(self, self.context), group="live", exclusive=True, exit_on_error=False)
            self.run_worker(watch_planes(self, self.context), group="planes", exclusive=True, exit_on_error=False)

    async def _forget_who_was_here(self) -> None:
        """Somebody else signed in where a session had ended: no place, mark, filter or token is theirs."""
        await self._reset()
        await self._stop_asking()
        self.history.forget()
        self.context.forget_person()
        await self.context.connected.forget_regions()

    async def _reset(self) -> None:
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    def on_ask_for(self, message: messages.AskFor) -> None:
        """The help, the command line or the palette, for the screen that is up."""
        from dlthub_tui.screens.command import CommandSheet
        from dlthub_tui.screens.frame.sheets import Sheet
        from dlthub_tui.screens.help import HelpScreen
        from dlthub_tui.screens.places.place import PlaceScreen

        origin = self.screen
        if message.what == "help" and isinstance(origin, PlaceScreen | Sheet):
            place = next((each for each in reversed(self.screen_stack) if isinstance(each, PlaceScreen)), None)
            self.push_screen(HelpScreen(self.context, origin, place), origin.run_chosen)
        elif isinstance(origin, PlaceScreen):
            sheet = CommandSheet(self.context, origin, by_title=message.what == "palette")
            self.push_screen(sheet, origin.run_chosen)

    def on_session_ended(self) -> None:
        """Sign in again; the place is kept below."""
        self.run_worker(self._connect(), group="connect", exclusive=True, exit_on_error=False)

    def on_sign_out(self) -> None:
        """Ends the session, leaves every place and asks who is next."""
        self.run_worker(self._sign_out(), group="sign-out", exclusive=True, exit_on_error=False)

    async def _sign_out(self) -> None:
        from dlthub_tui.screens.asking.signing_out import sign_out
        from dlthub_tui.screens.entering.sign_in import SignInScreen

        # Places go first: one that is seen again asks, and would hear that nobody is signed in.
        await self._reset()
        await self._stop_asking()
        said = await sign_out(self.context)
        self.history.forget()
        self.start_over()
        await self.push_screen(SignInScreen(self.context, said))

    def on_ask_to_leave(self, message: messages.AskToLeave) -> None:
        """Asks about the platform when runs go on."""
        self.run_worker(self._ask_to_leave(message.asks), group="leave", exclusive=True, exit_on_error=False)

    async def _ask_to_leave(self, asks: bool) -> None:
        from dlthub_tui.screens.leaving import LeaveSheet

        platform = self.options.platform
        runs = await platform.active_runs() if platform and self.context.is_embedded else 0
        if not runs and not asks:
            await self._leave("stop")
            return

        def answered(ending: Ending | None) -> None:
            if ending is not None:
                self.run_worker(self._leave(ending), group="leave", exit_on_error=False)

        self.push_screen(LeaveSheet(self.context, runs), answered)

    async def _leave(self, ending: Ending) -> None:
        if self._is_leaving:
            return
        self._is_leaving = True
        try:
            await self.on_unmount()
            if self.options.platform is not None:
                await self.options.platform.leave(keep_running=ending == "keep")
        finally:
            self.exit(0)

    async def on_unmount(self) -> None:
        """Ends what is asked, then all connections, however the app ends."""
        self.sweeper.end()
        self.context.signs.end(self)
        if self.context.connection is None:
            return
        await self._stop_asking()
        await self.context.connection.aclose()

    async def _stop_asking(self) -> None:
        import anyio

        asking = [worker for worker in cast("set[Worker[Any]]", self.workers) if worker.group not in _NOT_STOPPED]
        for worker in asking:
            worker.cancel()
        with anyio.move_on_after(PATIENCE_SECONDS):
            for worker in asking:
                with suppress(WorkerError):
                    await worker.wait()

    def _fatal_error(self) -> None:
        """A file says where it failed, without values; the library would print them all on the screen."""
        from dlthub_tui.session.crashes import write_crash

        if self._exception is not None and not self.crash:
            folder = self.context.client_folder
            try:
                self.crash = f"see {folder / write_crash(folder, self._exception, self.context.look.now())}"
            except OSError as exc:
                self.crash = f"{type(self._exception).__name__}; {folder} takes no file ({exc.strerror})"
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:  # noqa: ARG002 - errors that know how to draw themselves
        """The same."""
        self._fatal_error()

    def get_driver_class(self) -> type[Driver]:
        """Textual's own choice, but for what its drivers for terminals and for browsers lack."""
        found = super().get_driver_class()
        if found.__name__ == "LinuxDriver":
            from dlthub_tui.widgets.lasting_driver import LastingDriver

            return LastingDriver
        if found.__name__ == "WebDriver":
            from dlthub_tui.widgets.browser_driver import BrowserDriver

            return BrowserDriver
        return found

    def _watch_signals(self) -> None:
        """SIGTERM stops the embedded planes; a lost terminal leaves active runs to another process (Borders: 3)."""
        if self.is_headless or self._loop is None:
            return
        self._loop.add_signal_handler(signal.SIGTERM, self._leave_by_signal, False)
        self._loop.add_signal_handler(signal.SIGHUP, self._leave_by_signal, True)
        from dlthub_tui.widgets.lasting_driver import LastingDriver

        if isinstance(self._driver, LastingDriver):
            self._driver.tell_hang_up(lambda: self._leave_by_signal(True))

    def _leave_by_signal(self, keeps_runs: bool) -> None:
        self.run_worker(self._leave_now(keeps_runs), group="leave", exit_on_error=False)

    async def _leave_now(self, keeps_runs: bool) -> None:
        platform = self.options.platform
        runs = await platform.active_runs() if platform and keeps_runs else 0
        await self._leave("keep" if runs else "stop")


def run(options: AppOptions, say_failed: Callable[[str], None] | None = None) -> int:
    """Opens the terminal application; returns its exit code. `say_failed` hears where it failed, if it did."""
    app = DlthubTui(options)
    app.run()
    if app.crash and say_failed is not None:
        say_failed(app.crash)
    return app.return_code or 0
