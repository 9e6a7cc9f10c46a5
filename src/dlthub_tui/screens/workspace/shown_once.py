"""A secret that was just made: on the screen for as long as its sheet is up, and never again."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import Sheet
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, accent, line, muted
from dlthub_tui.widgets.lines import LinesView


class ShownOnceSheet(Sheet[bool]):
    """`what` is the word for it; `note` says what else is to be known."""

    LAYERS: ClassVar[tuple[str, ...]] = ("typing", "form", "shown-once")

    def __init__(self, context: Context, name: str, text: str, what: str, note: str) -> None:
        super().__init__(context, f"{name}: shown this once")
        self._text, self._what, self._note = text, what, note

    def compose_sheet(self) -> ComposeResult:
        """The secret on rows of its own, so that it can be selected."""
        yield LinesView(self._lines)

    def _lines(self, width: int) -> list[Line]:
        text, room = self._text, max(20, width - 6)
        rows = [text[at : at + room] for at in range(0, len(text), room)]
        return [
            EMPTY_LINE,
            *(line("   ", Span(row, Role.TITLE)) for row in rows),
            EMPTY_LINE,
            *self.wrapped([line("   ", accent("y"), muted(f" copies it. Keep it now: {self._note}"))], width),
        ]

    def footer_entries(self) -> list[tuple[Action, str]]:
        """Copy, then close."""
        names = {"key.copy": "copy", "form.next": "done"}
        found = [(action, names[action.id]) for action in self.live if action.id in names]
        return sorted(found, key=lambda entry: list(names).index(entry[0].id))

    def do_key_copy(self) -> None:
        """Copies it."""
        self.host.copy_to_clipboard(self._text)
        self.say(f"Copied the {self._what}.")

    def do_form_next(self) -> None:
        """Closes; it is gone from the screen."""
        self.dismiss(True)
