"""Signing in by a code that is approved elsewhere."""

from __future__ import annotations

import time
from typing import ClassVar

import anyio
from textual.app import ComposeResult

from dlthub_tui.client.errors import (
    ClientError,
    NotReachable,
    NotSignedIn,
    PlaneFailed,
    Refused,
    TimedOut,
    TooMany,
)
from dlthub_tui.client.sessions import DeviceCode
from dlthub_tui.messages import AskToLeave, SignedIn
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import LineSheet
from dlthub_tui.screens.places.living import Living
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.large import large, spaced
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, accent, guard, line, muted, wrapped
from dlthub_tui.widgets.lines import LinesView

CODE_SECONDS = 300
LEAST_PAUSE_SECONDS = 0.1


class SignInScreen(PlaceScreen):
    """On any device with a browser, or by somebody who is signed in."""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "sign-in")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("copy.link", "copy code"), ("open.web", "browser here"), ("sign_in.key", "API key"),
        ("link.retry", "new code"), ("nav.back", "leave"),
    )  # fmt: skip
    STYLES = "sign_in"

    def __init__(self, context: Context, ended: str = "") -> None:
        super().__init__(context)
        self._code: DeviceCode | None = None
        self._state = "asking"
        self._said = ""
        self._ends_at = 0.0
        self._is_browsing = False
        self._ended = ended
        """How the session before ended, where there was one."""

    def crumbs(self) -> list[str]:
        """Sign in, and where."""
        return ["dlthub-tui", "sign in", self.context.url or ""]

    def compose_body(self) -> ComposeResult:
        """The address, the code, what it waits for."""
        yield LinesView(self._lines, widget_id="steps")

    def _lines(self, width: int) -> list[Line]:
        origin = guard(self.context.connected.origin)
        ended = wrapped(line("   ", Span(self._ended, Role.WARN)), width - 1)
        if self._code is None:
            asking = line(muted(f"   Asking {origin} for a code{self.look.glyphs.cut}"))
            return [*ended, asking]
        code = guard(self._code.user_code)
        shown = [spaced(code)] if self.look.is_ascii else large(code)
        return [
            *ended,
            line("   1  On any device with a browser, open"),
            EMPTY_LINE,
            line("        ", accent(guard(self._code.verification_uri))),
            EMPTY_LINE,
            line("   2  and type this code"),
            EMPTY_LINE,
            *(line("        ", Span(row, Role.TITLE)) for row in shown),
            EMPTY_LINE,
            self._waiting(),
            EMPTY_LINE,
            line("   Where you are signed in already you can approve it too:"),
            line(muted("        in dlthub-tui   "), f":approve {code}"),
            line(muted("        in a shell      "), f"dlthub-tui admin approve {code}"),
            EMPTY_LINE,
            line(muted(f"   {self.context.connected.store.place}")),
        ]

    def _waiting(self) -> Line:
        if self._state == "over":
            return line("   ", Span(name_keys(self._said, self.look), Role.WARN))
        minutes = max(1, round((self._ends_at - time.monotonic()) / 60))
        works = f"the code works for another {minutes} min."
        if self._state == "silent":
            said = f"{self.look.glyphs.silent} No answer. Asking goes on; {works}"
            return line("   ", Span(said, Role.WARN))
        waits = "for the browser here" if self._is_browsing else "for approval"
        return line("   ", self.look.state("pending"), f" Waiting {waits}. {works.capitalize()}")

    def on_mount(self) -> None:
        """Asks for a code. Over a place, the session of that place has ended."""
        if any(isinstance(screen, Living) for screen in self.host.screen_stack):
            at = self.look.local(self.look.now())
            self._ended = f"Your session ended at {at:%H:%M}. Your place is kept; sign in to go on."
        self.fetch(self._sign_in())

    async def _sign_in(self) -> None:
        from dlthub_tui.client.sessions import Pending, issue_device_code, redeem_device_code

        connection = self.context.connected
        await connection.store.probe()
        self._state = "asking"
        self._code = await issue_device_code(connection.open_plane)
        self._ends_at = time.monotonic() + CODE_SECONDS
        self._show()
        pause = max(LEAST_PAUSE_SECONDS, float(self._code.interval_seconds))
        while True:
            await anyio.sleep(pause)
            try:
                pair = await redeem_device_code(connection.open_plane, self._code.device_code)
            except Pending as exc:
                pause += 5 if exc.slow_down else 0
                self._wait("waiting")
                continue
            except (NotReachable, TimedOut, PlaneFailed, TooMany):
                self._wait("silent")
                continue
            except Refused as exc:
                why = guard(exc.detail).removesuffix(" Start again.")
                self._state, self._said = "over", f"{why} Press {{link.retry}} for a new code."
                self._show()
                return
            await connection.begin(pair, is_kept=True)
            self.post_message(SignedIn())
            return

    def _wait(self, state: str) -> None:
        self._state = state
        self._show()

    def _show(self) -> None:
        self.query_one("#steps", LinesView).update()

    def do_sign_in_key(self) -> None:
        """Asks for an API key; it is typed hidden."""

        self.act_on(LineSheet(self.context, "Sign in by an API key", "Key", is_hidden=True), self._use_key)

    async def _use_key(self, text: str) -> None:
        """The code goes on until a key is accepted: it stands there, and somebody may be approving it."""
        connection = self.context.connected
        try:
            pair = await connection.whose(text.strip())
        except NotSignedIn as exc:
            raise ClientError("This key is not accepted.", "") from exc
        self.stop_work("load")
        await connection.begin(pair, is_kept=True)
        self.post_message(SignedIn())

    def do_open_web(self) -> None:
        """Signs in by the browser of this desktop; where there is none the address for the code is copied."""
        if self._code is None:
            return
        if self.context.opens_browser:
            self.fetch(self._by_browser(self._code.verification_uri), "browser")
        else:
            self.fetch(self._open_web(self._code.verification_uri), "open")

    async def _by_browser(self, instead: str) -> None:
        """The code goes on meanwhile, as it does beside a key."""
        from dlthub_tui.client.loopback import sign_in_by_browser

        connection = self.context.connected
        try:
            pair = await sign_in_by_browser(connection.open_plane, self._opens)
        finally:
            self._set_browsing(False)
        if pair is None:
            await self._open_web(instead)
            return
        self.stop_work("load")
        await connection.begin(pair, is_kept=True)
        self.post_message(SignedIn())

    async def _opens(self, address: str) -> bool:
        import webbrowser

        is_open = await anyio.to_thread.run_sync(webbrowser.open, address, abandon_on_cancel=True)
        if is_open:
            self.say("The browser here is open. Sign in there; the code works meanwhile, too.", Role.OK)
            self._set_browsing(True)
        return is_open

    def _set_browsing(self, is_browsing: bool) -> None:
        self._is_browsing = is_browsing
        self._show()

    def link_text(self) -> str:
        """The code."""
        return self._code.user_code if self._code else ""

    def do_link_retry(self) -> None:
        """A new code."""
        self._code = None
        self._show()
        self.fetch(self._sign_in())

    def do_nav_back(self) -> None:
        """There is nothing behind this."""
        self.post_message(AskToLeave())
