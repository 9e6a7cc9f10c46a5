"""Formats that are told by their first signs: of their tokens a piece is enough.

ghp_Zk3q9Xv…     | ghp_Zk3q9Xv |     ghp_Zk3q9X    (the end of a line)
"""

import functools
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence

from planes.scrub.rules import RULES, Rule
from planes.scrub.rules.judging.digests import LINE_OF_BASE64
from planes.scrub.rules.judging.plausible import is_placeholder, is_sensitive, looks_random
from planes.scrub.rules.judging.prose import is_common
from planes.scrub.rules.model import BEFORE

_ONE_WORD = re.compile(r"[\w.:+/=-]+(?:<(?:[abdhlqsuwz][0-9]+|uuid)>[\w.:+/=-]*)+")
# The sign is a part of the secret.
_BEGINS = re.compile(rb"(?:%s)?\(\?P<secret>" % re.escape(BEFORE.encode("ascii")))
_SHORTEST_SIGN = 3
# Behind a sign that is a few letters and no more, as `eyJ` and `ATTA`.
_SHORTEST_BARE_PIECE = 16
_LONGEST_DIGEST = 32
_SHORTEST_PIECE = 8
# Beside a mark of shortening.
_SHORTEST_MARKED = 4
_SHORTEST_BARE_MARKED = 6
# Any JSON object in base64 begins so; a token's header names one of these first (RFC 7515, RFC 7516).
_JSON = b"eyJ"
_HEADERS = tuple(
    b64encode(b'{"' + name + b'"') for name in (b"alg", b"typ", b"kid", b"enc", b"cty", b"jku", b"jwk", b"x5t", b"zip")
)
_HEXADECIMAL = re.compile(rb"[0-9a-f]+")
# The beginning of a UUID, also behind the number of a region.
_GROUPS = re.compile(rb"(?:[0-9]-)?[0-9a-f]{8}(?:-[0-9a-f]{1,12}){1,4}")
_MIXED = re.compile(rb"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])")
_BOTH = re.compile(rb"(?=.*[0-9])(?=.*[A-Za-z])|.*[a-z][A-Z]")
_PIECE = re.compile(rb"(?:[0-9A-Za-z_=+/-]|\.(?!\.))*")
# What shows that the rest was left out, and what is shown of its end.
_MARK = re.compile(
    rb"[\[(<]?(?:\.{2,}|\xe2\x80\xa6|\\u2026|\*{3,}|\[?<?truncated)[\])>]?([0-9A-Za-z_=-]*)", re.IGNORECASE
)
_BEFORE = re.compile(rb"(?:^|[^0-9A-Za-z_/.-]|\\[abfnrtv])$")
_LONGEST_BEFORE = 2
_LONGEST_PIECE = 256
# In base64, which of letters alone holds any few, a plus is no border of words.
_IN_BASE64 = re.compile(rb"[0-9A-Za-z/]\+$")
# So many places of one sign on a line are looked at.
_MOST_PLACES = 8


@functools.cache
def formats() -> dict[bytes, list[Rule]]:
    """The formats that are one word and begin with a sign that is no word itself, by their signs."""
    by_sign: dict[bytes, list[Rule]] = {}
    for rule in RULES:
        if rule.kind != "token" or not _ONE_WORD.fullmatch(rule.sample) or not _BEGINS.match(rule.pattern):
            continue
        first = next((sign for sign in rule.signs if rule.sample.encode().startswith(sign)), b"")
        for sign in rule.signs:
            # Another sign of the rule stands in its place (`sk_live_`, `sk_test_`) if it is like it.
            is_alike = first and (sign[:1] == first[:1] or sign[-1:] == first[-1:])
            if is_alike and len(sign) >= _SHORTEST_SIGN and not _is_word(sign.rstrip(b"_-")):
                by_sign.setdefault(sign, []).append(rule)
    return by_sign


def _is_word(text: bytes) -> bool:
    return is_common(text) or (is_sensitive(text) and text.isalpha())


