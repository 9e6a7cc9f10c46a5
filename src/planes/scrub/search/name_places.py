"""Where names begin on a line, so that the shapes that begin with one are tried there."""

import re
from collections.abc import Sequence

from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import KEY
from planes.scrub.search.engine import Pattern, compile_pattern
from planes.scrub.search.spelling import TOKEN

# On longer lines, and on lines with more names, RE2 looks for each shape: `re` could take long there. It tries each
# name with what follows, so what counts is the product.
_LONGEST_LINE = 1024
_MOST_TRIED = 8192
# Behind a name with more blanks `re` would try each way to share them out: 480 of them took it two seconds.
_LONG_GAP = b" " * 32
_GAPS = bytes(0x20 if byte == 0x09 else byte for byte in range(256))
# So far before and behind the beginning of its sign a name may reach; what follows there may be more of it.
_BEFORE, _BEHIND = 64, 24
# A name is of no more words than that, of which the last one may be behind the sign.
_MOST_WORDS = 3
# So many texts are remembered with the names in them: programs say the same names again and again.
_MOST_REMEMBERED = 2048
_OF_NAMES = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_. -")
_TEXTS = bytes(byte if byte in _OF_NAMES else 0x0A for byte in range(256))
_ANY_CASE = b"(?i)"


Name = tuple[int, Sequence[int] | None]
"""Where a name may begin, and where names that begin there may end (None: not known)."""


class AtName:
    """A pattern whose matches begin with a name."""

    __slots__ = ("_behind", "_pattern", "_rule")

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._pattern: re.Pattern[bytes] | None = None
        self._behind: re.Pattern[bytes] | None = None

    @classmethod
    def of(cls, rule: Rule) -> "AtName | None":
        """None if matches of a rule begin otherwise."""
        if not rule.any_case:
            return None
        pattern = rule.pattern
        return cls(rule) if pattern.startswith(_ANY_CASE + KEY) and not _has_choice(pattern) else None

    def prepare(self) -> "re.Pattern[bytes]":
        """Compile the pattern now."""
        if self._pattern is None:
            self._pattern = re.compile(self._rule.pattern)
        return self._pattern

    def _behind_names(self) -> "re.Pattern[bytes]":
        """What follows the name in a match, compiled when it is first needed."""
        behind = self._behind = re.compile(_ANY_CASE + self._rule.pattern.removeprefix(_ANY_CASE + KEY))
        return behind

    def matches(self, line: bytes, names: Sequence[Name]) -> "list[tuple[int, int, int]]":
        """Where matches begin, of these names, and where the secret in each begins and ends; they may overlap."""
        behind_at = (self._behind or self._behind_names()).match
        found: list[tuple[int, int, int]] = []
        for begin, ends in names:
            match: re.Match[bytes] | None = None
            is_one = ends is not None
            for end in ends or ():
                behind = behind_at(line, end)
                if behind is not None:
                    is_one = match is None
                    match = behind
            if not is_one:  # which end is the name's own, only the whole pattern says
                match = (self._pattern or self.prepare()).match(line, begin)
            if match is not None:
                found.append((begin, *match.span("secret")))
        return found


def _has_choice(pattern: bytes) -> bool:
    """Whether a pattern is a choice of several, not only pieces of it."""
    depth = 0
    for token in TOKEN.findall(pattern):
        depth += {b"(": 1, b")": -1}.get(token[:1], 0)
        if token == b"|" and not depth:
            return True
    return False


class NamePlaces:
    """Tells where names of the vocabulary begin and end: read once for all shapes, which then look behind them."""

    __slots__ = ("_key", "_named", "_names", "_remembered")

    def __init__(self) -> None:
        self._names: Pattern = compile_pattern(_ANY_CASE + KEY)
        self._key = re.compile(_ANY_CASE + KEY)
        self._remembered: dict[bytes, Sequence[Name]] = {}
        self._named: dict[bytes, Sequence[Name]] = {}

    def names(self, line: bytes, signs: Sequence[int]) -> Sequence[Name] | None:
        """Where names may begin on a line, in order; all that do are among these, and all ends of each.

        None: the line is one for RE2.

        Args:
            line: the line.
            signs: where the signs of names stand in it, in order.
        """
        length = len(line)
        if length > _LONGEST_LINE or length * len(signs) > _MOST_TRIED or not line.isascii():
            return None
        if line.translate(_GAPS).find(_LONG_GAP) >= 0:
            return None
        texts = line.translate(_TEXTS)
        found: dict[int, Sequence[int] | None] = {}
        for sign in signs:
            first = max(texts.rfind(b"\n", 0, sign) + 1, sign - _BEFORE)
            words = texts[first:sign].rsplit(b" ", _MOST_WORDS)
            if len(words) > _MOST_WORDS:
                first += len(words[0]) + 1
            stop = texts.find(b"\n", sign, sign + _BEHIND)
            is_cut = (stop < 0 and sign + _BEHIND < length) or (first == sign - _BEFORE and first > 0)
            text = texts[first : stop if stop >= 0 else sign + _BEHIND]
            names = None if is_cut else self._named.get(text)
            for place, ends in self._look(text, is_cut=is_cut) if names is None else names:
                found[first + place] = None if ends is None else [first + end for end in ends]
        return sorted(found.items()) if len(found) > 1 else list(found.items())

    def _look(self, text: bytes, *, is_cut: bool) -> "Sequence[Name]":
        """The names in a text. Where they end is looked at when it is met again: what is random never is."""
        known = self._remembered.get(text)
        if known is not None:
            return known if is_cut else self._with_ends(text, known)
        names: list[Name] = []
        match = self._names.places(text)
        while match is not None:
            names.append((match[0][0], None))
            match = self._names.places(text, match[0][0] + 1)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[text] = names
        return names

    def _with_ends(self, text: bytes, names: "Sequence[Name]") -> "Sequence[Name]":
        """The names in a text behind which no more of a name stands, with their ends."""
        matches, last = self._key.fullmatch, len(text) + 1
        named = [
            (begin, tuple(end for end in range(begin + 1, last) if matches(text, begin, end))) for begin, _ in names
        ]
        if len(self._named) >= _MOST_REMEMBERED:
            self._named.clear()
        self._named[text] = named
        return named
