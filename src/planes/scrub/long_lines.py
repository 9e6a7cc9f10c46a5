"""A line that is too long to be held: worked through in windows that overlap, so that no line makes the memory grow."""

import re
from collections.abc import Callable

from planes.scrub.marks import with_marks
from planes.scrub.registered.shortened import OPEN
from planes.scrub.rulebook import Book, Span, coloured, disjoint, plain_spans
from planes.scrub.shadow import without_colour

LONGEST_HELD = 64 * 1024
_OVERLAP = 8 * 1024
# Bytes before a window that its patterns may look at.
_CONTEXT = 64
# What ends a secret that is longer than a window.
_STOPS = re.compile(b"[ \t\r\"'`<>,;&|]")


class LongLine:
    """One line beyond the bound: worked through in windows of `LONGEST_HELD` bytes that overlap."""

    __slots__ = ("_before", "_book", "_cuts_in", "_learn", "_names", "_swallows")

    def __init__(
        self,
        book: Book,
        cuts_in: Callable[[bytes], list[Span]],
        learn: Callable[[bytes, list[Span]], None],
        names: "list[str]",
    ) -> None:
        self._book = book
        self._cuts_in = cuts_in
        self._learn = learn
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
        line = self._before + text[self._swallowed(text) :]
        return self._given(line, self._spans(line), len(line))

    def _window(self, text: bytes) -> tuple[bytes, int]:
        swallowed = self._swallowed(text)
        if swallowed:
            return b"", swallowed
        first = len(self._before)
        line = self._before + text
        spans = self._spans(line)
        cut = len(line) - _OVERLAP
        for span in reversed(spans):
            if span.end > cut and span.start < cut:
                cut = max(span.start, first)
        if cut <= first:  # one secret fills the window: mask it, and drop what goes on behind the window
            cut = len(line)
            self._swallows = spans[0].end == len(line)
            if not self._swallows:
                cut = spans[0].end
        return self._given(line, [span for span in spans if span.end <= cut], cut), cut - first

    def _swallowed(self, text: bytes) -> int:
        if not self._swallows:
            return 0
        stop = _STOPS.search(text)
        if stop is None:
            return len(text)
        self._swallows = False
        return stop.start()

    def _spans(self, line: bytes) -> list[Span]:
        """The secrets in what came before and a window, less those that came out with it."""
        plain = without_colour(line)
        spans = plain_spans(self._book, plain)
        pieces, again, going_on = told_apart(self._cuts_in(plain))
        spans = coloured(line, plain, with_open(with_again(joined(spans, pieces), again), going_on))
        first = len(self._before)
        return [span for span in spans if span.end > first]

    def _given(self, line: bytes, spans: list[Span], end: int) -> bytes:
        first = len(self._before)
        self._learn(line, spans)
        self._before = line[max(0, end - _CONTEXT) : end]
        return with_marks(line, spans, self._names, first, end)


def joined(spans: list[Span], pieces: list[Span]) -> list[Span]:
    """Both, in order; what a piece of a value and a rule find together is named after the value."""
    if not spans or not pieces:
        return spans or pieces
    both = disjoint([*pieces, *spans])
    number = 0
    for piece in pieces:
        while both[number].end <= piece.start:
            number += 1
        both[number] = both[number]._replace(rule=piece.rule)
    return both


def told_apart(cuts: list[Span]) -> tuple[list[Span], list[Span], list[Span]]:
    """Pieces of registered values, what a rule found on a line before, and pieces behind which the text goes on."""
    pieces: list[Span] = []
    again: list[Span] = []
    going_on: list[Span] = []
    for cut in cuts:
        kind = cut.rule.kind
        (again if kind == "learned" else going_on if kind == OPEN else pieces).append(cut)
    return pieces, again, going_on


def with_again(spans: list[Span], again: list[Span]) -> list[Span]:
    """Both, in order; what the line itself tells is named as it tells it."""
    return disjoint([*spans, *again]) if again else spans


def with_open(spans: list[Span], going_on: list[Span]) -> list[Span]:
    """With the pieces behind which nothing but what is masked goes on: a second look would find them before a mark."""
    if not going_on or not spans:
        return spans
    starts = [span.start for span in spans]
    found: list[Span] = []
    for piece in reversed(going_on):
        # It may share a little with what follows, by chance.
        if any(piece.start < start <= piece.end for start in starts):
            starts.append(piece.start)
            found.append(piece)
    return disjoint([*spans, *found]) if found else spans
