"""The first start: who owns this installation."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.client.errors import ClientError, Refused
from dlthub_tui.messages import AskToLeave, SignedIn
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.text import EMPTY_LINE, Role, line, muted
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView


class FirstOwnerScreen(PlaceScreen):
    """Asks for an e-mail address and, for the sign-in pages, a password."""

    LAYERS: ClassVar[tuple[str, ...]] = ("typing", "form")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("form.next", "next, then create"), ("pane.next", "next field"), ("app.quit", "leave"),
    )  # fmt: skip

    def __init__(self, context: Context, owner_key: str) -> None:
        super().__init__(context)
        self._owner_key = owner_key

    def crumbs(self) -> list[str]:
        """First start."""
        return ["dlthub-tui", "first start"]

    def compose_body(self) -> ComposeResult:
        """Two sentences, two fields."""
        said = (
            EMPTY_LINE,
            line("   A data platform is running on this machine, and nobody owns it yet."),
            line("   Its owner creates organizations, and approves who signs in."),
            EMPTY_LINE,
        )
        yield LinesView(lambda _width: said)
        yield Field(self.look, line("   Your e-mail     "), widget_id="email")
        yield Field(self.look, line("   A password      "), is_hidden=True, widget_id="password")
        after = (
            EMPTY_LINE,
            line(muted("   The password is for the sign-in pages, when you come from another")),
            line(muted("   machine. It may be empty: here the home's socket knows who you are.")),
        )
        yield LinesView(lambda _width: after)

    def on_mount(self) -> None:
        """Typing goes into the first field."""
        self.type_into(self.query_one("#email", Field))

    def do_pane_next(self) -> None:
        """The next field."""
        self.type_into_next(1)

    def do_pane_previous(self) -> None:
        """The field before."""
        self.type_into_next(-1)

    def do_nav_back(self) -> None:
        """There is nothing behind this."""
        self.post_message(AskToLeave())

    def field_submitted(self, widget: Field | Choice) -> None:
        """Enter goes on, and on the last field creates."""
        if widget.id == "email":
            self.type_into(self.query_one("#password", Field))
        elif widget.id == "password":
            self.do_form_next()

    def do_form_next(self) -> None:
        """Creates the owner."""
        email = self.query_one("#email", Field).text.strip()
        if "@" not in email:
            self.say("An e-mail address has an @ in it.", Role.WARN)
            self.type_into(self.query_one("#email", Field))
            return
        self.fetch(self._create(email, self.query_one("#password", Field).text or None), "act")

    async def _create(self, email: str, password: str | None) -> None:
        from dlthub_tui.client.sessions import create_first_owner

        connection = self.context.connected
        try:
            pair = await create_first_owner(connection.open_plane, self._owner_key, email, password)
        except ClientError as exc:
            if isinstance(exc, Refused) and exc.reasons:
                self.say(f"Nobody was created. {exc.reasons[0]}.", Role.FAIL)
            else:
                self.say(exc.sentence, Role.FAIL)
            if isinstance(exc, Refused) and "email" in exc.keys:
                self.type_into(self.query_one("#email", Field))
            return
        await connection.begin(pair, is_kept=False)
        self.post_message(SignedIn(is_first=True))
