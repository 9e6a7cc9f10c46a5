"""The values that one run must never print, compiled once with every form in which programs print them."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from planes.scrub.quiet import Absence
from planes.scrub.registered.encodings import base64_forms, escaped_forms, forms, rare_forms
from planes.scrub.registered.groups import ANCHOR_LENGTH, Group, Row, Told, reach_of
from planes.scrub.registered.joints import FIRST
from planes.scrub.registered.pieces import PieceIndex
from planes.scrub.registered.rows import Rows
from planes.scrub.registered.structured import members, torn
from planes.scrub.search.engine import Finder, compile_needles
from planes.scrub.shadow import BARS, WHITE

# What would end a mask too early, or a line.
_UNFIT_IN_MASK = re.compile(r"[\x00-\x1f\]\x7f-\x9f\u2028\u2029\ud800-\udfff]")
SHORTEST_VALUE = 5
# From this many solid bytes on, a form is also found when white space (a line border, an indent) was put into it.
SHORTEST_WRAPPED = 12
# A line of a value is registered on its own only if it is long enough to be nothing else by chance.
SHORTEST_LINE = 16
LONGEST_FORM = 16 * 1024
# Each text that is registered has some fifty forms. For so many texts, a long one counting as several, they take
# 150 MB, and seconds of a processor.
MOST_TEXTS = 2_000
_LENGTH_OF_A_TEXT = 128
_LONGEST_COUNTED = 8 * 1024  # beyond that a text has few forms
# So much of a form is looked at where its beginning stands, before all of it is.
_LONGEST_OPENING = 64
# A form that is longer than this, compared to its value (hex, escapes of every sign), is rarely printed shortened.
_LONGEST_COMMON = 1.5
_Bytes = bytes | tuple[bytes, bytes]
"""What a form is told by: its bytes without white space, and the exact ones where white space counts."""


class Registered:
    """Registered values, compiled. Immutable; share one between all streams of a run.

    Attributes:
        too_short: names whose values have under five characters. They are not registered: the user is told.
    """

    __slots__ = (
        "_anchors",
        "_finder",
        "_groups",
        "_heads",
        "_openings",
        "_pieces",
        "_plain",
        "_rows",
        "is_absent",
        "reach",
        "too_short",
    )

    def __init__(self, told: "Mapping[_Bytes, Told]", too_short: tuple[str, ...] = ()) -> None:
        """Take what is told of forms by their bytes."""
        self.too_short = too_short
        by_anchor: dict[bytes, list[_Bytes]] = {}
        for form in told:
            by_anchor.setdefault(_solid(form)[:ANCHOR_LENGTH], []).append(form)
        self._anchors = sorted(by_anchor)
        self._heads = {anchor[:length] for anchor in self._anchors for length in (1, 2, 3)}
        self._groups = [Group((_solid(form), told[form]) for form in by_anchor[anchor]) for anchor in self._anchors]
        plain = [index for index, group in enumerate(self._groups) if not group.period]
        self._plain = plain
        self._finder: Finder | None = compile_needles([self._anchors[index] for index in plain]) if plain else None
        repeating = {index: group for index, group in enumerate(self._groups) if group.period}
        self._rows = Rows(repeating) if repeating else None
        self._pieces: PieceIndex | None = None
        self._openings: dict[int, tuple[int, frozenset[bytes]]] = {}  # of the beginnings that were met
        # Whether surely no form has its beginning in a text with its white space, of eight bytes or all of it. That is
        # half the work of taking the white space out and looking for the beginnings.
        self.is_absent = Absence(self._anchors).holds
        self.reach = max((reach_of(group.longest) for group in self._groups), default=0)

    @classmethod
    def empty(cls) -> "Registered":
        """No values."""
        return cls({})

    @classmethod
    def from_values(cls, values: Iterable[tuple[str, str]]) -> "Registered":
        """Register (name, value) pairs: each value, its forms, its members, and its long lines.

        Where two values share a form, the first name stands in the mask.
        """
        # A runner keeps all that is made here.
        found: dict[_Bytes, Told] = {}
        too_short: list[str] = []
        for name, value in values:
            name = _UNFIT_IN_MASK.sub("_", name)
            if len(value.strip()) < SHORTEST_VALUE:
                too_short.append(name)
                continue
            rare, common = (None, name, False), (None, name, True)
            for part, part_forms in _value_forms(value):
                for form in part_forms:
                    for solid, exact in _cut(form):
                        is_common = len(solid) <= _LONGEST_COMMON * len(part)
                        if exact is None:
                            found.setdefault(solid, common if is_common else rare)
                        else:
                            found.setdefault((solid, exact), (exact, name, is_common))
        return cls(found, tuple(dict.fromkeys(too_short)))

    @staticmethod
    def fits(values: Iterable[tuple[str, str]]) -> bool:
        """Whether these (name, value) pairs, with their members and lines, are few enough to be registered together.

        To be asked of what others wrote: a document of thousands of texts would take a machine its memory.
        """
        texts = 0
        for _, value in values:
            whole = value.strip()
            for text in chain((whole,), members(whole), torn(whole)):
                texts += 1 + min(len(text), _LONGEST_COUNTED) // _LENGTH_OF_A_TEXT
                if texts > MOST_TEXTS:
                    return False
        return True

    def __bool__(self) -> bool:
        return bool(self._anchors)

    def __repr__(self) -> str:
        return f"Registered({len(self._anchors)} beginnings)"

    @property
    def pieces(self) -> PieceIndex:
        """What finds pieces of the values; made when it is first needed."""
        if self._pieces is None:
            self._pieces = PieceIndex(self._groups)
        return self._pieces

    def candidates(self, solid: bytes) -> tuple[list[tuple[Group, int]], list[Row]]:
        """In a text without white space: (forms that may begin there, place) in order, and rows of a repeated form.

        Left out are beginnings that go on as no form does before any form is told.
        In a row only the places at its ends are given that the row itself does not answer for.
        """
        found: list[tuple[int, int]] = []
        rows: list[Row] = []
        if self._finder is not None:
            openings, end = self._openings, len(solid)
            for index, start in self._finder.find(solid):
                length, begins = openings.get(index) or self._opening(index)
                if (
                    solid[start : start + length] in begins
                    or start + length > end
                    or FIRST.search(solid, start + ANCHOR_LENGTH, start + length)
                ):
                    found.append((start, self._plain[index]))
        if self._rows is not None:
            in_rows, rows = self._rows.find(solid)
            if in_rows:
                found += in_rows
                found.sort()
        return [(self._groups[index], start) for start, index in found], rows

    def _opening(self, index: int) -> "tuple[int, frozenset[bytes]]":
        """So many bytes, and what they are wherever a form with this beginning stands, or a piece that tells one."""
        group = self._groups[self._plain[index]]
        solids = [form.solid for form in group.forms]
        length = min(_LONGEST_OPENING, *map(len, solids))
        least = self.pieces.telling(group)
        if least <= group.longest:
            length = min(length, least)
        opening = self._openings[index] = length, frozenset(solid[:length] for solid in solids)
        return opening

    def beginnings(self, solid: bytes, shortest: int) -> Iterator[int]:
        """Where in a text shorter than an anchor a proper beginning of some form stands at its end, earliest first."""
        heads = self._heads
        for start in range(len(solid) - shortest + 1):
            if solid[start : start + 3] in heads and self._is_beginning(solid[start:]):
                yield start

    def _is_beginning(self, solid: bytes) -> bool:
        place = bisect_left(self._anchors, solid)
        return any(anchor.startswith(solid) and anchor != solid for anchor in self._anchors[place : place + 2])


def _solid(form: _Bytes) -> bytes:
    return form if isinstance(form, bytes) else form[0]


def _value_forms(value: str) -> "Iterable[tuple[str, Iterable[bytes]]]":
    """(text, its forms) of the value and of what is registered of it besides."""
    whole = value.strip()
    yield whole, forms(whole)
    yield "", rare_forms(whole)
    # `echo "$SECRET" | base64`
    if whole != value:
        yield "", rare_forms(value)
    yield value, forms(value) if whole != value else base64_forms(f"{value}\n".encode("utf-8", "surrogatepass"))
    for rest in torn(whole):
        yield rest, escaped_forms(rest)
    parts = [part.strip() for part in members(whole)]
    for part in parts:
        if len(part) >= SHORTEST_VALUE:
            yield part, forms(part)
    if not parts:
        for line in whole.splitlines():
            line = line.strip()
            if len(line) >= SHORTEST_LINE and line != whole and not line.startswith("-----"):
                yield line, escaped_forms(line)


def _cut(form: bytes) -> Iterable[tuple[bytes, bytes | None]]:
    """(solid, exact) of a form; a very long one is cut, so that what is held back stays bounded."""
    exact = BARS.sub(b"", form).strip(WHITE)
    solid = exact.translate(None, WHITE)
    if not solid or len(exact) < SHORTEST_VALUE:
        return
    if len(solid) < SHORTEST_WRAPPED and b"\n" not in exact:
        yield solid, exact
        return
    for place in range(0, len(solid), LONGEST_FORM):
        piece = solid[place : place + LONGEST_FORM]
        if place == 0 or len(piece) >= SHORTEST_WRAPPED:
            yield piece, None
