"""What must stand on a line for the shapes of names to match there, looked for of all of them in one pass.

Dozens of shapes share their signs, and each is a search of its own. Most are told apart by what stands between the name
and the value: `": "`, `</td><td>`, ` -> `. An automaton for whole shapes grows without end, since a name may begin
anywhere and a value be anything; one for what stands between stays small.
"""

import re
from collections.abc import Mapping, Sequence

from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.languages import FOREIGN_KEY
from planes.scrub.rules.named.vocabulary import KEY
from planes.scrub.search.engine import Literals, compile_literals, compile_set
from planes.scrub.search.line_signs import LONGEST_QUICK, NAMES
from planes.scrub.search.spelling import loosened

_SECRET = b"(?P<secret>"
# Names that a shape takes besides those of the vocabulary: `(?:KEY|bearer)`
_OTHER_NAMES = re.compile(rb"(?:\|[a-z]+)+\)")
# The class of a value's first sign.
_FIRST_SIGN = re.compile(rb"(\[\^?\]?(?:\\.|[^\]\\])*\])(?![*?]|\{0)")
_ANY_CASE = b"(?i)"
# How a name may end.
_LAST = rb"[0-9A-Za-z\x80-\xff]"
# What names consist of, behind the beginnings of their signs. What follows a name is looked for wherever one may end,
# and no farther: an automaton that also reads the value makes new states for each.
_NAME = re.compile(rb"[0-9A-Za-z_. -]*")
_BEHIND = b"(?i)[0-9A-Za-z_. -]*[0-9A-Za-z]"
# So many texts that begin with a name are remembered with the shapes that may match there.
_MOST_REMEMBERED = 512
# On a line with more names than this, what stands between is looked for anywhere: behind each of them it would be read
# again and again. There the automaton for all makes states without end, and takes microseconds a byte.
_MOST_NAMES = 512


def between(pattern: bytes) -> bytes | None:
    """A pattern for what stands between name and value wherever a shape matches, up to the value's first sign.

    None: the shape does not say that alone.
    """
    for key in (KEY, FOREIGN_KEY):
        if pattern.count(key) == 1:
            before, _, behind = pattern.partition(key)
            others = _OTHER_NAMES.match(behind) if before.endswith(b"(?:") else None
            middle, secret, value = behind[others.end() if others else 0 :].partition(_SECRET)
            if secret and _is_whole(middle):
                first = _FIRST_SIGN.match(value)
                return _ANY_CASE + _LAST + loosened(middle) + (first[1] if first else b"")
    return None


