"""The signs on one line: found by an automaton for literals, and looked at with what follows each of them.

RE2 makes the states of its automata while it reads, and a line with a secret is one that it never met: what is random
needs new states all the time. The automaton for literals is complete from the beginning, and `re` has no states. What
follows a literal on a long line is looked at by RE2 all the same, in time that grows with it: an automaton for one look
is small.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import SIGNS, UNSIGNED
from planes.scrub.search.engine import Ends, compile_at, compile_literals
from planes.scrub.search.scanned import SignBits
from planes.scrub.search.spelling import Covered, is_bounded, loosened

# On longer lines, and on those with so many literals, `re` could take long.
LONGEST_QUICK = 1024
_MOST = 200
# There, behind so many signs, or behind so many literals of which it takes a long look to tell that they are none, a
# literal counts as a sign wherever it stands.
_MOST_SIGNS = 200
_MOST_IN_VAIN = 1000
# So many times digits are looked at there that may be those of a card.
_MOST_SHAPED = 200
# Signs of one letter or two are found by their shape if a rule has more of them than this.
_FEW = 8
# What each name holds one of; shapes of flags take the last as a name too.
NAMES = frozenset((*SIGNS, *UNSIGNED, b"bearer"))
# A digit is `0`, a capital `A`, everything else `.`
_SHAPES = bytes(0x30 if 48 <= byte <= 57 else 0x41 if 65 <= byte <= 90 else 0x2E for byte in range(256))
_SHAPED = re.compile(rb"\[(0-9|A-Z)\](?:\{([0-9]{1,2})\})?")


class _Look(Protocol):
    """Tells whether what stands around a literal [start, end) of a line makes it a sign.

    Attributes:
        is_bounded: whether that is told by so many bytes, and not by all of a word.
    """

    is_bounded: bool

    def __call__(self, line: bytes, start: int, end: int, /) -> bool: ...

    def far(self, line: bytes, start: int, end: int, /) -> bool:
        """The same in time that grows with what is looked at, for lines of any length."""
        ...


class SignsOnLine:
    """Tells whose signs stand on a line."""

    __slots__ = ("_find", "_is_name", "_literals", "_shaped")

    def __init__(self, rules: Sequence[Rule], bits_of: SignBits) -> None:
        groups: dict[tuple[bytes, bytes, bool], dict[bytes, None]] = {}
        # What makes a sign for most rules is looked at first.
        common = Counter((rule.before, rule.follow, rule.any_case) for rule in rules)
        for rule in sorted(rules, key=lambda rule: -common[rule.before, rule.follow, rule.any_case]):
            groups.setdefault((rule.before, rule.follow, rule.any_case), {}).update(dict.fromkeys(rule.signs))
        is_covered = Covered(
            (sign, loosened(follow))
            for (before, follow, is_any_case), signs in groups.items()
            if is_any_case and not before
            for sign in signs
        )
        self._shaped: list[_Shaped] = []
        looks: dict[tuple[bytes, bool], tuple[_Look, ...]] = {}
        for (before, exactly, is_any_case), signs in groups.items():
            follow = loosened(exactly)
            shape = _shape_of(list(signs), follow)
            if shape:
                self._shaped.append(_Shaped(shape, {sign: bits_of.exact[sign] for sign in signs}, before, follow))
                continue
            behind = (_Behind(follow, is_any_case=is_any_case),)
            for sign in signs:
                if not before and is_covered(sign, follow, is_any_case=is_any_case):
                    made_by: tuple[_Look, ...] = ()
                else:
                    made_by = (_Around(before, sign, follow),) if before else behind
                others = looks.get((sign, is_any_case))
                looks[sign, is_any_case] = others + made_by if others else made_by
        literals: dict[bytes, tuple[_Sign, ...]] = {}
        for (sign, is_any_case), made_by in looks.items():
            bits = (bits_of.any_case if is_any_case else bits_of.exact).get(sign, 0)
            literal = sign if is_any_case else sign.lower()
            literals[literal] = (*literals.get(literal, ()), (b"" if is_any_case else sign, bits, made_by))
        literals |= {name: literals.get(name, ()) for name in UNSIGNED}
        # Most literals are signs of the same names: made anew for each, what is said of them was a fifth of a MB.
        shared: dict[tuple[_Sign, ...], tuple[_Sign, ...]] = {}
        self._literals = tuple(shared.setdefault(signs, signs) for signs in literals.values())
        self._is_name = bytes(literal in NAMES for literal in literals)
        self._find = compile_literals(list(literals))

    def find(self, line: bytes) -> tuple[int, int, Sequence[int]]:
        """Whose signs stand on a line (a bit set), where the last one does (-1: none does), where those of names do.

        The line comes with its newline. On a long one, literals may count as signs that are none.
        """
        found = self._find_quickly(line) if len(line) <= LONGEST_QUICK + 1 else None
        return self._find_far(line) if found is None else found

    def _find_quickly(self, line: bytes) -> tuple[int, int, Sequence[int]] | None:
        """None: there are so many literals that it could take long."""
        bits_at: dict[int, int] = {}
        places: set[int] = set()
        names: list[int] = []
        count = 0
        literals, is_name = self._literals, self._is_name
        for index, place, end in self._find(line.lower()):
            count += 1
            if is_name[index]:
                names.append(place)
            for sign, bits, looks in literals[index]:
                if sign and not line.startswith(sign, place):
                    continue
                if bits:
                    bits_at[place] = bits_at.get(place, 0) | bits
                if place not in places:
                    for look in looks:
                        if look(line, place, end):
                            places.add(place)
                            break
        shape = line.translate(_SHAPES)
        for shaped in self._shaped:
            wanted, bits_of, length = shaped.shape, shaped.bits, shaped.length
            place = shape.find(wanted)
            while place >= 0 and count <= _MOST:
                count += 1
                bits = bits_of.get(line[place : place + length])  # years and times have the shape, but no sign
                if bits and shaped.stands_at(line, place):
                    bits_at[place] = bits_at.get(place, 0) | bits
                    places.add(place)
                place = shape.find(wanted, place + 1)
        if count > _MOST:
            return None
        chosen, last = 0, -1
        for place in places:
            chosen |= bits_at.get(place, 0)
            if place > last:
                last = place
        names.sort()
        return chosen, last, names

    def _find_far(self, line: bytes) -> tuple[int, int, Sequence[int]]:
        bits_at: dict[int, int] = {}
        places: set[int] = set()
        names: list[int] = []
        in_vain = 0
        literals, is_name = self._literals, self._is_name
        for index, place, end in self._find(line.lower()):
            if is_name[index]:
                names.append(place)
            for sign, bits, looks in literals[index]:
                if sign and not line.startswith(sign, place):
                    continue
                if bits:
                    bits_at[place] = bits_at.get(place, 0) | bits
                if place in places:
                    continue
                if len(places) < _MOST_SIGNS and not any(look.far(line, place, end) for look in looks):
                    if in_vain < _MOST_IN_VAIN:
                        in_vain += any(not look.is_bounded for look in looks)
                        continue
                    if all(look.is_bounded for look in looks):
                        continue
                places.add(place)
        shape = line.translate(_SHAPES)
        for shaped in self._shaped:
            wanted, bits_of, length = shaped.shape, shaped.bits, shaped.length
            place = shape.find(wanted)
            tried = 0
            while place >= 0:
                bits = bits_of.get(line[place : place + length])
                if tried >= _MOST_SHAPED:
                    place = shape.rfind(wanted)
                    bits_at[place] = bits_at.get(place, 0) | shaped.all_bits
                    places.add(place)
                    break
                if bits:
                    tried += 1
                    if shaped.far(line, place):
                        bits_at[place] = bits_at.get(place, 0) | bits
                        places.add(place)
                place = shape.find(wanted, place + 1)
        chosen = 0
        for place in places:
            chosen |= bits_at.get(place, 0)
        names.sort()
        return chosen, max(places, default=-1), names


_Sign = tuple[bytes, int, tuple[_Look, ...]]
"""A literal as it must stand there (nothing: in any case), its bits, and what makes it a sign."""


class _Behind:
    """Looks at what follows a literal."""

    __slots__ = ("_far", "_match", "_pattern", "is_bounded")

    def __init__(self, follow: bytes, *, is_any_case: bool) -> None:
        self._pattern = b"(?i:%s)" % follow if is_any_case else follow
        self._match: re.Pattern[bytes] | None = None
        self._far: Ends | None = None
        self.is_bounded = is_bounded(follow)

    def __call__(self, line: bytes, start: int, end: int, /) -> bool:
        del start
        if not self._pattern:
            return True
        if self._match is None:
            self._match = re.compile(self._pattern)
        return self._match.match(line, end) is not None

    def far(self, line: bytes, start: int, end: int, /) -> bool:
        del start
        if not self._pattern:
            return True
        if self._far is None:
            self._far = compile_at(self._pattern)
        return self._far(line, end) >= 0


class _Around:
    """Looks at what stands before a literal, at most one byte, and at what follows."""

    __slots__ = ("_far", "_pattern", "is_bounded")

    def __init__(self, before: bytes, sign: bytes, follow: bytes) -> None:
        self._pattern = re.compile(before + re.escape(sign) + follow)
        self._far: Ends | None = None
        self.is_bounded = is_bounded(follow)

    def __call__(self, line: bytes, start: int, end: int, /) -> bool:
        del end
        match = self._pattern.match
        return match(line, start) is not None or (start > 0 and match(line, start - 1) is not None)

    def far(self, line: bytes, start: int, end: int, /) -> bool:
        del end
        if self._far is None:
            self._far = compile_at(self._pattern.pattern)
        return self._far(line, start) >= 0 or (start > 0 and self._far(line, start - 1) >= 0)


class _Shaped:
    """Short signs of one rule, which stand where a shape does (`AA00`).

    Attributes:
        shape: digits and capitals of a sign, and of what follows it.
        bits: whose signs they are.
        all_bits: the same of all of them.
        length: of each.
    """

    __slots__ = ("_far", "_look", "all_bits", "bits", "length", "shape")

    def __init__(self, shape: bytes, bits: Mapping[bytes, int], before: bytes, follow: bytes) -> None:
        self.shape = shape
        self.bits = bits
        self.all_bits = 0
        for each in bits.values():
            self.all_bits |= each
        self.length = len(next(iter(bits)))
        self._look = re.compile(before + b"(?:%s)" % b"|".join(bits) + follow)
        self._far: Ends | None = None

    def stands_at(self, line: bytes, place: int) -> bool:
        """Whether what stands around the text of a sign makes it one."""
        match = self._look.match
        return match(line, place) is not None or (place > 0 and match(line, place - 1) is not None)

    def far(self, line: bytes, place: int) -> bool:
        """The same in time that grows with what is looked at."""
        if self._far is None:
            self._far = compile_at(self._look.pattern)
        return self._far(line, place) >= 0 or (place > 0 and self._far(line, place - 1) >= 0)


def _shape_of(signs: Sequence[bytes], follow: bytes) -> bytes:
    """The shape of many short signs and what follows them, as far as that is digits and capitals; nothing if other."""
    shapes = {sign.translate(_SHAPES) for sign in signs}
    if len(signs) <= _FEW or len(shapes) > 1 or b"." in (shape := shapes.pop()) or len(shape) > 2:
        return b""
    return shape + b"".join(_leading(follow))


def _leading(pattern: bytes) -> Iterator[bytes]:
    place = 0
    while (match := _SHAPED.match(pattern, place)) and pattern[match.end() : match.end() + 1] not in (b"?", b"*", b"{"):
        yield (b"0" if match[1] == b"0-9" else b"A") * int(match[2] or 1)
        place = match.end()
