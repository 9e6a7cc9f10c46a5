"""Pieces of registered values: programs print long texts shortened, and a terminal or a table cuts what is too wide.

    'abcdefgh…'   'abcdefgh'+363   'abcdefghijkl...opqrstuvwxyz'   | abcdefgh... |   abcdefgh    (end of the line)

What comes out depends on single lines alone. Beginnings of a value are found where the automaton of its beginnings
stopped, middles and ends by an index of all eight bytes in a row of its common forms, beside a mark of shortening only.
Work is bounded for each line: so many looks, each over so many bytes.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence

from planes.scrub.registered.groups import ANCHOR_LENGTH, Form, Group
from planes.scrub.registered.registered import Registered
from planes.scrub.registered.repeats import common
from planes.scrub.registered.telling import piece_tells, tells
from planes.scrub.rulebook import Span, disjoint, outside_marks, start_of
from planes.scrub.rules.model import Rule
from planes.scrub.search.engine import Marks, compile_marks
from planes.scrub.shadow import WHITE, WhiteMap

MARKS = (b"...", b"\xe2\x80\xa6", b"\\u2026", b"***")
# A mark of shortening behind a piece, where the piece may have taken the first dot of it.
_MARK_BEHIND = re.compile(
    rb"[ \t]{0,2}(?:['\"][ \t]?\+[ ]?[0-9]|[\[<(]?(?:\.\.|\xe2\x80\xa6|\\u2026|\*\*\*)|[\"'\])]{0,2}\.\.\.)"
)
# What may stand between a mark and the piece beside it.
_PADDING = b" \t'\"[](){}<>.*"
_PADDED = frozenset(_PADDING)
# The longest piece that is masked, and the bytes in which it is looked for.
LONGEST_PIECE = 4096
# A piece goes on in another form of the value where the two begin to differ (it is quoted, say); so often, at most.
_STEPS = 8
# A beginning behind which the text goes on.
OPEN = "open"
# Looks on one line: so many, and one more for so many bytes.
_LOOKS = 64
_BYTES_FOR_A_LOOK = 128
# What goes on behind a piece like this is another text with the same beginning.
_GOES_ON = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")


def mark_behind(text: bytes, place: int) -> bool:
    """Whether a mark of shortening stands at a place."""
    return _MARK_BEHIND.match(text, place) is not None


def may_go_on(text: bytes, place: int) -> bool:
    """Whether what stands at a place belongs to the word before it."""
    return place < len(text) and text[place] in _GOES_ON


def padding_before(text: bytes, place: int) -> int:
    """Where what may stand between a piece and the mark behind it begins."""
    while place and text[place - 1] in _PADDED:
        place -= 1
    return place


def padding_behind(text: bytes, place: int) -> int:
    """Where what may stand between a mark and the piece behind it ends."""
    while place < len(text) and text[place] in _PADDED:
        place += 1
    return place


@functools.cache
def mark_finder() -> Marks:
    """What finds marks of shortening."""
    return compile_marks(MARKS)


class Shortened:
    """Finds pieces of registered values in lines."""

    __slots__ = ("_index", "_marks", "_registered", "_rules")

    def __init__(self, registered: Registered) -> None:
        self._registered = registered
        self._index = registered.pieces
        self._marks = mark_finder()
        self._rules: dict[str, Rule] = {}

    def find(self, text: bytes, *, has_begun: bool) -> list[Span]:
        """The pieces in a text of lines without colour codes, in order; none goes over the end of a line.

        One of the kind `open` is none yet: the text goes on behind it. It is one if what goes on is masked.

        Args:
            has_begun: whether a form may begin in the text that does not stand there wholly.
        """
        found: list[Span] = []
        if has_begun:
            found += self._beginnings(text)
        marks = self._marks.find(text)
        if marks:
            ends = {span.start: span.end for span in found if span.rule.kind != OPEN}
            found += self._beside(text, marks, ends)
        if not found:
            return found
        if text.find(b"[masked:") >= 0:
            found = outside_marks(text, found)
        going_on = [span for span in found if span.rule.kind == OPEN]
        if not going_on:
            return disjoint(found)
        return sorted([*disjoint([span for span in found if span.rule.kind != OPEN]), *going_on], key=start_of)

    def _beginnings(self, text: bytes) -> Iterator[Span]:
        solid = text.translate(None, WHITE)
        places: WhiteMap | None = None
        line_end = looks = covered = 0
        for group, start in self._registered.candidates(solid)[0]:
            if not self._index.may_tell(group, solid, start):
                continue
            if places is None:
                places = WhiteMap(text)
            place = places.real(start)
            if place >= line_end:
                line_end = _end_of_line(text, place)
                looks = _LOOKS + (line_end - place) // _BYTES_FOR_A_LOOK
            if looks == 0 or place + ANCHOR_LENGTH <= covered:
                continue
            looks -= 1
            rest = text[place : min(line_end, place + LONGEST_PIECE)]
            # Which form it is must not depend on the lines below, which may come in a later chunk.
            form, length = self._shared(group, rest.translate(None, WHITE))
            if length < self._index.profile(form).marked:
                continue
            end, goes_on = self._end_of_beginning(rest, form)
            if goes_on:
                yield Span(place, place + end, self._rule(form.name)._replace(kind=OPEN))
            elif end:
                covered = place + end
                yield Span(place, covered, self._rule(form.name))

    def _shared(self, group: Group, solid: bytes) -> tuple[Form, int]:
        """The form that shares the longest beginning with a text, and how much."""
        window = solid[: group.longest]
        best, most = group.form(0), -1
        for form in group.nearest(window):
            length = common(form.solid, window)
            if length > most:
                best, most = form, length
        return best, most

    def _end_of_beginning(self, rest: bytes, form: Form) -> tuple[int, bool]:
        """Where the piece ends that begins a line's rest, and whether the text goes on there; 0 if there is none."""
        wanted = form.solid if form.exact is None else form.exact
        gaps = WHITE if form.exact is None else b""
        judged = self._index.profile(form)
        length = common(wanted, rest.translate(None, gaps))
        end = _place_of(rest, length, gaps)
        if tells(wanted, judged, length, is_marked=True) and _MARK_BEHIND.match(rest, end):
            return end, False
        longest = 0
        while length >= judged.unmarked:
            if rest[end : end + 1] == b"" or rest[end] not in _GOES_ON:
                return (end, False) if tells(wanted, judged, length, is_marked=False) else (longest, longest > 0)
            if longest == 0 and tells(wanted, judged, length, is_marked=False):
                longest = end
            # The next word may go on by chance as the value does.
            end = max(rest.rfind(b" ", 0, end), rest.rfind(b"\t", 0, end))
            if end <= 0:
                break
            end = len(rest[:end].rstrip(WHITE))
            length = len(rest[:end].translate(None, gaps))
        return longest, longest > 0

    def _beside(
        self, text: bytes, marks: "Sequence[tuple[int, int, int]]", beginnings: "Mapping[int, int]"
    ) -> Iterator[Span]:
        """The pieces beside marks; the beginnings that were found already, by where they begin, end where they end."""
        windows = self._index.windows()
        line_start = line_end = looks = 0
        before = 0  # where the mark before this one on the line ends
        last = len(marks) - 1
        start = marks[0][1]
        for number, (_, at, end) in enumerate(marks):
            following = marks[number + 1][1] if number < last else len(text)
            if following == end:
                continue  # a row of dots
            if at >= line_end:
                line_start = text.rfind(b"\n", 0, at) + 1
                line_end = _end_of_line(text, at)
                looks = _LOOKS + (line_end - line_start) // _BYTES_FOR_A_LOOK
                before = line_start
            if looks > 0 and start - before >= ANCHOR_LENGTH and _may_end(text, start, windows):
                looks -= 1
                if beginnings.get(before, -1) < start:  # else that beginning is all there is to find
                    yield from self._left(text, max(before, start - LONGEST_PIECE), start)
            if looks > 0 and following - end >= ANCHOR_LENGTH and _may_begin(text, end, windows):
                looks -= 1
                yield from self._right(text, end, min(line_end, end + LONGEST_PIECE))
            before = end
            start = following

    def _left(self, text: bytes, first: int, end: int) -> Iterator[Span]:
        """The piece before a mark."""
        piece = text[first:end].rstrip(_PADDING)
        solid = piece.translate(None, WHITE)
        name = ""
        begin, stop = len(solid), len(solid)
        for _ in range(_STEPS):
            hit = self._index.locate(solid[stop - ANCHOR_LENGTH : stop]) if stop >= ANCHOR_LENGTH else None
            if hit is None:
                break
            form, known = hit[0], hit[1] + ANCHOR_LENGTH
            length = common(form.solid[:known][-LONGEST_PIECE:][::-1], solid[:stop][::-1])
            if not name and self._tells(form, known - length, known):
                name = form.name
            begin = stop - length
            stop = begin + ANCHOR_LENGTH - 1
        if name:
            yield Span(first + _place_from_end(piece, len(solid) - begin), first + len(piece), self._rule(name))

    def _right(self, text: bytes, start: int, end: int) -> Iterator[Span]:
        """The piece behind a mark."""
        piece = text[start:end].lstrip(_PADDING)
        start = end - len(piece)
        solid = piece.translate(None, WHITE)
        name = ""
        begin = stop = 0
        for _ in range(_STEPS):
            hit = self._index.locate(solid[begin : begin + ANCHOR_LENGTH])
            if hit is None:
                break
            form, known = hit
            length = common(form.solid[known : known + LONGEST_PIECE], solid[begin:])
            if not name and self._tells(form, known, known + length):
                name = form.name
            stop = begin + length
            begin = stop - ANCHOR_LENGTH + 1
        if name:
            yield Span(start, start + _place_of(piece, stop, WHITE), self._rule(name))

    def _tells(self, form: Form, start: int, end: int) -> bool:
        if start == 0:
            return tells(form.solid, self._index.profile(form), end, is_marked=True)
        return piece_tells(form.solid, start, end)

    def _rule(self, name: str) -> Rule:
        rule = self._rules.get(name)
        if rule is None:
            rule = self._rules[name] = Rule(name, "name", (), b"", b"", "a registered value", "")
        return rule


def _may_end(text: bytes, place: int, windows: "Mapping[bytes, int]") -> bool:
    """Whether a piece may end before `place`: surely not, if the eight bytes there are solid and are in no form."""
    window = text[place - ANCHOR_LENGTH : place]
    return window in windows or text[place - 1] in _PADDED or len(window.translate(None, WHITE)) < ANCHOR_LENGTH


def _may_begin(text: bytes, place: int, windows: "Mapping[bytes, int]") -> bool:
    window = text[place : place + ANCHOR_LENGTH]
    return window in windows or text[place] in _PADDED or len(window.translate(None, WHITE)) < ANCHOR_LENGTH


def _end_of_line(text: bytes, place: int) -> int:
    end = text.find(b"\n", place)
    return len(text) if end < 0 else end


def _place_of(text: bytes, count: int, gaps: bytes) -> int:
    """Where the first `count` bytes of a text end that are no gaps."""
    end = count
    while (missing := count - len(text[:end].translate(None, gaps))) > 0:
        end += missing
    return end


def _place_from_end(text: bytes, count: int) -> int:
    """Where the last `count` bytes of a text begin that are no white space."""
    return len(text) - _place_of(text[::-1], count, WHITE)
