"""Searching a log where it lies: blocks in a worker thread, matches as they are found.

Work is done in slices of some milliseconds, so that a search whose client has left ends at once, and the searches of a
plane take turns.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from planes.data_plane.logs.matching import LineFinder
from planes.data_plane.logs.mining import Templates
from planes.data_plane.segments import number_of, reported_at_of
from planes.data_plane.segments.reader import LogCursor, gap_in, line_count, read_range

BLOCK_BYTES = 512 * 1024
MAX_OPEN = 16
# A search whose answer nobody reads stays open; those of one organization are never all.
MAX_OF_ONE = 8
_SLICE_SECONDS = 0.02
_SLICE_BYTES = 128 * 1024
_PROGRESS_SECONDS = 0.25
_FIRST_WINDOW_LINES = 2048
_MAX_WINDOW_LINES = 65_536
_MAX_WINDOW_BYTES = 4 << 20
_MAX_PROBES = 64
_GAP_BYTES = 1024

View = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which lines are looked at: from `from_line` (negative: from the end) up, or down with `backwards`.

    `since` and `until` bound it by time; `limit` is the number of matches after which it ends.
    """

    from_line: int = 0
    backwards: bool = False
    limit: int = 1000
    since: datetime | None = None
    until: datetime | None = None


class Work(Protocol):
    """What looks at lines bit by bit: a search, or a comparison."""

    matches: int
    is_complete: bool
    total: int

    @property
    def lost(self) -> int:
        """Lines among those looked at that are not there: damaged, or dropped from the middle."""
        ...

    @property
    def looked_at(self) -> int:
        """How many lines were looked at."""
        ...

    def slices(self) -> Generator[bytes]:
        """Answers, each found in some milliseconds; many are empty."""
        ...


class Searches:
    """How many searches a plane does at once: two work, and `MAX_OPEN` are open, `MAX_OF_ONE` of an organization."""

    def __init__(self) -> None:
        self.limiter = CapacityLimiter(2)
        self._open = Counter[str]()

    def is_full(self, organization_id: str) -> bool:
        """Whether no other of this organization may begin."""
        return self._open.total() >= MAX_OPEN or self._open[organization_id] >= MAX_OF_ONE

    async def run(self, scan: Work, organization_id: str) -> AsyncGenerator[bytes]:
        """NDJSON: what the work answers, `{progress}` now and then, and `{done}` at the end."""
        self._open[organization_id] += 1
        try:
            told_at = time.monotonic()
            slices = scan.slices()
            with closing(slices):
                while (found := await to_thread.run_sync(_next_slice, slices, limiter=self.limiter)) is not None:
                    now = time.monotonic()
                    if now - told_at >= _PROGRESS_SECONDS:
                        told_at = now
                        found += b'{"progress":{"looked_at":%d,"total":%d}}\n' % (scan.looked_at, scan.total)
                    if found:
                        yield found
            yield b'{"done":{"looked_at":%d,"total":%d,"matches":%d,"lost":%d,"is_complete":%s}}\n' % (
                scan.looked_at, scan.total, scan.matches, scan.lost, b"true" if scan.is_complete else b"false",
            )  # fmt: skip
        finally:
            self._open[organization_id] -= 1
            self._open += Counter()  # keeps no name that has none open


