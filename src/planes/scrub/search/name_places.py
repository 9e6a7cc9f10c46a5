"""Where names begin on a line, so that the shapes that begin with one are tried there."""

import re
from collections.abc import Sequence

from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import KEY
from planes.scrub.search.engine import Pattern, compile_pattern

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


class AtName:
    """A pattern whose matches begin with a name."""

    __slots__ = ("_pattern", "_source")

    def __init__(self, pattern: bytes) -> None:
        self._source = pattern
        self._pattern: re.Pattern[bytes] | None = None

    @classmethod
    def of(cls, rule: Rule) -> "AtName | None":
        """None if matches of a rule begin otherwise."""
        return cls(rule.pattern) if rule.any_case and rule.pattern.startswith(_ANY_CASE + KEY) else None

    def prepare(self) -> "re.Pattern[bytes]":
        """Compile the pattern now."""
        if self._pattern is None:
            self._pattern = re.compile(self._source)
        return self._pattern

    def matches(self, line: bytes, begins: Sequence[int]) -> "list[tuple[int, int, int]]":
        """Where matches begin, of these places, and where the secret in each begins and ends; they may overlap."""
        match_at = (self._pattern or self.prepare()).match
        found: list[tuple[int, int, int]] = []
        for begin in begins:
            match = match_at(line, begin)
            if match is not None:
                found.append((begin, *match.span("secret")))
        return found


class NamePlaces:
    """Tells where names of the vocabulary begin."""

    __slots__ = ("_names", "_remembered")

    def __init__(self) -> None:
        self._names: Pattern = compile_pattern(_ANY_CASE + KEY)
        self._remembered: dict[bytes, Sequence[int]] = {}

    def begins(self, line: bytes, signs: Sequence[int]) -> Sequence[int] | None:
        """Where names may begin on a line, in order; all that do are among these. None: the line is one for RE2.

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
        found: set[int] = set()
        for sign in signs:
            first = max(texts.rfind(b"\n", 0, sign) + 1, sign - _BEFORE)
            words = texts[first:sign].rsplit(b" ", _MOST_WORDS)
            if len(words) > _MOST_WORDS:
                first += len(words[0]) + 1
            stop = texts.find(b"\n", sign, sign + _BEHIND)
            text = texts[first : stop if stop >= 0 else sign + _BEHIND]
            places = self._remembered.get(text)
            if places is None:
                places = self._look(text)
            for place in places:
                found.add(first + place)
        return sorted(found)

    def _look(self, text: bytes) -> "Sequence[int]":
        places: list[int] = []
        match = self._names.places(text)
        while match is not None:
            places.append(match[0][0])
            match = self._names.places(text, match[0][0] + 1)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[text] = places
        return places
