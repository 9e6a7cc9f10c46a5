"""Decisions about logins: a password behind its user, or in an address."""

import base64
import re

from planes.scrub.rules.judging.extents import closing_end
from planes.scrub.rules.judging.judges import IN_MASK, UUID, quoted, random
from planes.scrub.rules.judging.plausible import is_code, is_placeholder, is_sensitive, looks_random
from planes.scrub.rules.judging.prose import is_common


def secret_id(line: bytes, begin: int, start: int, end: int) -> int:
    """The secret half of a login with two ids; the name of a secret in a store is none."""
    secret = line[start:end]
    return end if UUID.match(secret) else random(line, begin, start, end)


# What a call with two texts is told that describes a way to log in: `BasicAuthentication("Basic", "realm")`.
_SCHEME_GIVEN = re.compile(rb"\([ \t]*[bu]?[\"'](?:basic|bearer|digest|negotiate|ntlm|token)[\"']", re.IGNORECASE)


def second_of_login(line: bytes, begin: int, start: int, end: int) -> int:
    """The second text that a call logs in with, unless the first one is a scheme."""
    return -1 if _SCHEME_GIVEN.search(line, begin, start) else quoted(line, begin, start, end)


def second_of_credentials(line: bytes, begin: int, start: int, end: int) -> int:
    """The second of two texts behind a name: one that looks random, or behind `credentials` any but a usual word."""
    if line[begin : begin + 10].lower() == b"credential":
        secret = line[start:end]
        is_word = secret.isalpha() and secret.islower() and len(secret) >= 8
        return (
            end if is_word and not is_common(secret) and not is_sensitive(secret) else random(line, begin, start, end)
        )
    return random(line, begin, start, end)


# The place of a database, which stands behind the password: `db:1521/main`.
_PLACE = re.compile(rb"[a-z][\w.-]*(?::[0-9]{1,5})?/[\w.]{1,30}$|[a-z][\w.-]*:[0-9]{1,5}$")


def third_of_connection(line: bytes, begin: int, start: int, end: int) -> int:
    """The third text that a connection is made with, unless it is the place of the database."""
    return -1 if _PLACE.match(line, start, end) else quoted(line, begin, start, end)


def basic_pair(line: bytes, _: int, start: int, end: int) -> int:
    """`user:password` in base64, as in the settings of docker."""
    try:
        decoded = base64.b64decode(line[start:end] + b"==")
    except ValueError:
        return -1
    is_pair = decoded[1:].find(b":") >= 0 and decoded.isascii()
    return end if is_pair or looks_random(line[start:end]) else -1


def at_host(line: bytes, begin: int, start: int, end: int) -> int:
    """A password behind its user and before a host; what an address of mail says is none."""
    return -1 if line[begin:start].lower().endswith(b"mailto:") else random(line, begin, start, end)


_OPENS_USER = re.compile(rb"[ \t=]([\"'])[^ \"':]+:$")
_LOGIN = re.compile(rb"[^ \t=\"'`]*$")


def is_place_of_login(line: bytes, start: int, end: int) -> bool:
    """Whether a login says where one is kept, or what to put there: `env:DB_LOGIN`, `arn:aws:…`, `<user:password>`."""
    login = _LOGIN.search(line, max(0, start - 128), start)
    return login is not None and is_placeholder(line[login.start() : end])


def enclosed(line: bytes, begin: int, start: int, end: int) -> int:
    """A password behind its user, up to the quote that opens before the user."""
    if line[start : start + 2] == b"//" or is_place_of_login(line, start, end):
        return -1
    quote = _OPENS_USER.search(line, begin, start)
    closes = closing_end(line, quote.start(1)) if quote else -1
    return quoted(line, begin, start, max(end, closes))


def bearer(line: bytes, _: int, start: int, end: int) -> int:
    """A word behind `Bearer` in a text; there, words occur that are none."""
    secret = line[start:end]
    telling = len(secret) >= 24 or any(48 <= byte <= 57 for byte in secret)
    return end if telling and not is_placeholder(secret) and not is_code(secret) else -1


def uri_password(line: bytes, _: int, start: int, end: int) -> int:
    """A password in an address; behind a mark in the place of the user, an empty one is none."""
    if line[start:end].endswith(b"]:") and IN_MASK.search(line[max(0, start - 128) : start]):
        return -1
    if IN_MASK.search(line[max(0, start - 128) : start]):  # of the user, who is masked already
        rest = line[start:end].partition(b"]:")[2]
        return -1 if is_placeholder(rest) else end
    is_stand_in = line[start:end].lower() in (b"pass", b"pwd", b"pw")  # as in `user:pass@host`
    return -1 if is_stand_in or is_placeholder(line[start:end]) else end


def loose_uri_password(line: bytes, begin: int, start: int, end: int) -> int:
    """A password with an unquoted `/`, `?` or `#`; what begins with a port and goes on as a path is none."""
    secret = line[start:end]
    digits = len(secret) - len(secret.lstrip(b"0123456789"))
    is_port = digits > 0 and secret[digits : digits + 1] in (b"/", b"?", b"#")
    return -1 if is_port else uri_password(line, begin, start, end)


def phrase_in_uri(line: bytes, _: int, start: int, end: int) -> int:
    """A password of several words; words of sentences and settings are none."""
    secret = line[start:end]
    return -1 if any(map(is_common, secret.split(b" "))) or secret.find(b"=") >= 0 or is_placeholder(secret) else end


def uri_token(line: bytes, _: int, start: int, end: int) -> int:
    """A token in the place of the user's name."""
    secret = line[start:end]
    has_digit = any(48 <= byte <= 57 for byte in secret)
    return end if has_digit and not UUID.match(secret) and not is_placeholder(secret) else -1
