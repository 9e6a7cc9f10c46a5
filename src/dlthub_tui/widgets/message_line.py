"""Row 23, the only row that speaks: a prompt, else a toast, else what is kept there, else nothing.

What is too long for one row grows upwards, as a sheet does: a sentence that is cut says neither why nor what to do.
"""

from __future__ import annotations

from textual.geometry import Size
from textual.strip import Strip
from textual.timer import Timer

from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, wrapped
from dlthub_tui.widgets.field import Field

TOAST_SECONDS = 4.0
"""For each of its rows."""
MOST_ROWS = 4


class MessageLine(Field):
    """Speaks one line; while it prompts it is an input field."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, widget_id="message")
        self.is_prompting = False
        self._toast: Line = EMPTY_LINE
        self._kept: Line = EMPTY_LINE
        self._timer: Timer | None = None

    def say(self, text: str, role: Role = Role.TEXT) -> None:
        """A toast: gone with the next key, or when there was time to read it."""
        self._show((Span(" "), Span(text, role)), self._kept)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(TOAST_SECONDS * len(self._rows(self.size.width)), self.hush)

    def hush(self) -> None:
        """Takes the toast away."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._show(EMPTY_LINE, self._kept)

    def keep(self, line: Line) -> None:
        """What stands here when nothing is said: `As of 14:03.`, what is marked, the filter that is on."""
        self._show(self._toast, line)

    def _show(self, toast: Line, kept: Line) -> None:
        if (toast, kept) == (self._toast, self._kept):
            return
        self._toast, self._kept = toast, kept
        self._fit()

    def _fit(self) -> None:
        """Paints it, in a pane of another height where it takes more rows or fewer."""
        is_other = self.size.height != self.get_content_height(self.size, self.size, self.size.width)
        self.refresh(layout=is_other)

    def _rows(self, width: int) -> list[Line]:
        rows = wrapped(self._toast or self._kept, width - 1) if width else [EMPTY_LINE]
        if len(rows) > MOST_ROWS:
            rows[MOST_ROWS - 1 :] = [(*rows[MOST_ROWS - 1], Span(self._look.glyphs.cut))]
        return rows

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """One row, but for what is too long for it."""
        return 1 if self.is_prompting else len(self._rows(width))

    def prompt(self, label: str, text: str = "") -> None:
        """Begins to take a line of input; the screen types into it."""
        self.hush()
        self.is_prompting = self.leaves_on_escape = True
        self.hint = EMPTY_LINE
        self.set_label((Span(" "), Span(label, Role.ACCENT)))
        self.set_text(text)
        self.set_typed_into(True)
        self._fit()

    def end_prompt(self) -> None:
        """Stops taking input."""
        self.is_prompting = self.leaves_on_escape = False
        self.set_typed_into(False)
        self._fit()

    @property
    def is_toasting(self) -> bool:
        """Whether a toast is to be read."""
        return bool(self._toast)

    @property
    def said(self) -> str:
        """The words that stand here."""
        return "".join(span.text for span in (self._toast or self._kept)).strip()

    def render_line(self, y: int) -> Strip:
        """The prompt, the toast, or what is kept."""
        if self.is_prompting:
            return super().render_line(y)
        rows = self._rows(self.size.width)
        return self.paint(y, rows[y] if y < len(rows) else EMPTY_LINE)
