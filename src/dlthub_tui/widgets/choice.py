"""One of a few words, chosen with the arrows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, muted
from dlthub_tui.widgets.field import Typed
from dlthub_tui.widgets.painted import Painted


class Choice(Painted):
    """A label and the words. The chosen one is in brackets, and between arrows where the arrows choose."""

    def __init__(self, look: Look, label: Line, words: Sequence[str], chosen: str, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self.is_typed_into = False
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

    def set_typed_into(self, is_typed_into: bool) -> None:
        """Shows that the arrows choose here."""
        self.is_typed_into = is_typed_into
        self.refresh()

    def press(self, key: str, character: str | None) -> Typed | None:  # noqa: ARG002 - as a field takes it
        """Left and right choose."""
        if key not in {"left", "right"}:
            return None
        self._at = (self._at + (1 if key == "right" else -1)) % len(self._words)
        self.refresh()
        return "changed"

    def paste(self, text: str) -> Typed:  # noqa: ARG002 - as a field takes it
        """Nothing can be pasted here."""
        return "moved"

    def render_line(self, y: int) -> Strip:
        """The one row."""
        if y:
            return self.paint(y, EMPTY_LINE)
        spans: list[Span] = [*self._label]
        for position, word in enumerate(self._words):
            if position == self._at:
                left, right = self._look.glyphs.choice if self.is_typed_into else "[]"
                spans.append(Span(f"{left}{word}{right}", Role.ACCENT if self.is_typed_into else Role.TEXT))
            else:
                spans.append(muted(f" {word} "))
        return self.paint(y, tuple(spans))
