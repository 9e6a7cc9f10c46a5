"""Sign-ins that wait for somebody to approve them."""

from __future__ import annotations

from typing import ClassVar

from dlthub_tui.client.errors import NotAllowed
from dlthub_tui.client.installation import PendingSignIn
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import ConfirmSheet, LineSheet
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.filters import matching
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import Place, SignInsPlace
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import Line, Span, guard, line, muted

COLUMNS = (
    Column("From", least=16),
    Column("Client", takes_rest=True, least=16),
    Column("Asked", is_number=True, least=10),
    Column("Runs out", drops=1, is_number=True, least=10),
)


class SignInsScreen(SortedList):
    """Who wants to sign in as me? The code is typed, never shown here."""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "approve by code"), ("item.end", "refuse"), ("link.retry", "ask again"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "sign_ins"
    ORDERS = ("oldest", "address", "what ends first")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sign_ins: tuple[PendingSignIn, ...] = ()

    def where(self) -> Place:
        """Pending sign-ins."""
        return SignInsPlace()

    def crumbs(self) -> list[str]:
        """Pending sign-ins."""
        return ["dlthub-tui", "sign-ins"]

    async def load(self) -> None:
        """Those that wait."""
        from dlthub_tui.client.installation import list_sign_ins

        self._sign_ins = await list_sign_ins(self.context.connected.control)

    def sections(self) -> list[Section]:
        """One line each."""
        rows = [self._row(sign_in) for sign_in in self.in_order(self._sorted())]
        empty = ("Nobody waits to sign in.", "A device that asks appears here; {row.open} types its code.")
        return [Section(COLUMNS, matching(rows, self.filter_text), empty=empty)]

    def _sorted(self) -> list[PendingSignIn]:
        match self.order:
            case "address":
                return sorted(self._sign_ins, key=lambda sign_in: sign_in.address)
            case "what ends first":
                return sorted(self._sign_ins, key=lambda sign_in: sign_in.expires_at)
            case _:
                return list(self._sign_ins)

    def _row(self, sign_in: PendingSignIn) -> Row:
        address, client = guard(sign_in.address), guard(sign_in.client)
        cells = (
            line(address),
            line(muted(client)),
            line(words.moment(sign_in.created_at, self.look)),
            line(muted(words.moment(sign_in.expires_at, self.look))),
        )
        return Row(sign_in.id, self.look.state("pending"), cells, f"{address} {client}")

    def refusal(self, trouble: NotAllowed) -> str:  # noqa: ARG002 - there is one reason
        """The list is not needed for a device of one's own."""
        return "Who waits is for who administers this platform. A device of yours: :approve, then its code."

    def answer_line(self) -> tuple[Line, str]:
        """Whom one signs in by approving."""
        return (Span("Approving signs that device in as you. "), muted("Compare the code with the one it shows.")), ""

    def why_not(self, action: Action) -> str | None:
        """Refusing needs one under the cursor; a code can be typed for any."""
        if action.id in {"item.end", "row.open"} and not self._sign_ins:
            return "Nobody waits to sign in."
        if action.id == "row.open" and self.look.is_read_only:
            return "This session is read-only and changes nothing."
        return super().why_not(action)

    def do_row_open(self) -> None:
        """Asks for the code that the device shows."""

        def typed(code: str | None) -> None:
            if code:
                self.approve(code)

        sheet = LineSheet(self.context, "Approve a sign-in", "The code that the device shows")
        self.host.push_screen(sheet, typed)

    async def after_approval(self) -> None:
        """The list is another."""
        await self.reload()

    def do_item_end(self) -> None:
        """Refuses the one under the cursor; asks once."""
        sign_in = next((item for item in self._sign_ins if item.id == self.rows.key), None)
        if sign_in is None:
            return

        question = f"Refuse the sign-in from {guard(sign_in.address)}?"
        self.act_on(ConfirmSheet(self.context, question, "refuse"), lambda _yes: self._refuse(sign_in))

    async def _refuse(self, sign_in: PendingSignIn) -> None:
        from dlthub_tui.client.installation import refuse_sign_in

        await refuse_sign_in(self.context.connected.control, sign_in.id)
        self.say(f"Refused the sign-in from {guard(sign_in.address)}. Nothing was given.")
        await self.reload()
