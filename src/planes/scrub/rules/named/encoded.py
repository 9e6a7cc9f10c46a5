"""Texts in base64 in which a sensitive name has a value: settings and credentials as variables hold them."""

import binascii
import functools
import re
from itertools import islice

from planes.scrub.rules.judging import judges
from planes.scrub.rules.model import BEFORE, Rule
from planes.scrub.rules.named.vocabulary import KEY, SOURCE

_URL_SIGNS = bytes.maketrans(b"-_", b"+/")
_MEMBER = re.compile(rb"\"([^\"\\]{1,80})\\?\"[ \t\r\n]*:[ \t\r\n]*\\?\"((?:[^\"\\]|\\[^\"])+)")
# So many members of one document are looked at.
_MOST = 1024


@functools.cache
def _name() -> re.Pattern[bytes]:
    """Made when it is first needed, as `_pair`: most logs hold no settings in base64."""
    return re.compile(KEY + rb"\Z", re.IGNORECASE)


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
        name = _name().search(member[1])
        if name is not None and judges.quoted(text, member.start(1) + name.start(), *member.span(2)) > 0:
            return end
    return -1


@functools.cache
def _pair() -> re.Pattern[bytes]:
    return re.compile(
        rb"(?P<name>" + KEY + rb")[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?(?P<value>[^\s\"'&]{6,256})", re.IGNORECASE
    )


_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
# What tells a secret besides a pair: the password of an address, a line of a netrc, a header.
_TOLD = re.compile(
    rb"(?P<name>)(?:\b[a-z][a-z0-9+.-]{1,40}://[^\s/:@\"']{0,80}:(?P<password>[^\s/@\"']{3,256})@[^\s/@]"
    rb"|\b(?:machine|login)[ \t]+\S{1,80}\s+password[ \t]+(?P<netrc>\S{3,256})"
    rb"|\bauthorization[\"']?:[ \t]*[\"']?(?:[a-z]{3,20}[ \t]+)(?P<header>[^\s\"']{8,256}))",
    re.IGNORECASE,
)
# How addresses and headers begin that hold one.
_BEGINNINGS = (
    *("postgres", "mysql", "mongodb", "redis", "amqp", "https://", "http://", "snowflake", "mssql", "clickhouse"),
    *("Authorization: ", "authorization: "),
)
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


def _in_digits(stem: str) -> "list[bytes]":
    """The bytes of a stem as digits in base 16, alone and in pairs."""
    pairs = [stem.encode().hex(), *(stem.encode().hex(sign) for sign in ":- ,")]
    return [text.encode() for pair in pairs for text in dict.fromkeys((pair, pair.upper()))]


def _in_numbers(stem: str) -> "list[bytes]":
    """The bytes of a stem as numbers of a list."""
    return [sign.join(map(str, stem.encode())).encode() for sign in (",", ", ", " ")]


def _tells(text: bytes) -> bool:
    """Whether a text holds a value that would be masked if it stood there as it is."""
    if len(text.translate(None, _CONTROLS)) != len(text):
        return False
    for pair in islice(_pair().finditer(text), _MOST):
        if judges.quoted(text, pair.start("name"), *pair.span("value")) > 0:
            return True
    told = ((found, found.lastgroup or "") for found in islice(_TOLD.finditer(text), _MOST))
    return any(judges.quoted(text, found.start(), *found.span(group)) > 0 for found, group in told)


def _digits(line: bytes, begin: int, start: int, end: int) -> int:
    """The same as digits in base 16."""
    del begin
    try:
        text = binascii.unhexlify(line[start:end].translate(None, b":- ,"))
    except ValueError:
        return -1
    return end if _tells(text) else -1


def _numbers(line: bytes, begin: int, start: int, end: int) -> int:
    """The same as a list of numbers."""
    del begin
    numbers = [int(number) for number in line[start:end].replace(b",", b" ").split()]
    return end if max(numbers) < 256 and _tells(bytes(numbers)) else -1


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
    return end if _tells(text) else -1


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
        tuple(literal for stem in (*_STEMS, *_BEGINNINGS) for literal in _in_base64(stem)),
        rb"",
        _BEFORE + rb"(?P<secret>[0-9A-Za-z+/_-]{16,}={0,2})",
        SOURCE,
        # `password=` and a word
        "cGFzc3dvcmQ9" + "cGF<a1>" * 9,
        _text,
    ),
    Rule(
        "named-in-digits",
        "name",
        tuple(literal for stem in _STEMS for literal in _in_digits(stem)),
        rb"",
        rb"(?:\\[abfnrtv]|^|[^0-9A-Za-z])(?:0x)?(?P<secret>[0-9A-Fa-f]{2}(?:[: ,-]?[0-9A-Fa-f]{2}){15,})"
        rb"(?:$|[^0-9A-Za-z])",
        SOURCE,
        "70617373776f72643d" + "6<d1>" * 12,
        _digits,
    ),
    Rule(
        "named-in-numbers",
        "name",
        tuple(literal for stem in _STEMS for literal in _in_numbers(stem)),
        rb"",
        rb"(?:\\[abfnrtv]|^|[^0-9A-Za-z.,-])(?P<secret>[0-9]{1,3}(?:(?:,[ ]?|[ ])[0-9]{1,3}){15,})(?:$|[^0-9A-Za-z])",
        SOURCE,
        "[112, 97, 115, 115, 119, 111, 114, 100, 61, " + "9<d1>, 1<d1>3, " * 4 + "99]",
        _numbers,
    ),
)
