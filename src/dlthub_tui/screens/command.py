"""The command line and the palette: one sheet over the registry of actions, by name or by title."""

from __future__ import annotations

from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import Sheet
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.commands import Offer, command_line, found, name_cells, offer, unknown
from dlthub_tui.viewmodel.keys.shell_twins import where_it_works
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, accent, cut_middle, guard, muted
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.message_line import MessageLine

# What is in the way of a candidate: the rule, the line itself, the footer.
FRAME_ROWS = 3
TWIN_ROWS = 3
MOST_ENTERED = 200


class Candidates(LinesView):
    """What may be chosen, with the rule above it."""

    class Clicked(Message):
        """A row was clicked."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    class Turned(Message):
        """The wheel was turned."""

        def __init__(self, steps: int) -> None:
            super().__init__()
            self.steps = steps

    def on_click(self, event: events.Click) -> None:
        """What was selected with it is no click."""
        if self.text_selection is None:
            self.post_message(self.Clicked(event.y))

    def on_mouse_scroll_down(self) -> None:
        """To the candidates below."""
        self.post_message(self.Turned(1))

    def on_mouse_scroll_up(self) -> None:
        """To those above."""
        self.post_message(self.Turned(-1))


class CommandSheet(Sheet[str]):
    """Answers an action id, or a command with what stands behind it: `approve KPTR-WXMB`."""

    def __init__(self, context: Context, origin: PlaceScreen, *, by_title: bool = False) -> None:
        super().__init__(context, "Palette" if by_title else "Commands")
        self._by_title = by_title
        self._origin = origin
        self._offers = [*self._actions(origin), *origin.own_commands()]
        self._text = ""
        self._at = 0
        # How far back among the lines that were entered before; 0 is the line itself.
        self._back = 0
        # Which candidate stands on the first row.
        self._first = 0
        self._visible = 0

    def _actions(self, origin: PlaceScreen) -> list[Offer]:
        seen: set[str] = set()
        offers: list[Offer] = []
        for action in origin.live:
            if action.id not in seen and action.id not in {"command.open", "palette.open"}:
                seen.add(action.id)
                why_not = origin.why_not(action)
                offered = offer(action, why_not, self.look, origin.KEYS)
                offers.append(offered if why_not else replace(offered, twin=origin.twin_of(action)))
        return offers

    def compose(self) -> ComposeResult:
        """Candidates above, the line where messages stand."""
        with Vertical(id="sheet"):
            yield Candidates(self._lines, widget_id="candidates")
            yield MessageLine(self.look)
            yield LinesView(lambda width: [self._footer(width)], ground="raised", widget_id="footer")

    def on_resize(self) -> None:
        """More candidates, or fewer."""
        self.query_one("#candidates", LinesView).update()

    def on_mount(self) -> None:
        """Typing goes into the command line."""
        line = self.query_one(MessageLine)
        line.prompt("> " if self._by_title else ":")
        self.type_into(line)
        self.fetch(self._learn())

    async def _learn(self) -> None:
        """Jobs by name, once for each workspace."""
        await self._origin.learn_jobs()
        self.query_one("#candidates", LinesView).update()

    def _shown(self) -> list[Offer]:
        free = None if self._by_title else self._origin.free_command(self._text)
        if free is not None:
            return [Offer(f"free {self._text}", self._text, free, "", free, "Commands")]
        of_jobs = None if self._by_title else self._origin.offers_of_jobs(self._text)
        if of_jobs is not None and self._text.split(" ", 1)[1].strip():
            return of_jobs
        if of_jobs:
            # The command alone is about what is under the cursor.
            alone = [item for item in self._offers if item.name == self._text.strip()]
            return [*alone, *of_jobs]
        return found(
            self._offers, self._text.split(" ")[0] if not self._by_title else self._text, by_title=self._by_title
        )

    def _lines(self, width: int) -> list[Line]:
        shown = self._shown()
        rows = max(TWIN_ROWS + 1, self.size.height // 2 - FRAME_ROWS)  # the sheet is never higher than half the screen
        most = rows - TWIN_ROWS if any(item.twin for item in shown) else rows
        first = self._first = max(0, self._at - most + 1)
        lines: list[Line] = [
            rule(self.sheet_title, f"{len(shown)} of {len(self._offers)}", width, self.look, has_focus=True)
        ]
        visible = shown[first : first + most]
        self._visible = len(visible)
        cells = name_cells(visible)
        lines.extend(
            command_line(item, self.look, is_chosen=first + n == self._at, name_cells=cells)
            for n, item in enumerate(visible)
        )
        if not shown:
            said = unknown(self._offers, self._text, in_workspace=self._origin.workspace_here() is not None)
            lines.append((Span("   "), Span(said, Role.WARN)))
        twin = shown[self._at].twin if self._at < len(shown) else ""
        spare = rows - max(1, len(visible))
        if twin:
            works = f", {where}" if (where := where_it_works(twin, self.context.reach)) else ""
            said = accent(cut_middle(guard(twin), width - 6, self.look.glyphs.cut))
            lines.extend((EMPTY_LINE, (muted(f"   Same in a shell{works}:"),), (Span("   "), said)))
            spare -= TWIN_ROWS
        lines.extend(((muted(" "),),) * spare)
        return lines

    def footer_entries(self) -> list[tuple[Action, str]]:
        """How a command is chosen."""
        chosen = "choose" if self._by_title else "choose, history"
        names = {"pane.next": "complete", "choice.next": chosen, "form.next": "do it", "nav.back": "leave"}
        entries = {action.id: action for action in self.live}
        return [(entries[name], label) for name, label in names.items()]

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Candidates follow what is typed."""
        self._text, self._at, self._back = self.query_one(MessageLine).text, 0, 0
        self.query_one("#candidates", LinesView).update()

    def field_left(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Escape leaves."""
        self.dismiss(None)

    def field_submitted(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Enter does it."""
        self.do_form_next()

    def on_candidates_clicked(self, event: Candidates.Clicked) -> None:
        """A click does what enter does."""
        at = self._first + event.row - 1  # the rule stands above
        if self._first <= at < len(self._shown()) and event.row <= self._visible:
            self._at = at
            self.do_form_next()

    def on_candidates_turned(self, event: Candidates.Turned) -> None:
        """The wheel does what the arrows do."""
        self._move(event.steps)

    def _enter(self, chosen: Offer, argument: str) -> None:
        """Keeps the line, as `up` from an empty one brings it back. The same again is kept once."""
        if self._by_title or not chosen.name:
            return
        text, entered = f"{chosen.name} {argument}".strip(), self.context.entered
        if text in entered:
            entered.remove(text)
        entered.append(text)
        del entered[:-MOST_ENTERED]

    def _move(self, steps: int) -> None:
        self._at = max(0, min(len(self._shown()) - 1, self._at + steps))
        self.query_one("#candidates", LinesView).update()

    def do_choice_next(self) -> None:
        """Next candidate, or the line entered after."""
        if self._back:
            self._recall(self._back - 1)
        else:
            self._move(1)

    def do_choice_previous(self) -> None:
        """Candidate before; from an empty line the line entered before."""
        if self._back or (not self._text and not self._by_title):
            self._recall(self._back + 1)
        else:
            self._move(-1)

    def _recall(self, back: int) -> None:
        entered = self.context.entered
        back = max(0, min(len(entered), back))
        line = self.query_one(MessageLine)
        line.set_text(entered[-back] if back else "")
        self.field_changed(line)
        self._back = back

    def do_pane_next(self) -> None:
        """Completes the name."""
        shown = self._shown()
        if shown and shown[self._at].name:
            line = self.query_one(MessageLine)
            line.set_text(shown[self._at].name + " ")
            self.field_changed(line)

    def do_form_next(self) -> None:
        """Does the chosen one; one that is not possible says why."""
        shown = self._shown()
        is_free = bool(shown) and shown[self._at].choice.startswith(("free ", "of-job "))
        argument = "" if self._by_title or is_free else self._text.partition(" ")[2].strip()
        if not shown:
            return
        chosen = shown[self._at]
        self._enter(chosen, argument)
        self.dismiss(f"{chosen.choice} {argument}".strip())
