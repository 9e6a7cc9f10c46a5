"""Texts in base64 in which a sensitive name has a value: settings and credentials as variables hold them."""

import binascii
import re
from itertools import islice

from planes.scrub.rules.judging import judges
from planes.scrub.rules.model import BEFORE, Rule
from planes.scrub.rules.named.vocabulary import KEY, SOURCE

_URL_SIGNS = bytes.maketrans(b"-_", b"+/")
_MEMBER = re.compile(rb"\"([^\"\\]{1,80})\\?\"[ \t\r\n]*:[ \t\r\n]*\\?\"((?:[^\"\\]|\\[^\"])+)")
_NAME = re.compile(KEY + rb"\Z", re.IGNORECASE)
# So many members of one document are looked at.
_MOST = 1024


def _document(line: bytes, begin: int, start: int, end: int) -> int:
    """A JSON document that is text, with a value that would be masked if it stood there as it is."""
    del begin
    encoded = line[start:end].rstrip(b"=").translate(_URL_SIGNS)
    try:
        text = binascii.a2b_base64(encoded[: len(encoded) // 4 * 4])
        text.decode()
    except ValueError:
        return -1
    for member in islice(_MEMBER.finditer(text), _MOST):
        name = _NAME.search(member[1])
        if name is not None and judges.quoted(text, member.start(1) + name.start(), *member.span(2)) > 0:
            return end
    return -1


_PAIR = re.compile(
    rb"(?P<name>" + KEY + rb")[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?(?P<value>[^\s\"'&]{6,256})", re.IGNORECASE
)
_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
# What most names hold; where the rest of a text stands no literal tells it.
_STEMS = ("password", "PASSWORD", "secret", "SECRET", "token", "TOKEN", "api_key", "API_KEY")
# As `BEFORE`, but what an escape ends with is no sign of base64.
_BEFORE = rb"(?:\\[abfnrtv]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|^|[^0-9A-Za-z+/_-])"


def _in_base64(stem: str) -> "list[bytes]":
    """What surely stands in base64 of a text that holds the stem, for each place where groups of it may begin."""
    found: list[bytes] = []
    for offset in range(3):
        encoded = binascii.b2a_base64(b"\0" * offset + stem.encode(), newline=False)
        found.append(encoded[-(-8 * offset // 6) : 8 * (offset + len(stem)) // 6])
    return found


def _text(line: bytes, begin: int, start: int, end: int) -> int:
    """Lines of settings, a query or a command, with a value that would be masked if it stood there as it is."""
    del begin
    encoded = line[start:end].rstrip(b"=").translate(_URL_SIGNS)
    whole = len(encoded) // 4 * 4
    rest = encoded[whole:]
    try:
        text = binascii.a2b_base64(encoded[:whole] + (rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""))
    except ValueError:
        return -1
    if len(text.translate(None, _CONTROLS)) != len(text):
        return -1
    for pair in islice(_PAIR.finditer(text), _MOST):
        if judges.quoted(text, pair.start("name"), *pair.span("value")) > 0:
            return end
    return -1


ENCODED_RULES: tuple[Rule, ...] = (
    Rule(
        "named-in-base64",
        "name",
        # `{"`, `[{"`, and a brace with a blank or the end of a line behind it
        (b"eyJ", b"W3si", b"eyAi", b"ewog", b"ewoJ", b"ew0K"),
        rb"",
        BEFORE.replace("0-9A-Za-z", "0-9A-Za-z+/_-", 1).encode()
        + rb"(?P<secret>(?:eyJ|W3si|eyAi|ewo[gJ]|ew0K)[0-9A-Za-z+/_-]{24,}={0,2})",
        SOURCE,
        # a password of letters that `pa` stands before
        "eyJwYXNzd29yZCI6ICAi" + "cGF<a1>" * 9 + "cGFzIn0=",
        _document,
    ),
    Rule(
        "named-in-base64-text",
        "name",
        tuple(literal for stem in _STEMS for literal in _in_base64(stem)),
        rb"",
        _BEFORE + rb"(?P<secret>[0-9A-Za-z+/_-]{16,}={0,2})",
        SOURCE,
        # `password=` and a word
        "cGFzc3dvcmQ9" + "cGF<a1>" * 9,
        _text,
    ),
)
