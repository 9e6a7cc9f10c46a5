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
        self._unfolded: set[int] = set()
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
        return head is not None and head not in self._unfolded and self._is_chosen(head)

    def folded_below(self, number: int) -> int:
        """How many lines that would be shown are folded into this one."""
        row = self.find(number) if self.is_folded and number not in self._unfolded else None
        if row is None or not row.is_traceback:
            return 0
        end, folded = number + 1, 0
        while end - number <= MOST_FRAMES and self._is_frame(end):
            folded += self._is_chosen(end)
            end += 1
        return folded

    def _is_chosen(self, number: int) -> bool:
        return self.chosen is None or self.number_at(bisect_left(self.chosen, number)) == number

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