def _is_whole(pattern: bytes) -> bool:
    """Whether a piece of a pattern is a pattern, and no choice."""
    depth = 0
    for sign in re.finditer(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", pattern, re.DOTALL):
        depth += {b"(": 1, b")": -1}.get(sign[0], 0)
        if depth < 0 or (sign[0] == b"|" and not depth):
            return False
    return not depth


_UNITS = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|[^\\\[()]", re.DOTALL)
_QUANTIFIER = re.compile(rb"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??")
# What takes in words and secrets and all that stands between them.
_ALL_SORTS = re.compile(rb"\[\^[{}<>\\n]*\](?:[*+]|\{[0-9]+,[0-9]*\})")


def beginning(pattern: bytes) -> bytes:
    """The beginning of a pattern that matches wherever the pattern does, up to where it takes in all sorts of text."""
    place = depth = first = 0
    while place < len(pattern):
        unit = _UNITS.match(pattern, place)
        if unit is None:
            return pattern[:first]
        depth += {b"(": 1, b")": -1}.get(unit[0], 0)
        place = unit.end()
        if not depth:
            quantifier = _QUANTIFIER.match(pattern, place)
            place = quantifier.end() if quantifier else place
            if _ALL_SORTS.search(pattern, first, place):
                return pattern[:first]
            first = place
    return pattern


def _begins_with_name(rule: Rule) -> bool:
    """Whether a shape begins with a name of the vocabulary, so that what it needs stands behind one."""
    return rule.pattern.startswith(_ANY_CASE + KEY)


_Need = tuple[int, Sequence[bytes], bool]
"""Bits of rules, literals of which each needs one, and whether that stands behind a name."""


class Demands:
    """Tells which rules (bits of a number) cannot match on a line, by the literals that they need and what is between.

    Attributes:
        members: the rules of which it can tell.
    """

    __slots__ = (
        "_anywhere",
        "_behind",
        "_foreign",
        "_free",
        "_literals",
        "_needs",
        "_needy",
        "_patterns",
        "_remembered",
        "_wanted",
        "members",
    )

    def __init__(self, rules: Sequence[Rule]) -> None:
        betweens: dict[bytes, int] = {}
        self._wanted = [
            (1 << index, rule.needs, _begins_with_name(rule)) for index, rule in enumerate(rules) if rule.needs
        ]
        self._needs: _Needs | None = None
        self._needy = sum(bit for bit, _, _ in self._wanted)
        told = self._foreign = 0
        for index, rule in enumerate(rules):
            middle = between(rule.pattern) if rule.any_case else None
            if middle is not None:
                betweens[middle] = betweens.get(middle, 0) | 1 << index
                told |= 1 << index
                if FOREIGN_KEY in rule.pattern:
                    self._foreign |= 1 << index
        self._patterns = betweens
        self.members = self._needy | told
        self._free = ((1 << len(rules)) - 1) ^ told
        self._anywhere: _Owned | None = None
        self._behind: _Owned | None = None
        self._literals: Literals | None = None
        self._remembered: dict[bytes, int] = {}

    def prepare(self) -> "_Owned":
        """Compile now what is needed for lines whose names are known."""
        if self._behind is None:
            owners: dict[bytes, int] = {}
            for middle, rules in self._patterns.items():
                pattern = _BEHIND + beginning(middle.removeprefix(_ANY_CASE + _LAST))
                owners[pattern] = owners.get(pattern, 0) | rules
            self._behind = _Owned(owners, at_begin=True)
            self._compiled_needs()
        return self._behind

    def met(self, line: bytes, chosen: int, names: "Sequence[int] | None" = None) -> int:
        """Of some rules those that may match on a line; `names`: where all signs of names stand in it, if known."""
        may = self._free
        places = sorted(place for _, place, _ in self._names()(line.lower())) if names is None else names
        if len(places) > _MOST_NAMES:
            if self._anywhere is None:
                self._anywhere = _Owned(self._patterns, at_begin=False)
            may |= self._anywhere.matching(line)
        else:
            may |= self._foreign | self._behind_names(line, places)  # no names of the vocabulary
        chosen &= may
        if chosen & self._needy:
            needs = self._needs or self._compiled_needs()
            chosen &= ~self._needy | needs.met(line.lower(), names[0] if names else 0)
        return chosen

    def _behind_names(self, line: bytes, places: "Sequence[int]") -> int:
        """The rules that may match by what stands behind the names of a line, the signs of which stand at `places`."""
        behind = self._behind or self.prepare()
        found, known = 0, -1
        is_short = len(line) <= LONGEST_QUICK
        for place in places:
            if place < known:
                continue
            text = line[place:]
            rules = self._remembered.get(text) if is_short else None
            if rules is None:
                rules = behind.matching(text)
                if is_short:
                    if len(self._remembered) >= _MOST_REMEMBERED:
                        self._remembered.clear()
                    self._remembered[text] = rules
            found |= rules
            if place != places[-1]:
                run = _NAME.match(line, place)
                known = run.end() if run else place
        return found

    def _names(self) -> Literals:
        """What finds the signs of names on a line on which they are not known, which is a long one."""
        if self._literals is None:
            self._literals = compile_literals(tuple(NAMES))
        return self._literals

    def _compiled_needs(self) -> "_Needs":
        needs = self._needs = _Needs(self._wanted)
        return needs


def _found_nowhere(text: bytes) -> "Sequence[tuple[int, int, int]]":
    del text
    return ()


class _Needs:
    """Literals of which rules need one each; a line is read once for all of them."""

    __slots__ = ("_few", "_find", "_owners")

    def __init__(self, needs: "Sequence[_Need]") -> None:
        owners: dict[bytes, tuple[int, int]] = {}
        for bit, literals, is_behind in needs:
            for literal in literals:
                anywhere, behind = owners.get(literal, (0, 0))
                owners[literal] = (anywhere, behind | bit) if is_behind else (anywhere | bit, behind)
        # A single sign stands on a line many times over, and one look tells whether it does.
        self._few = [(literal, *bits) for literal, bits in owners.items() if len(literal) == 1]
        many = {literal: bits for literal, bits in owners.items() if len(literal) > 1}
        self._owners = list(many.values())
        self._find = compile_literals(list(many)) if many else _found_nowhere

    def met(self, lowered: bytes, first: int) -> int:
        """The rules one of whose literals stands in a line in small letters, for some of them at or behind `first`."""
        met = 0
        find = lowered.find  # `in` takes three times as long: it tries the literal as a number first
        for literal, anywhere, behind in self._few:
            place = find(literal)
            if place >= 0:
                met |= anywhere
                if behind and (place >= first or find(literal, first) >= 0):
                    met |= behind
        owners = self._owners
        for index, place, _ in self._find(lowered):
            anywhere, behind = owners[index]
            met |= anywhere | behind if place >= first else anywhere
        return met


class _Owned:
    """Patterns that are looked for together, each with the rules that it says may match."""

    __slots__ = ("_matching", "_owners")

    def __init__(self, owners: Mapping[bytes, int], *, at_begin: bool) -> None:
        self._owners = list(owners.values())
        self._matching = compile_set(list(owners), at_begin=at_begin)

    def matching(self, text: bytes) -> int:
        """The rules of the patterns that match."""
        found = 0
        for index in self._matching(text):
            found |= self._owners[index]
        return found