@functools.cache
def _by_beginning() -> dict[bytes, list[bytes]]:
    """The signs by their first bytes: hundreds of them, and every line with a secret asks."""
    signs: dict[bytes, list[bytes]] = {}
    for sign in formats():
        signs.setdefault(sign[:_SHORTEST_SIGN], []).append(sign)
    return signs


def sign_of(piece: bytes) -> bytes | None:
    """The first of the signs with which a piece begins."""
    signs = _by_beginning().get(piece[:_SHORTEST_SIGN], ())
    return next((sign for sign in signs if piece.startswith(sign)), None)


def is_piece(sign: bytes, piece: bytes) -> bool:
    """Whether what stands behind a sign looks like the beginning of its token."""
    if (sign == _JSON and not (sign + piece).startswith(_HEADERS)) or _HEXADECIMAL.fullmatch(sign + piece):
        return False  # in base 16 every 65,536th digest begins with four given digits
    if is_prefix(sign):
        fits = piece.isalnum() or _MIXED.match(piece) or _GROUPS.fullmatch(piece)
    else:
        # Databases call what they make `pk_5f3a…` and `ck_5f3a…`, with a digest at most.
        may_be_hexadecimal = sign[-1:] != b"_" or len(piece) > _LONGEST_DIGEST
        has_hexadecimal = may_be_hexadecimal and (_HEXADECIMAL.fullmatch(piece) or _GROUPS.fullmatch(piece))
        fits = len(piece) >= _SHORTEST_BARE_PIECE and (_MIXED.match(piece) or has_hexadecimal)
    return bool(fits) and looks_random(piece)


def is_prefix(sign: bytes) -> bool:
    """Whether a sign is more than some letters: `ghp_`, `SG.`"""
    return sign[-1:].isdigit() or (sign[-1:] in b"_-." and len(sign.rstrip(b"_-.")) >= _SHORTEST_SIGN)


def is_of_base64(line: bytes, sign: bytes) -> bool:
    """Whether a line is one of base64 that only begins as tokens with this sign do."""
    if sign == _JSON or LINE_OF_BASE64.fullmatch(line) is None:
        return False
    return not is_prefix(sign) or (sign.isalnum() and (line.find(b"+") >= 0 or line.find(b"/") >= 0))


def pieces(line: bytes, sign: bytes, found: Sequence[tuple[int, int, Rule]]) -> Iterator[tuple[int, int]]:
    """Where in a line tokens that begin with a sign stand in part, outside of what was found there."""
    place = -1 if is_of_base64(line, sign) else line.find(sign)
    for _ in range(_MOST_PLACES):
        if place < 0:
            return
        end = next((end for start, end, _ in found if start <= place + len(sign) < end), -1)
        before = line[max(0, place - _LONGEST_BEFORE) : place]
        if end < 0 and _BEFORE.search(before) and (is_prefix(sign) or not _IN_BASE64.search(before)):
            end = _end_of_piece(line, place, sign)
            if end > place:
                yield place, end
        place = line.find(sign, max(place + 1, end))


def _end_of_piece(line: bytes, place: int, sign: bytes) -> int:
    """Where the piece that begins at `place` ends, with what is shown of its end; -1: it is none."""
    match = _PIECE.match(line, place + len(sign), place + _LONGEST_PIECE)
    piece = match[0].rstrip(b".=/") if match else b""
    end = place + len(sign) + len(piece)
    mark = _MARK.match(line, end)
    if len(piece) < (_SHORTEST_MARKED if mark else _SHORTEST_PIECE):
        return -1
    is_sure = mark is not None and _BOTH.match(piece) and len(piece) >= _least(sign)
    if (not is_sure and not is_piece(sign, piece)) or is_placeholder(piece):
        return -1
    return mark.end() if mark and mark[1] else end


def _least(sign: bytes) -> int:
    """So many signs of a token, beside a mark of shortening, are no other word."""
    if is_prefix(sign):
        return _SHORTEST_MARKED
    if sign[-1:] == b"_":
        return _SHORTEST_PIECE
    return _SHORTEST_BARE_MARKED if len(sign) > _SHORTEST_SIGN else _SHORTEST_BARE_PIECE
