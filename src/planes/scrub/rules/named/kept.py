"""Files in which tools keep logins, and the command that Redis is told one with."""

import base64
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


# An address of IPv6, of which a group of digits looks like a port.
_ADDRESS = re.compile(rb"[^0-9A-Fa-f:]?(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z])")


def _of_line(line: bytes, begin: int, start: int, end: int) -> int:
    """The last field of a line of logins; of one of `/etc/shadow` numbers of days stand there."""
    secret = line[start:end]
    if (secret.find(b":") >= 0 and not secret.strip(b"0123456789:")) or _ADDRESS.match(line, begin):
        return -1
    return judges.quoted(line, begin, start, end)


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


_SEED = re.compile(rb"[2-7]|[B-DF-HJ-NP-TV-XZb-df-hj-np-tv-xz]{4}")


def one_time_seed(line: bytes, begin: int, start: int, end: int) -> int:
    """Base32 that is no word in capitals, and no row of short words."""
    return judges.quoted(line, begin, start, end) if _SEED.search(line, start, end) else -1


_LOGIN = re.compile(rb"[ -9;-~]{4,64}:[ -~]{8,}")


def _encoded_login(line: bytes, _: int, start: int, end: int) -> int:
    """An id and its key in base64."""
    try:
        decoded = base64.b64decode(line[start:end] + b"==")
    except ValueError:
        return -1
    return end if _LOGIN.fullmatch(decoded) else -1


