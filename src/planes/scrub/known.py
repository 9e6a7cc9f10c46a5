"""Lines that a log says again: what became of one is remembered, so that each is judged once.

What becomes of a line depends on its bytes, on what the lines above leave open, and on where pieces of registered
values and what was learned stand in it, and on nothing else. So the output is the same with and without this.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, compress
from operator import not_
from typing import NamedTuple

from planes.scrub.below import Opening
from planes.scrub.rulebook import Book, Span

# So many lines are remembered of each sort, of so many bytes.
_MOST_HARMLESS = 1024
_MOST_OUTCOMES = 512
_LONGEST = 512

_NOTHING = type(None)


class Outcome(NamedTuple):
    """What became of a line.

    Attributes:
        out: what came out; None: the line as it was.
        names: the masks that counted.
        below: what it left open.
    """

    out: bytes | None
    names: tuple[str, ...]
    below: Opening | None


Key = tuple[type, Opening | None, bytes, tuple[tuple[int, int, str, str, bytes], ...]]


def key_of(opening: Opening | None, line: bytes, cuts: Sequence[Span]) -> Key:
    """By what an outcome is remembered: what was open (its class too: openings are plain tuples), the line, and what
    stands in it that it does not tell itself.
    """
    stands = tuple((start, end, rule.name, rule.kind, rule.follow) for start, end, rule in cuts) if cuts else ()
    return opening.__class__, opening, line, stands


class KnownLines:
    """What a stream remembers.

    Attributes:
        harmless: lines with signs that came out as they were, with nothing open before and behind them.
        outcomes: what became of other lines, see `key_of`.
    """

    __slots__ = ("_cut", "harmless", "outcomes")

    def __init__(self) -> None:
        self.harmless: set[bytes] = set()
        self.outcomes: dict[Key, Outcome] = {}
        self._cut: set[bytes] = set()  # the lines among them in which something stood that the line does not tell

    def is_known(self, line: bytes) -> bool:
        """Whether it is known what becomes of a line with nothing open before it, or most likely so."""
        return line in self.harmless or (_NOTHING, None, line, ()) in self.outcomes or line in self._cut

    def remember(self, opening: Opening | None, line: bytes, cuts: Sequence[Span], outcome: Outcome) -> None:
        """Take note of a line that lay in no key block and opened none."""
        if len(line) > _LONGEST:
            return
        if opening is None and outcome.below is None and outcome.out is None and not cuts:
            if len(self.harmless) >= _MOST_HARMLESS:
                self.harmless.clear()
            self.harmless.add(line)
        else:
            if len(self.outcomes) >= _MOST_OUTCOMES:
                self.outcomes.clear()
                self._cut.clear()
            self.outcomes[key_of(opening, line, cuts)] = outcome
            if cuts:
                self._cut.add(line)


class OtherLines:
    """The lines of a text that are not known to be harmless, one behind the other, so that signs are looked for there.

    In a log that says the same again and again, nearly every sign stands on a line that is known. To leave those lines
    out all at once takes a small part of the time of a look at each.
    """

    __slots__ = ("_book", "_offsets", "_places", "_text")

    def __init__(self, book: Book, text: bytes, start: int, harmless: "set[bytes]") -> None:
        """Take the lines of a text that begin at `start` or behind it."""
        lines = text[start:].split(b"\n")
        lines.pop()  # what stands behind the last border
        is_other = list(map(not_, map(harmless.__contains__, lines)))
        others = list(compress(lines, is_other))
        self._book = book
        self._text = b"\n".join((b"", *others, b""))
        self._places: Sequence[int] = list(compress(_starts(lines, start), is_other))
        self._offsets: Sequence[int] = _starts(others, 1)

    def sign(self, place: int) -> int:
        """Where in the whole text the first sign stands on one of these lines at or after `place`; -1 if none does."""
        number = bisect_left(self._places, place)
        if number == len(self._places):
            return -1
        found = self._book.sign(self._text, self._offsets[number] - 1)
        if found < 0:
            return -1
        number = bisect_right(self._offsets, found) - 1
        return self._places[number] + found - self._offsets[number]


def _starts(lines: Sequence[bytes], first: int) -> list[int]:
    """Where each of some lines begins, and what would follow them, if the first begins at `first`."""
    return list(accumulate(map((1).__add__, map(len, lines)), initial=first))
