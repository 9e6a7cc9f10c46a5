"""The log pane: draws the visible lines of a window of ranges, follows the end, pauses on the way up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from dlthub_tui.viewmodel.log_rows import LogRow, LogStyle, RowState, drawn
from dlthub_tui.viewmodel.log_window import LogLine, LogWindow
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, muted
from dlthub_tui.widgets.palette import draw, palette_of
from dlthub_tui.widgets.scroll_region import can_scroll, forget_painted, scroll_rows

_Row = tuple[Line, bool]


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
        self.style_of_lines = LogStyle()
        self.shows_numbers = False
        self.marks: dict[int, str] = {}
        self._drawn: list[_Row] | None = None
        self._unpainted: set[int] = set()
        self._shift = 0

    @property
    def is_broken(self) -> bool:
        """Whether long lines are broken."""
        return self.style_of_lines.is_broken

    @property
    def new_lines(self) -> int:
        """How many lines came while the pane does not follow."""
        return max(0, self.window.total - self.seen)

    @property
    def line(self) -> int:
        """The line that copying and links mean."""
        if self.current is not None:
            return self.current
        last = max(0, self.window.places - 1)
        return self.window.number_at(
            max(0, min(last, self.top + self.size.height - 1) if self.is_following else self.top)
        )

    def take(self, rows: Sequence[LogLine], total: int | None = None) -> None:
        """Takes lines in; repaints only if something visible is another."""
        end = max(self.window.total, total or 0)
        middle = self.window.number_at(self.top + self.size.height // 2)
        self.window.add(rows, end if self.is_following else middle)
        if total is not None:
            self.window.total = max(self.window.total, total)
        first, last = self.window.number_at(self.top), self.window.number_at(self.top + self.size.height)
        if self.is_following:
            self._go_to_end()
            self._repaint()
        elif any(first <= row.number <= last for row in rows):
            self._repaint()

    def follow(self) -> None:
        """Goes to the end and stays there as it grows."""
        self.is_following, self.current = True, None
        self._go_to_end()
        self._moved()

    def pause(self) -> None:
        """Stays where it is."""
        if self.is_following:
            self.is_following = False
            self.seen = self.window.total
            self.post_message(self.Moved())

    def _moved(self) -> None:
        self._repaint()
        self.post_message(self.Moved())

    def _go_to_end(self) -> None:
        self.seen = self.window.total
        self.top = self._last_top()

    def _last_top(self) -> int:
        """The place at the top when the end is shown."""
        places, height = self.window.places, max(1, self.size.height)
        if not self.is_broken and not self.window.is_folded:
            return max(0, places - height)
        rows, place = 0, places
        while place > 0:
            rows += self._height_of(place - 1)
            if rows > height:
                break
            place -= 1
        return min(place, max(0, places - 1))

    def _height_of(self, place: int) -> int:
        number = self.window.number_at(place)
        if self.window.is_hidden(number):
            return 0
        row = self.window.find(number)
        return len(self._draw_row(row)) if row is not None and self.is_broken else 1

    def scroll_lines(self, steps: int) -> None:
        """Moves by lines; upwards pauses, and reaching the end follows again where more may come."""
        if steps < 0:
            self.pause()
        last = self._last_top()
        top = max(0, min(last, self._past_hidden(self.top, steps)))
        if steps > 0 and top >= last and not self.is_following:
            self.is_following = True
            self.seen = self.window.total
        if top != self.top or self.current is not None:
            self.top, self.current = top, None
            self._repaint()
        self.post_message(self.Moved())

    def _past_hidden(self, place: int, steps: int) -> int:
        if not self.window.is_folded:
            return place + steps
        way = 1 if steps > 0 else -1
        for _ in range(abs(steps)):
            place += way
            while 0 < place < self.window.places and self.window.is_hidden(self.window.number_at(place)):
                place += way
        return place

    def scroll_pages(self, pages: int) -> None:
        """Moves by screens."""
        self.scroll_lines(pages * max(1, self.size.height - 1))

    def scroll_sideways(self, steps: int) -> None:
        """Moves sideways, where lines are cut."""
        if not self.is_broken:
            self.restyle(replace(self.style_of_lines, left=max(0, self.style_of_lines.left + steps)))

    def go_to_first(self) -> None:
        """To the first line."""
        self.pause()
        self.top, self.current = 0, None
        self._moved()

    def go_to(self, number: int) -> None:
        """Shows a line in the middle and makes it the current one; where it is not shown, the next that is."""
        self.pause()
        window = self.window
        place = max(0, min(window.places - 1, window.place_of(number)))
        self.current = window.number_at(place)
        height = max(1, self.size.height)
        if not self.top <= place < self.top + height - 1 or self.is_broken:
            self.top = max(0, min(place - height // 2, window.places - height))
        self._moved()

    def step_current(self) -> None:
        """The cursor goes one line on, and the pane with it."""
        place = self.window.place_of(self.line) + 1
        if place < self.window.places:
            self.go_to(self.window.number_at(place))

    def show_places(self, numbers: Iterable[int] | None, at: int | None) -> None:
        """Shows only these lines, or all; stays near the line `at`, or at the end."""
        self.window.choose(numbers)
        self.current = None
        if at is None or self.is_following:
            self._go_to_end()
        else:
            self.top = max(0, min(self.window.place_of(at), self.window.places - max(1, self.size.height)))
        self._moved()

    def show_more_places(self, numbers: Iterable[int]) -> None:
        """Shows these lines too."""
        before = self.window.places
        self.window.choose_more(numbers)
        if self.is_following:
            self._go_to_end()
        if self.is_following or before < self.top + self.size.height:
            self._repaint()

    def toggle_mark(self) -> None:
        """Marks the line at the cursor, or takes its mark away."""
        row = self.window.find(self.line)
        if row is not None and self.marks.pop(row.number, None) is None:
            self.marks[row.number] = row.plain
        self._repaint()

    def clear_marks(self) -> bool:
        """Takes all marks away; says whether there were any."""
        had = bool(self.marks)
        self.marks.clear()
        self._repaint()
        return had

    def restyle(self, style: LogStyle) -> None:
        """Draws lines in another way."""
        if style != self.style_of_lines:
            self.style_of_lines = style
            self._at_end_again()

    def set_search(self, needle: str) -> None:
        """Marks what is searched for."""
        self.restyle(replace(self.style_of_lines, needle=needle))

    def toggle_numbers(self) -> None:
        """Line numbers off and on."""
        self.shows_numbers = not self.shows_numbers
        self._repaint()

    def toggle_breaking(self) -> None:
        """Breaks long lines or cuts them."""
        self.restyle(replace(self.style_of_lines, is_broken=not self.is_broken, left=0))

    def toggle_folding(self) -> bool:
        """Folds tracebacks, or shows them whole; says which."""
        self.window.is_folded = not self.window.is_folded
        self._at_end_again()
        return self.window.is_folded

    def _at_end_again(self) -> None:
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
        if before is None or not height:
            self.refresh()
            return
        after = self._visible()
        shift = self._shift_between(before, after)
        kept: list[_Row | None] = list(before)
        if shift:
            kept = [*before[shift:], *[None] * shift] if shift > 0 else [*[None] * -shift, *before[:shift]]
            self._unpainted |= {y - shift for y in self._unpainted}
            self._shift += shift
            forget_painted(self)
        self._unpainted |= {y for y in range(height) if y >= len(kept) or kept[y] != after[y]}
        self._unpainted &= set(range(height))
        for y in self._unpainted:
            self.refresh(Region(0, y, self.size.width, 1))

    def _shift_between(self, before: list[_Row], after: list[_Row]) -> int:
        """By how many rows the terminal may move what it shows, 0 for not at all: only where that saves most rows."""
        height = len(after)
        painted = sum(old != new for old, new in zip(before, after, strict=False))
        if len(before) != height or painted < 3:
            return 0
        for rows in range(1, height // 2 + 1):
            for shift in (rows, -rows):
                moved = before[shift:] if shift > 0 else before[:shift]
                kept = after[: height - rows] if shift > 0 else after[rows:]
                differ = sum(old != new for old, new in zip(moved, kept, strict=True))
                if differ <= 2 and rows + differ < painted:
                    return shift if can_scroll(self, self._shift + shift) else 0
        return 0

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

    def _style(self) -> LogStyle:
        width = max(3, len(f"{self.window.total:,}")) if self.shows_numbers else 0
        return replace(self.style_of_lines, number_width=width)

    def _draw_row(self, row: LogRow) -> list[Line]:
        number = row.number
        state = RowState(number == self.current, number in self.marks, self.window.folded_below(number))
        return drawn(row, self._style(), self._look, self.size.width, state)

    def _visible(self) -> list[_Row]:
        """Exactly as many rows as the pane is high."""
        if self._drawn is None:
            rows: list[_Row] = []
            place, height = self.top, self.size.height
            while len(rows) < height and place < self.window.places:
                number = self.window.number_at(place)
                place += 1
                if self.window.is_hidden(number):
                    continue
                row = self.window.find(number)
                pieces = self._draw_row(row) if row else [(muted(self._look.glyphs.cut),)]
                rows.extend((piece, number == self.current) for piece in pieces)
            self._drawn = [*rows[:height], *[(EMPTY_LINE, False)] * (height - len(rows))]
        return self._drawn

    def on_resize(self) -> None:
        """Lays out for the new size."""
        self._drawn = None
        self._shift = 0
        self._at_end_again()

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
