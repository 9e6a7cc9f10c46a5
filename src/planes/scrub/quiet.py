"""Looks at a whole piece of a stream that tell that a pass has nothing to do there.

Most of a log is plain text without a sign of any rule and without the beginning of any registered value. For a pattern
that says the last RE2 takes milliseconds, and then it makes states while it reads: in text that is new these cost more
than they spare until much of it was read. So it is made for a stream that has gone on for long enough. One that says
the first never gained what it cost: 30 ms and 2 MB of each run, for a tenth of the time behind 30 MB.
"""

import re
from collections.abc import Sequence

from planes.scrub.rulebook import Book
from planes.scrub.search.engine import Ends, fast_ends
from planes.scrub.shadow import WHITE

# After so many bytes of a stream a pattern is worth compiling, and after so many more for each beginning in it. With
# 20 values, which are 850 beginnings, new lines went through at 17 to 130 MB/s for 14 MB, where the automaton for
# literals takes 200.
_WORTH_COMPILING = 1024 * 1024
_WORTH_EACH = 128 * 1024
# One of more beginnings than this never is.
_MOST_BEGINNINGS = 2000
_PLAIN = bytes((*b"\t\n", *range(0x20, 0x7F)))
_GAP = b"[%s]*" % re.escape(WHITE)


class Absence:
    """Tells that none of some beginnings stands in a text, whatever white space stands inside of them.

    It says so only if it knows: not of the first bytes that it is asked about, not for too many beginnings, and not
    where RE2 is missing (`re` is slower at it than what it would spare).
    """

    __slots__ = ("_ends", "_seen", "beginnings")

    def __init__(self, beginnings: Sequence[bytes]) -> None:
        self.beginnings = beginnings
        self._ends: Ends | None = None
        self._seen = -len(beginnings) * _WORTH_EACH if len(beginnings) <= _MOST_BEGINNINGS else -(1 << 62)

    def holds(self, text: bytes) -> bool:
        """Whether surely none of them stands in the text."""
        ends = self._ends or self._compiled(len(text))
        return ends is not None and ends(text, 0) < 0

    def _compiled(self, size: int) -> Ends | None:
        self._seen += size
        if self._seen >= _WORTH_COMPILING:
            spread = (_GAP.join(re.escape(bytes((byte,))) for byte in beginning) for beginning in self.beginnings)
            try:
                self._ends = fast_ends(b"|".join(spread))
            except ImportError:
                self._seen = -(1 << 62)
        return self._ends


def is_quiet(book: Book, text: bytes) -> bool:
    """Whether a text is plain (`\\t`, `\\n`, and what ASCII prints), no line but its first begins a dump of bytes, and
    no rule finds anything in it but for what lies across its borders. A text without a line's end is not looked at: of
    a long line windows are, which that spares not.
    """
    is_plain = text.isascii() and not text.translate(None, _PLAIN)  # the first look takes a fiftieth of the scan
    return is_plain and text.find(b"\n") >= 0 and book.is_clear(text)
