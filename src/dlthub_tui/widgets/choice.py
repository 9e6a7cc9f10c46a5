"""One of a few words, chosen with the arrows."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, muted
from dlthub_tui.widgets.palette import draw, palette_of


class Choice(Widget, can_focus=True):
    """A label and the words; the chosen one is in brackets."""

    class Changed(Message):
        """Another word is chosen."""

    def __init__(self, look: Look, label: Line, words: Sequence[str], chosen: str, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self._label = label
        self._words = list(words)
        self._at = self._words.index(chosen) if chosen in self._words else 0

    @property
    def index(self) -> int:
        """Which of the words is chosen."""
        return self._at

    @property
    def chosen(self) -> str:
        """The chosen word."""
        return self._words[self._at]

    def on_key(self, event: events.Key) -> None:
        """Left and right choose."""
        if event.key in {"left", "right"}:
            event.stop()
            self._at = (self._at + (1 if event.key == "right" else -1)) % len(self._words)
            self.refresh()
            self.post_message(self.Changed())

    def on_focus(self) -> None:
        """Shows which field has the keyboard."""
        self.refresh()

    def on_blur(self) -> None:
        """Shows which field has the keyboard."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The one row."""
        if y:
            return draw(palette_of(self), EMPTY_LINE, self.size.width)
        spans: list[Span] = [*self._label]
        for position, word in enumerate(self._words):
            if position == self._at:
                spans.append(Span(f"[{word}]", Role.ACCENT if self.has_focus else Role.TEXT))
            else:
                spans.append(muted(f" {word} "))
        return draw(palette_of(self), tuple(spans), self.size.width)
