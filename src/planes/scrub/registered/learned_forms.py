"""Where forms of learned values stand in a text, wholly or in part.

    Zk3q9Xv…      what is shown of a value          NTZrOVh2Qm…   base64 of it, cut
    6b39 5876     its bytes                         q9Xv7Gk2…     a row of it that a screen wrapped

A form is looked for by a few bytes of it: its beginning and, where it may be cut anywhere, all that follow in steps.
What each form is found by does not depend on the others, so it does not matter when which of them was learned.
"""

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from planes.scrub.registered.repeats import common, period_of
from planes.scrub.registered.shortened import mark_behind, mark_finder, may_go_on, padding_before, padding_behind
from planes.scrub.registered.telling import piece_tells, profile, tells
from planes.scrub.rulebook import Span
from planes.scrub.rules.model import Rule
from planes.scrub.search.engine import Ends, Literals, Marks, compile_ends, compile_literals, compile_marks

# Of a text, and of its bytes in digits, which begin alike more often.
_ANCHOR = 8
_LONG_ANCHOR = 24
# A value is looked for at its beginning, right behind that, where a row begins that a screen wrapped, and so often.
_STEP = 32
# A text that repeats itself after so few bytes is a row of them.
_SHORT_PERIOD = 4
# So much of a value in a row is nothing else, wherever it stands.
_SURE = 16
# Up to so many needles are found many bytes at a time.
_MOST_TOGETHER = 64
# On the few lines that hold digits, one look at all is what takes least.
_MOST_ON_LINES = 1024


class Form(NamedTuple):
    """One form of a learned value.

    Attributes:
        number: in the order in which they were learned.
        text: the bytes to find.
        rule: the one that taught it.
        is_text: whether it is the value itself, which may be cut anywhere.
        is_digits: whether it is the value byte by byte, in digits.
    """

    number: int
    text: bytes
    rule: Rule
    is_text: bool
    is_digits: bool


_Place = tuple[int, int, Form, int]
"""Where a form or a piece of it begins and ends, which, and where in the form that is."""


def _order(place: _Place) -> tuple[int, int, int, int]:
    start, end, form, last = place
    return start, -end, form.number, last


def _span(start: int, end: int, form: Form, last: int) -> Span:
    """What is found; where it is a piece, its rule says what follows in the form."""
    rest = form.text[last:]
    return Span(start, end, form.rule._replace(follow=rest) if rest else form.rule)


class _Needle(NamedTuple):
    form: Form
    place: int


class Forms:
    """Some forms, found together."""

    __slots__ = ("_digits", "_looked_at", "_texts", "_unseen", "_windows")

    def __init__(self) -> None:
        self._texts: list[_Group] = []
        self._digits: list[_Group] = []
        self._looked_at: tuple[bytes, Sequence[tuple[int, int]]] = b"", ()
        self._unseen: list[Form] = []  # values that are not among these yet
        self._windows: dict[bytes, list[tuple[Form, int]]] = {}  # what stands at each place of a value

    def add(self, form: Form) -> None:
        """Take one more."""
        groups = self._digits if form.is_digits else self._texts
        for needle, anchor in _needles(form):
            _add(groups, anchor, needle)
        if form.is_text:
            self._unseen.append(form)

    def find(self, text: bytes) -> Iterable[Span]:
        """Where in a text of lines they stand; none goes over the end of a line."""
        places = [*_places(self._texts, text, 0), *self._beside_marks(text)]
        if self._digits:
            for start, end in self._lines_of_digits(text):
                places += _places(self._digits, text[start:end], start)
        return _spans(places)

    def find_one_by_one(self, text: bytes, begin: int, forms: Iterable[Form]) -> Iterable[Span]:
        """The same of some of these forms from `begin` on, where a line does, for one look: it makes no automaton."""
        lines = [line for line in self._lines_of_digits(text) if line[0] >= begin]
        places: list[_Place] = []
        for form in forms:
            for needle, anchor in _needles(form):
                for first, last in lines if form.is_digits else ((begin, len(text)),):
                    start = text.find(anchor, first, last)
                    while start >= 0:
                        place = _whole_or_piece(text, start, needle)
                        if place is not None:
                            places.append(place)
                        start = text.find(anchor, start + 1, last)
        new = frozenset(forms)
        rest = text[begin:]
        beside = (place for place in self._beside_marks(rest) if place[2] in new)
        return _spans([*places, *((begin + start, begin + end, form, last) for start, end, form, last in beside)])

    def _lines_of_digits(self, text: bytes) -> Sequence[tuple[int, int]]:
        """The lines on which bytes may stand in digits; what is new in a text may be asked for again and again."""
        if self._looked_at[0] is not text:
            self._looked_at = text, list(_lines_of_digits(text))
        return self._looked_at[1]

    def _beside_marks(self, text: bytes) -> Iterator[_Place]:
        """Pieces of values beside marks of shortening."""
        marks = mark_finder().find(text)
        if not marks:
            return
        for form in self._unseen:
            for place in range(len(form.text) - _ANCHOR + 1):
                self._windows.setdefault(form.text[place : place + _ANCHOR], []).append((form, place))
        self._unseen.clear()
        for _, at, end in marks:
            stop = padding_before(text, at)
            for form, place in self._windows.get(text[stop - _ANCHOR : stop], ()) if stop >= _ANCHOR else ():
                known = place + _ANCHOR
                length = common(form.text[:known][::-1], text[max(0, stop - known) : stop][::-1])
                if piece_tells(form.text, known - length, known):
                    yield stop - length, stop, form, known
            start = padding_behind(text, end)
            for form, place in self._windows.get(text[start : start + _ANCHOR], ()):
                length = common(form.text[place:], text[start : start + len(form.text)])
                if piece_tells(form.text, place, place + length):
                    yield start, start + length, form, place + length


