"""What all widgets that paint their own rows have in common: text in them can be selected with the mouse."""

from __future__ import annotations

from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from dlthub_tui.viewmodel.text import Line, without_isolation
from dlthub_tui.widgets.palette import Ground, draw, palette_of

SELECTED = Style(reverse=True)


class Painted(Widget):
    """Subclasses draw their rows with `paint`. What is selected of them is copied as it stands there."""

    def paint(self, y: int, line: Line, ground: Ground = "ground") -> Strip:
        """One row, turned round where it is selected."""
        strip = draw(palette_of(self), line, self.size.width, ground)
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is None:
            return strip
        start, end = _cells(span, strip)
        before, chosen, after = strip.divide([start, end, strip.cell_length])
        return Strip.join([before, chosen.apply_style(SELECTED), after])

    def end_selection(self) -> None:
        """What is selected stands at other cells now, or no more: nothing is painted or copied in its place."""
        if self.text_selection is not None:
            self.screen.clear_selection()

    def on_resize(self) -> None:
        """Rows are laid out anew."""
        self.end_selection()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected of the rows that are shown."""
        rows: list[str] = []
        for y in range(self.size.height):
            span = selection.get_span(y)
            if span is not None:
                strip = self.render_line(y)
                rows.append(without_isolation(strip.crop(*_cells(span, strip)).text).rstrip())
        return ("\n".join(rows), "\n") if any(rows) else None


def _cells(span: tuple[int, int], strip: Strip) -> tuple[int, int]:
    """From which cell to which; the library says -1 for the end of the row."""
    start, end = span
    end = strip.cell_length if end < 0 else min(end, strip.cell_length)
    return min(start, end), end
