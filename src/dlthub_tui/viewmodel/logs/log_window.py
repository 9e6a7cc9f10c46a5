"""The part of a log that the app holds: a bounded number of lines around what is looked at, never the whole log.

What is shown is a list of *places* from 0 on: each line of the log that the region has, or only the lines that were
chosen. Where a log is damaged or its middle was dropped one line stands for those that are absent; they keep their
numbers and have no place. Of a traceback that is folded its head and its last line have rows.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_rows import LogRow, log_row
from dlthub_tui.viewmodel.look import Look

__all__ = ["MOST_LINES", "RANGE", "LogLine", "LogWindow", "absent_in"]

MOST_LINES = 6000
RANGE = 400
MOST_FRAMES = 200


class Absent:
    """Ranges of numbers that no line has, and the places of the others."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []
        self._places: list[int] = []
        self._before: list[int] = [0]

    def add(self, first: int, end: int) -> None:
        """One more range; ranges that meet become one."""
        apart = [(low, high) for low, high in self._ranges if high < first or low > end]
        if len(apart) < len(self._ranges):
            met = [pair for pair in self._ranges if pair not in apart]
            first, end = min(first, met[0][0]), max(end, met[-1][1])
        self._ranges = sorted([*apart, (first, end)])
        self._places, self._before = [], [0]
        for low, high in self._ranges:
            self._places.append(low - self._before[-1])
            self._before.append(self._before[-1] + high - low)

    def __contains__(self, number: int) -> bool:
        return self.number_at(self.place_of(number)) != number

    def places(self, total: int) -> int:
        """How many of the first `total` numbers have a line."""
        return self.place_of(total)

    def number_at(self, place: int) -> int:
        """The number at a place."""
        return place + self._before[bisect_right(self._places, place)]

    def place_of(self, number: int) -> int:
        """The place of a number; of one that is absent, of the next that is not."""
        position = bisect_right(self._ranges, (number, number))
        if position and number < self._ranges[position - 1][1]:
            return self._places[position - 1]
        return number - self._before[position]


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
        self._unfolded: set[int] = set()
        self._absent = Absent()
        self.chosen: array[int] | None = None

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def places(self) -> int:
        """How many lines are shown, whether they are held or not."""
        return self._absent.places(self.total) if self.chosen is None else len(self.chosen)

    def number_at(self, place: int) -> int:
        """The line at a place."""
        if self.chosen is None:
            return self._absent.number_at(place)
        return self.chosen[place] if 0 <= place < len(self.chosen) else self.total

    def place_of(self, number: int) -> int:
        """The place of a line; where it is not shown, of the next that is."""
        return self._absent.place_of(number) if self.chosen is None else bisect_left(self.chosen, number)

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

    def lacks(self, number: int) -> bool:
        """Whether the line is not held though there is one."""
        return number not in self._lines and number not in self._absent

    def add_absent(self, ranges: Iterable[tuple[int, int]]) -> None:
        """The region has no lines from the first of a pair up to, and without, the second."""
        for first, end in ranges:
            self._absent.add(first, end)

    def forget(self) -> None:
        """Holds no line any more: the region has others in their places."""
        self._lines.clear()
        self._rows.clear()

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

    def range_around(self, number: int) -> tuple[int, int]:
        """What to ask for so that a line and those around it are held: first line and count."""
        start = max(0, number - RANGE // 2)
        return start, max(1, min(RANGE, self.total - start))

    def fold(self, is_folded: bool) -> None:
        """Folds all tracebacks, or shows them whole."""
        self.is_folded = is_folded
        self._unfolded.clear()

    def unfold(self, number: int) -> None:
        """Shows the traceback that the line lies in whole, where it was folded away."""
        if self.is_hidden(number):
            head = self._head_of(number)
            if head is not None:
                self._unfolded.add(head)

    def is_hidden(self, number: int) -> bool:
        """Whether the line lies in a folded traceback, between its head and the line that says why."""
        if not self.is_folded or not self._is_frame(number):
            return False
        head = self._head_of(number)
        return head is not None and head not in self._unfolded and self.shows(head)

    def folded_below(self, number: int) -> int:
        """How many lines that would be shown are folded into this one."""
        if not self.is_folded or number in self._unfolded or not self._is_head(number):
            return 0
        end, folded = number + 1, 0
        while end - number <= MOST_FRAMES and self._is_frame(end):
            folded += self.shows(end)
            end += 1
        return folded

    def shows(self, number: int) -> bool:
        """Whether the line is among those that are shown, folded or not."""
        return self.chosen is None or self.number_at(bisect_left(self.chosen, number)) == number

    def _is_frame(self, number: int) -> bool:
        row = self.find(number)
        return row is not None and row.is_frame

    def _head_of(self, number: int) -> int | None:
        for at in range(number - 1, max(-1, number - MOST_FRAMES - 1), -1):
            row = self.find(at)
            if row is None:
                return None
            if not row.is_frame:
                return at if self._is_head(at) else None
        return None

    def _is_head(self, number: int) -> bool:
        """Whether a line begins a traceback: it says so, or calls stand right below it."""
        row, below = self.find(number), self.find(number + 1)
        if row is None or row.is_frame:
            return False
        return row.is_traceback or (below is not None and below.is_call)


def absent_in(lines: Sequence[LogLine], total: int, limit: int) -> tuple[tuple[int, int], ...]:
    """Numbers that an answer of at most `limit` lines leaves out: between its lines, and behind them where it ends."""
    found = [
        (line.number + 1, other.number) for line, other in pairwise(lines) if other.number > line.number + 1
    ]  # fmt: skip
    if lines and len(lines) < limit and lines[-1].number + 1 < total:
        found.append((lines[-1].number + 1, total))
    return tuple(found)