class Scan:
    """One search. `view` is what the caller may see of a block; nothing else is searched or answered.

    With `against`, another log's folder, its templates are learnt first. Blocking; one thread at a time.
    """

    def __init__(self, folder: Path, finder: LineFinder, scope: Scope, view: View, against: Path | None = None) -> None:
        self._folder = folder
        self._finder = finder
        self._scope = scope
        self._view = view
        self._against = against
        self.looked_at = self.total = self.matches = self.lost = 0
        self.is_complete = False

    def slices(self) -> Generator[bytes]:
        """Answers, cut so that each took some milliseconds to find; many are empty."""
        return sliced(self._events())

    def _events(self) -> Generator[bytes]:
        """A match, or nothing after each block."""
        first, last = self._bounds()
        self.total = max(0, last - first)
        if self._against is not None:
            yield from self._learn(self._against)
        for line in self._backwards(first, last) if self._scope.backwards else self._forwards(first, last):
            if line:
                self.matches += 1
                yield b'{"line":' + line + b',"number":%d}\n' % (number_of(line) or 0)
                if self.matches >= self._scope.limit:
                    return
            else:
                yield b""
        self.is_complete = not (isinstance(self._finder, Templates) and self._finder.is_full)

    def _bounds(self) -> tuple[int, int]:
        """The first line to look at, and the one behind the last."""
        scope, total = self._scope, line_count(self._folder)
        start = scope.from_line if scope.from_line >= 0 else total + scope.from_line
        first, last = (0, min(start + 1, total)) if scope.backwards else (max(start, 0), total)
        if scope.since is not None:
            first = max(first, first_at(self._folder, scope.since))
        if scope.until is not None:
            last = min(last, first_at(self._folder, scope.until))
        return first, last

    def _learn(self, folder: Path) -> Iterator[bytes]:
        assert isinstance(self._finder, Templates)
        for block, _ in blocks_of(folder, 0, line_count(folder)):
            self._finder.add(self._view(block))
            yield b""

    def _forwards(self, first: int, last: int) -> Iterator[bytes]:
        for block, behind in blocks_of(self._folder, first, last):
            yield from self._finder.find(self._view(block))
            self.looked_at, self.lost = behind - first, self.lost + _lost_in(block, behind)
            yield b""

    def _backwards(self, first: int, last: int) -> Iterator[bytes]:
        """Windows of lines from the end. One that holds too many bytes of matches is looked at again in two halves."""
        size = _FIRST_WINDOW_LINES
        windows: list[tuple[int, int]] = []
        while windows or last > first:
            if not windows:
                start = max(first, last - size)
                windows.append((start, last))
                last, size = start, min(size * 2, _MAX_WINDOW_LINES)
            start, end = windows.pop()
            found, found_bytes, lost = deque[bytes](maxlen=self._scope.limit - self.matches), 0, 0
            for block, behind in blocks_of(self._folder, start, end):
                lost += _lost_in(block, behind)
                for line in self._finder.find(self._view(block)):
                    if not line:
                        yield b""
                        continue
                    found.append(line)
                    found_bytes += len(line)
                yield b""
                if found_bytes > _MAX_WINDOW_BYTES and end - start > 1:
                    middle = (start + end) // 2
                    windows += [(start, middle), (middle, end)]
                    break
            else:
                yield from reversed(found)
                self.looked_at, self.lost = self.looked_at + end - start, self.lost + lost


def sliced(events: Generator[bytes]) -> Generator[bytes]:
    """The events joined, so that each piece took some milliseconds to find."""
    began, pieces, size = time.monotonic(), list[bytes](), 0
    with closing(events):
        for event in events:
            pieces.append(event)
            size += len(event)
            if size > _SLICE_BYTES or time.monotonic() - began > _SLICE_SECONDS:
                yield b"".join(pieces)
                began, pieces, size = time.monotonic(), list[bytes](), 0
    yield b"".join(pieces)


def blocks_of(folder: Path, first: int, last: int) -> Iterator[tuple[bytes, int]]:
    """The stored lines from `first` up to and without `last`, in blocks of whole lines; each with the number after."""
    cursor = LogCursor(folder, first)
    try:
        while cursor.next_line < last and (block := cursor.read(BLOCK_BYTES)):
            beyond = cursor.next_line - last
            if beyond > 0:
                lines = block.splitlines(keepends=True)
                block = b"".join(lines[: max(1, len(lines) - beyond)])
            yield block, min(cursor.next_line, last)
    finally:
        cursor.close()


def _lost_in(block: bytes, behind: int) -> int:
    """How many lines a block stands for that are not there. One that does is a single short line."""
    gap = gap_in(block, behind) if len(block) <= _GAP_BYTES else None
    return gap[1] - gap[0] if gap is not None else 0


def first_at(folder: Path, at: datetime) -> int:
    """The number of the first line reported at or after a time; the number of lines if there is none.

    By halves over the index, one line each: nothing is scanned. Where a clock was set back, one such place is found.
    """
    low, high = 0, line_count(folder)
    for _ in range(_MAX_PROBES):
        if low >= high:
            break
        middle = (low + high) // 2
        line = read_range(folder, middle, 1)
        reported_at = reported_at_of(line[:-1])
        if reported_at is not None and reported_at < at:
            low = middle + 1
        else:
            high = middle
    return low


def _next_slice(slices: Iterator[bytes]) -> bytes | None:
    return next(slices, None)
