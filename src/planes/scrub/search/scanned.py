"""The signs on a line, sign by sign as RE2 finds them: for lines of any length, in time that grows with it."""

from collections.abc import Iterable, Sequence

from planes.scrub.rules.model import Rule
from planes.scrub.search.engine import PatternSet, compile_pattern, compile_set
from planes.scrub.search.spelling import MOST_COUNTED, Covered, loosened, quoted

# So many signs on one line are followed up one by one; behind them a sign counts wherever it stands.
_MOST_SIGNS = 200
# Signs are looked up by so many bytes at their beginnings.
_HEAD = 2
# So many texts are remembered with the signs that begin them.
_MOST_BEGINNINGS = 4096
# Of the signs with one beginning: the lengths of those found as they are, and of those found in any case.
_Lengths = tuple[tuple[int, ...], tuple[int, ...]]


class SignBits:
    """Whose signs are whose: for each the bits of rules, in the order they were given.

    Attributes:
        exact: signs that are found as they are.
        any_case: signs that are found in any case, in small letters.
        behind: what signs begin with before which the scan takes one byte more.
    """

    __slots__ = ("any_case", "behind", "exact")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.exact: dict[bytes, int] = {}
        self.any_case: dict[bytes, int] = {}
        self.behind = frozenset(sign[0] for rule in rules if rule.before for sign in rule.signs)
        for index, rule in enumerate(rules):
            table, bit = self.any_case if rule.any_case else self.exact, 1 << index
            for sign in rule.signs:
                # One number for all signs of a rule: made anew for each, they were a fifth of a MB of every runner.
                table[sign] = table[sign] | bit if sign in table else bit


class SignsOnLongLine:
    """Tells whose signs stand on a line."""

    __slots__ = ("_any_case", "_beginnings", "_behind", "_each", "_exact", "_lengths", "_longest", "_set")

    def __init__(self, rules: Iterable[Rule], bits: SignBits) -> None:
        self._exact, self._any_case, self._behind = bits.exact, bits.any_case, bits.behind
        self._lengths = _lengths_by_head(self._exact, self._any_case)
        self._longest = {head: max((*exact, *any_case, 0)) for head, (exact, any_case) in self._lengths.items()}
        self._beginnings: dict[bytes, int] = {}
        self._each = compile_pattern(scan_pattern(rules))
        self._set: PatternSet | None = None

    def find(self, text: bytes, start: int, end: int) -> tuple[int, int]:
        """Whose signs stand on the line [start, end) of a text (a bit set), and where in it the last one does."""
        each = self._each
        chosen = seen = 0
        last = start - 1
        match = each.places(text, start)
        while match and (place := match[0][0]) < end:
            chosen |= self._at(text, place)
            last = place
            seen += 1
            if seen > _MOST_SIGNS:
                return chosen | self._anywhere(text[last + 1 : end]), end - start
            match = each.places(text, place + 1)
        return chosen, last - start

    def _at(self, text: bytes, place: int) -> int:
        """The rules one of whose signs begins at `place`, or behind the byte there."""
        chosen = self._beginning_at(text, place)
        if place + 1 < len(text) and text[place + 1] in self._behind:
            chosen |= self._beginning_at(text, place + 1)
        return chosen

    def _beginning_at(self, text: bytes, place: int) -> int:
        head = text[place : place + _HEAD].lower()
        beginning = text[place : place + (self._longest.get(head) or self._longest[b""])]
        chosen = self._beginnings.get(beginning)
        if chosen is None:
            if len(self._beginnings) >= _MOST_BEGINNINGS:
                self._beginnings.clear()
            chosen = self._beginnings[beginning] = self._begins(beginning)
        return chosen

    def _begins(self, text: bytes) -> int:
        """The rules one of whose signs begins a text."""
        chosen = 0
        exact, any_case = self._lengths.get(text[:_HEAD].lower(), self._lengths[b""])
        for length in exact:
            chosen |= self._exact.get(text[:length], 0)
        for length in any_case:
            chosen |= self._any_case.get(text[:length].lower(), 0)
        return chosen

    def _anywhere(self, text: bytes) -> int:
        """The rules one of whose signs stands in a text, whatever follows it."""
        if self._set is None:
            self._set = compile_set(
                [*map(quoted, self._exact), *(b"(?i:%s)" % quoted(sign) for sign in self._any_case)]
            )
        owners = (*self._exact.values(), *self._any_case.values())
        chosen = 0
        for index in self._set(text):
            chosen |= owners[index]
        return chosen


def _lengths_by_head(exact: Iterable[bytes], any_case: Iterable[bytes]) -> "dict[bytes, _Lengths]":
    """The lengths of the signs that begin with so many bytes; under nothing, of those that are shorter."""
    lengths: dict[bytes, tuple[set[int], set[int]]] = {b"": (set(), set())}
    for kind, signs in enumerate((exact, any_case)):
        for sign in signs:
            head = sign[:_HEAD].lower() if len(sign) >= _HEAD else b""
            lengths.setdefault(head, (set(), set()))[kind].add(len(sign))
    short = lengths[b""]
    return {
        head: (tuple(sorted(found[0] | short[0])), tuple(sorted(found[1] | short[1])))
        for head, found in lengths.items()
    }


def scan_pattern(rules: Iterable[Rule], most_counted: int = MOST_COUNTED) -> bytes:
    """One alternation of the signs of all rules, each with what must follow it."""
    exact: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    any_case: dict[tuple[bytes, bytes], dict[bytes, None]] = {}
    counted = [(rule, loosened(rule.follow, most_counted)) for rule in rules]
    is_covered = Covered(
        (sign, follow) for rule, follow in counted if rule.any_case and not rule.before for sign in rule.signs
    )
    for rule, follow in counted:
        table = any_case if rule.any_case else exact
        for sign in rule.signs:
            if rule.before or not is_covered(sign, follow, is_any_case=rule.any_case):
                table.setdefault((rule.before, follow), {})[quoted(sign)] = None
    pieces = [b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in exact.items()]
    if any_case:
        folded = (b"%s(?:%s)%s" % (before, b"|".join(signs), follow) for (before, follow), signs in any_case.items())
        pieces.append(b"(?i:%s)" % b"|".join(folded))
    return b"|".join(pieces)
