"""One input line with a caret that does not blink."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from dlthub_tui.viewmodel.editing import LineEditor
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, cell_width, muted, width_of
from dlthub_tui.widgets.palette import Ground, draw, palette_of


class Field(Widget, can_focus=True):
    """A label and what is typed. A hidden field shows nothing of it, not even its length."""

    class Changed(Message):
        """The text is another one."""

        def __init__(self, field: Field, text: str) -> None:
            super().__init__()
            self.field, self.text = field, text

        @property
        def control(self) -> Field:
            """The field, for selectors."""
            return self.field

    class Submitted(Changed):
        """Enter was pressed."""

    class Left(Changed):
        """Escape was pressed."""

    def __init__(
        self,
        look: Look,
        label: Line = EMPTY_LINE,
        *,
        text: str = "",
        is_hidden: bool = False,
        widget_id: str | None = None,
    ) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self.label = label
        self.hint: Line = EMPTY_LINE
        self.is_hidden = is_hidden
        self.leaves_on_escape = False
        self._editor = LineEditor(text, len(text))
        self._ground: Ground = "ground"

    @property
    def text(self) -> str:
        """What is typed."""
        return self._editor.text

    def set_text(self, text: str) -> None:
        """Puts another text in, with the caret at its end."""
        self._change(LineEditor(text, len(text)))

    def set_label(self, label: Line) -> None:
        """Puts another label before the text."""
        if label != self.label:
            self.label = label
            self.refresh()

    def _change(self, editor: LineEditor) -> None:
        if editor == self._editor:
            return
        is_new_text = editor.text != self._editor.text
        self._editor = editor
        self.refresh()
        if is_new_text:
            self.post_message(self.Changed(self, editor.text))

    def on_key(self, event: events.Key) -> None:
        """Typing and editing; every other key goes on to the screen."""
        if event.key == "enter":
            event.stop()
            self.post_message(self.Submitted(self, self.text))
        elif event.key == "escape" and self.leaves_on_escape:
            event.stop()
            self.post_message(self.Left(self, self.text))
        elif edited := self._editor.press(event.key):
            event.stop()
            event.prevent_default()
            self._change(edited)
        elif event.is_printable and event.character:
            event.stop()
            event.prevent_default()
            self._change(self._editor.insert(event.character))

    def on_paste(self, event: events.Paste) -> None:
        """Pastes on one line."""
        event.stop()
        self._change(self._editor.insert(event.text))

    def on_focus(self) -> None:
        """Shows the caret."""
        self.refresh()

    def on_blur(self) -> None:
        """Hides the caret."""
        self.refresh()

    def _typed(self, room: int) -> Line:
        caret = Span(self._look.glyphs.caret, Role.ACCENT)
        if self.is_hidden:
            return (muted("typed, not shown " if self.text else ""), caret) if self.has_focus else (muted(""),)
        text, at = self._editor.text, self._editor.caret
        while cell_width(text[:at]) > max(0, room - 1):
            text, at = text[1:], at - 1
        if not self.has_focus:
            return (Span(text),)
        under = text[at : at + 1]
        return (
            (Span(text[:at]), caret) if not under else (Span(text[:at]), Span(under, Role.MATCH), Span(text[at + 1 :]))
        )

    def render_line(self, y: int) -> Strip:
        """The one row."""
        width = self.size.width
        if y:
            return draw(palette_of(self), EMPTY_LINE, width, self._ground)
        line = (*self.label, *self._typed(width - width_of(self.label) - 1))
        room = width - width_of(line) - width_of(self.hint) - 1
        if self.hint and room > 0:
            line = (*line, Span(" " * room), *self.hint)
        return draw(palette_of(self), line, width, self._ground)
