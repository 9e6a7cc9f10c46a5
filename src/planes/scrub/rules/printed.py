"""Names and values as engines of databases, frames and collectors print them side by side."""

from planes.scrub.rules import judges, unquoted
from planes.scrub.rules.model import Rule
from planes.scrub.rules.vocabulary import CLOSES, FOLLOW, GIVES, KEY, SIGNS, named

_BEHIND_NAME = rb"[0-9A-Za-z_]{0,10}"

PRINTED_RULES: tuple[Rule, ...] = (
    named(
        "named-detail",
        rb"\((?:[^()\n]{1,80}, )?[0-9a-z_.\"]*" + KEY + rb"[\"]?(?:::[a-z ]{1,20})?\)=\((?P<secret>[^()\n]+)\)",
        "DETAIL:  Key (api_key)=(<a16>) already exists.",
        judges.quoted,
        (SIGNS, _BEHIND_NAME + rb"[\":a-z ]{0,12}\)=\("),
    ),
    named(
        "sql-compared",
        KEY
        + rb"[\"`\]]?\)?[ \t]+(?:not[ \t]+)?(?:in[ \t]*\([ \t]*|i?like[ \t]+|<>[ \t]*"
        + rb"|is[ \t]+(?:not[ \t]+)?distinct[ \t]+from[ \t]+)"
        + rb"[en]?'(?P<secret>[^'\n]+(?:'[ \t]*,[ \t]*'[^'\n]+)*)'",
        "WHERE api_key IN ('<a16>')",
        judges.quoted,
        (SIGNS, _BEHIND_NAME + rb"[\"`\])]{0,2}[ \t]"),
        needs=(b"in", b"like", b"<>", b"distinct"),
    ),
    named(
        "sql-selected",
        rb"[( \t,][en]?'(?P<secret>[^'\n]+)'(?:::[a-z]{2,16})?[ \t]+as[ \t]+[\"`\[]?[0-9a-z_]*" + KEY + rb"\b",
        "SELECT '<a16>' AS api_key",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b" as ",),
    ),
    named(
        "named-typed",
        KEY + rb"[ \t]+<[a-z0-9_]{2,16}>[ \t]+[\"'](?P<secret>[^\"'\n]+)",
        "$ api_key <str> '<a16>'",
        judges.quoted,
        (SIGNS, _BEHIND_NAME + rb"[ \t]"),
        needs=(b"<",),
    ),
    named(
        "named-wrapped-bare",
        KEY
        + rb"[\"'`]?"
        + GIVES
        + rb"(?:str|string|some|just|optional|value|secret)[(\[](?P<secret>[^\"'()\n]{4,}?)[)\]](?:$|[ \t\r,;}\]])",
        "-> api.key: Str(<a16>)",
        unquoted.shown,
        (SIGNS, FOLLOW),
        needs=(b"(", b"["),
    ),
    named(
        "named-in-braces",
        rb"[{,][ ]?'?[0-9a-z_-]*" + KEY + rb"'?,[ ]?(?:<<)?\"(?P<secret>[^\"\n]+)\"",
        '{api_key,"<a16>"}',
        judges.pair,
        (SIGNS, _BEHIND_NAME + rb"'?,"),
        needs=(b',"', b', "', b',<<"'),
    ),
    named(
        "named-members",
        KEY + CLOSES + GIVES + rb"[{][ ]?[\"']?[0-9]{1,6}[\"']?[ ]?:[ ]?[bu]?[\"'](?P<secret>[^{}\n]+?)[\"'][ ]?[}]",
        '"api_key":{"0":"<a16>","1":"<a16>"}',
        judges.quoted,
        needs=(b"{",),
    ),
    named(
        "named-gap",
        rb"^[ \t]*(?:[0-9]{1,4}[ \t]+)?[0-9a-z_.-]*"
        + KEY
        + rb"(?:[ ]{2,}|[ ]?\t[ \t]*)(?P<secret>[^ \t\r|\xe2\"'][^\n]*)",
        "api_key    <a12>7<a4>!",
        unquoted.gap,
        (SIGNS, _BEHIND_NAME + rb"(?:[ ][ ]|[ ]?\t)"),
        needs=(b"  ", b"\t"),
    ),
)
