"""The part of a log that the app holds: a bounded number of lines around what is looked at, never the whole log.

What is shown is a list of *places* from 0 on: each line of the log, or only the lines that were chosen. Of a traceback
that is folded its head and its last line have rows.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.log_rows import LogRow, log_row
from dlthub_tui.viewmodel.look import Look

__all__ = ["MOST_LINES", "RANGE", "LogLine", "LogWindow"]

MOST_LINES = 6000
RANGE = 400
MOST_FRAMES = 200


class LogWindow:
    """Lines by number; a line is scrubbed and coloured when it is first looked at.

    `total` is how many lines the region has, as far as is known. Where too many are held, those farthest from what is
    looked at go: the region has them. `chosen` are the numbers of the lines that are shown, None for all.
    """

    def __init__(self, look: Look, most_lines: int = MOST_LINES) -> None:
        self._look = look
        self._lines: dict[int, LogLine] = {}
        self._rows: dict[int, LogRow] = {}
        self._most = most_lines
        self.total = 0
        self.is_sealed = False
        self.is_folded = False
        self.chosen: array[int] | None = None

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def places(self) -> int:
        """How many lines are shown, whether they are held or not."""
        return self.total if self.chosen is None else len(self.chosen)

    def number_at(self, place: int) -> int:
        """The line at a place."""
        if self.chosen is None:
            return place
        return self.chosen[place] if 0 <= place < len(self.chosen) else self.total

    def place_of(self, number: int) -> int:
        """The place of a line; where it is not shown, of the next that is."""
        return number if self.chosen is None else bisect_left(self.chosen, number)

    def choose(self, numbers: Iterable[int] | None) -> None:
        """Shows only these lines, in their order; None shows all."""
        self.chosen = None if numbers is None else array("q", numbers)

    def choose_more(self, numbers: Iterable[int]) -> None:
        """Shows these lines as well; they come after what is shown."""
        if self.chosen is not None:
            last = self.chosen[-1] if self.chosen else -1
            self.chosen.extend(number for number in numbers if number > last)

    def find(self, number: int) -> LogRow | None:
        """The row, if its line is held."""
        row = self._rows.get(number)
        if row is None:
            line = self._lines.get(number)
            if line is None:
                return None
            row = self._rows[number] = log_row(line, self._look)
        return row

    def add(self, lines: Iterable[LogLine], around: int) -> None:
        """Takes lines in; keeps what is nearest to the line `around`."""
        for line in lines:
            self._lines[line.number] = line
            self._rows.pop(line.number, None)
            self.total = max(self.total, line.number + 1)
        if len(self._lines) > self._most + RANGE:
            excess = len(self._lines) - self._most
            for number in sorted(self._lines, key=lambda number: abs(number - around))[-excess:]:
                del self._lines[number]
                self._rows.pop(number, None)

    def missing(self, first: int, height: int) -> tuple[int, int] | None:
        """What to ask for so that `height` places from `first` can be drawn: first line and count, or None."""
        last = min(self.places, first + height)
        numbers = (self.number_at(place) for place in range(max(0, first), last))
        gap = next((number for number in numbers if number not in self._lines), None)
        if gap is None:
            return None
        start = max(0, gap - RANGE // 2)
        return start, min(RANGE, self.total - start)

    def is_hidden(self, number: int) -> bool:
        """Whether the line lies in a folded traceback, between its head and the line that says why."""
        return self.is_folded and self._is_frame(number) and self._head_of(number) is not None

    def folded_below(self, number: int) -> int:
        """How many lines are folded into this one."""
        row = self.find(number) if self.is_folded else None
        if row is None or not row.is_traceback:
            return 0
        end = number + 1
        while end - number <= MOST_FRAMES and self._is_frame(end):
            end += 1
        return end - number - 1

    def _is_frame(self, number: int) -> bool:
        row = self.find(number)
        return row is not None and row.is_frame

    def _head_of(self, number: int) -> int | None:
        for at in range(number - 1, max(-1, number - MOST_FRAMES - 1), -1):
            row = self.find(at)
            if row is None:
                return None
            if row.is_traceback:
                return at
            if not row.is_frame:
                return None
        return None
