"""Calls that are given a secret or give one, and sentences that tell one some words behind its name."""

from planes.scrub.rules import judges, unquoted
from planes.scrub.rules.model import Rule
from planes.scrub.rules.vocabulary import CLOSES, FOLLOW, KEY, SIGNS, named

_TEXT = rb"[ \t]*[bru]{0,2}[\"'](?P<secret>[^\"'\n]+)"
# What stands between a name and what a sentence tells of it: words, and then a link.
_TOLD = rb"(?:[ ][^ \t\n:=,;\"'`|<>()\[\]{}]{1,24}){1,8}?(?:[ ](?:with|is|was|to|as|reads|equals)|[ ]?[:=])[ ][\"'`]?"

_GETTER = (
    rb"(?:" + KEY + rb"\(\)|[a-z]\([^()\n]{0,80}" + KEY + rb"[\"'][^()\n]{0,40}\))"
    rb"[ \t]*(?:->|=>|\xe2\x86\x92|={1,2}|:|returned|returns|is)"
)

CALL_RULES: tuple[Rule, ...] = (
    named(
        "named-setter",
        rb"\b(?:set|with|use|add|put|update|change|reset)_?[a-z_]{0,30}" + KEY + rb"\(" + _TEXT,
        "builder.withPassword('<a16>')",
        judges.given,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\("),
        needs=(b"(",),
    ),
    named(
        "named-builder",
        rb"[.]" + KEY + rb"\(" + _TEXT + rb"[\"']\)",
        ".api_key('<a16>')",
        judges.random,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\("),
        needs=(b"(",),
    ),
    named(
        "named-getter",
        _GETTER + _TEXT,
        "os.getenv('DB_PASSWORD')='<a16>'",
        judges.given,
        (SIGNS, FOLLOW),
        needs=(b")",),
    ),
    named(
        "named-getter-bare",
        _GETTER + rb"[ \t]*(?P<secret>[^ \t\r\"'`|<>(]{8,})",
        'EnvVar("DB_PASSWORD") -> <a12>7<a4>',
        judges.random,
        (SIGNS, FOLLOW),
        needs=(b")",),
    ),
    named(
        "named-tuple",
        rb"[(\[][0-9a-z_.-]*" + KEY + rb",[ ]?(?P<secret>[^ \t\r\"'`,()<>\[\]]{6,})[)\]]",
        "(db.password,<a12>7<a4>)",
        unquoted.apart_or_word,
        (SIGNS, rb"[0-9A-Za-z_]{0,10},"),
        needs=(b",",),
    ),
    named(
        "secret-id",
        rb"secret[_-]?id[\"']?[ \t]*[:=][ \t]*[\"']?(?P<secret>[0-9A-Za-z_-]{20,})",
        '"secret_id": "<uuid>"',
        judges.secret_id,
        ((b"secret",), rb"[_-]?id[\"']?[ \t]*[:=]"),
    ),
    named(
        "named-told",
        rb"(?:" + KEY + rb"|passwort)" + CLOSES + _TOLD + rb"(?P<secret>[^ \t\r\"'`|<>(0-9]*[0-9][^ \t\r\"'`|<>(]{2,})",
        "the password of the loader was set to <a12>7<a4>",
        unquoted.told,
        needs=(b" ",),
    ),
)
