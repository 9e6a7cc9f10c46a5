"""The lines of a text on which signs stand, looked at some dozens at once.

A line with a secret asks for much that lies far apart: automata, then patterns, then judges, and what masks it. Taken
line by line, each has pushed the others out of the processor's caches when the next line comes. So every step is taken
for all of these lines before the next one is. What it finds depends on the line alone, so nothing changes but the time.
"""

from collections.abc import Callable

from planes.scrub.rulebook import Book, Span
from planes.scrub.search.line_signs import LONGEST_QUICK
from planes.scrub.search.signs import LineSigns

# So many lines are looked at in one go.
_MOST = 64

Seen = tuple[LineSigns, list[Span] | None, int]
"""The signs on a line, the secrets in it (None: not looked for), and a place on the next line with one (-1: none)."""


class LinesAhead:
    """Looks at the lines of one text, each when it is asked for or shortly before.

    What is asked for in another order, or not at all, was looked at in vain: that is at most once each line.
    """

    __slots__ = ("_book", "_is_known", "_seen", "_text")

    def __init__(self, book: Book, text: bytes, is_known: Callable[[bytes], bool]) -> None:
        """Take a text of whole lines, and what tells the lines that nobody will ask for."""
        self._book = book
        self._text = text
        self._is_known = is_known
        self._seen: dict[int, Seen] = {}

    def at(self, start: int, end: int) -> Seen:
        """What stands on the line [start, end), on which a sign does."""
        seen = self._seen.get(start)
        if seen is None:
            self._look(start, end)
            seen = self._seen[start]
        return seen

    def _look(self, start: int, end: int) -> None:
        """Look at a line and at those behind it, as far as they are short and new."""
        book, text, seen = self._book, self._text, self._seen
        found: list[tuple[int, int, bytes, int]] = []
        new = {line := text[start:end]}
        while True:
            sign = book.sign(text, end)
            found.append((start, end, line, sign))
            if sign <= end or len(found) == _MOST or len(line) > LONGEST_QUICK:
                break
            start, end = text.rfind(b"\n", end, sign) + 1, text.index(b"\n", sign)
            line = text[start:end]
            if len(line) > LONGEST_QUICK or line in new or self._is_known(line):
                break
            new.add(line)
        signs = [book.on_line(text, start, end) for start, end, _, _ in found]
        seen.clear()
        for (start, _, line, sign), here in zip(found, signs, strict=True):
            is_empty = here.last < 0 and not book.matches_besides(line)  # no sign: a row of numbers, most of the time
            seen[start] = here, None if is_empty or len(line) > LONGEST_QUICK else book.spans(line, here), sign
