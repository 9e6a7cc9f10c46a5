"""The signs of rules: literals of which every match holds one. One scan finds them all in a whole piece of log."""

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from planes.scrub.rules.model import Rule
from planes.scrub.search.engine import Ends, compile_ends
from planes.scrub.search.line_signs import LONGEST_QUICK, SignsOnLine
from planes.scrub.search.scanned import SignBits, scan_pattern

# How far the scan counts of what follows a sign: each further byte doubles the states of its automaton, and without it
# one line in a thousand is looked at for nothing.
_MOST_COUNTED_IN_SCAN = 1
_NEWLINE = 0x0A
# After so many lines that hold a row and no sign, a scan for signs alone is worth its half a MB.
_MOST_IN_VAIN = 2000
# What begins the first row of a dump of bytes, which `dumps` looks at: its place, or bytes in digits. It is no rule's
# sign: it stands in the scan so that text is not read once more for it.
# A blank stands before the digits: without it, each digit of a text would begin states of the scan.
FIRST_ROW = (
    rb"(?:\n|\n[ \t]{1,8})(?:0x)?0000| [0-9a-f]{4} [0-9a-f]{4} | [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2} "
    rb"| 0x[0-9a-f]{2}, 0x[0-9a-f]{2}, "
)


class LineSigns(NamedTuple):
    """What the signs on a line say: whose they are (a bit set), where in the line the last one stands (-1: none
    does), and where those of names stand (None: not known).
    """

    chosen: int
    last: int
    names: Sequence[int] | None = None


# The same, in a quarter of the time.
_line_signs: Callable[[tuple[int, int, Sequence[int]]], LineSigns] = functools.partial(tuple.__new__, LineSigns)  # pyright: ignore[reportUnknownMemberType] - of all tuples

NO_SIGNS = LineSigns(0, -1)
"""Of a line on which none stands."""


class Signs:
    """Tells where signs stand and whose they are. Rules are the bits of a number, in the order they were given."""

    __slots__ = (
        "_further",
        "_in_vain",
        "_on_line",
        "_rules",
        "_scan",
        "_scan_alone",
        "_signs_alone",
    )

    def __init__(self, rules: "Sequence[Rule]", further: Iterable[Rule] = ()) -> None:
        """Take rules, and further ones whose signs are found but have no bits."""
        self._rules = tuple(rules)
        self._further = tuple(further)
        self._signs_alone = scan_pattern((*self._rules, *self._further), _MOST_COUNTED_IN_SCAN)
        self._scan = compile_ends(self.pattern)
        self._scan_alone: Ends | None = None  # for signs and no rows
        self._in_vain = 0
        self._on_line: SignsOnLine | None = None

    @property
    def pattern(self) -> bytes:
        """What the scan looks for."""
        return self._signs_alone + b"|" + FIRST_ROW

    def prepare(self) -> SignsOnLine:
        """Compile now what finds the signs on a line."""
        if self._on_line is None:
            self._on_line = SignsOnLine((*self._rules, *self._further), SignBits(self._rules))
        return self._on_line

    def is_clear(self, text: bytes) -> bool:
        """Whether no sign stands in a text, and behind its first line no first row of a dump."""
        return self._scan(text, 0) < 0

    def next(self, text: bytes, place: int = 0) -> int:
        """A place on the line of the first sign that begins at or after `place`; -1 if none does.

        Of some lines it only turns out later that what follows the sign is too short, or that they begin a dump.
        """
        place = (self._scan_alone or self._scan)(text, place) - 1
        return place - 1 if place >= 0 and text[place] == _NEWLINE else max(place, -1)

    def on_line(self, text: bytes, start: int, end: int) -> LineSigns:
        """The signs on the line [start, end) of a text."""
        line = text[start : end + 1]
        found = (self._on_line or self.prepare()).find(line)
        if found[1] < 0 and self._scan_alone is None and end - start <= LONGEST_QUICK:
            self._note_in_vain(line)
        return _line_signs(found)

    def _note_in_vain(self, line: bytes) -> None:
        """Leave the rows of dumps to `dumps` where a log is full of them: tables of numbers look like those."""
        self._in_vain += _first_row().search(line) is not None
        if self._in_vain >= _MOST_IN_VAIN:
            self._scan_alone = compile_ends(self._signs_alone)


@functools.cache
def _first_row() -> "re.Pattern[bytes]":
    return re.compile(FIRST_ROW.replace(rb"\n|", rb"^|"))
