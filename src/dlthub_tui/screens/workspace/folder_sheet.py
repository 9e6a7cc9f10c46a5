"""Asks for a folder, with the folders below what is typed."""

from __future__ import annotations

from textual.app import ComposeResult

from dlthub_tui.paths import example_folder
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import NOTHING_TYPED, Sheet
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, accent, cut_front, guard, line, muted
from dlthub_tui.viewmodel.workspace.folders import MOST, FolderChoice, completed, offered, restarted
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView


class FolderSheet(Sheet[str]):
    """`tab` completes, the arrows choose, `enter` takes what is typed or chosen."""

    def __init__(self, context: Context, folder: str) -> None:
        super().__init__(context, "Deploy which folder?")
        self._typed = folder.rstrip("/") + "/"
        self._choices: list[FolderChoice] = offered(self._typed, example_folder())
        self._at = -1

    def compose_sheet(self) -> ComposeResult:
        """The folders, then the field."""
        yield LinesView(self._lines, widget_id="choices")
        yield Field(self.look, line("   Folder  "), text=self._typed, widget_id="folder")

    def _lines(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for position, choice in enumerate(self._choices):
            cursor = accent(f" {self.look.glyphs.cursor} ") if position == self._at else Span("   ")
            path = cut_front(guard(choice.path), max(10, width - 24), self.look.glyphs.cut)
            note = muted(_note_of(choice))
            role = Role.TEXT if choice.is_workspace else Role.MUTED
            lines.append((cursor, Span(path, role), note))
        return [*lines, *[EMPTY_LINE] * (MOST - len(lines))]

    def on_mount(self) -> None:
        """Typing goes into the field."""
        self.type_into(self.query_one("#folder", Field))

    def footer_entries(self) -> list[tuple[Action, str]]:
        """How a folder is found."""
        names = {"pane.next": "complete", "choice.next": "choose", "form.next": "take it", "nav.back": "leave"}
        found = {action.id: action for action in self.live}
        return [(found[name], label) for name, label in names.items()]

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """The folders below what is typed."""
        field = self.query_one("#folder", Field)
        meant = restarted(field.text)
        if meant != field.text:
            field.set_text(meant)
        self._choices, self._at = offered(meant, example_folder()), -1
        self.query_one("#choices", LinesView).update()

    def _move(self, steps: int) -> None:
        if self._choices:
            self._at = max(-1, min(len(self._choices) - 1, self._at + steps))
            self.query_one("#choices", LinesView).update()

    def do_choice_next(self) -> None:
        """The next folder."""
        self._move(1)

    def do_choice_previous(self) -> None:
        """The folder before."""
        self._move(-1)

    def do_pane_next(self) -> None:
        """Completes what is typed, or goes into the chosen folder."""
        field = self.query_one("#folder", Field)
        chosen = self._choices[self._at].path + "/" if self._at >= 0 else completed(field.text)
        field.set_text(chosen)
        self.field_changed(field)

    def field_submitted(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Enter in the field."""
        self.do_form_next()

    def do_form_next(self) -> None:
        """Takes the chosen folder, else what is typed."""
        typed = self.query_one("#folder", Field).text.strip()
        if self._at < 0 and not typed:
            self.say(NOTHING_TYPED, Role.WARN)
        else:
            self.dismiss(self._choices[self._at].path if self._at >= 0 else typed.rstrip("/") or "/")


def _note_of(choice: FolderChoice) -> str:
    """What is to be known of it before it is taken."""
    if choice.is_example:
        return "   an example"
    return "   declares jobs" if choice.is_workspace else ""
