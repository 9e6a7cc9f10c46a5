"""Tokens that a screen cut: one piece ends a full line, the other begins the next."""

import functools
import re
from base64 import b64encode
from typing import NamedTuple

from planes.scrub.below.model import Step, continued
from planes.scrub.below.rows import NARROWEST
from planes.scrub.rulebook import Span
from planes.scrub.rules import RULES, Rule
from planes.scrub.rules.judging.plausible import is_sensitive, looks_random
from planes.scrub.rules.judging.prose import is_common
from planes.scrub.rules.named.below import CUT_TOKEN

# No screen is wider.
_WIDEST = 400
_LONGEST = 2048
_OF_TOKENS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.=+/"
_PIECE = re.compile(rb"[0-9A-Za-z_.=+/-]+")
_ONE_WORD = re.compile(r"[\w.:+/=-]+(?:<[abdhlqsuwz][0-9]+>[\w.:+/=-]*)+")
_SHORTEST_SIGN = 3
# Behind a sign that is a few letters and no more, as `eyJ` and `ATTA`.
_SHORTEST_BARE_PIECE = 16
# Any JSON object in base64 begins so; a token's header names one of these first (RFC 7515, RFC 7516).
_JSON = b"eyJ"
_HEADERS = tuple(
    b64encode(b'{"' + name + b'"') for name in (b"alg", b"typ", b"kid", b"enc", b"cty", b"jku", b"jwk", b"x5t", b"zip")
)
_HEXADECIMAL = re.compile(rb"[0-9a-f]+")
_MIXED = re.compile(rb"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])")


@functools.cache
def _formats() -> dict[bytes, Rule]:
    """The formats that are one word and begin with a sign that is no word itself, each by its signs."""
    return {
        sign: rule
        for rule in RULES
        if rule.kind == "token" and _ONE_WORD.fullmatch(rule.sample)
        for sign in rule.signs
        if len(sign) >= _SHORTEST_SIGN and rule.sample.encode().startswith(sign) and not _is_word(sign.rstrip(b"_-"))
    }


def _is_word(text: bytes) -> bool:
    return is_common(text) or (is_sensitive(text) and text.isalpha())


def _is_piece(sign: bytes, piece: bytes) -> bool:
    """Whether what stands behind a sign looks like the beginning of its token."""
    if not looks_random(piece) or (sign == _JSON and not (sign + piece).startswith(_HEADERS)):
        return False
    if sign[-1:] in b"_-" or sign[-1:].isdigit():
        return piece.isalnum() or _MIXED.match(piece) is not None
    return len(piece) >= _SHORTEST_BARE_PIECE and (_MIXED.match(piece) or _HEXADECIMAL.fullmatch(piece)) is not None


@functools.cache
def _by_beginning() -> dict[bytes, list[bytes]]:
    """The signs by their first bytes: hundreds of them, and every line with a secret asks."""
    signs: dict[bytes, list[bytes]] = {}
    for sign in _formats():
        signs.setdefault(sign[:_SHORTEST_SIGN], []).append(sign)
    return signs


def _sign_of(piece: bytes) -> bytes | None:
    """The first of the signs with which a piece begins."""
    signs = _by_beginning().get(piece[:_SHORTEST_SIGN], ())
    return next((sign for sign in signs if piece.startswith(sign)), None)


def _format_of(piece: bytes) -> Rule | None:
    sign = _sign_of(piece)
    return None if sign is None else _formats()[sign]


@functools.cache
def _pattern(rule: Rule) -> "re.Pattern[bytes]":
    return re.compile(rule.pattern)


def _is_whole(rule: Rule, text: bytes) -> bool:
    match = _pattern(rule).search(text)
    return match is not None and match.span("secret") == (0, len(text))


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
        rule = _format_of(self.head)
        if piece is None or rule is None or len(self.head) > _LONGEST:
            return [], None
        end = piece.end()
        whole = self.head + piece[0]
        if _is_whole(rule, whole) and (looks_random(piece[0]) or not _is_whole(rule, self.head)):
            goes_on = end == len(line) == self.width
            return continued(0, end), CutToken(whole, self.width) if goes_on else None
        if end == len(line) == self.width and looks_random(piece[0]):
            return continued(0, end), CutToken(whole, self.width)
        return [], None


def cut_token(line: bytes, start: int, end: int) -> CutToken | None:
    """What a masked token leaves open if it ends a line that a screen may have cut."""
    if end != len(line) or not NARROWEST <= end <= _WIDEST or _format_of(line[start:end]) is None:
        return None
    return CutToken(line[start:end], end)


def opened_cut(line: bytes) -> Step:
    """The beginning of a token that ends a full line, too short to be one, and what it leaves open."""
    if not NARROWEST <= len(line) <= _WIDEST:
        return [], None
    start = len(line.rstrip(_OF_TOKENS))
    head = line[start:]
    sign = _sign_of(head)
    if sign is None or not _is_piece(sign, head[len(sign) :]):
        return [], None
    return [Span(start, len(line), CUT_TOKEN)], CutToken(head, len(line))
