"""A line less what programs draw around it: boxes, the prefixes of log collectors, a file's name at the right."""

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

BAR = rb"(?:\xe2\x94[\x82\x83\x86\x87\x8a\x8b]|\xe2\x95\x91|\xe2\x9d\xb1)"
# What log collectors put before each line: a time, a container's name, a pod's.
_PREFIX = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?[ ]"
    rb"|[0-9A-Za-z][\w.-]{0,60}[ ]*[|][ ]|\[pod/[^\] ]{1,200}\][ ]"
)
_LEFT = re.compile(rb"(?:[ \t]*%s)+" % BAR)
_BARS = tuple(
    bytes((0xE2, *rest))
    for rest in ((0x94, 0x82), (0x94, 0x83), (0x94, 0x86), (0x94, 0x87), (0x94, 0x8A), (0x94, 0x8B), (0x95, 0x91))
)
_FILE_AT_RIGHT = re.compile(rb"[ \t]+[\w./-]{1,60}\.py:[0-9]{1,6}$")
# A line of so many signs may have been wrapped by a screen.
NARROWEST = 60
_BLANK = re.compile(rb"[ \t]*")


class Row(NamedTuple):
    """What a line says, without what frames it.

    Attributes:
        line: the whole line.
        start, end: where its text begins and ends, less blanks.
        margin: where the frame ends; from there on blanks are indent.
        prefix: what a log collector put before it: `time`, or the name itself.
        is_boxed: whether lines of a box are drawn around it.
    """

    line: bytes
    start: int
    end: int
    margin: int
    prefix: bytes
    is_boxed: bool

    @property
    def text(self) -> bytes:
        """What the line says."""
        return self.line[self.start : self.end]

    @property
    def indent(self) -> int:
        """How many blanks stand before the text."""
        return self.start - self.margin

    @property
    def fills_its_line(self) -> bool:
        """Whether the text goes on to where a box or the screen ends, so that it may go on below."""
        if not self.is_boxed and self.line.endswith(b" "):
            return self.indent > 0  # a column of a layout, filled up with blanks
        gap = len(self.line) - self.end - len(self.line[self.end :].lstrip(b" "))
        if self.is_boxed or self.end + gap < len(self.line.rstrip(b"\r")):
            return gap <= 1
        return self.end >= NARROWEST


# The same, in a quarter of the time.
_row: Callable[[tuple[bytes, int, int, int, bytes, bool]], Row] = functools.partial(tuple.__new__, Row)  # pyright: ignore[reportUnknownMemberType] - of all tuples


def row_of(line: bytes) -> Row:
    """Take a line apart."""
    margin = 0
    prefix = b""
    # Each pattern is asked only about lines that hold what it needs: a date's hyphen, a bar, the name of a pod.
    may_have_prefix = line[4:5] == b"-" or line.find(b"| ") >= 0 or line.startswith(b"[pod/")
    if may_have_prefix and (found := _PREFIX.match(line)):
        margin = found.end()
        prefix = b"time" if line[:1].isdigit() and line[4:5] == b"-" else found[0]
    left = _LEFT.match(line, margin) if line.find(b"\xe2", margin) >= 0 else None
    if left:
        margin = left.end()
    blank = _BLANK.match(line, margin) if line[margin : margin + 1] in (b" ", b"\t") else None
    start = blank.end() if blank else margin
    end = _text_end(line)
    return _row((line, min(start, end), end, min(margin, end), prefix, left is not None))


def _text_end(line: bytes) -> int:
    text = line.rstrip(b" \t\r")
    while text.endswith(_BARS):
        text = text[:-3].rstrip(b" \t\r")
    if text[-1:].isdigit() and text[-80:].find(b".py:") >= 0:
        file = _FILE_AT_RIGHT.search(text, max(0, len(text) - 80))
        if file:
            return file.start()
    return len(text)


def closing(text: bytes, quote: bytes, place: int) -> int:
    """Where the quote closes at or after `place`; -1 if it does not."""
    while (place := text.find(quote, place)) >= 0:
        slashes = place - len(text[:place].rstrip(b"\\"))
        if slashes % 2 == 0:
            return place
        place += 1
    return -1


def goes_on(row: Row, prefix: bytes) -> bool:
    """Whether a row belongs to the same text as one that began with this prefix."""
    return row.prefix == prefix or (prefix == b"time" and not row.prefix)
