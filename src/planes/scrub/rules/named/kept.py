"""Files in which tools keep logins, and the command that Redis is told one with."""

import re

from planes.scrub.rules.judging import judges, told
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.judging.prose import is_common_text
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import named

_PORTS = tuple(b":5432: :5433: :6432: :5439: :26257: :6543: :*:".split())


def alone_or_random(line: bytes, begin: int, start: int, end: int) -> int:
    """A text behind `password` that fills a line, as in a netrc, and is no message; elsewhere its words look random."""
    if line[begin - 1 : begin] in (b"(", b":"):
        return -1  # a list of Lisp, which has a rule of its own
    is_alone = not line[:begin].strip() and not line[end + 1 :].strip()
    words = line[start:end].split()
    fits = all(map(looks_random, words)) or (is_alone and not is_common_text(line[start:end]))
    return judges.quoted(line, begin, start, end) if fits else -1


# In a sentence about it `AUTH` is followed by a word, and in mail by a mechanism (IANA: SASL mechanisms).
_SENTENCE = re.compile(rb"[A-Za-z`\"](?<!redis-cli)[ \t]$")
_MECHANISM = re.compile(rb"X?OAUTH(?:2|BEARER)|(?:S?CRAM|DIGEST)-[A-Z0-9-]+")


def _authenticated(line: bytes, begin: int, start: int, end: int) -> int:
    secret = line[start:end].rstrip(b"`.,;:!?)")
    if line.startswith(b"AUTH", begin) and line[start - 1 : start] not in (b"'", b'"'):
        is_text = line[end:].strip() or _SENTENCE.search(line, 0, begin) or secret.isupper()
        if (is_text and secret.isalpha()) or _MECHANISM.fullmatch(secret):
            return -1
    return told.shown(line, begin, start, end)


KEPT_RULES: tuple[Rule, ...] = (
    named(
        "netrc-password",
        rb"login[ \t]+(?:\"[^\"\n]*\"|[^ \t\r]+)[ \t]+password[ \t]+"
        rb"(?P<secret>\"(?:[^\"\\\n]|\\.)+\"|[^ \t\r]+)",
        "machine example.com login me password <a16>",
        judges.quoted,
        ((b"password",), rb"[ \t]"),
        needs=(b"login",),
    ),
    named(
        "netrc-quoted",
        rb"password[ \t]+\"(?P<secret>(?:[^\"\\\n]|\\.)+)\"",
        'password "<a12>7<a4> <a9>7<a3>"',
        alone_or_random,
        ((b"password",), rb"[ \t]"),
        needs=(b'"',),
    ),
    Rule(
        "pgpass-line",
        "name",
        _PORTS,
        rb"[^ :\n]",
        rb"(?:^|[ \t\"'])[^: \t/\"']+:(?:[0-9]{4,5}|\*):[^: \t/]+:[^: \t/]+:(?P<secret>[^ \t\r\"']+)",
        "PostgreSQL: the password file",
        "db.example.com:5432:main:loader:<a16>",
        judges.quoted,
    ),
    Rule(
        "redis-password",
        "name",
        (b"AUTH ", b'AUTH"', b"requirepass", b"masterauth"),
        rb"",
        rb"(?:\bAUTH[\"']?(?:[ \t]+(?:[\"'][^\"' \t]{1,40}[\"']|[a-z][a-z_.-]{0,30}))?"
        rb"|(?:requirepass|masterauth)[\"']?)"
        rb"[ \t]+[\"']?(?P<secret>[^ \t\r\"'=:,()][^ \t\r\"']{5,})",
        "Redis: AUTH",
        "requirepass <a12>7<a4>",
        _authenticated,
    ),
    named(
        "bundler-login",
        rb"(?:\b|\\[nrt])BUNDLE_[0-9A-Z]+(?:___?[0-9A-Z]+)+[\"']?[ ]?[:=][ ]?[\"']?[^ \t\"':-][^ \t\"':]{0,60}:"
        rb"(?P<secret>[^ \t\r\"'/][^ \t\r\"']{3,})",
        'BUNDLE_GEMS__EXAMPLE__COM: "me:<a16>"',
        judges.quoted,
        ((b"bundle_",), rb"[0-9A-Za-z]{2}"),
    ),
)
