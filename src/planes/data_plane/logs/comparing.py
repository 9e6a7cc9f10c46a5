"""Two logs beside each other: which lines of one stand where in the other, whatever their numbers, times and names.

Lines are compared by the hashes of their templates (`mining`). Both logs are read in windows of a bounded number of
lines, so that memory does not grow with their length:

    log ──► blocks ──► hashes ──► window ─┐
                                          ├──► pairs ──► runs of lines that are alike; what is between is in one only
    log ──► blocks ──► hashes ──► window ─┘

In a window, lines that stand once in each are anchors, in the longest chain that keeps the order of both (patience
diff, Bram Cohen); between anchors again. Where no line stands once, the first of a kind goes with the first, the second
with the second. Where a window has nothing in common, the log with more to come is read on.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.logs.mining import Templates
from planes.data_plane.logs.searching import blocks_of, sliced
from planes.data_plane.segments.reader import gap_in, line_count

WINDOW_LINES = 16_384
MAX_RUNS = 50_000
_MAX_ROUNDS = 12
View = Callable[[bytes], bytes]


class Pair(NamedTuple):
    """A line of the one log and the line of the other that is like it."""

    ours: int
    theirs: int


class Gap(NamedTuple):
    """Lines `from_line` up to, not with, `to_line` that a log does not have: damaged, or dropped from its middle."""

    is_ours: bool
    from_line: int
    to_line: int


def aligned(ours: Sequence[int], theirs: Sequence[int]) -> list[Pair]:
    """Pairs of equal items, in the order of both."""
    pairs: list[Pair] = []
    todo = [(0, len(ours), 0, len(theirs), 0)]
    while todo:
        first, last, other, other_last, rounds = todo.pop()
        while first < last and other < other_last and ours[first] == theirs[other]:
            pairs.append(Pair(first, other))
            first, other = first + 1, other + 1
        while first < last and other < other_last and ours[last - 1] == theirs[other_last - 1]:
            last, other_last = last - 1, other_last - 1
            pairs.append(Pair(last, other_last))
        if first == last or other == other_last:
            continue
        mine, others = ours[first:last], theirs[other:other_last]
        anchors = _anchors(mine, others) if rounds < _MAX_ROUNDS else []
        if not anchors:
            pairs += [Pair(first + a, other + b) for a, b in _by_occurrence(mine, others)]
            continue
        pairs += [Pair(first + a, other + b) for a, b in anchors]
        edges = [Pair(-1, -1), *anchors, Pair(len(mine), len(others))]
        todo += [
            (first + before.ours + 1, first + after.ours, other + before.theirs + 1, other + after.theirs, rounds + 1)
            for before, after in pairwise(edges)
        ]
    return sorted(pairs)


def _anchors(ours: Sequence[int], theirs: Sequence[int]) -> list[Pair]:
    """Items that stand once in each, in the longest chain."""
    here, there = Counter(ours), Counter(theirs)
    places = {item: place for place, item in enumerate(theirs) if there[item] == 1}
    return _longest_chain(
        [Pair(place, places[item]) for place, item in enumerate(ours) if here[item] == 1 and item in places]
    )


def _by_occurrence(ours: Sequence[int], theirs: Sequence[int]) -> list[Pair]:
    """The first of a kind with the first, the second with the second, in the longest chain."""
    places = {item: place for place, item in enumerate(_numbered(theirs))}
    found = ((place, places.get(item)) for place, item in enumerate(_numbered(ours)))
    return _longest_chain([Pair(place, other) for place, other in found if other is not None])


def _numbered(items: Sequence[int]) -> Iterator[tuple[int, int]]:
    seen: Counter[int] = Counter()
    for item in items:
        yield item, seen[item]
        seen[item] += 1


def _longest_chain(pairs: list[Pair]) -> list[Pair]:
    """The most pairs that ascend on both sides; `pairs` ascend on the first."""
    ends: list[int] = []  # the smallest end of a chain of each length, and which pair that is
    last_of: list[int] = []
    before: list[int] = []
    for at, (_, theirs) in enumerate(pairs):
        length = bisect_left(ends, theirs)
        before.append(last_of[length - 1] if length else -1)
        if length == len(ends):
            ends.append(theirs)
            last_of.append(at)
        else:
            ends[length], last_of[length] = theirs, at
    chain: list[Pair] = []
    at = last_of[-1] if last_of else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


@dataclass(slots=True)
class _Side:
    """What was read of one log and not yet compared: numbers of lines, which may have gaps, and their hashes.

    `compared` is the number behind the last line that was left behind. The line that stands for a gap is not held: it
    is like none.
    """

    is_ours: bool
    total: int
    blocks: Iterator[tuple[bytes, int]]
    compared: int = 0
    numbers: array[int] = field(default_factory=lambda: array("q"))
    held: array[int] = field(default_factory=lambda: array("q"))
    is_over: bool = False
    lost: int = 0

    @property
    def to_come(self) -> int:
        return self.total - self.compared

    def drop(self, count: int) -> None:
        if count:
            self.compared = self.numbers[count - 1] + 1
            del self.held[:count], self.numbers[:count]


class Comparison:
    """One comparison, for `Searches.run`. `view` is what the caller may see of a block; nothing else is compared.

    Answers `{"same": {"from_line", "against_line", "count"}}` for each run of lines that are alike, in their order, and
    `{"gap": {"is_ours", "from_line", "to_line"}}` for what a log does not have, before any run behind it. Blocking; one
    thread at a time.
    """

    def __init__(self, folder: Path, against: Path, view: View, max_runs: int = MAX_RUNS) -> None:
        self._sides = tuple(
            _Side(is_ours, total, blocks_of(side, 0, total))
            for is_ours, side, total in ((True, folder, line_count(folder)), (False, against, line_count(against)))
        )  # fmt: skip
        self._gaps: list[Gap] = []
        self._templates = Templates()
        self._view = view
        self._max_runs = max_runs
        self.matches = 0
        self.is_complete = False
        self.total = sum(side.total for side in self._sides)

    @property
    def lost(self) -> int:
        """Lines of both logs that are not there."""
        return sum(side.lost for side in self._sides)

    @property
    def looked_at(self) -> int:
        """Lines of both logs that were compared."""
        return sum(side.compared for side in self._sides)

    def slices(self) -> Generator[bytes]:
        """Answers, cut so that each took some milliseconds to find; many are empty."""
        return sliced(self._events())

    def _events(self) -> Generator[bytes]:
        for run in joined(self._pairs()):
            while self._gaps:
                gap = self._gaps.pop(0)
                yield b'{"gap":{"is_ours":%s,"from_line":%d,"to_line":%d}}\n' % (
                    b"true" if gap.is_ours else b"false", gap.from_line, gap.to_line,
                )  # fmt: skip
            if run is None:
                yield b""
                continue
            self.matches += 1
            yield b'{"same":{"from_line":%d,"against_line":%d,"count":%d}}\n' % run
            if self.matches >= self._max_runs:
                return
        self.is_complete = True

    def _pairs(self) -> Generator[Pair | None]:
        """Numbers of lines that are alike, in their order; None after each piece of work."""
        ours, theirs = self._sides
        is_last = False
        while not is_last:
            for side in self._sides:
                while not side.is_over and len(side.held) < WINDOW_LINES:
                    self._read(side)
                    yield None
            pairs = aligned(ours.held, theirs.held)
            is_last = ours.is_over and theirs.is_over
            kept = pairs if is_last else [pair for pair in pairs if _is_certain(pair, ours, theirs)]
            for pair in kept:
                yield Pair(ours.numbers[pair.ours], theirs.numbers[pair.theirs])
            if not is_last:
                self._go_on(kept[-1] if kept else None)
            yield None
        for side in self._sides:
            side.drop(len(side.held))

    def _read(self, side: _Side) -> None:
        block, behind = next(side.blocks, (b"", 0))
        side.is_over = not block
        gap = gap_in(block, behind)
        if gap is not None:
            self._gaps.append(Gap(side.is_ours, *gap))
            side.lost += gap[1] - gap[0]
            return
        for number, template in self._templates.numbered(self._view(block)):
            side.numbers.append(number)
            side.held.append(template)

    def _go_on(self, last: Pair | None) -> None:
        """Leaves behind what is compared; where nothing was alike, the log with more to come goes on."""
        ours, theirs = self._sides
        if last is not None:
            ours.drop(last.ours + 1)
            theirs.drop(last.theirs + 1)
            return
        longer = ours if ours.to_come >= theirs.to_come else theirs
        for side in (ours, theirs) if ours.to_come == theirs.to_come else (longer,):
            side.drop(max(1, len(side.held) // 2))


def joined(pairs: Iterable[Pair | None]) -> Iterator[tuple[int, int, int] | None]:
    """Pairs that follow each other on both sides as runs: where they begin, and how many there are. None passes."""
    run: tuple[int, int, int] | None = None
    for pair in pairs:
        if pair is None:
            yield None
        elif run is not None and (run[0] + run[2], run[1] + run[2]) == pair:
            run = (run[0], run[1], run[2] + 1)
        else:
            if run is not None:
                yield run
            run = (pair.ours, pair.theirs, 1)
    if run is not None:
        yield run


def _is_certain(pair: Pair, ours: _Side, theirs: _Side) -> bool:
    """Whether what comes behind the windows hardly changes the pair: it is not near the end of one that goes on."""
    return all(
        side.is_over or at < len(side.held) * 3 // 4 for at, side in ((pair.ours, ours), (pair.theirs, theirs))
    )  # fmt: skip
