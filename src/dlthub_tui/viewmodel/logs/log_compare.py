"""Two logs beside each other: places from runs of lines that are alike, and how a place is drawn.

    alike        ours 0..56    = theirs 0..56       one place for each pair, or the ones near a difference and a fold
    different    ours 57..61   | theirs 57..58      places for what each has: beside each other, or below each other
    alike        ours 62..90   = theirs 59..87

Where lines of a log are lost (damaged, or dropped from its middle) one line stands for them. What the other log has
there may be alike or not: nobody knows, so it is no difference.

Only numbers are held here, 24 bytes a run; lines are held by the windows of both logs, around what is looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from dlthub_tui.viewmodel.logs.log_rows import LogRow, from_column, with_matches
from dlthub_tui.viewmodel.logs.log_window import Absent
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, cell_width, fit, muted
from dlthub_tui.viewmodel.words import plural

CONTEXT = 3
# Below this width two columns are too narrow to read: lines of both logs then stand below each other.
SPLIT_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Alike:
    """`count` lines from `ours` and `theirs` on that are alike."""

    ours: int
    theirs: int
    count: int


@dataclass(frozen=True, slots=True)
class Beside:
    """A place: a line of each log, alike or not, of one of them, or so many pairs that are folded away.

    `ours_unknown` and `theirs_unknown`: the line stands for lines that are lost, or beside such.
    """

    ours: int | None = None
    theirs: int | None = None
    folded: int = 0
    is_alike: bool = False
    ours_unknown: bool = False
    theirs_unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Block:
    """Places `place` and after: of lines that are alike, of a difference, or the one of a fold.

    `ours` and `theirs` count the lines before it that each log has, those that stand for gaps among them.
    """

    place: int
    ours: int
    theirs: int
    our_lines: int
    their_lines: int
    kind: str

    def places(self, *, is_split: bool) -> int:
        if self.kind == "fold":
            return 1
        if self.kind == "alike":
            return self.our_lines
        return max(self.our_lines, self.their_lines) if is_split else self.our_lines + self.their_lines


class Alignment:
    """Which line of one log stands beside which of the other. Runs arrive in their order."""

    def __init__(self) -> None:
        self._runs: list[Alike] = []
        self._blocks: list[_Block] = []
        self._starts = array("q")
        self._differences = array("q")
        # Numbers of lines that are not there, and of the lines that stand for them.
        self._absent = (Absent(), Absent())
        self._marks = (array("q"), array("q"))
        self._end = (0, 0)
        self.is_split = False
        self.is_folded = True
        self.is_done = False
        self.places = 0
        self.only_ours = 0
        self.only_theirs = 0
        self.lost_ours = 0
        self.lost_theirs = 0

    def add_gap(self, first: int, end: int, *, is_ours: bool) -> None:
        """Lines that a log does not have; before any run behind them is added."""
        side = 0 if is_ours else 1
        self._marks[side].append(first)
        if end > first + 1:
            self._absent[side].add(first + 1, end)
        if is_ours:
            self.lost_ours += end - first
        else:
            self.lost_theirs += end - first

    def add(self, run: Alike) -> None:
        """One more run; `count` is at least 1."""
        self._runs.append(run)
        self._place(run)

    def finish(self, our_lines: int, their_lines: int) -> None:
        """Both logs end here, or what is known of them."""
        self.is_done = True
        self._runs.append(Alike(our_lines, their_lines, 0))
        self.arrange(is_split=self.is_split, is_folded=self.is_folded)

    def arrange(self, *, is_split: bool, is_folded: bool) -> None:
        """Lays places out: columns or rows, all lines or those near differences."""
        self.is_split, self.is_folded = is_split, is_folded
        self._blocks.clear()
        del self._starts[:], self._differences[:]
        self._end, self.places = (0, 0), 0
        self.only_ours = self.only_theirs = 0
        for run in self._runs:
            self._place(run)

    def _place(self, run: Alike) -> None:
        run = Alike(self._absent[0].place_of(run.ours), self._absent[1].place_of(run.theirs), run.count)
        ours, theirs = self._end
        our_lines, their_lines = run.ours - ours, run.theirs - theirs
        if our_lines or their_lines:
            our_marks, their_marks = self._marks_in(0, ours, run.ours), self._marks_in(1, theirs, run.theirs)
            only_ours = 0 if their_marks else our_lines - our_marks
            only_theirs = 0 if our_marks else their_lines - their_marks
            if only_ours or only_theirs:
                self._differences.append(self.places)
            self.only_ours += only_ours
            self.only_theirs += only_theirs
            self._append(ours, theirs, our_lines, their_lines, "different")
        is_first, is_last = not (run.ours or run.theirs), self.is_done and len(self._runs) >= 2 and self._is_last(run)
        before, after = (0 if is_first else CONTEXT), (0 if is_last else CONTEXT)
        folded = run.count - before - after
        if self.is_folded and folded > 1:
            self._append_alike(run.ours, run.theirs, before)
            self._append(run.ours + before, run.theirs + before, folded, folded, "fold")
            self._append_alike(run.ours + before + folded, run.theirs + before + folded, after)
        else:
            self._append_alike(run.ours, run.theirs, run.count)
        self._end = (run.ours + run.count, run.theirs + run.count)

    def _is_last(self, run: Alike) -> bool:
        """Whether both logs end with the run: the last of all is the empty one at their ends."""
        end = self._runs[-1]
        ends = (self._absent[0].place_of(end.ours), self._absent[1].place_of(end.theirs))
        return (run.ours + run.count, run.theirs + run.count) == ends

    def _marks_in(self, side: int, first: int, end: int) -> int:
        """How many lines among those of a side stand for lost ones."""
        marks, absent = self._marks[side], self._absent[side]
        return bisect_left(marks, absent.number_at(end)) - bisect_left(marks, absent.number_at(first)) if marks else 0

    def _append_alike(self, ours: int, theirs: int, count: int) -> None:
        if count:
            self._append(ours, theirs, count, count, "alike")

    def _append(self, ours: int, theirs: int, our_lines: int, their_lines: int, kind: str) -> None:
        block = _Block(self.places, ours, theirs, our_lines, their_lines, kind)
        self._blocks.append(block)
        self._starts.append(self.places)
        self.places += block.places(is_split=self.is_split)

    @property
    def end(self) -> tuple[int, int]:
        """The numbers of both behind what is known."""
        return self._absent[0].number_at(self._end[0]), self._absent[1].number_at(self._end[1])

    @property
    def differences(self) -> int:
        """How many places differ, lines that follow each other counted once."""
        return len(self._differences)

    def at(self, place: int) -> Beside:
        """What stands at a place."""
        block = self._block_at(place)
        offset = place - block.place
        ours, theirs = self._absent[0].number_at, self._absent[1].number_at
        if block.kind == "fold":
            return Beside(ours(block.ours), theirs(block.theirs), block.our_lines, is_alike=True)
        if block.kind == "alike":
            return Beside(ours(block.ours + offset), theirs(block.theirs + offset), is_alike=True)
        if self.is_split:
            return self._with_unknown(
                block,
                ours(block.ours + offset) if offset < block.our_lines else None,
                theirs(block.theirs + offset) if offset < block.their_lines else None,
            )
        # What went comes before what came.
        if offset < block.their_lines:
            return self._with_unknown(block, None, theirs(block.theirs + offset))
        return self._with_unknown(block, ours(block.ours + offset - block.their_lines), None)

    def _with_unknown(self, block: _Block, ours: int | None, theirs: int | None) -> Beside:
        """Lines of a difference, and which of them stand for lost ones or beside such."""
        return Beside(
            ours,
            theirs,
            ours_unknown=ours in self._marks[0]
            or self._marks_in(1, block.theirs, block.theirs + block.their_lines) > 0,
            theirs_unknown=theirs in self._marks[1] or self._marks_in(0, block.ours, block.ours + block.our_lines) > 0,
        )

    def place_of(self, ours: int) -> int:
        """The place of a line of ours; where it is folded, of the fold."""
        ours = self._absent[0].place_of(ours)
        position = bisect_right(self._blocks, ours, key=lambda block: block.ours) - 1
        while position > 0 and not self._blocks[position].our_lines:
            position -= 1
        if position < 0:
            return 0
        block = self._blocks[position]
        if block.kind == "fold":
            return block.place
        offset = min(ours - block.ours, max(0, block.our_lines - 1))
        return block.place + offset + (block.their_lines if block.kind == "different" and not self.is_split else 0)

    def place_of_theirs(self, theirs: int) -> int:
        """The place of a line of theirs; where it is folded, of the fold."""
        theirs = self._absent[1].place_of(theirs)
        position = bisect_right(self._blocks, theirs, key=lambda block: block.theirs) - 1
        while position > 0 and not self._blocks[position].their_lines:
            position -= 1
        if position < 0:
            return 0
        block = self._blocks[position]
        return block.place + (0 if block.kind == "fold" else min(theirs - block.theirs, max(0, block.their_lines - 1)))

    def line_near(self, place: int) -> int:
        """The line of ours at a place, or the next that ours has."""
        if not self._blocks:
            return 0
        found = self.at(place)
        if found.ours is not None:
            return found.ours
        block = self._block_at(place)
        return self._absent[0].number_at(block.ours + (block.our_lines if self.is_split else 0))

    def next_difference(self, place: int) -> int | None:
        """Where the first difference below a place begins."""
        position = bisect_right(self._differences, place)
        return self._differences[position] if position < len(self._differences) else None

    def previous_difference(self, place: int) -> int | None:
        """Where the last difference above a place begins."""
        position = bisect_left(self._differences, place)
        return self._differences[position - 1] if position else None

    def difference_at(self, place: int) -> int | None:
        """Which difference a place lies in, from 1 on."""
        if not self._blocks or self._block_at(place).kind != "different":
            return None
        which = bisect_right(self._differences, place)
        is_one = which and self._differences[which - 1] >= self._block_at(place).place
        return which if is_one else None

    def _block_at(self, place: int) -> _Block:
        return self._blocks[max(0, bisect_right(self._starts, place) - 1)]

    def said(self, ours: int, theirs: int, room: int = 1000) -> str:
        """What differs, in words, as much as has room; `ours` and `theirs` are the numbers of the runs."""
        parts = self._said(ours, theirs)
        while len(parts) > 1 and cell_width(", ".join(parts)) > room:
            parts.pop()
        return ", ".join(parts)

    def _said(self, ours: int, theirs: int) -> list[str]:
        lost = [
            f"{plural(count, 'line')} lost in {number}"
            for count, number in ((self.lost_ours, ours), (self.lost_theirs, theirs))
            if count
        ]
        if not self.differences:
            return ["no difference but in numbers, times and names", *lost]
        parts = [plural(self.differences, "difference"), *lost]
        if self.only_ours:
            parts.append(f"{plural(self.only_ours, 'line')} only in {ours}")
        if self.only_theirs:
            parts.append(f"{plural(self.only_theirs, 'line')} only in {theirs}")
        return parts


@dataclass(frozen=True, slots=True)
class CompareStyle:
    """`number_width` holds the longest number of both logs; `left` is how far lines are scrolled sideways."""

    number_width: int = 3
    left: int = 0
    shows_numbers: bool = True
    needle: str = ""


# Which log has it: only the other one, or only this one.
_ONLY = {
    "theirs": ("-", Role.FAIL), "ours": ("+", Role.OK), "unknown": ("?", Role.WARN), "": (" ", Role.MUTED),
}  # fmt: skip


def draw_beside(
    place: Beside,
    rows: tuple[LogRow | None, LogRow | None],
    style: CompareStyle,
    look: Look,
    width: int,
    *,
    split: bool,
) -> Line:
    """A place as one row: `rows` are the lines of ours and theirs, None where there is none or it is not held."""
    ours, theirs = rows
    only_ours = "" if place.is_alike else "unknown" if place.ours_unknown else "ours"
    only_theirs = "" if place.is_alike else "unknown" if place.theirs_unknown else "theirs"
    if place.folded:
        said = f"{look.glyphs.cut} {place.folded:,} lines alike"
        return (muted(" " * (style.number_width + 3 if style.shows_numbers else 2) + said),)
    if split:
        half = (width - 1) // 2
        left = _half(place.theirs, theirs, style, look, only_theirs)
        right = _half(place.ours, ours, style, look, only_ours)
        return (
            *fit(left, half, mark=look.glyphs.cut),
            Span(" " * (width - 2 * half)),
            *fit(right, half, mark=look.glyphs.cut),
        )
    if place.ours is None:
        return _half(place.theirs, theirs, style, look, only_theirs)
    return _half(place.ours, ours, style, look, only_ours)


def _half(number: int | None, row: LogRow | None, style: CompareStyle, look: Look, only: str) -> Line:
    if number is None:
        return EMPTY_LINE
    sign, role = _ONLY[only]
    head: list[Span] = [muted(f"{number + 1:>{style.number_width},} ")] if style.shows_numbers else []
    if row is None:
        return (*head, Span(f"{sign} ", role), muted(look.glyphs.cut))
    # The mark of setup lines is the sign of a new line; that they are setup shows beside the job's own.
    gutter = Span(" " if row.gutter == "+" else row.gutter, Role.WARN if row.gutter == "!" else Role.MUTED)
    body = from_column(with_matches(row, style.needle, is_current=False), style.left)
    if not only:
        body = tuple(span._replace(role=Role.MUTED) if span.role is Role.TEXT else span for span in body)
    return (*head, Span(sign, role), gutter, *body)


def text_beside(place: Beside, rows: tuple[LogRow | None, LogRow | None]) -> str:
    """The place as it is copied: what only one log has with its sign."""
    ours, theirs = rows
    if place.folded:
        return f"{place.folded:,} lines alike"
    if place.is_alike:
        return ours.plain if ours is not None else ""
    minus, plus = "?" if place.theirs_unknown else "-", "?" if place.ours_unknown else "+"
    parts = [
        f"{minus} {theirs.plain}" if theirs is not None else "",
        f"{plus} {ours.plain}" if ours is not None else "",
    ]
    return "\n".join(part for part in parts if part)


def number_width(our_total: int, their_total: int) -> int:
    """Cells for the longest number of a line."""
    return max(3, cell_width(f"{max(our_total, their_total):,}"))
