"""Row 23, the only row that speaks: a prompt, else a toast, else what is kept there, else nothing."""

from __future__ import annotations

from textual.strip import Strip
from textual.timer import Timer

from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span
from dlthub_tui.widgets.field import Field

TOAST_SECONDS = 4.0


class MessageLine(Field):
    """Speaks one line; while it prompts it is an input field."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, widget_id="message")
        self.is_prompting = False
        self._toast: Line = EMPTY_LINE
        self._kept: Line = EMPTY_LINE
        self._timer: Timer | None = None

    def say(self, text: str, role: Role = Role.TEXT) -> None:
        """A toast: gone after four seconds or with the next key."""
        self._toast = (Span(" "), Span(text, role))
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(TOAST_SECONDS, self.hush)
        self.refresh()

    def hush(self) -> None:
        """Takes the toast away."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._toast:
            self._toast = EMPTY_LINE
            self.refresh()

    def keep(self, line: Line) -> None:
        """What stands here when nothing is said: `As of 14:03.`, what is marked, the filter that is on."""
        if line != self._kept:
            self._kept = line
            self.refresh()

    def prompt(self, label: str, text: str = "", *, hint: Line = EMPTY_LINE) -> None:
        """Begins to take a line of input; the screen types into it."""
        self.hush()
        self.is_prompting = self.leaves_on_escape = True
        self.hint = hint
        self.set_label((Span(" "), Span(label, Role.ACCENT)))
        self.set_text(text)
        self.set_typed_into(True)

    def end_prompt(self) -> None:
        """Stops taking input."""
        self.is_prompting = self.leaves_on_escape = False
        self.set_typed_into(False)

    @property
    def said(self) -> str:
        """The words that stand here."""
        return "".join(span.text for span in (self._toast or self._kept)).strip()

    def render_line(self, y: int) -> Strip:
        """The prompt, the toast, or what is kept."""
        if self.is_prompting:
            return super().render_line(y)
        return self.paint(y, self._toast or self._kept)
