"""The second pass: rules, line by line over a stream.

The unfinished line is held back until its end, since a rule may need any of it. A line longer than `LONGEST_HELD` is
worked through in overlapping windows, so that no line makes the memory grow. Windows, blocks and masks depend on the
stream alone, not on its chunks.
"""

import functools
import re
from collections import Counter

from planes.scrub.ahead import LinesAhead
from planes.scrub.below import (
    LONGEST_LINE,
    MoreLines,
    MoreOfValue,
    Opening,
    Wrapped,
    ends_its_line,
    open_quote,
    opened_by,
    prepare_below,
    torn,
)
from planes.scrub.known import KnownLines, OtherLines, Outcome, key_of
from planes.scrub.long_lines import LONGEST_HELD, LongLine, joined, told_apart, with_again, with_open
from planes.scrub.marks import mark_at_end, with_marks
from planes.scrub.registered.learned import Learned
from planes.scrub.registered.registered import Registered
from planes.scrub.registered.shortened import Shortened, mark_finder
from planes.scrub.rulebook import Book, Span, coloured, outside_marks, rulebook, signs_of, start_of, with_repeats
from planes.scrub.rules.blocks import BODY, OPENING, SIGN_IN_BASE64, prefix_of, width_in_base64
from planes.scrub.search.engine import Pattern, compile_pattern, group_number
from planes.scrub.search.signs import NO_SIGNS, LineSigns
from planes.scrub.shadow import ColourMap, without_colour

# Behind so many known lines in a piece, all known lines of the rest are left out at once.
_MANY_KNOWN = 8


@functools.cache
def _block_patterns() -> tuple[Pattern, Pattern, int, int]:
    body = compile_pattern(BODY)
    return compile_pattern(OPENING), body, group_number(body, "secret"), group_number(body, "header")


def prepare() -> None:
    """Compile all there is, so that processes forked from this one share it."""
    rulebook().prepare()
    prepare_below()
    _block_patterns()
    mark_finder()
    re.purge()  # who needs a pattern has it: what `re` remembers besides would weigh in each runner


def _taken(cuts: list[Span], start: int, end: int) -> list[Span]:
    """What begins on the line [start, end) of a text, by places of that line; `cuts`, the next one last, lose it."""
    taken: list[Span] = []
    while cuts and cuts[-1].start < end:
        cut = cuts.pop()
        taken.append(Span(cut.start - start, cut.end - start, cut.rule))
    return taken


