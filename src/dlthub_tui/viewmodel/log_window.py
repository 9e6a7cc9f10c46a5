"""The part of a log that the app holds: a bounded number of lines around what is looked at, never the whole log."""

from __future__ import annotations

from collections.abc import Iterable

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.log_rows import LogRow, log_row
from dlthub_tui.viewmodel.look import Look

__all__ = ["MOST_LINES", "RANGE", "LogLine", "LogWindow"]

MOST_LINES = 6000
RANGE = 400


class LogWindow:
    """Lines by number; a line is scrubbed and coloured when it is first looked at.

    `total` is how many lines the region has, as far as is known. Where too many are held, those farthest from what is
    looked at go: the region has them.
    """

    def __init__(self, look: Look, most_lines: int = MOST_LINES) -> None:
        self._look = look
        self._lines: dict[int, LogLine] = {}
        self._rows: dict[int, LogRow] = {}
        self._most = most_lines
        self.total = 0
        self.is_sealed = False

    def __len__(self) -> int:
        return len(self._lines)

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
            self.total = max(self.total, line.number + 1)
        if len(self._lines) > self._most + RANGE:
            excess = len(self._lines) - self._most
            for number in sorted(self._lines, key=lambda number: abs(number - around))[-excess:]:
                del self._lines[number]
                self._rows.pop(number, None)

    def missing(self, first: int, height: int) -> tuple[int, int] | None:
        """What to ask for so that `height` lines from `first` can be drawn: first line and count, or None."""
        last = min(self.total, first + height)
        gap = next((number for number in range(max(0, first), last) if number not in self._lines), None)
        if gap is None:
            return None
        start = max(0, gap - RANGE // 2)
        return start, min(RANGE, self.total - start)
