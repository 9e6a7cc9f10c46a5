"""Rows that scroll: only those that changed are painted, and the terminal moves what it shows already."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip

from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line
from dlthub_tui.widgets.painted import Painted
from dlthub_tui.widgets.scroll_region import can_scroll, forget_painted, scroll_rows

# A row of text, and whether the cursor is on it.
Row = tuple[Line, bool]


class ScrolledRows(Painted):
    """Subclasses answer `lay_out`: as many rows as there are to be shown now, at most as many as the pane is high."""

    def __init__(self, look: Look, *, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self._drawn: list[Row] | None = None
        self._unpainted: set[int] = set()
        self._shift = 0

    def lay_out(self) -> list[Row]:
        """The rows from the top on."""
        return []

    def after_layout(self) -> None:
        """The rows were laid out again."""

    def scroll_lines(self, steps: int) -> None:
        """Moves by lines."""

    def repaint_changes(self) -> None:
        """Lays the rows out again; paints those that differ."""
        before, self._drawn = self._drawn, None
        height = self.size.height
        if before is None or not height:
            self.refresh()
            self.after_layout()
            return
        after = self._visible()
        selection = self.text_selection
        if selection is not None and any(
            selection.get_span(y) and old != new for y, (old, new) in enumerate(zip(before, after, strict=False))
        ):
            self.end_selection()
        shift = self._shift_between(before, after)
        kept: list[Row | None] = list(before)
        if shift:
            kept = [*before[shift:], *[None] * shift] if shift > 0 else [*[None] * -shift, *before[:shift]]
            self._unpainted |= {y - shift for y in self._unpainted}
            self._shift += shift
            forget_painted(self)
        self._unpainted |= {y for y in range(height) if y >= len(kept) or kept[y] != after[y]}
        self._unpainted &= set(range(height))
        for y in self._unpainted:
            self.refresh(Region(0, y, self.size.width, 1))
        self.after_layout()

    def _shift_between(self, before: list[Row], after: list[Row]) -> int:
        """By how many rows the terminal may move what it shows, 0 for not at all: only where that saves most rows."""
        height = len(after)
        painted = sum(old != new for old, new in zip(before, after, strict=False))
        if len(before) != height or painted < 3 or self.text_selection is not None:
            return 0
        for rows in range(1, height // 2 + 1):
            for shift in (rows, -rows):
                moved = before[shift:] if shift > 0 else before[:shift]
                kept = after[: height - rows] if shift > 0 else after[rows:]
                differ = sum(old != new for old, new in zip(moved, kept, strict=True))
                if differ <= 2 and rows + differ < painted:
                    return shift if can_scroll(self, self._shift + shift) else 0
        return 0

    def _visible(self) -> list[Row]:
        """Exactly as many rows as the pane is high."""
        if self._drawn is None:
            height = self.size.height
            rows = self.lay_out()[:height]
            self._drawn = [*rows, *[(EMPTY_LINE, False)] * (height - len(rows))]
        return self._drawn

    def forget_drawn(self) -> None:
        """All rows are painted the next time: the size is another, or the theme."""
        self._drawn = None
        self._shift = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows that are painted; before them the terminal moves what it shows already."""
        shift, self._shift = self._shift, 0
        if shift:
            if can_scroll(self, shift):
                scroll_rows(self, shift)
            else:
                self.refresh()
        self._unpainted.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        visible = self._visible()
        line, is_current = visible[y] if y < len(visible) else (EMPTY_LINE, False)
        ground = "chosen" if is_current else "ground"
        return self.paint(y, line, ground)

    def notify_style_update(self) -> None:
        """Nothing drawn with the old theme survives."""
        self._drawn = None
        super().notify_style_update()

    def on_mouse_scroll_down(self) -> None:
        """The wheel does what the arrows do."""
        self.scroll_lines(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel does what the arrows do."""
        self.scroll_lines(-3)