class RuleStage:
    """Masks what the rules find in a stream, where it stands again, and pieces of registered values.

    Attributes:
        hits: counts masks by name.
        is_plain: whether what was given out last is surely plain text: nothing was masked, and all of it was quiet.
    """

    __slots__ = (
        "_below",
        "_block_lines",
        "_block_prefix",
        "_block_width",
        "_book",
        "_has_begun",
        "_is_pending_quiet",
        "_known",
        "_learned",
        "_long",
        "_names",
        "_pending",
        "_shortened",
        "hits",
        "is_plain",
    )

    def __init__(self, hits: "Counter[str]", book: Book | None = None, registered: Registered | None = None) -> None:
        self.hits = hits
        self._book = book or rulebook()
        self._shortened = Shortened(registered) if registered else None
        self._has_begun = False  # whether a form may begin in what is pending or now comes
        self._pending = bytearray()
        self._is_pending_quiet = True
        self.is_plain = False
        self._long: LongLine | None = None
        self._known = KnownLines()
        self._learned = Learned()
        self._names: list[str] = []  # masks that `hits` does not count yet
        self._below: Opening | None = None  # what a line above says of the next one
        self._block_lines = -1  # -1: outside a key block; else the masked lines of the one we are in
        self._block_prefix: re.Pattern[bytes] | None = None
        self._block_width = 0  # of the rows of one in base64, whose last row is shorter; 0: a marker ends it

    def feed(self, data: bytes, *, has_begun: bool = False, is_quiet: bool = False) -> bytes:
        """Take the next bytes; give out every finished line, masked.

        Args:
            data: bytes in which registered values are masked already.
            has_begun: whether the beginning of one may stand in them.
            is_quiet: whether they are plain, and no sign lies in them.
        """
        self._has_begun = self._has_begun or has_begun
        self.is_plain = False
        border = data.rfind(b"\n") + 1
        pieces: list[bytes] = []
        if border:
            pieces.append(self._finished(data, border, is_quiet=is_quiet))
            data = data[border:]
            self._has_begun = has_begun
            self._is_pending_quiet = True
        self._is_pending_quiet = self._is_pending_quiet and is_quiet
        self._pending += data
        if len(self._pending) > LONGEST_HELD:
            pieces.append(self._windows())
            self.is_plain = False
        self._count()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self) -> bytes:
        """The end of the stream: give out the line that has no end."""
        line = bytes(self._pending)
        self._pending.clear()
        rest = self._last_piece(line)
        self._block_lines = -1
        self._below = None
        self._has_begun = False
        if self._learned:
            self._learned.clear()
            self._known = KnownLines()  # the lines that taught something teach it again
        self._count()
        return rest

    def _count(self) -> None:
        if self._names:
            self.hits.update(self._names)
            self._names.clear()

    def _finished(self, data: bytes, border: int, *, is_quiet: bool) -> bytes:
        """What becomes of the pending line and of data up to the border."""
        if self._long is not None:
            first = data.index(b"\n")
            self._pending += data[:first]
            windows = self._windows() if len(self._pending) > LONGEST_HELD else b""
            line = bytes(self._pending)
            self._pending.clear()
            rest = data[first + 1 : border]
            return windows + self._last_piece(line) + b"\n" + self._lines(rest, len(rest))
        # In a quiet text, a sign can only begin in what was pending.
        known_from = len(self._pending) + (data.index(b"\n") + 1 if is_quiet else border)
        lines = b"".join((self._pending, memoryview(data)[:border])) if self._pending else data[:border]
        self._pending.clear()
        given = self._lines(lines, known_from)
        self.is_plain = is_quiet and self._is_pending_quiet and given is lines
        return given

    def _last_piece(self, line: bytes) -> bytes:
        if self._long is None:
            plain = without_colour(line)
            return self._line(line, plain, None, None, self._cuts_in(plain, has_begun=self._has_begun))
        long_line, self._long = self._long, None
        return self._end_long(long_line, line)

    def _windows(self) -> bytes:
        if self._long is None:
            self._block_lines = -1
            self._below = None
            self._long = LongLine(self._book, self._cuts_in, self._learned.learn, self._names)
        given, taken = self._long.advance(bytes(self._pending))
        del self._pending[:taken]
        return given

    def _cuts_in(self, plain: bytes, *, has_begun: bool = True) -> list[Span]:
        """Pieces of registered values, and what was learned.

        Args:
            plain: a text without colour codes.
            has_begun: whether a form of a registered value may begin in it.
        """
        pieces = self._shortened.find(plain, has_begun=has_begun) if self._shortened else []
        return self._merged(plain, pieces, self._learned.find(plain)) if self._learned else pieces

    def _merged(self, plain: bytes, cuts: list[Span], again: list[Span]) -> list[Span]:
        """Both, by their beginnings. They may overlap: what lies on one line is put together when it is masked."""
        again = self._book.permitted(plain, again)
        return sorted([*cuts, *again], key=start_of) if again else cuts

    def _lines(self, data: bytes, known_from: int) -> bytes:
        """Mask a piece of whole lines. On the lines that begin at or after `known_from` no sign stands."""
        plain = without_colour(data)
        cuts = self._cuts_in(plain, has_begun=self._has_begun)[::-1]  # the next one last
        self._learned.seen_all()
        if self._block_lines >= 0:
            sign = 0
        elif plain is data and known_from < len(data):
            sign = self._book.sign(data[:known_from])
        else:
            sign = self._book.sign(plain)
        if sign < 0 and not cuts and self._below is None:
            return data
        places = None if plain is data else ColourMap(data)
        given: list[bytes] = []
        done = start = known = 0
        harmless, outcomes = self._known.harmless, self._known.outcomes
        others: OtherLines | None = None
        ahead = LinesAhead(self._book, plain, self._known.is_known)
        while start < len(plain):
            if self._block_lines < 0 and self._below is None:
                if 0 <= sign < start:
                    sign = self._book.sign(plain, start) if others is None else others.sign(start)
                here = sign
                if cuts and (sign < 0 or cuts[-1].start < sign):
                    here = cuts[-1].start
                if here < 0:
                    break
                start = max(start, plain.rfind(b"\n", start, here) + 1)
            end = plain.index(b"\n", start)
            shadow = plain[start:end]
            line_cuts = _taken(cuts, start, end) if cuts else []
            if self._block_lines < 0:
                if not line_cuts and self._below is None and shadow in harmless:
                    known += 1
                    if others is None and known > _MANY_KNOWN:
                        others = OtherLines(self._book, plain, end + 1, harmless)
                    sign = self._book.sign(plain, end) if others is None else others.sign(end)
                    start = end + 1
                    continue
                below = self._below
                is_open = isinstance(below, (Wrapped, MoreLines))
                if is_open and not line_cuts and not 0 <= sign < end and below.ends_above(shadow):
                    # Most secrets that end their line leave this open, and most lines below are texts of their own.
                    self._below = None
                    start = end + 1
                    continue
                outcome = outcomes.get(key_of(below, shadow, line_cuts)) if places is None else None
                if outcome is not None:
                    out, names, self._below = outcome
                    if out is not None:
                        given += data[done:start], out
                        done = end
                        self._names += names
                    start = end + 1
                    continue
            signs: LineSigns | None = NO_SIGNS
            spans: list[Span] | None = None
            if self._block_lines >= 0:
                signs = None
            elif 0 <= sign < end:
                if sign < start:  # something is open, and so it was not looked for
                    sign = self._book.sign(plain, start)
                if 0 <= sign < end:
                    signs, spans, sign = ahead.at(start, end)
                    if signs.last < 0 and not self._book.matches_besides(shadow):
                        signs = NO_SIGNS
            first, last = (start, end) if places is None else (places.real_end(start), places.real(end))
            line = data[first:last]
            masked = self._line_remembered(line, line if places is None else shadow, signs, spans, line_cuts)
            if masked is not line:
                given += data[done:first], masked
                done = last
            if self._learned.has_new:
                cuts = self._merged(plain, cuts[::-1], self._learned.find_new(plain, end))[::-1]
            start = end + 1
        given.append(data[done:])
        return b"".join(given)

    def _line_remembered(
        self, line: bytes, plain: bytes, signs: LineSigns | None, spans: list[Span] | None, cuts: list[Span]
    ) -> bytes:
        """See `_line`; and take note of what becomes of it, where nothing but these and what is open says that."""
        opening, is_in_block, before = self._below, self._block_lines >= 0, len(self._names)
        if signs is NO_SIGNS and opening is not None and not cuts and len(plain) <= LONGEST_LINE:
            masked = self._told(opening, line, plain)
        else:
            masked = self._line(line, plain, signs, spans, cuts)
        if is_in_block or self._block_lines >= 0:
            return masked
        if plain is line or (masked is line and opening is None and self._below is None and not cuts):
            out, names = (None, ()) if masked is line else (masked, tuple(self._names[before:]))
            self._known.remember(opening, plain, cuts, Outcome(out, names, self._below))
        return masked

    def _line(
        self, line: bytes, plain: bytes, signs: LineSigns | None, spans: list[Span] | None, cuts: list[Span]
    ) -> bytes:
        """One line, masked.

        Args:
            line: the line as it is.
            plain: the line without colour codes.
            signs: the signs on it; None: not known.
            spans: the secrets that the rules find in it; None: not looked for yet.
            cuts: pieces of registered values in the line, and what was learned.
        """
        if len(line) > LONGEST_HELD:
            self._block_lines = -1
            self._below = None
            long_line = LongLine(self._book, self._cuts_in, self._learned.learn, self._names)
            given, taken = long_line.advance(line)
            return given + self._end_long(long_line, line[taken:])
        if self._block_lines >= 0:
            masked = self._body(plain)
            if masked is not None:
                return masked
        opening = self._below
        signs = signs or signs_of(self._book, plain)
        if signs is NO_SIGNS and not cuts:
            return line if opening is None else self._told(opening, line, plain)
        if spans is None:
            spans = self._book.spans(plain, signs)
        if spans and len(plain) <= LONGEST_LINE:
            spans = with_repeats(plain, spans)
        pieces, again, going_on = told_apart(cuts) if cuts else (cuts, cuts, cuts)
        spans = joined(spans, pieces)
        self._learned.learn(plain, spans)
        self._see_opening(plain)
        found = with_open(with_again(spans, again), going_on)
        out = with_marks(line, coloured(line, plain, found), self._names) if found else line
        if opening is not None:
            out = self._told(opening, out, plain if out == plain else without_colour(out))
        if self._below is None and len(plain) <= LONGEST_LINE:
            out = self._open(plain, spans, out)
        if again:
            self._go_on(plain, again)
        return out

    def _go_on(self, plain: bytes, again: list[Span]) -> None:
        """Where a piece of what was learned ends its line, the rest of it may stand below."""
        pieces = [span for span in again if span.rule.follow and ends_its_line(plain, span.end)]
        if pieces:
            self._below = MoreOfValue(min((span.start, -span.end, span.rule.follow) for span in pieces)[2])

    def _told(self, opening: Opening, line: bytes, plain: bytes) -> bytes:
        """A line without what the lines above say of it. It is masked by its own rules already.

        So a second pass, which sees those marks too, comes to nothing else.
        """
        told, self._below = opening.take(plain) if len(plain) <= LONGEST_LINE else ([], None)
        return self._without(line, plain, told) if told else line

    def _open(self, plain: bytes, spans: list[Span], line: bytes) -> bytes:
        """See what a masked line says of the next ones, and of itself."""
        shown = plain if line == plain else without_colour(line)
        last = mark_at_end(shown)
        if last >= 0 and (unclosed := open_quote(shown, last, len(shown))) is not None:
            # Whether that is so is told by the mark: a second pass finds no secret, and nothing else open either.
            self._below = unclosed if spans else None
            return line
        told, self._below = opened_by(shown)
        if self._below is None and spans:
            self._below = torn(plain, spans)
        return self._without(line, shown, told) if told else line

    def _without(self, line: bytes, plain: bytes, told: list[Span]) -> bytes:
        kept = self._book.permitted(plain, outside_marks(plain, told))
        self._learned.learn(plain, kept)
        return with_marks(line, coloured(line, plain, kept), self._names) if kept else line

    def _end_long(self, long_line: "LongLine", rest: bytes) -> bytes:
        self._see_opening(without_colour(rest))
        return long_line.finish(rest)

    def _see_opening(self, plain: bytes) -> None:
        tail = plain[-160:]
        if (tail.find(b"PRIVATE KEY") >= 0 or tail.find(b"Private-Lines: ") >= 0) and _block_patterns()[0].search(tail):
            self._block_lines, self._block_width = 0, 0
            self._block_prefix = prefix_of(plain)
        elif tail.find(SIGN_IN_BASE64) >= 0 and (width := width_in_base64(tail)):
            self._block_lines, self._block_width = 1, width
            self._block_prefix = prefix_of(plain)

    def _body(self, plain: bytes) -> bytes | None:
        """What becomes of a line inside a key block; None: it is outside."""
        prefix = self._block_prefix.match(plain) if self._block_prefix else None
        if prefix is not None:
            masked = self._bare_body(plain[prefix.end() :])
            return None if masked is None else prefix[0] + masked
        return self._bare_body(plain)

    def _bare_body(self, plain: bytes) -> bytes | None:
        """The same without what a log puts before each line."""
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
        self._block_lines = -1 if end - start < self._block_width else self._block_lines + 1
        if self._block_width:
            return b""
        if self._block_lines > 1:
            return b""
        self._names.append("private-key")
        return plain[:start] + b"[masked:private-key]" + plain[end:]
