"""The first pass: registered values, found in a stream of bytes whatever its chunks, colour codes and line borders.

What comes out depends on the whole stream alone: a value is masked wherever it occurs in the text without colour codes
and bars of boxes (long forms: also without white space). Bytes are held back only while a form may begin in them.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable
from operator import itemgetter, le
from typing import NamedTuple

from planes.scrub.marks import mark
from planes.scrub.quiet import is_quiet
from planes.scrub.registered.groups import ANCHOR_LENGTH, SHORTEST_HELD, Form, Group, Row, row_step
from planes.scrub.registered.joints import FIRST, IN_TEXT, Joined, without_joints
from planes.scrub.registered.pieces import PieceIndex
from planes.scrub.registered.registered import Registered
from planes.scrub.registered.repeats import period_of, row_end
from planes.scrub.rulebook import Book
from planes.scrub.shadow import WHITE, ColourMap, WhiteMap, cut_frame_start, may_have_frames, without_frames

_NEAR_END = 256

# So many bytes of joints may stand in a form besides as many as it has itself.
_JOINTS_SIZE = 512


class _Span(NamedTuple):
    start: int
    end: int
    name: str
    is_open: bool = False  # the mark for its beginning was given out already


# The same, in half the time.
_span: Callable[[tuple[int, int, str, bool]], _Span] = functools.partial(tuple.__new__, _Span)  # pyright: ignore[reportUnknownMemberType] - of all tuples


class ValueStage:
    """Masks registered values in a stream.

    Attributes:
        hits: counts masks by name.
        has_begun: whether the bytes that came last held the beginning of a form that did not go on to its end there,
            and is long enough to tell it.
        is_quiet: whether what was given out last is surely plain, without a sign of a rule but for one that goes over
            its borders.
    """

    __slots__ = ("_before", "_book", "_held", "_open", "_registered", "has_begun", "hits", "is_quiet")

    def __init__(self, registered: Registered, hits: "Counter[str]", book: Book) -> None:
        self._registered = registered
        self._book = book
        self._held = b""
        self._before = b""  # the last solid bytes already given out; a value may begin in them
        self._open: _Span | None = None  # what goes on at the beginning of what is held
        self.hits = hits
        self.has_begun = False
        self.is_quiet = False

    def feed(self, data: bytes, *, is_quiet_text: bool = False) -> bytes:
        """Take the next bytes; give out all that can be no part of a value any more.

        `is_quiet_text`: whether they are quiet, which is what `is_quiet` becomes where no value is registered.
        """
        if not self._registered:
            self.is_quiet = is_quiet_text
            return data
        if self._open is None:
            whole = b"".join((self._before, self._held, data))
            first = whole.find(b"\n", len(whole) - len(data)) + 1
            self.is_quiet = is_quiet_text and is_quiet(self._book, whole[:first])
            if (self.is_quiet or not may_have_frames(whole)) and self._registered.is_absent(whole):
                given = self._advance_quickly(whole)
                if given is not None:
                    return given
        else:
            self.is_quiet = False
        text = self._held + data if self._held else data
        cut = cut_frame_start(text)
        return self._advance(text[:cut], text[cut:], is_end=False)

    def finish(self) -> bytes:
        """The end of the stream: give out the rest."""
        text, self._held = self._held, b""
        self.has_begun = self.is_quiet = False
        rest = self._advance(text, b"", is_end=True) if text else b""
        self._before = b""
        return rest

    def _advance(self, text: bytes, unfinished: bytes, *, is_end: bool) -> bytes:
        view = _View(text, self._before)
        if self._open is not None:
            view.spans.append(self._open)
            self._open = None
        candidates, rows = self._registered.candidates(view.solid)
        for row in rows:
            view.try_row(row)
        for group, start in candidates:
            view.try_group(group, start, self._registered.pieces)
        self.has_begun = view.has_begun
        if is_end:
            release = len(text)
        else:
            view.try_short_beginnings(self._registered)
            release = view.held_from
        if release == len(text) and not view.spans:
            self._held = unfinished
            self._before = view.solid[1 - SHORTEST_HELD :]
            return text
        merged = _merge(view.spans)
        ended = [span for span in merged if span.start < release]
        self.is_quiet = self.is_quiet and not ended  # marks are no sign of a rule, but no text of the job's either
        if ended and ended[-1].end > release:
            # What is held may go on with it: its mark is given out now, and the rest is left out when it comes.
            self._open = _Span(0, ended[-1].end - release, ended[-1].name, is_open=True)
            ended[-1] = ended[-1]._replace(end=release)
        elif merged and merged[0].is_open and not release:
            self._open = merged[0]
        self._held = text[release:] + unfinished
        self._before = view.solid_before(release, SHORTEST_HELD - 1)
        return self._masked(text, ended, release)

    def _advance_quickly(self, whole: bytes) -> bytes | None:
        """Advance over what was held and what follows it, `whole` less the bytes before: no form begins there but,
        perhaps, at the very end, and there are no frames. None: look at all of it.
        """
        near = whole[-_NEAR_END:]
        end = _View(near, b"")
        if len(end.solid) < 2 * ANCHOR_LENGTH:
            return None
        end.try_short_beginnings(self._registered)
        release = len(whole) - len(near) + end.held_from
        first = len(self._before)
        if release < first:
            return None
        self.has_begun = False
        self._held = whole[release:]
        self._before = near[: end.held_from].translate(None, WHITE)[1 - SHORTEST_HELD :]
        return whole[first:release]

    def _masked(self, text: bytes, spans: list[_Span], release: int) -> bytes:
        if not spans:
            return text if release == len(text) else text[:release]
        names = [name for _, _, name, is_open in spans if not is_open]
        self.hits.update(names)
        begins = [span[0] for span in spans]
        ends = [0, *(span[1] for span in spans)]
        kept = [text[place:start] for place, start in zip(ends, begins, strict=False)]
        marks = [b"" if is_open else mark(name) for _, _, name, is_open in spans]
        if text.find(b"\n", begins[0], ends[-1]) >= 0:
            marks = [
                marked + b"\n" * text.count(b"\n", span.start, span.end)
                for marked, span in zip(marks, spans, strict=True)
            ]
        pieces = [b""] * (2 * len(spans))
        pieces[::2] = kept
        pieces[1::2] = marks
        pieces.append(text[ends[-1] : release])
        return b"".join(pieces)


def found_in(registered: Registered, text: bytes) -> list[tuple[int, int, str]]:
    """The registered values that stand wholly in a text: [start, end) and the name of each, in order."""
    view = _View(text, b"")
    candidates, rows = registered.candidates(view.solid)
    for row in rows:
        view.try_row(row)
    for group, start in candidates:
        view.try_group(group, start, registered.pieces)
    return [(start, end, name) for start, end, name, _ in _merge(view.spans)]


class _View:
    """One stretch of the stream with its shadows; `solid` begins with the bytes given out before."""

    __slots__ = (
        "_colours",
        "_first_held",
        "_offset",
        "_plain",
        "_text",
        "_whites",
        "has_begun",
        "held_from",
        "solid",
        "spans",
    )

    def __init__(self, text: bytes, before: bytes) -> None:
        self._text = text
        self._plain = without_frames(text)
        self._offset = len(before)
        self.solid = before + self._plain.translate(None, WHITE)
        self._whites: WhiteMap | None = None
        self._colours: ColourMap | None = None
        self.spans: list[_Span] = []
        self.held_from = len(text)  # from here on the text may be the beginning of a form
        self._first_held = len(self.solid)
        self.has_begun = False

    def try_group(self, group: Group, start: int, pieces: PieceIndex) -> None:
        """See whether a form stands at `start`: wholly (a span), or as far as the text goes (then it is held)."""
        solid = self.solid
        if not any(self._try_whole(form, start) for form in group.whole(solid, start)):
            self._try_joined(group, start)
            self.has_begun = self.has_begun or pieces.may_tell(group, solid, start)
        if start + group.longest > len(solid) and start < self._first_held:
            reach = group.reach_beyond(solid[start:])
            if reach:
                self._hold(start, reach)

    def _try_joined(self, group: Group, start: int) -> None:
        """See whether a form stands at `start` that joints cut into pieces, the first no shorter than an anchor."""
        solid = self.solid
        joint = FIRST.search(solid, start + ANCHOR_LENGTH, start + group.longest + 1)
        if joint is None or not group.begins(solid[start : joint.start()]):
            return
        window = solid[start : start + 2 * group.longest + _JOINTS_SIZE]
        joined = Joined(window)
        forms = group.joined()
        for form in forms.whole(joined.text, 0):
            end = start + joined.real_end(len(form.solid))
            first = self._visible_start(start)
            if end <= self._offset or not self._is_exactly_joined(form, start, end):
                continue
            span = _Span(self._real(first), self._real(end - 1) + 1, form.name)
            if span.end - span.start <= form.reach:
                self.spans.append(span)
                return
        if start + len(window) == len(solid) and start < self._first_held:
            reach = forms.reach_beyond(joined.text)
            if reach:
                self._hold(start, reach)

    def try_row(self, row: Row) -> None:
        """Take a row that repeats a form."""
        form, start, end = row
        size, step = len(form.solid), row_step(form)
        while start < self._offset and start + size <= end:
            self._try_whole(form, start)
            start += period_of(form.solid[:ANCHOR_LENGTH])
        if start + size > end:
            return
        if form.exact in (None, form.solid):
            first = self._plain_place(start)
            if self._plain[first : first + end - start] == self.solid[start:end]:
                last = first + end - start - 1
                self.spans.append(_Span(self._in_colour(first), self._in_colour(last) + 1, form.name))
                return
            if form.exact and self._plain is self._text:
                self._try_runs(form, first, self._plain_place(end - 1) + 1)
                return
        for place in range(start, end - size + 1, step):
            self._try_whole(form, place)

    def _try_runs(self, form: Form, start: int, end: int) -> None:
        """Take the runs in [start, end) of the text that repeat a form in which no white space may stand."""
        text, solid, name = self._text, form.solid, form.name
        size, period = len(solid), period_of(solid[:ANCHOR_LENGTH])
        if period == 1:  # such a run ends before the next can begin
            runs = re.compile(re.escape(solid[:1]) + b"{%d,}" % size, re.DOTALL)
            self.spans += map(_span, ((*match.span(), name, False) for match in runs.finditer(text, start, end)))
            return
        while (start := text.find(solid, start, end)) >= 0:
            stop = min(row_end(text, start, period), end)
            stop -= (stop - start - size) % period
            self.spans.append(_Span(start, stop, name))
            start = stop - size + 1

    def _try_whole(self, form: Form, start: int) -> bool:
        end = start + len(form.solid)
        if end <= self._offset:
            return False
        if start >= self._offset and form.is_on_one_line:
            # Mostly no white space stands inside but what must, and then one look is enough.
            first = self._plain_place(start)
            shown = form.exact or form.solid
            if self._plain.startswith(shown, first):
                span = _Span(self._in_colour(first), self._in_colour(first + len(shown) - 1) + 1, form.name)
                if span.end - span.start <= form.reach:
                    self.spans.append(span)
                return span.end - span.start <= form.reach
            if form.exact is not None:
                return False
        first = self._visible_start(start)
        if first >= end or not self._is_exact(form, start, end):
            return False
        span = _Span(self._real(first), self._real(end - 1) + 1, form.name)
        if span.end - span.start > form.reach:
            return False
        self.spans.append(span)
        return True

    def try_short_beginnings(self, registered: Registered) -> None:
        """See whether the text ends in a beginning that is shorter than an anchor."""
        shortest = SHORTEST_HELD if self._plain.endswith(b"\n") else 1
        first = max(0, len(self.solid) - ANCHOR_LENGTH + 1)
        for start in registered.beginnings(self.solid[first:], shortest):
            if first + start >= self._first_held:
                break
            self._hold(first + start, registered.reach)

    def solid_before(self, release: int, count: int) -> bytes:
        """The last `count` solid bytes before the place `release` of the text."""
        if release == len(self._text):
            return self.solid[-count:]
        near = self._text[max(0, release - _NEAR_END) : release]
        if self._plain is self._text and len(tail := near.translate(None, WHITE)) >= count:
            return tail[-count:]
        tail = without_frames(self._text[:release]).translate(None, WHITE)
        return (self.solid[: self._offset] + tail)[-count:]

    def _hold(self, start: int, reach: int) -> None:
        if len(self.solid) - start >= SHORTEST_HELD:
            first = self._visible_start(start)
        else:
            border = self._plain.rfind(b"\n")
            first = max(start, self._offset)
            while first < len(self.solid) and self._plain_place(first) < border:
                first += 1
        if first < len(self.solid):
            place = self._real(first)
            if len(self._text) - place <= reach:
                self.held_from = min(self.held_from, place)
                self._first_held = start

    def _visible_start(self, start: int) -> int:
        """The first solid byte that is masked: on the line where the piece is long enough to be held."""
        decisive = start + SHORTEST_HELD - 1
        first = max(start, self._offset)
        if decisive <= first or decisive >= len(self.solid):
            return first
        border = self._plain.rfind(b"\n", self._plain_place(first), self._plain_place(decisive))
        while border >= 0 and self._plain_place(first) < border:
            first += 1
        return first

    def _is_exact(self, form: Form, start: int, end: int) -> bool:
        if form.exact is None:
            return True
        if start < self._offset:
            return False
        return self._plain[self._plain_place(start) : self._plain_place(end - 1) + 1] == form.exact

    def _is_exactly_joined(self, form: Form, start: int, end: int) -> bool:
        if form.exact is None:
            return True
        if start < self._offset:
            return False
        plain = self._plain[self._plain_place(start) : self._plain_place(end - 1) + 1]
        return IN_TEXT.sub(b"", plain) == without_joints(form.exact)

    def _plain_place(self, solid_place: int) -> int:
        if self._whites is None:
            near = _place_from_end(self._plain, len(self.solid) - solid_place)
            if near is not None:
                return near
            self._whites = WhiteMap(self._plain)
        return self._whites.real(solid_place - self._offset)

    def _real(self, solid_place: int) -> int:
        return self._in_colour(self._plain_place(solid_place))

    def _in_colour(self, plain_place: int) -> int:
        if self._plain is self._text:
            return plain_place
        if self._colours is None:
            self._colours = ColourMap(self._text, frames=True)
        return self._colours.real(plain_place)


def _place_from_end(plain: bytes, solid_behind: int) -> int | None:
    """Where the byte stands that has so many solid bytes from it to the end; None: farther away than is quickly found.

    What is held stands near the end, and mapping a whole chunk for it would cost as much as a scan.
    """
    if solid_behind <= 0:
        return len(plain)
    tail = plain[-_NEAR_END:]
    solid = len(tail.translate(None, WHITE))
    if solid_behind > solid:
        return None
    return len(plain) - len(tail) + WhiteMap(tail).real(solid - solid_behind)


def _merge(spans: list[_Span]) -> list[_Span]:
    """Spans in order; those that overlap become one, named after the one that begins first."""
    spans = sorted(spans, key=itemgetter(0))
    if all(map(le, (span[1] for span in spans), (span[0] for span in spans[1:]))):
        return spans
    merged: list[_Span] = []
    end = -1  # of the last one
    for span in spans:
        if span[0] >= end:
            merged.append(span)
            end = span[1]
            continue
        last = merged[-1]
        begins_so_too = span.start == last.start and (span.is_open, span.end) > (last.is_open, last.end)
        end = max(end, span.end)
        merged[-1] = (span if begins_so_too else last)._replace(end=end)
    return merged
