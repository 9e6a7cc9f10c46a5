"""Tokens that a screen cut: one piece ends a full line, the other begins the next."""

import functools
import re
from typing import NamedTuple

from planes.scrub.below.model import Step, continued
from planes.scrub.below.rows import BAR, NARROWEST
from planes.scrub.registered.repeats import common
from planes.scrub.rulebook import Span
from planes.scrub.rules import Rule
from planes.scrub.rules.beginnings import formats, is_of_base64, is_piece, sign_of
from planes.scrub.rules.judging.digests import harmless_base64, is_inside_base64
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.named.below import CUT_TOKEN

# No screen is wider.
_WIDEST = 400
_LONGEST = 2048
_OF_TOKENS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.=+/"
_PIECE = re.compile(rb"[0-9A-Za-z_.=+/-]+")


def _formats_of(piece: bytes) -> "list[Rule]":
    sign = sign_of(piece)
    return [] if sign is None else formats()[sign]


@functools.cache
def _pattern(rule: Rule) -> "re.Pattern[bytes]":
    return re.compile(rule.pattern)


def _is_whole(rules: "list[Rule]", text: bytes) -> bool:
    matches = (_pattern(rule).search(text) for rule in rules)
    return any(match is not None and match.span("secret") == (0, len(text)) for match in matches)


class CutToken(NamedTuple):
    """A token of which the beginning ended a full line.

    Attributes:
        head: what stood there.
        width: how long that line is.
    """

    head: bytes
    width: int

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        piece = _PIECE.match(line)
        rules = _formats_of(self.head)
        if piece is None or not rules or len(self.head) > _LONGEST:
            return [], None
        end = piece.end()
        whole = self.head + piece[0]
        if _is_whole(rules, whole) and (looks_random(piece[0]) or not _is_whole(rules, self.head)):
            goes_on = end == len(line) == self.width
            return continued(0, end), CutToken(whole, self.width) if goes_on else None
        if end == len(line) == self.width and looks_random(piece[0]):
            return continued(0, end), CutToken(whole, self.width)
        return [], None


# What may stand around a row of a value: blanks, quotes, bars, and what joins it to the next.
_FRAME = b" \t\r\"'`|\\+,"
_BARS = re.compile(BAR)
_SHORTEST_LAST = 4


class MoreOfValue(NamedTuple):
    """A value that the stream knows, of which a piece ended its line; `rest` is what has not come yet."""

    rest: bytes

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        text = _BARS.sub(b"   ", line)  # as wide
        start = len(text) - len(text.lstrip(_FRAME))
        end = len(text.rstrip(_FRAME))
        length = common(self.rest, text[start:end])
        is_last = length == len(self.rest)
        if not length or not (start + length == end or (is_last and length >= _SHORTEST_LAST)):
            return [], None
        return continued(start, start + length), None if is_last else MoreOfValue(self.rest[length:])


def ends_its_line(line: bytes, end: int) -> bool:
    """Whether nothing but what may frame a row of a value stands behind a place."""
    return not _BARS.sub(b"", line[end:]).strip(_FRAME)


def cut_token(line: bytes, start: int, end: int) -> CutToken | None:
    """What a masked token leaves open if it ends a line that a screen may have cut."""
    if end != len(line) or not NARROWEST <= end <= _WIDEST or not _formats_of(line[start:end]):
        return None
    return CutToken(line[start:end], end)


def opened_cut(line: bytes) -> Step:
    """The beginning of a token that ends a full line, too short to be one, and what it leaves open."""
    if not NARROWEST <= len(line) <= _WIDEST:
        return [], None
    start = len(line.rstrip(_OF_TOKENS))
    head = line[start:]
    sign = sign_of(head)
    if sign is None or not is_piece(sign, head[len(sign) :]) or is_of_base64(line, sign):
        return [], None
    if is_inside_base64(line, start, len(line)) or any(first <= start < last for first, last in harmless_base64(line)):
        return [], None
    return [Span(start, len(line), CUT_TOKEN)], CutToken(head, len(line))