def _needles(form: Form) -> Iterator[tuple[_Needle, bytes]]:
    """By what a form is found: places of it, and so many bytes there.

    A row of few signs is no needle where the form has others: each place of a longer row would be judged, and again
    for each needle that is the same.
    """
    size = _LONG_ANCHOR if form.is_digits else _ANCHOR
    last = max(0, len(form.text) - size)
    place = next((place for place in range(last + 1) if not _is_row(form.text[place : place + size])), 0)
    taken = {form.text[place : place + size]}
    yield _Needle(form, place), form.text[place : place + size]
    if form.is_text:
        for first in range(_ANCHOR, last + 1, _STEP):
            for place in range(first, min(first + _STEP, last + 1)):
                anchor = form.text[place : place + size]
                if anchor not in taken and not _is_row(anchor):
                    taken.add(anchor)
                    yield _Needle(form, place), anchor
                    break


def _is_row(anchor: bytes) -> bool:
    return 0 < period_of(anchor) <= _SHORT_PERIOD


def _add(groups: "list[_Group]", anchor: bytes, needle: _Needle) -> None:
    for group in groups:
        if anchor in group.needles:
            group.needles[anchor].append(needle)
            return
    most = _MOST_ON_LINES if needle.form.is_digits else _MOST_TOGETHER
    if not groups or len(groups[-1].needles) == most:
        groups.append(_Group())
    groups[-1].add(anchor, needle)


def _places(groups: "Iterable[_Group]", text: bytes, offset: int) -> Iterator[_Place]:
    """What stands in a text that begins at `offset`."""
    for group in groups:
        for needle, start in group.find(text):
            found = _whole_or_piece(text, start, needle)
            if found is not None:
                begin, end, form, last = found
                yield offset + begin, offset + end, form, last


def _lines_of_digits(text: bytes) -> Iterator[tuple[int, int]]:
    """The lines on which bytes may stand in digits."""
    find = _digits()
    place = find(text, 0)
    while place >= 0:
        end = text.find(b"\n", place)
        end = len(text) if end < 0 else end
        yield text.rfind(b"\n", 0, place) + 1, end
        place = find(text, end)


@functools.cache
def _digits() -> Ends:
    """What finds a row of bytes in digits."""
    return compile_ends(
        rb"[0-9A-Fa-f]{24}|(?:[0-9A-Fa-f]{2} ){7}|(?:[0-9A-Fa-f]{2}:){7}|(?:%[0-9A-F]{2}){7}"
        rb"|(?:\\x[0-9a-f]{2}){6}|(?:\\u00[0-9a-f]{2}){4}|(?:[0-9]{2,3}, ){4}|(?:\\[0-7]{3}){6}"
    )


def _spans(places: Iterable[_Place]) -> list[Span]:
    """Of two that stand at the same place, the one that was learned first gives the name."""
    return [_span(*place) for place in sorted(set(places), key=_order)]


def _whole_or_piece(text: bytes, start: int, needle: _Needle) -> _Place | None:
    """What stands around the needle at `start`, if that is the form or tells it."""
    form, place = needle
    left = common(form.text[:place][::-1], text[max(0, start - place) : start][::-1])
    right = common(form.text[place:], text[start : start + len(form.text) - place])
    first, last = place - left, place + right
    begin, end = start - left, start + right
    if last - first < len(form.text):
        is_sure = last - first >= _SURE and (
            last - first >= _LONG_ANCHOR if form.is_digits else piece_tells(form.text, first, last)
        )
        if not is_sure and (first > 0 or not _is_beginning(text, end, form.text, last)):
            return None
    return begin, end, form, last


def _is_beginning(text: bytes, end: int, form: bytes, length: int) -> bool:
    """Whether a beginning of a form that ends at `end` of a text tells it."""
    is_marked = mark_behind(text, end)
    return (is_marked or not may_go_on(text, end)) and tells(form, profile(form), length, is_marked=is_marked)


class _Group:
    """Some needles, found together."""

    __slots__ = ("_all", "_each", "_marks", "needles")

    def __init__(self) -> None:
        self.needles: dict[bytes, list[_Needle]] = {}
        self._each: list[list[_Needle]] = []
        self._marks: Marks | None = None
        self._all: Literals | None = None

    def add(self, anchor: bytes, needle: _Needle) -> None:
        """Take one more."""
        self.needles[anchor] = [needle]
        self._each.append(self.needles[anchor])
        self._marks = self._all = None

    def find(self, text: bytes) -> Iterator[tuple[_Needle, int]]:
        """Which of them stand where, in no order."""
        # This tells in a fiftieth of the time that none stands there; of two that overlap it finds one.
        if self._marks is None:
            self._marks = compile_marks(list(self.needles), is_short_lived=True)
        marks = self._marks.find(text)
        if not marks:
            return
        if self._all is None:
            self._all = compile_literals(list(self.needles))
        for first, last in _around(marks):
            for index, start, _ in self._all(text[first:last]):
                for needle in self._each[index]:
                    yield needle, first + start


def _around(marks: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Stretches in which all lies that overlaps what was found, in order; none touches another."""
    first = last = -1
    for _, start, end in marks:
        begin = max(0, start - _LONG_ANCHOR)
        if begin > last:
            if last >= 0:
                yield first, last
            first = begin
        last = end + _LONG_ANCHOR
    yield first, last
