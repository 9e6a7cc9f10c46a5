"""The second pass: rules, line by line over a stream.

The unfinished line is held back until its end, since a rule may need any of it. A line longer than `LONGEST_HELD` is
worked through in overlapping windows, so that no line makes the memory grow. Windows, blocks and masks depend on the
stream alone, not on its chunks.
"""

import functools
from collections import Counter
from collections.abc import Sequence

from planes.scrub.below import LONGEST_LINE, Opening, opened_by, prepare_below
from planes.scrub.engine import Pattern, compile_pattern, group_number
from planes.scrub.rulebook import Book, Span, coloured, coloured_spans, rulebook
from planes.scrub.rules.below import CONTINUED
from planes.scrub.rules.blocks import BODY, OPENING
from planes.scrub.shadow import without_colour

LONGEST_HELD = 64 * 1024
_OVERLAP = 8 * 1024
# Bytes before a window that its patterns may look at.
_CONTEXT = 64
# What ends a secret that is longer than a window.
_STOPS = frozenset(b" \t\r\"'`<>,;&|")


@functools.cache
def _block_patterns() -> tuple[Pattern, Pattern, int, int]:
    body = compile_pattern(BODY)
    return compile_pattern(OPENING), body, group_number(body, "secret"), group_number(body, "header")


def prepare() -> None:
    """Compile all there is, so that processes forked from this one share it."""
    rulebook().prepare()
    prepare_below()
    _block_patterns()


