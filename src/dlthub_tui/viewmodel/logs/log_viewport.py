"""Where a log pane stands, and the rows it shows from there: a line takes one, several where it is broken, or none
where it is folded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dlthub_tui.viewmodel.logs.log_rows import LogRow, LogStyle, RowState, drawn
from dlthub_tui.viewmodel.logs.log_window import LogWindow
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Line, muted

# From this width on there is room for the numbers of lines.
NUMBERED = 100


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """The row `row` of the line at a place."""

    place: int
    row: int = 0


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row on the screen, and which line it is of."""

    number: int
    line: Line


class LogViewport:
    """The pane's size, its top, and how lines are drawn. `current` is the line that a search or a key went to."""

    def __init__(self, window: LogWindow, look: Look) -> None:
        self.window = window
        self._look = look
        self.width = self.height = 0
        self.top = Spot(0)
        self.current: int | None = None
        self.style = LogStyle()
        # None until somebody says so: where there is room.
        self.wants_numbers: bool | None = None
        self.marks: dict[int, str] = {}
        self.missing: int | None = None
        """The first line that is to be shown and is not held, as of the last `rows`."""

    @property
    def shows_numbers(self) -> bool:
        """Whether each line has its number before it."""
        return self.width >= NUMBERED if self.wants_numbers is None else self.wants_numbers

    @property
    def end(self) -> Spot:
        """The top where the end is shown."""
        return self.back(Spot(self.window.places), max(1, self.height))

    def rows(self) -> list[ShownRow]:
        """What is shown, from the top on."""
        self.missing = None
        shown: list[ShownRow] = []
        skipped = self.top.row
        for place in self._places_from(self.top.place):
            if len(shown) >= self.height:
                break
            number = self.window.number_at(place)
            if self.missing is None and self.window.find(number) is None:
                self.missing = number
            shown.extend(ShownRow(number, line) for line in self._lines_of(number)[skipped:])
            skipped = 0
        return shown[: self.height]

    def _places_from(self, place: int) -> Iterator[int]:
        for at in range(max(0, place), self.window.places):
            if not self.window.is_hidden(self.window.number_at(at)):
                yield at

    def _lines_of(self, number: int) -> list[Line]:
        row = self.window.find(number)
        return self._draw(row) if row is not None else [(muted(self._look.glyphs.cut),)]

    def _draw(self, row: LogRow) -> list[Line]:
        number = row.number
        width = max(3, len(f"{self.window.total:,}")) if self.shows_numbers else 0
        state = RowState(number == self.current, number in self.marks, self.window.folded_below(number))
        return drawn(row, replace(self.style, number_width=width), self._look, self.width, state)

    def _height_of(self, place: int) -> int:
        number = self.window.number_at(place)
        if self.window.is_hidden(number):
            return 0
        return len(self._lines_of(number)) if self.style.is_broken else 1

    @property
    def _is_even(self) -> bool:
        """Whether each line takes one row."""
        return not self.style.is_broken and not self.window.is_folded

    def back(self, spot: Spot, rows: int) -> Spot:
        """The spot so many rows above; the first where there are not as many."""
        if self._is_even:
            return Spot(max(0, spot.place - rows))
        if rows <= spot.row:
            return Spot(spot.place, spot.row - rows)
        rows -= spot.row
        place = spot.place
        while place > 0 and rows > 0:
            place -= 1
            height = self._height_of(place)
            if height >= rows:
                return Spot(place, height - rows)
            rows -= height
        return Spot(0)

    def on(self, spot: Spot, rows: int) -> Spot:
        """The spot so many rows below, never below the end."""
        end = self.end
        if self._is_even:
            return min(end, Spot(spot.place + rows))
        place, rows = spot.place, rows + spot.row
        while Spot(place) < end:
            height = self._height_of(place)
            if height > rows:
                break
            rows -= height
            place += 1
        return min(end, Spot(place, rows))

    def shows(self, place: int) -> bool:
        """Whether the line at a place is shown whole, or as much of it as the pane is high."""
        last = self.back(Spot(place + 1), self.height)
        return self.top <= Spot(place) and (last <= self.top or self.top == Spot(place))

    def go_to(self, number: int) -> None:
        """Makes a line the current one and shows it, or the next that is shown. A fold that it lies in is opened."""
        window = self.window
        place = max(0, min(window.places - 1, window.place_of(number)))
        self.current = window.number_at(place) if window.places else None
        if self.current is not None:
            window.unfold(self.current)
        if not self.shows(place):
            self.top = min(self.back(Spot(place), self.height // 2), self.end)

    def settle(self) -> None:
        """Stands right again after lines arrived that fold: rows up to the end, and the current line among them."""
        if self.window.is_folded:
            self.top = min(self.top, self.end)
            if self.current is not None and not self.shows(self.window.place_of(self.current)):
                self.go_to(self.current)

    def next_shown(self, number: int) -> int | None:
        """The line that is shown below a line."""
        place = next(self._places_from(self.window.place_of(number) + 1), None)
        return None if place is None else self.window.number_at(place)

    def first_number(self) -> int:
        """The line at the top."""
        place = next(self._places_from(self.top.place), None)
        return self.window.number_at(self.top.place if place is None else place)

    def last_number(self) -> int:
        """The last line that can be shown; 0 where there is none."""
        place = self.window.places - 1
        while place > 0 and self.window.is_hidden(self.window.number_at(place)):
            place -= 1
        return self.window.number_at(place) if place >= 0 else 0
