"""Settings whose shape tells more than their names: properties, JAAS, state of Terraform, `${NAME:-default}`."""

import re

from planes.scrub.rules.judging import cells, judges, told
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import CLOSES, FOLLOW, GIVES, KEY, SIGNS, named

# A line of JAAS that holds a user and nothing else.
_LINE_OF_USER = re.compile(rb"[ \t]*user_[\w.-]+=\"[^\"]*\"[ \t]*[;\\]*[ \t]*$")
_FACTS = re.compile(rb"user_(?:id|uuid|guid|agent|name|email|mail|hash|host|type|role|group|key|ref|sid|token)\b")


def user_of_jaas(line: bytes, begin: int, start: int, end: int) -> int:
    """The password of a user whom a server's login module knows; elsewhere, `user_id="…"` is a fact about one."""
    if b"LoginModule" in line[:begin]:
        return judges.quoted(line, begin, start, end)
    if not _LINE_OF_USER.match(line) or _FACTS.match(line, begin):
        return -1
    return cells.made(line, begin, start, end)


FILE_RULES: tuple[Rule, ...] = (
    named(
        "variable-default",
        rb"\$\{[0-9a-z_.:-]*" + KEY + rb":[-=+?]?(?P<secret>[^{}\n]{3,})\}",
        "password: ${DB_PASSWORD:-<a12>7<a3>}",
        judges.message_or_default,
        (SIGNS, FOLLOW),
        needs=(b"${",),
    ),
    named(
        "named-indexed",
        KEY
        + CLOSES
        + GIVES
        + rb"\{[0-9]{1,9}:[ ][\"'](?P<secret>[^\"'\n]+(?:[\"'],[ ][0-9]{1,9}:[ ][\"'][^\"'\n]+)*)[\"']",
        "{'api_key': {0: '<a16>', 1: '<a16>'}}",
        told.listed,
        needs=(b"{",),
    ),
    named(
        "variable-braced",
        rb"\{[a-z]{1,12}:[0-9a-z_]*" + KEY + rb"\}[ \t]*=[ \t]*[\"'](?P<secret>[^\"'\n]+)",
        '${env:DB_PASSWORD} = "<a12>7<a3>"',
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"} =", b"}=", b"}\t="),
    ),
    named(
        "named-else",
        KEY + rb"[\"')][^\n\"']{0,30}(?:unwrap_or(?:_else)?|or_?else(?:_?get)?|get_?or_?else|value_or|or_default)"
        rb"\([^\"'\n]{0,20}[\"'](?P<secret>[^\"'\n]+)",
        'env::var("DB_PASSWORD").unwrap_or("<a12>7<a3>".into())',
        judges.default,
        (SIGNS, FOLLOW),
        needs=(b"or",),
    ),
    named(
        "named-or-else",
        KEY
        + CLOSES
        + GIVES
        + rb"[^\n,;]{0,80}?(?:[|]{2}|[?]{2}|[?]:|\bor)[ ]?[bru]?[\"'`](?P<secret>[^\"'`\n]+)[\"'`]",
        "const apiKey = process.env.KEY || '<a12>7<a3>';",
        judges.default,
        needs=(b"||", b"??", b"?:", b" or "),
    ),
    named(
        "named-block-default",
        KEY + rb"[\"']?\)[ ]*(?:\{|do)[ ]*(?:[|]_?[a-z]*[|][ ]*)?[\"'](?P<secret>[^\"'\n]+)",
        "ENV.fetch('DB_PASSWORD') { '<a12>7<a3>' }",
        judges.default,
        (SIGNS, FOLLOW),
        needs=(b")",),
    ),
    named(
        "jaas-user",
        rb"(?:\b|\\[nrt])user_[0-9a-z_.-]{1,60}=\\*\"(?P<secret>[^\"\\\n]+)",
        'PlainLoginModule required username="x" password="<a12>7" user_x="<a12>7";',
        user_of_jaas,
        ((b"user_",), rb"[0-9A-Za-z_.-]{1,60}=\\?\""),
    ),
    named(
        "generated-password",
        rb"random_password\\*\"[^\n]*?\\*\"result\\*\"[ ]?:[ ]?\\*\"(?P<secret>[^\"\\\n]+)",
        '{"type":"random_password","instances":[{"attributes":{"result":"<a16>"}}]}',
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b'result"', b'result\\"'),
    ),
    named(
        "account-key",
        rb"(?:\b|\\[nrt])key(?:[ \t]*[=:]|[0-9][ \t]+[a-z]{4,8}[ \t])[ \t]*[\"']?(?P<secret>[0-9a-z+/]{86}==)",
        "key = <b86>==",
        judges.random,
        needs=(b"==",),
    ),
)
