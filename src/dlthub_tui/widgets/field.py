"""One input line with a caret that does not blink.

The screen gives it the keys, one after the other, so that what is typed ahead over a slow line lands in the right
field: with the library's focus a key that follows `enter` too fast would go to the one before.
"""

from __future__ import annotations

from typing import Literal

from textual.strip import Strip

from dlthub_tui.viewmodel.editing import LineEditor
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, cell_width, muted, width_of
from dlthub_tui.widgets.painted import Painted

Typed = Literal["changed", "submitted", "left", "moved"]


class Field(Painted):
    """A label and what is typed. A hidden field shows nothing of it, not even its length.

    `keeps_lines`: what is pasted keeps its lines, as a private key needs it; they stand in the one row.
    """

    def __init__(
        self,
        look: Look,
        label: Line = EMPTY_LINE,
        *,
        text: str = "",
        is_hidden: bool = False,
        keeps_lines: bool = False,
        widget_id: str | None = None,
    ) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self.label = label
        self.hint: Line = EMPTY_LINE
        self.is_hidden = is_hidden
        self._keeps_lines = keeps_lines
        self.leaves_on_escape = False
        self.is_typed_into = False
        self._editor = LineEditor(text, len(text))

    @property
    def text(self) -> str:
        """What is typed."""
        return self._editor.text

    def set_text(self, text: str) -> None:
        """Puts another text in, with the caret at its end."""
        self._editor = LineEditor(text, len(text))
        self.refresh()

    def set_label(self, label: Line) -> None:
        """Puts another label before the text."""
        if label != self.label:
            self.label = label
            self.refresh()

    def set_hint(self, hint: Line) -> None:
        """Puts another hint behind the text."""
        if hint != self.hint:
            self.hint = hint
            self.refresh()

    def set_typed_into(self, is_typed_into: bool) -> None:
        """Shows the caret, or hides it."""
        self.is_typed_into = is_typed_into
        self.refresh()

    def press(self, key: str, character: str | None) -> Typed | None:
        """What a key does here; None when it does nothing and belongs to the screen."""
        if key == "enter":
            return "submitted"
        if key == "escape" and self.leaves_on_escape:
            return "left"
        edited = self._editor.press(key)
        if edited == self._editor and key in {"left", "right"}:
            return None  # the caret is at that end already: the screen may move a choice
        if edited is None and character is not None:
            edited = self._editor.insert(character)
        return None if edited is None else self._change(edited)

    def paste(self, text: str) -> Typed:
        """Pastes it, on one line where the field keeps none."""
        return self._change(self._editor.insert(text, keeps_lines=self._keeps_lines))

    def _change(self, editor: LineEditor) -> Typed:
        is_other = editor.text != self._editor.text
        if editor != self._editor:
            self._editor = editor
            self.refresh()
        return "changed" if is_other else "moved"

    def _typed(self, room: int) -> Line:
        caret = Span(self._look.glyphs.caret, Role.ACCENT)
        if self.is_hidden:
            lines = "in lines, " if "\n" in self.text else ""
            shown = muted(f"typed, {lines}not shown " if self.text else "")
            return (shown, caret) if self.is_typed_into else (shown,)
        text, at = self._shown(self._editor.text), self._editor.caret
        while cell_width(text[:at]) > max(0, room - 1):
            text, at = text[1:], at - 1
        if not self.is_typed_into:
            return (Span(text),)
        under = text[at : at + 1]
        if not under:
            return (Span(text[:at]), caret)
        return (Span(text[:at]), Span(under, Role.MATCH), Span(text[at + 1 :]))

    def _shown(self, text: str) -> str:
        """On one row, a character for each: a value from elsewhere may hold what would move the cursor."""
        if text.isprintable():
            return text
        signs = {"\n": self._look.glyphs.turns, "\t": " "}
        return "".join(each if each.isprintable() else signs.get(each, "?") for each in text)

    def render_line(self, y: int) -> Strip:
        """The one row."""
        width = self.size.width
        if y:
            return self.paint(y, EMPTY_LINE)
        line = (*self.label, *self._typed(width - width_of(self.label) - 1))
        room = width - width_of(line) - width_of(self.hint) - 1
        if self.hint and room > 0:
            line = (*line, Span(" " * room), *self.hint)
        return self.paint(y, line)