class RuleStage:
    """Masks what the rules find in a stream. `hits` counts masks by rule."""

    __slots__ = ("_below", "_block_lines", "_book", "_long", "_pending", "hits")

    def __init__(self, hits: "Counter[str]", book: Book | None = None) -> None:
        self.hits = hits
        self._book = book or rulebook()
        self._pending = bytearray()
        self._long: _LongLine | None = None
        self._below: Opening | None = None  # what a line above says of the next one
        self._block_lines = -1  # -1: outside a key block; else the masked lines of the one we are in

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; give out every finished line, masked."""
        border = data.rfind(b"\n") + 1
        pieces: list[bytes] = []
        if border:
            pieces.append(self._finished(data[:border]))
            data = data[border:]
        self._pending += data
        if len(self._pending) > LONGEST_HELD:
            pieces.append(self._windows())
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self) -> bytes:
        """The end of the stream: give out the line that has no end."""
        line = bytes(self._pending)
        self._pending.clear()
        rest = self._last_piece(line)
        self._block_lines = -1
        self._below = None
        return rest

    def _finished(self, data: bytes) -> bytes:
        if self._long is not None:
            border = data.index(b"\n")
            self._pending += data[:border]
            first = self._windows() if len(self._pending) > LONGEST_HELD else b""
            line = bytes(self._pending)
            self._pending.clear()
            return first + self._last_piece(line) + b"\n" + self._lines(data[border + 1 :])
        if self._pending:
            data = bytes(self._pending) + data
            self._pending.clear()
        return self._lines(data)

    def _last_piece(self, line: bytes) -> bytes:
        if self._long is None:
            plain = without_colour(line)
            below = self._told_above(plain) if self._below is not None else ()
            return self._line(line, plain, below=below)
        long_line, self._long = self._long, None
        return self._end_long(long_line, line)

    def _windows(self) -> bytes:
        if self._long is None:
            self._block_lines = -1
            self._below = None
            self._long = _LongLine(self._book, self.hits)
        given, taken = self._long.advance(bytes(self._pending))
        del self._pending[:taken]
        return given

    def _lines(self, data: bytes) -> bytes:
        """Mask a piece of whole lines."""
        plain = without_colour(data)
        if self._block_lines < 0 and self._below is None and self._book.sign(plain) < 0:
            return data
        lines = data.split(b"\n")
        shadows = lines if plain is data else plain.split(b"\n")
        place = number = 0
        while number < len(lines) - 1:
            first = 0
            below = self._told_above(shadows[number]) if self._below is not None else ()
            if self._block_lines < 0 and not below and self._below is None:
                sign = self._book.sign(plain, place)
                if sign < 0:
                    break
                number += plain.count(b"\n", place, sign)
                place = plain.rfind(b"\n", 0, sign) + 1
                first = sign - place
            shadow = shadows[number]
            lines[number] = self._line(lines[number], shadow, first, below)
            place += len(shadow) + 1
            number += 1
        return b"\n".join(lines)

    def _line(self, line: bytes, plain: bytes, first: int = 0, below: Sequence[Span] = ()) -> bytes:
        if len(line) > LONGEST_HELD:
            self._block_lines = -1
            self._below = None
            long_line = _LongLine(self._book, self.hits)
            given, taken = long_line.advance(line)
            return given + self._end_long(long_line, line[taken:])
        if self._block_lines >= 0:
            masked = self._body(plain)
            if masked is not None:
                return masked
        spans = self._book.plain_spans(plain, first, below)
        self._see_opening(plain)
        if self._below is None and len(plain) <= LONGEST_LINE:
            told, self._below = opened_by(plain, spans)
            if told:
                spans = self._book.plain_spans(plain, first, [*below, *told])
        return _masked(line, coloured(line, plain, spans), self.hits) if spans else line

    def _told_above(self, plain: bytes) -> list[Span]:
        """The secrets in a line that the lines above tell of."""
        opening, self._below = self._below, None
        if opening is None or len(plain) > LONGEST_LINE:
            return []
        spans, self._below = opening.take(plain)
        return spans

    def _end_long(self, long_line: "_LongLine", rest: bytes) -> bytes:
        self._see_opening(without_colour(rest))
        return long_line.finish(rest)

    def _see_opening(self, plain: bytes) -> None:
        if b"PRIVATE KEY" in plain[-160:] or b"Private-Lines: " in plain[-160:]:
            opening = _block_patterns()[0]
            if opening.search(plain[-160:]):
                self._block_lines = 0

    def _body(self, plain: bytes) -> bytes | None:
        """What becomes of a line inside a key block; None: it is outside."""
        _, body, secret, header = _block_patterns()
        stripped = plain.strip()
        match = body.search(plain) if len(plain) <= 2048 else None
        if match is None:
            if not stripped:
                return plain
            self._block_lines = -1
            return None
        start, end = match.start(secret), match.end(secret)
        if start < 0:
            return plain if match.start(header) >= 0 else None
        if self._block_lines == 0 and end - start < 16:
            self._block_lines = -1
            return None
        self._block_lines += 1
        if self._block_lines > 1:
            return b""
        self.hits["private-key"] += 1
        return plain[:start] + b"[masked:private-key]" + plain[end:]


class _LongLine:
    """One line beyond the bound: worked through in windows of `LONGEST_HELD` bytes that overlap."""

    __slots__ = ("_before", "_book", "_hits", "_swallows")

    def __init__(self, book: Book, hits: "Counter[str]") -> None:
        self._book = book
        self._hits = hits
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
        for place, byte in enumerate(text):
            if byte in _STOPS:
                self._swallows = False
                return place
        return len(text)

    def _spans(self, text: bytes) -> list[Span]:
        before = len(self._before)
        spans = coloured_spans(self._book, self._before + text)
        return [Span(max(0, span.start - before), span.end - before, span.rule) for span in spans if span.end > before]

    def _given(self, text: bytes, spans: list[Span], end: int) -> bytes:
        self._before = (self._before + text[:end])[-_CONTEXT:]
        return _masked(text[:end], spans, self._hits)


def _masked(line: bytes, spans: list[Span], hits: "Counter[str]") -> bytes:
    pieces: list[bytes] = []
    place = 0
    for start, end, rule in spans:
        pieces.append(line[place:start])
        if rule is not CONTINUED:
            pieces.append(b"[masked:%s]" % rule.name.encode("ascii"))
            hits[rule.name] += 1
        place = end
    pieces.append(line[place:])
    return b"".join(pieces)
