"""The log pane: draws the visible lines of a window of ranges, follows the end, pauses on the way up."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from dlthub_tui.viewmodel.log_rows import LogRow, LogStyle, drawn
from dlthub_tui.viewmodel.log_window import LogLine, LogWindow
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, muted
from dlthub_tui.widgets.palette import draw, palette_of


class LogView(Widget):
    """Shows lines `top` to `top + height`. `current` is the line that a search or a key went to."""

    class Moved(Message):
        """What is shown, or whether it follows, is another."""

        def can_replace(self, message: Message) -> bool:
            """Only the last state matters."""
            return isinstance(message, LogView.Moved)

    class Wanted(Message):
        """Lines are missing that would be drawn."""

        def __init__(self, first: int, count: int) -> None:
            super().__init__()
            self.first, self.count = first, count

        def can_replace(self, message: Message) -> bool:
            """Only the last range matters."""
            return isinstance(message, LogView.Wanted)

    def __init__(self, look: Look, window: LogWindow, *, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self.window = window
        self.top = 0
        self.current: int | None = None
        self.is_following = True
        self.seen = 0
        self.left = 0
        self.needle = ""
        self.shows_numbers = False
        self.is_broken = False
        self._drawn: list[tuple[Line, bool]] | None = None

    @property
    def new_lines(self) -> int:
        """How many lines came while the pane does not follow."""
        return max(0, self.window.total - self.seen)

    @property
    def line(self) -> int:
        """The line that copying and links mean."""
        if self.current is not None:
            return self.current
        return max(0, min(self.window.total - 1, self.top + self.size.height - 1) if self.is_following else self.top)

    def take(self, rows: Sequence[LogLine], total: int | None = None) -> None:
        """Takes lines in; repaints only if something visible is another."""
        before = self.window.total
        end = max(self.window.total, total or 0)
        self.window.add(rows, end if self.is_following else self.top + self.size.height // 2)
        if total is not None:
            self.window.total = max(self.window.total, total)
        if self.is_following:
            self._go_to_end()
            self._repaint()
        elif any(self.top <= row.number <= self.top + self.size.height for row in rows):
            self._repaint()
        if self.window.total != before:
            self.post_message(self.Moved())

    def follow(self) -> None:
        """Goes to the end and stays there as it grows."""
        self.is_following, self.current = True, None
        self._go_to_end()
        self._repaint()
        self.post_message(self.Moved())

    def pause(self) -> None:
        """Stays where it is."""
        if self.is_following:
            self.is_following = False
            self.seen = self.window.total
            self.post_message(self.Moved())

    def _go_to_end(self) -> None:
        self.seen = self.window.total
        self.top = max(0, self.window.total - self._lines_that_fit_at_end())

    def _lines_that_fit_at_end(self) -> int:
        height = max(1, self.size.height)
        if not self.is_broken:
            return height
        rows = fitting = 0
        for number in range(self.window.total - 1, -1, -1):
            row = self.window.find(number)
            rows += len(self._draw_row(row)) if row else 1
            if rows > height:
                break
            fitting += 1
        return max(1, fitting)

    def scroll_lines(self, steps: int) -> None:
        """Moves by lines; upwards pauses, and reaching the end follows again where more may come."""
        if steps < 0:
            self.pause()
        last = max(0, self.window.total - self._lines_that_fit_at_end())
        top = max(0, min(last, self.top + steps))
        if steps > 0 and top >= last and not self.is_following:
            self.is_following = True
            self.seen = self.window.total
        if top != self.top or self.current is not None:
            self.top, self.current = top, None
            self._repaint()
        self.post_message(self.Moved())

    def scroll_pages(self, pages: int) -> None:
        """Moves by screens."""
        self.scroll_lines(pages * max(1, self.size.height - 1))

    def scroll_sideways(self, steps: int) -> None:
        """Moves sideways, where lines are cut."""
        left = max(0, self.left + steps)
        if left != self.left and not self.is_broken:
            self.left = left
            self._repaint()

    def go_to_first(self) -> None:
        """To the first line."""
        self.pause()
        self.top, self.current = 0, None
        self._repaint()
        self.post_message(self.Moved())

    def go_to(self, number: int) -> None:
        """Shows a line in the middle and makes it the current one."""
        self.pause()
        self.current = max(0, min(self.window.total - 1, number))
        height = max(1, self.size.height)
        if not self.top <= self.current < self.top + height - 1:
            self.top = max(0, min(self.current - height // 2, self.window.total - height))
        self._repaint()
        self.post_message(self.Moved())

    def set_search(self, needle: str) -> None:
        """Marks what is searched for."""
        if needle != self.needle:
            self.needle = needle
            self._repaint()

    def toggle_numbers(self) -> None:
        """Line numbers off and on."""
        self.shows_numbers = not self.shows_numbers
        self._repaint()

    def toggle_breaking(self) -> None:
        """Breaks long lines or cuts them."""
        self.is_broken, self.left = not self.is_broken, 0
        if self.is_following:
            self._go_to_end()
        self._repaint()

    def redraw(self) -> None:
        """After the look changed."""
        self._repaint()

    def _repaint(self) -> None:
        before, self._drawn = self._drawn, None
        height = self.size.height
        gap = self.window.missing(self.top, height)
        if gap is not None:
            self.post_message(self.Wanted(*gap))
        if before is None:
            self.refresh()
            return
        after = self._visible()
        for y in range(height):
            old = before[y] if y < len(before) else None
            if old != (after[y] if y < len(after) else None):
                self.refresh(Region(0, y, self.size.width, 1))

    def _style(self) -> LogStyle:
        width = max(3, len(f"{self.window.total:,}")) if self.shows_numbers else 0
        return LogStyle(number_width=width, left=self.left, needle=self.needle, is_broken=self.is_broken)

    def _draw_row(self, row: LogRow) -> list[Line]:
        return drawn(row, self._style(), self._look, self.size.width, is_current=row.number == self.current)

    def _visible(self) -> list[tuple[Line, bool]]:
        if self._drawn is None:
            rows: list[tuple[Line, bool]] = []
            number = self.top
            while len(rows) < self.size.height and number < self.window.total:
                row = self.window.find(number)
                pieces = self._draw_row(row) if row else [(muted(self._look.glyphs.cut),)]
                rows.extend((piece, number == self.current) for piece in pieces)
                number += 1
            self._drawn = rows[: self.size.height]
        return self._drawn

    def on_resize(self) -> None:
        """Lays out for the new size."""
        self._drawn = None
        if self.is_following:
            self._go_to_end()
        self._repaint()

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

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        visible = self._visible()
        line, is_current = visible[y] if y < len(visible) else (EMPTY_LINE, False)
        ground = "chosen" if is_current else "ground"
        return draw(palette_of(self), line, self.size.width, ground, is_ascii=self._look.is_ascii)
