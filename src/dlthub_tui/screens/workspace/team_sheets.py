"""What the team's screen asks: who joins, as what; a key's name and role; and the key, shown once."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult

from dlthub_tui.client.invites import InviteLink
from dlthub_tui.client.members import NewKey
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import FormSheet
from dlthub_tui.screens.workspace.shown_once import ShownOnceSheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.text import Line, Role, guard, line, muted
from dlthub_tui.viewmodel.workspace.team import IMPLIES, JOINING, ROLES
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView

DAYS = ("90", "30", "7", "365")


@dataclass(frozen=True, slots=True)
class Joining:
    """Who is to have which role."""

    email: str
    role: str


@dataclass(frozen=True, slots=True)
class KeyWish:
    """`role` None is for a key of one's own."""

    name: str
    role: str | None
    days: int


class MemberSheet(FormSheet[Joining]):
    """An address and a role; with an address given, only the role."""

    FOOTER = (("form.next", "next, then do it"), ("pane.next", "next field"), ("nav.back", "leave it"))

    def __init__(self, context: Context, *, email: str = "", role: str = "developer") -> None:
        super().__init__(context, f"Role of {guard(email)}" if email else "New member")
        self._email, self._role = email, role

    def compose_sheet(self) -> ComposeResult:
        """The fields, and what the role means."""
        if not self._email:
            yield Field(self.look, line("   E-mail    "), widget_id="email")
        yield Choice(self.look, line("   Role      "), ROLES, self._role, widget_id="role")
        yield self.sentences(lambda: [self._means()], widget_id="means")

    def _means(self) -> Line:
        chosen = self.query_one("#role", Choice).chosen
        return line("             ", muted(IMPLIES[chosen]))

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - the choice is the one that matters
        """What the role means follows."""
        self.query_one("#means", LinesView).update()

    def finish(self) -> None:
        """Answers, where the address can be one."""
        email = self._email or self.query_one("#email", Field).text.strip()
        if "@" not in email:
            self.say("An e-mail address is needed: the one they sign in with.", Role.WARN)
            self.type_into(self.query_one("#email", Field))
        else:
            self.answer(Joining(email, self.query_one("#role", Choice).chosen))


class InviteSheet(FormSheet[str]):
    """Somebody nobody here knows: what they join the organization as."""

    FOOTER = (("form.next", "make the link"), ("nav.back", "leave it"))

    def __init__(self, context: Context, joining: Joining, organization: str, roles: tuple[str, ...]) -> None:
        super().__init__(context, f"Invite {guard(joining.email)}")
        self._joining, self._organization, self._roles = joining, organization, roles

    def compose_sheet(self) -> ComposeResult:
        """Why they are invited, the choice, and what it means."""
        said = f"   Nobody here has this address. A link invites them to {guard(self._organization)}, once."
        yield self.sentences(lambda: [line(said)])
        yield Choice(self.look, line("   Joins as  "), self._roles, self._roles[0], widget_id="role")
        yield self.sentences(lambda: [self._means()], widget_id="means")

    def _means(self) -> Line:
        chosen = self.query_one("#role", Choice).chosen
        here = "" if chosen == "owner" else f"; {self._joining.role} here"
        return line("             ", muted(f"{JOINING[chosen]}{here}"))

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """What it means follows."""
        self.query_one("#means", LinesView).update()

    def finish(self) -> None:
        """Answers the role in the organization."""
        self.answer(self.query_one("#role", Choice).chosen)


class LinkShownSheet(ShownOnceSheet):
    """The link to pass on, and when it ends."""

    def __init__(self, context: Context, made: InviteLink) -> None:
        ends = words.moment(made.invite.expires_at, context.look)
        note = f"pass it on; it works once and ends {ends}."
        super().__init__(context, f"Link for {guard(made.invite.email)}", made.url, "link", note)


class KeySheet(FormSheet[KeyWish]):
    """Name, whom the key acts as, how long it lives."""

    FOOTER = (("form.next", "next, then make it"), ("pane.next", "next field"), ("nav.back", "leave it"))

    def __init__(self, context: Context, *, owns: bool) -> None:
        super().__init__(context, "New key")
        self._kinds = ("yourself", "developer", "viewer") if owns else ("yourself",)

    def compose_sheet(self) -> ComposeResult:
        """Three fields."""
        yield Field(self.look, line("   Name      "), widget_id="name")
        yield Choice(self.look, line("   Acts as   "), self._kinds, self._kinds[0], widget_id="kind")
        yield Choice(self.look, line("   Days      "), DAYS, DAYS[0], widget_id="days")

    def do_form_next(self) -> None:
        """The next field; on the last one, makes it."""
        days = self.query_one("#days", Choice)
        name = self.query_one("#name", Field).text.strip()
        if not name:
            self.say("A key needs a name, to know it by when it is revoked.", Role.WARN)
            self.type_into(self.query_one("#name", Field))
        elif self.typing is not days:
            self.type_into_next(1)
        else:
            kind = self.query_one("#kind", Choice).chosen
            self.answer(KeyWish(name, None if kind == "yourself" else kind, int(days.chosen)))


class KeyShownSheet(ShownOnceSheet):
    """The key, and when it ends."""

    def __init__(self, context: Context, key: NewKey) -> None:
        ends = words.moment(key.expires_at, context.look)
        super().__init__(context, guard(key.name), key.text, "key", f"nobody can read it again. It ends {ends}.")
