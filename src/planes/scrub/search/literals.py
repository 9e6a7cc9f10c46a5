"""Patterns whose matches begin with a literal, as most tokens of providers do.

RE2 reads a line for each pattern that it is asked about, and where it never met such text it first makes the states for
it. On a short line it takes a part of that time to find the literal, and to try the pattern there with `re`. What is
found is the same. Lines on which `re` could be slow, or see other letters than RE2, are left to RE2.
"""

import re
from collections.abc import Sequence

from planes.scrub.rules.model import BEFORE
from planes.scrub.search.spelling import MAY_BE_NONE, QUANTIFIER, TOKEN

_LONGEST_LINE = 512
# So many places on a line are tried one by one: with the bound above, no line takes longer than 0.1 µs a byte.
_MOST_PLACES = 8
_SHORTEST_LITERAL = 2
_ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_BEFORE = BEFORE.encode("ascii")
# What may begin an escape, of so many bytes at most, that is a border although it ends in a letter or digit.
_ESCAPE = re.compile(rb"[\\%]")
_LONGEST_ESCAPE = 6
_SECRET = b"(?P<secret>"
_OPENS_GROUP = re.compile(rb"\((?:\?P<\w+>|\?:)")
# Signs that stand for more than themselves.
_META = b"\\.+*?()|[]{}^$"


class AtLiteral:
    """A pattern whose matches begin with a literal, or with what may stand before a format and a literal behind it."""

    __slots__ = ("_has_before", "_literal", "_pattern", "_source")

    def __init__(self, pattern: bytes, literal: bytes, *, has_before: bool) -> None:
        self._source = pattern
        self._literal = literal
        self._has_before = has_before
        self._pattern: re.Pattern[bytes] | None = None

    @classmethod
    def of(cls, pattern: bytes) -> "AtLiteral | None":
        """None if the pattern does not begin so."""
        has_before = pattern.startswith(_BEFORE)
        literal = literal_beginning(pattern[len(_BEFORE) :] if has_before else pattern)
        if len(literal) < _SHORTEST_LITERAL or _SECRET not in pattern:
            return None
        return cls(pattern, literal, has_before=has_before)

    def matches(self, line: bytes) -> "Sequence[tuple[int, int, int]] | None":
        """Where matches begin, and where the secret in each begins and ends; those that overlap are told too.

        None: the line is one for RE2.
        """
        literal = self._literal
        place = line.find(literal)
        if place < 0:
            return ()
        if len(line) > _LONGEST_LINE or not line.isascii():
            return None
        pattern = self._pattern
        if pattern is None:
            pattern = self._pattern = re.compile(self._source)
        found: list[tuple[int, int, int]] = []
        tries = 0
        while place >= 0:
            tries += 1
            if tries > _MOST_PLACES:
                return None
            begin = place
            if self._has_before and place:
                begin -= 1
                if line[begin] in _ALNUM:
                    if _ESCAPE.search(line, max(0, place - _LONGEST_ESCAPE), place):
                        return None
                    place = line.find(literal, place + 1)
                    continue
            match = pattern.match(line, begin)
            if match is not None:
                found.append((begin, *match.span("secret")))
            place = line.find(literal, place + 1)
        return found


def literal_beginning(pattern: bytes) -> bytes:
    """The literal with which every match begins, as far as the pattern says so plainly; nothing if it does not."""
    literal = b""
    tokens = [match[0] for match in TOKEN.finditer(pattern)]
    opened = 0
    for token, following in zip(tokens, [*tokens[1:], b""], strict=True):
        if not literal and _OPENS_GROUP.fullmatch(token):
            opened += 1
            continue
        is_literal = len(token) == 1 and token not in _META
        is_escaped = len(token) == 2 and token[:1] == b"\\" and not token[1:].isalnum()
        if not (is_literal or is_escaped) or QUANTIFIER.match(following):
            break
        literal += token[-1:]
    return literal if _is_always(tokens, opened) else b""


def _is_always(tokens: "Sequence[bytes]", opened: int) -> bool:
    """Whether a pattern, and the groups that it opens first, so many, are no choices, and none may be left out."""
    depth = 0
    for token, following in zip(tokens, [*tokens[1:], b""], strict=True):
        depth += token[:1] == b"("
        if token == b"|" and depth <= opened:
            return False
        if token == b")":
            depth -= 1
            if depth < opened:
                opened = depth
                if MAY_BE_NONE.match(following):
                    return False
    return True
