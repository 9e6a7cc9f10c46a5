"""The values that one run must never print, compiled once with every form in which programs print them."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from planes.scrub.encodings import base64_forms, escaped_forms, forms
from planes.scrub.engine import Finder, compile_needles
from planes.scrub.shadow import WHITE
from planes.scrub.structured import members

# What would end a mask too early, or a line.
_UNFIT_IN_MASK = re.compile(r"[\x00-\x1f\]\x7f-\x9f\u2028\u2029\ud800-\udfff]")
SHORTEST_VALUE = 5
# From this many solid bytes on, a form is also found when white space (a line border, an indent) was put into it.
SHORTEST_WRAPPED = 12
# A line of a value is registered on its own only if it is long enough to be nothing else by chance.
SHORTEST_LINE = 16
LONGEST_FORM = 16 * 1024
ANCHOR_LENGTH = 8


class Form(NamedTuple):
    """One form: its bytes without white space, the exact bytes where white space counts, and the name in the mask."""

    solid: bytes
    exact: bytes | None
    name: str

    @property
    def reach(self) -> int:
        """The most bytes that an occurrence may cover, colour codes and white space included."""
        return 4 * len(self.solid) + 4096


class Registered:
    """Registered values, compiled. Immutable; share one between all streams of a run.

    Attributes:
        too_short: names whose values have under five characters. They are not registered: the user is told.
    """

    __slots__ = ("_anchors", "_finder", "_forms", "_heads", "reach", "too_short")

    def __init__(self, named_forms: Iterable[Form], too_short: tuple[str, ...] = ()) -> None:
        self.too_short = too_short
        by_anchor: dict[bytes, list[Form]] = {}
        for form in dict.fromkeys(named_forms):
            by_anchor.setdefault(form.solid[:ANCHOR_LENGTH], []).append(form)
        self._anchors = sorted(by_anchor)
        self._heads = {anchor[:length] for anchor in self._anchors for length in (1, 2, 3)}
        self._forms = [tuple(by_anchor[anchor]) for anchor in self._anchors]
        self._finder: Finder | None = compile_needles(self._anchors) if self._anchors else None
        self.reach = max((form.reach for group in self._forms for form in group), default=0)

    @classmethod
    def empty(cls) -> "Registered":
        """No values."""
        return cls(())

    @classmethod
    def from_values(cls, values: Iterable[tuple[str, str]]) -> "Registered":
        """Register (name, value) pairs: each value, its forms, its members, and its long lines.

        Where two values share a form, the first name stands in the mask.
        """
        found: dict[tuple[bytes, bytes | None], str] = {}
        too_short: list[str] = []
        for name, value in values:
            name = _UNFIT_IN_MASK.sub("_", name)
            if len(value.strip()) < SHORTEST_VALUE:
                too_short.append(name)
                continue
            for form in _value_forms(value):
                for solid, exact in _pieces(form):
                    found.setdefault((solid, exact), name)
        named = (Form(solid, exact, name) for (solid, exact), name in found.items())
        return cls(named, tuple(dict.fromkeys(too_short)))

    def __bool__(self) -> bool:
        return self._finder is not None

    def __repr__(self) -> str:
        return f"Registered({len(self._anchors)} beginnings)"

    def candidates(self, solid: bytes) -> Iterator[tuple[tuple[Form, ...], int]]:
        """(forms that may begin there, start) for each place in a text without white space."""
        if self._finder is not None:
            for index, start in self._finder.find(solid):
                yield self._forms[index], start

    def beginnings(self, solid: bytes, shortest: int) -> Iterator[int]:
        """Where in a text shorter than an anchor a proper beginning of some form stands at its end, earliest first."""
        heads = self._heads
        for start in range(len(solid) - shortest + 1):
            if solid[start : start + 3] in heads and self._is_beginning(solid[start:]):
                yield start

    def _is_beginning(self, solid: bytes) -> bool:
        place = bisect_left(self._anchors, solid)
        return any(anchor.startswith(solid) and anchor != solid for anchor in self._anchors[place : place + 2])


def _value_forms(value: str) -> Iterable[bytes]:
    whole = value.strip()
    yield from forms(whole)
    if whole != value:
        yield from forms(value)
    else:
        yield from base64_forms(f"{value}\n".encode("utf-8", "surrogatepass"))  # `echo "$SECRET" | base64`
    parts = [part.strip() for part in members(whole)]
    for part in parts:
        if len(part) >= SHORTEST_VALUE:
            yield from forms(part)
    if not parts:
        for line in whole.splitlines():
            line = line.strip()
            if len(line) >= SHORTEST_LINE and line != whole and not line.startswith("-----"):
                yield from escaped_forms(line)


def _pieces(form: bytes) -> Iterable[tuple[bytes, bytes | None]]:
    """(solid, exact) of a form; a very long one is cut, so that what is held back stays bounded."""
    exact = form.strip(WHITE)
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
