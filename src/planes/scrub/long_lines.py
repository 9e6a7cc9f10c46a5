"""A line that is too long to be held: worked through in windows that overlap, so that no line makes the memory grow."""

import re

from planes.scrub.marks import with_marks
from planes.scrub.rulebook import Book, Span, coloured, disjoint, plain_spans
from planes.scrub.shadow import without_colour
from planes.scrub.shortened import Shortened

LONGEST_HELD = 64 * 1024
_OVERLAP = 8 * 1024
# Bytes before a window that its patterns may look at.
_CONTEXT = 64
# What ends a secret that is longer than a window.
_STOPS = re.compile(b"[ \t\r\"'`<>,;&|]")


class LongLine:
    """One line beyond the bound: worked through in windows of `LONGEST_HELD` bytes that overlap."""

    __slots__ = ("_before", "_book", "_names", "_shortened", "_swallows")

    def __init__(self, book: Book, shortened: Shortened | None, names: "list[str]") -> None:
        self._book = book
        self._shortened = shortened
        self._names = names
        self._before = b""
        self._swallows = False

    def advance(self, text: bytes) -> tuple[bytes, int]:
        """Work through the windows that `text` fills: what comes out, and how many bytes of `text` are done."""
        pieces: list[bytes] = []
        place = 0
        while len(text) - place > LONGEST_HELD:
            given, taken = self._window(text[place : place + LONGEST_HELD])
            pieces.append(given)
            place += taken
        return b"".join(pieces), place

    def finish(self, text: bytes) -> bytes:
        """The line's end: what comes out of the rest, at most a window."""
        swallowed = self._swallowed(text)
        text = text[swallowed:]
        return self._given(text, self._spans(text), len(text))

    def _window(self, text: bytes) -> tuple[bytes, int]:
        swallowed = self._swallowed(text)
        if swallowed:
            return b"", swallowed
        spans = self._spans(text)
        cut = len(text) - _OVERLAP
        for span in reversed(spans):
            if span.end > cut and span.start < cut:
                cut = span.start
        if cut <= 0:  # one secret fills the window: mask it, and drop what goes on behind the window
            cut = len(text)
            self._swallows = spans[0].end == len(text)
            if not self._swallows:
                cut = spans[0].end
        return self._given(text, [span for span in spans if span.end <= cut], cut), cut

    def _swallowed(self, text: bytes) -> int:
        if not self._swallows:
            return 0
        stop = _STOPS.search(text)
        if stop is None:
            return len(text)
        self._swallows = False
        return stop.start()

    def _spans(self, text: bytes) -> list[Span]:
        before = len(self._before)
        line = self._before + text
        plain = without_colour(line)
        spans = plain_spans(self._book, plain)
        pieces = self._shortened.find(plain, has_begun=True) if self._shortened else []
        spans = coloured(line, plain, joined(spans, pieces) if pieces else spans)
        if not before:
            return spans
        return [Span(max(0, span.start - before), span.end - before, span.rule) for span in spans if span.end > before]

    def _given(self, text: bytes, spans: list[Span], end: int) -> bytes:
        self._before = (self._before + text[:end])[-_CONTEXT:]
        return with_marks(text[:end], spans, self._names)


def joined(spans: list[Span], pieces: list[Span]) -> list[Span]:
    """Both, in order; what a piece of a value and a rule find together is named after the value."""
    both = disjoint([*pieces, *spans])
    number = 0
    for piece in pieces:
        while both[number].end <= piece.start:
            number += 1
        both[number] = both[number]._replace(rule=piece.rule)
    return both
