"""Decisions about values that their place tells, and no name before them."""

import re

from planes.scrub.rules.judging import cells, judges, told
from planes.scrub.rules.judging.looks import PUNCTUATED_MADE, is_wordy, stands_out
from planes.scrub.rules.judging.plausible import is_code, is_default, is_jumbled, looks_random

_LEAST = 8
_LEAST_DIGITS = 16
_OF_PASSWORD = (b"pass", b"pwd", b"pswd", b"kennwort")
# `python3.12`, `openssl-3.0.2`
_RELEASE = re.compile(rb"[A-Za-z]+[-_]?v?[0-9]+(?:\.[0-9]+)+$")
# What remarks in code tell to tools, and what they refer to.
_DIRECTIVE = re.compile(
    rb"(?:noqa|nosec|nosemgrep|type|pylint|pragma|mypy|pyright|ruff|eslint|todo|fixme|issue|see|gh|bug|https?|rfc|cve"
    rb"|since|from|e\.g|i\.e)\b",
    re.IGNORECASE,
)


def _is_made(secret: bytes, *, is_password: bool, is_last: bool) -> bool:
    """Whether a value looks made where any other word may stand; a word with a number only beside a password."""
    if len(secret) < _LEAST or is_code(secret) or is_default(secret) or _DIRECTIVE.match(secret):
        return False
    if _RELEASE.match(secret):
        return False
    if is_jumbled(secret) or (len(secret) >= _LEAST_DIGITS and not secret.strip(b"0123456789abcdef")):
        return looks_random(secret)
    if not is_password:
        return False
    is_said = stands_out(secret) or is_wordy(secret) or PUNCTUATED_MADE.match(secret) is not None
    return looks_random(secret) or (is_last and is_said)


# The word behind a value that names it, and whether that ends the line.
_NAME_BEHIND = re.compile(
    rb"[\"'`;,]*[ \t]*(?:<[-=]+|\xe2\x86\x90|=|\(|#|//|--|/\*|(?:is|was)[ ])?[ \t]*(?:[a-z]+[ ]){0,4}"
    rb"[$@]?([0-9a-z_.-]*)"
    rb"[\"'`)*/ \t\r.]*($)?",
    re.IGNORECASE,
)


def in_front(line: bytes, begin: int, start: int, end: int) -> int:
    """A value in front of its name."""
    behind = _NAME_BEHIND.match(line, end)
    is_password = behind is not None and any(word in behind[1].lower() for word in _OF_PASSWORD)
    is_last = behind is not None and behind[2] is not None
    fits = _is_made(line[start:end], is_password=is_password, is_last=is_last)
    return judges.quoted(line, begin, start, end) if fits else -1


def in_remark(line: bytes, begin: int, start: int, end: int) -> int:
    """The first word of a remark behind a name; beside a password the only one."""
    is_last = not line[end:].strip(b" \t\r.\"'`")
    is_password = is_last and line[begin:start].lower().startswith(_OF_PASSWORD)
    fits = _is_made(line[start:end], is_password=is_password, is_last=is_last)
    return judges.quoted(line, begin, start, end) if fits else -1


def login_on_line(line: bytes, begin: int, start: int, end: int) -> int:
    """A password behind its user; before further words it must look random."""
    is_last = not line[end:].strip(b" \t\r.")
    return (told.login if is_last else judges.random)(line, begin, start, end)


def key_of_cipher(line: bytes, begin: int, start: int, end: int) -> int:
    """A key in base64, which seldom holds letters only: of both cases then."""
    secret = line[start:end]
    letters = secret.rstrip(b"=")
    is_key = len(letters) >= 40 and letters.isalpha() and not letters.islower() and not letters.isupper()
    return judges.quoted(line, begin, start, end) if is_key or looks_random(secret) else -1


def led(line: bytes, begin: int, start: int, end: int) -> int:
    """What dots lead to: a value that is made, or a word that no message ends with."""
    led = cells.gap(line, begin, start, end)
    is_word = led < 0 and line.find(b" ", start, end) < 0
    return told.apart_or_word(line, begin, start, end) if is_word else led


def of_login(line: bytes, begin: int, start: int, end: int) -> int:
    """The password behind its user in an argument; two names of the machine are a user and its group."""
    secret = line[start:end]
    return -1 if secret.isdigit() or is_default(secret) else judges.quoted(line, begin, start, end)


def mail_login(line: bytes, begin: int, start: int, end: int) -> int:
    """The last word of a command of IMAP; in a sentence more words follow."""
    if (made := cells.made(line, begin, start, end)) >= 0:
        return made
    return -1 if line[end:].strip(b" \t\r\\rn'\"") else told.apart_or_word(line, begin, start, end)


def nul_login(line: bytes, begin: int, start: int, end: int) -> int:
    """The third text of SASL's PLAIN; in other bytes words stand between zeros too."""
    is_plain = re.search(rb"plain|sasl|auth|login|amqp", line[:begin], re.IGNORECASE) is not None
    return judges.quoted(line, begin, start, end) if is_plain or looks_random(line[start:end]) else -1
