"""The forms of registered values, looked up by their beginnings.

A beginning that repeats itself (`kkkkkkkk`, base64 of it) stands at every place of a row of such text. There only the
few places are looked at that matter: the first, those where a form fits to the row's end, and enough to cover the row.
"""

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from planes.scrub.registered.joints import without_joints
from planes.scrub.registered.repeats import period_of, row_end

ANCHOR_LENGTH = 8
# A line that ends in fewer bytes of a value than this is not held back for it: the rest is masked on the lines that
# follow, and the one to three bytes before stay. With 3 here, of lines that end in a number one in fifty waited for its
# successor, which may come minutes later; with 4 one in six hundred.
SHORTEST_HELD = 4
# A form that is not all repetition counts as repeating itself only if it does so for so many bytes.
_SHORTEST_ROW = 24


class Form(NamedTuple):
    """One form: its bytes without white space, the exact bytes where white space counts, and the name in the mask.

    `is_common`: programs print it often, so pieces of it are looked for too.
    """

    solid: bytes
    exact: bytes | None
    name: str
    is_common: bool = True

    @property
    def is_on_one_line(self) -> bool:
        """Whether all of it stands on the line on which it begins, as far as the form itself says."""
        return self.exact is None or (self.exact.find(b"\n") < 0 and len(self.solid) >= SHORTEST_HELD)

    @property
    def reach(self) -> int:
        """The most bytes that an occurrence may cover, colour codes and white space included."""
        return reach_of(len(self.solid))


def reach_of(length: int) -> int:
    """The reach of a form of so many bytes without white space."""
    return 4 * length + 4096


Told = tuple[bytes | None, str, bool]
"""What a `Form` says of its bytes. Most forms of a value share one: kept as a `Form` each, those of 50 values took a
third of a MB more.
"""


class Row(NamedTuple):
    """A row [start, end) of a text that is nothing but a form again and again, each a period behind the last."""

    form: Form
    start: int
    end: int


def row_step(form: Form) -> int:
    """After how many bytes of a row with white space to look for the form again.

    Finds overlap, less two bytes at a line's end. A short form may stand at one place only, between blanks.
    """
    period = period_of(form.solid[:ANCHOR_LENGTH])
    return period if form.exact is not None else max(period, (len(form.solid) - 3) // period * period)


# Of the many groups that repeat nothing.
_NO_BREAKS: frozenset[int] = frozenset()
_NONE_REPEATED: Mapping[int, Form] = {}


class Group:
    """The forms that begin with the same eight bytes, ready to be looked up in a text.

    They lie in order, so that of many forms with one beginning (addresses of one server) only a few are looked at.
    """

    __slots__ = ("_breaks", "_joined", "_parents", "_repeated", "_solids", "_told", "anchor", "longest", "period")

    def __init__(self, forms: Iterable[tuple[bytes, Told]]) -> None:
        ordered = sorted(forms, key=itemgetter(0))
        self._joined: Group | None = None
        self._solids = tuple(solid for solid, _ in ordered)
        self._told = tuple(told for _, told in ordered)
        self.longest = max(map(len, self._solids))
        self._parents = _parents(self._solids)
        self.anchor = self._solids[0][:ANCHOR_LENGTH]
        self.period = period_of(self.anchor) if len(self.anchor) == ANCHOR_LENGTH else 0
        # Where forms stop repeating themselves, and how long those are that never do.
        self._breaks: frozenset[int] = _NO_BREAKS
        self._repeated: Mapping[int, Form] = _NONE_REPEATED
        if self.period:
            rows = [(row_end(solid, 0, self.period), len(solid)) for solid in self._solids]
            self._breaks = frozenset(row for row, length in rows if row < length)
            self._repeated = {row: self.form(index) for index, (row, length) in enumerate(rows) if row == length}
            if not self._repeated and max(self._breaks) < _SHORTEST_ROW:
                self.period = 0  # by chance (`%31%31%3`)

    def __len__(self) -> int:
        return len(self._solids)

    def form(self, index: int) -> Form:
        """One of the forms, which lie in order."""
        return Form(self._solids[index], *self._told[index])

    @property
    def forms(self) -> Iterator[Form]:
        """All of them, made anew."""
        return map(Form, self._solids, *zip(*self._told, strict=True))

    def whole(self, solid: bytes, start: int) -> Iterator[Form]:
        """The forms that stand wholly at `start`, the longest first."""
        window = solid[start : start + self.longest]
        index = bisect_right(self._solids, window) - 1
        while index >= 0:
            if window.startswith(self._solids[index]):
                yield self.form(index)
            index = self._parents[index]

    def begins(self, piece: bytes) -> bool:
        """Whether some form begins with a piece."""
        index = bisect_left(self._solids, piece)
        return index < len(self._solids) and self._solids[index].startswith(piece)

    def joined(self) -> "Group":
        """The same forms less what looks like a joint in them; made when it is first needed."""
        if self._joined is None:
            forms = list(zip(self._solids, self._told, strict=True))
            bare = [(without_joints(solid), told) for solid, told in forms]
            kept = [(solid, told) for solid, told in bare if solid.startswith(self.anchor)]
            self._joined = Group(kept if len(kept) > 0 and len(self.anchor) == ANCHOR_LENGTH else forms)
        return self._joined

    def reach_beyond(self, tail: bytes) -> int:
        """The largest reach of the forms of which `tail` is a proper beginning; 0 if it is of none."""
        reach = 0
        for index in range(bisect_right(self._solids, tail), len(self._solids)):
            if not self._solids[index].startswith(tail):
                break
            reach = max(reach, reach_of(len(self._solids[index])))
        return reach

    def places_in_row(self, start: int, end: int) -> set[int]:
        """The places that matter in a row [start, end) of a text that repeats the beginning of these forms."""
        period = self.period
        places = {start}
        for row in self._breaks:
            place = max(start, end - row)
            places.add(place + (start - place) % period)
        for length in self._repeated:
            place = max(start, end - length + 1)  # from here on the row may go on to a whole form
            places.add(place + (start - place) % period)
            if length <= end - start:
                places.add(start + (end - length - start) // period * period)
        return {place for place in places if place <= end - ANCHOR_LENGTH}

    def row_in(self, start: int, end: int) -> "Row | None":
        """The longest form that a row [start, end) repeats."""
        length = max((length for length in self._repeated if length <= end - start), default=0)
        if not length:
            return None
        return Row(self._repeated[length], start, end - (end - start - length) % self.period)

    def nearest(self, window: bytes) -> "Sequence[Form]":
        """The forms, two at most, one of which shares the longest beginning with a text."""
        index = bisect_right(self._solids, window)
        return [self.form(near) for near in range(max(0, index - 1), min(index + 1, len(self)))]


@functools.lru_cache(64)
def _no_parents(count: int) -> tuple[int, ...]:
    return (-1,) * count


def _parents(solids: "Sequence[bytes]") -> tuple[int, ...]:
    """For each of some texts in order the last before it that it begins with; -1 for none."""
    parents: list[int] = []
    chain: list[int] = []
    for index, solid in enumerate(solids):
        while chain and not solid.startswith(solids[chain[-1]]):
            chain.pop()
        parents.append(chain[-1] if chain else -1)
        chain.append(index)
    return tuple(parents) if max(parents) >= 0 else _no_parents(len(parents))