_ALGORITHM_KEYS = tuple(
    name + joint + b"key"
    for name in b"aes aes128 aes256 -128 -192 -256 _128 _256 3des chacha20 hmac fernet secretbox symmetric cipher"
    b" wrapping".split()
    for joint in (b"", b" ", b"_", b"-")
)

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
        _of_line,
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
        "bind-password",
        rb"(?:^|[ \t:]|\\[nrt])bindpw[ \t]+[\"']?(?P<secret>[^ \t\r\"']{4,})",
        "bindpw <a12>7<a4>",
        told.answered,
        ((b"bindpw ", b"bindpw\t"), rb""),
    ),
    named(
        "wireless-code",
        rb"(?:\b|\\[nrt])WIFI:(?:[^\n]{0,120};)?P:\"?(?P<secret>(?:[^;\\\"\n]|\\.){8,63})\"?;",
        "WIFI:T:WPA;S:office;P:<a16>;;",
        judges.quoted,
        ((b"wifi:",), rb"[a-z]:"),
    ),
    named(
        "codes-in-row",
        rb"(?:recovery|backup|scratch|emergency|rescue)[ _-]?codes?[^\n:=]{0,40}[:=][ \t]*"
        rb"(?P<secret>[0-9a-z-]{0,9}[0-9][0-9a-z-]{3,20}(?:,?[ ][0-9a-z-]{0,9}[0-9][0-9a-z-]{3,20}){1,20})",
        "Recovery codes: 7<h4>-<h5> 7<h4>-<h5>",
        judges.quoted,
        (tuple(b"recovery backup scratch emergency rescue".split()), rb"[ _-]?codes?"),
    ),
    named(
        "mail-relay",
        # The map of logins that Postfix reads: `[smtp.example.com]:587 loader:…`
        rb"(?:\[[0-9a-z.-]+\]:[0-9]{2,5}|[0-9a-z.-]+\.[a-z]{2,}:(?:25|465|587|2525))[ \t]+[^ \t:]{1,80}:"
        rb"(?P<secret>[^ \t\r\n\"'\]]{5,})",
        "[smtp.example.com]:587 loader:<a12>7<a4>",
        judges.random,
        ((b"]:587 ", b"]:465 ", b"]:25 ", b"]:2525 ", b":587 ", b":465 ", b":2525 "), rb"[^ \t\n]+:"),
    ),
    named(
        "telemetry-headers",
        rb"(?:\b|\\[nrt])OTEL_EXPORTER_OTLP_(?:[A-Z]{4,8}_)?HEADERS[\"']?[ ]?[=:][ ]?[\"']?"
        rb"(?:[0-9a-z_.-]+=[^,\n\"']{0,200},)*?"
        rb"[0-9a-z_-]*(?:team|key|token|secret|authorization|license|auth)=(?:(?:basic|bearer)(?:%20|[ ]))?"
        rb"(?P<secret>[^ \t\r\n,\"']{8,})",
        "OTEL_EXPORTER_OTLP_HEADERS=x-honeycomb-team=<a22>",
        judges.quoted,
        ((b"otel_exporter_otlp_",), rb"[a-z_]*headers"),
    ),
    named(
        "session-of-vault",
        rb"(?:\b|\\[nrt])OP_SESSION_[0-9a-z_]{1,40}[\"']?[ ]?[=:][ ]?[\"']?(?P<secret>[0-9a-z_-]{20,})",
        "OP_SESSION_my=<a20>7<a22>",
        judges.random,
        ((b"op_session_",), rb""),
    ),
    named(
        "bearer-joined",
        rb"(?:\b|\\[nrt])bearer[:=][\"']?(?P<secret>[0-9a-z_.~+/-]{20,}=*)",
        "Bearer:<a20>7<a12>",
        judges.random,
        ((b"bearer:", b"bearer="), rb"[\"'0-9a-z]"),
    ),
    named(
        "key-of-algorithm",
        rb"(?:\b|\\[nrt])(?:aes|3?des|chacha20|hmac|fernet|secretbox|symmetric|cipher|wrapping)"
        rb"(?:[ _-]?[0-9]{2,3})?[ _-]?key(?:[ ]?\((?:hex|base64|b64)\))?[\"']?[ ]?[:=][ ]?[\"']?(?:0x)?"
        rb"(?P<secret>(?:[0-9a-f]{32}|[0-9a-f]{48}|[0-9a-f]{64})|[0-9a-z+/_-]{42,44}=|[0-9a-z+/_-]{22}==)"
        rb"(?:$|[^0-9a-z+/=_-])",
        "AES key (hex): <h64>",
        judges.quoted,
        (_ALGORITHM_KEYS, rb"[ \"':=(]"),
        needs=(b"key",),
    ),
    named(
        "encoded-key",
        rb"[\"']encoded\\?[\"'][ ]?:[ ]?\\?[\"'](?P<secret>[0-9a-z+/_-]{20,}={0,2})\\?[\"']",
        '{"encoded": "bG9hZGVyOmxvYWRlcjEyMw=="}',
        _encoded_login,
        ((b'encoded"', b"encoded'", b"encoded\\"), rb""),
    ),
    named(
        "changed-passwords",
        rb"(?:\b|\\[nrt])chpasswd\b[^\n]{0,60}[\"'][a-z_][0-9a-z_.-]{0,40}:(?P<secret>[^\"'\n]+)[\"']",
        'chpasswd: {list: ["root:<a12>7<a4>"]}',
        judges.random,
        ((b"chpasswd",), rb""),
    ),
    named(
        "one-time-seed",
        # What an authenticator is told by hand, also in groups of four.
        rb"(?:(?:t?otp|\b2fa|mfa|authenticator|qr[ _-]?code)[^\n]{0,80}?(?:seed|key|secret|code)"
        rb"|\bkey[ ]manually|manual(?:ly)?[ ](?:entry[ ]|setup[ ])?(?:key|code))[^\n:=]{0,30}[:=][ ]*[\"'`]?"
        rb"(?P<secret>(?-i:[A-Z2-7]{16,64}={0,6}|[A-Z2-7]{4}(?:[ -][A-Z2-7]{4}){3,15})"
        rb"|(?-i:[a-z2-7]{4}(?:[ ][a-z2-7]{4}){3,15}))(?:$|[^0-9A-Za-z])",
        "Enter this key manually: <s32>",
        one_time_seed,
        (
            (b"otp", b"2fa", b"mfa", b"authenticator", b"qr code", b"qr_code", b"qrcode", b"qr-code", b"manual"),
            rb"",
        ),
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
