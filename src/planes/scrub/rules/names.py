"""Values beside a sensitive name, in the shapes in which programs print them."""

import re

from planes.scrub.rules import judges
from planes.scrub.rules.model import Rule
from planes.scrub.rules.vocabulary import CLOSES, FOLLOW, GIVES, KEY, NAME, SIGNS, named

# Wrappers that print what they hold; calls that fetch a secret (`get_secret("x")`) are not among them.
_WRAPPERS = (
    rb"(?:pydantic\.)?(?:secret(?:str|bytes|value)?|some|ok|just|str|bytes|unicode|sensitive|tsecret(?:str)?value|password"
    rb"|redactedstr|quote|quote_plus|base64string|string|\$)"
)
# What YAML puts before a value: a tag, an anchor.
_TAG = rb"(?:[!&][0-9A-Za-z!_./-]{0,40}[ \t]+)?"
_APART = (
    rb"(?:[ \t]*[\"'`:]?[ \t]+(?:is:?|was|to|as|=|->|provided:?|used:?|[|-]"
    rb"|\xe2\x94\x82|\xe2\x86\x92|for [^:\n]{1,40}:)?[ \t]*"
    rb"|[ \t]*[|][ \t]*|\t+)"
)
_AUTH = rb"(?:basic_?auth|digest_?auth|basicauthentication|ntlm_?auth|http_auth|proxy_auth|(?:^|[^0-9a-z]|\\[nrt])auth)"
_PLAIN = KEY + rb"(?:\\*[\"'`]|&quot;|%22)?\]?(?:[ ]?[(\[][0-9A-Za-z _-]{1,20}[)\]])?" + GIVES + _TAG

NAME_RULES: tuple[Rule, ...] = (
    named(
        "named-escaped",
        KEY
        + rb"(?:\\+[\"']|\\+u002[27])"
        + GIVES
        + rb"b?(?:\\+[\"']|\\+u002[27])(?P<secret>[^\"'\\]+(?:\\+[^\"'\\u][^\"'\\]*)*)",
        '{\\"password\\": \\"<a16>\\"}',
        judges.quoted,
    ),
    named(
        "named-double-quoted",
        NAME + _TAG + rb"[bruf]{0,2}\"(?P<secret>(?:[^\"\\]|\\.)+)",
        '"password": "<a16>"',
        judges.quoted,
    ),
    named(
        "named-single-quoted",
        NAME + _TAG + rb"[bruf]{0,2}'(?P<secret>(?:[^'\\]|\\.)+)",
        "'api_key': '<a16>'",
        judges.quoted,
    ),
    named(
        "named-triple-quoted",
        NAME + rb"[bruf]{0,2}(?:\"\"\"|''')\\?(?P<secret>(?:[^\"'\\]|\\.|[\"'][^\"'])+)",
        'password = """<a16>"""',
        judges.quoted,
    ),
    named(
        "named-entity",
        KEY + rb"(?:&quot;|&#34;|&#39;)?" + GIVES + rb"(?:&quot;|&#34;|&#39;)(?P<secret>[^&]+(?:&amp;[^&]*)*)",
        "password=&quot;<a16>&quot;",
        judges.quoted,
    ),
    named(
        "named-url-quoted",
        KEY + rb"(?:%22|%27)?(?:%3A|:|=|%3D)(?:%20)?(?:%22|%27)"
        rb"(?P<secret>[^% \t\r\"'&<>]+(?:%[013-9A-F][0-9A-F][^% \t\r\"'&<>]*)*)",
        "%22password%22%3A%22<a16>%22",
        judges.quoted,
    ),
    named(
        "named-wrapped",
        NAME + rb"(?:" + _WRAPPERS + rb")\([bruf]{0,2}[\"'](?P<secret>[^\"']+)",
        "password=SecretStr('<a16>')",
        judges.quoted,
    ),
    named(
        "secret-wrapped",
        rb"secret(?:str|bytes)\([bruf]{0,2}[\"'](?P<secret>[^\"']+)",
        "SecretStr('<a16>')",
        judges.quoted,
        ((b"secretstr(", b"secretbytes("), rb""),
    ),
    named(
        "named-change",
        NAME + rb"(?:\"[^\"]*\"|[^ \t\"]+)[ \t]*(?:->|=>)[ \t]*\"(?P<secret>[^\"]+)\"",
        '~ password = "(known)" -> "<a16>"',
        judges.quoted,
    ),
    named(
        "named-value",
        rb"(?:name|key|type|id|var|variable|setting|parameter)[\"']?[ \t]*[=:][ \t]*\\*[\"']?[0-9A-Za-z_.:-]*"
        + KEY
        + rb"\\*[\"']?[,; \t/]*(?:type=\"[a-z]+\"[ \t]*)?"
        rb"\\*[\"']?\bvalue\\*[\"']?[ \t]*[=:][ \t]*\\*[bu]?[\"']?(?P<secret>[^\"',}>\t\\]+)",
        "{'name': 'DB_PASSWORD', 'value': '<a16>'}",
        judges.quoted,
        (SIGNS, FOLLOW),
    ),
    named(
        "named-pair",
        KEY + rb"[\"'][ \t]*,[ \t]*[bruf]{0,2}[\"'](?P<secret>[^\"']+)",
        "(b'x-api-key', b'<a8>7<a8>')",
        judges.pair,
    ),
    named(
        "auth-pair",
        _AUTH + rb"[\"']?[ \t]*(?:[=:][ \t]*)?(?:[a-z.]*auth[a-z]*)?[(\[][ \t]*(?:username=)?[bruf]?[\"'][^\"']*[\"']"
        rb"[ \t]*,[ \t]*"
        rb"(?:password=)?[bruf]?[\"'](?P<secret>[^\"']+)[\"']",
        "auth=('me', '<a16>')",
        judges.quoted,
        ((b"auth",), rb"[a-z_]{0,12}[\"']?[ \t]?[=:(\[]"),
    ),
    named(
        "docker-auth",
        rb"\\*\"(?:auth|identitytoken|registrytoken)\\*\"[ \t]*:[ \t]*\\*\"(?P<secret>[0-9A-Za-z+/_.-]{8,}={0,2})",
        '"auth": "<b30>7=="',
        judges.basic_pair,
        ((b'"auth', b'"identitytoken', b'"registrytoken'), rb"\\?\"[ \t]{0,4}:"),
    ),
    named(
        "named-list",
        NAME + rb"\[{1,2}[ \t]*[bu]?[\"'](?P<secret>[^\"'\[\]]+(?:[\"'][ \t]*,[ \t]*[\"'][^\"'\[\]]+)*)[\"']",
        '"tokens": ["<a12>7<a4>", "<a16>"]',
        judges.listed,
    ),
    named(
        "form-part",
        rb"form-data;[^\n]{0,80}[ \t]name=\\*[\"']?[0-9A-Za-z_.-]*" + KEY + rb"\\*[\"']?[^\\\n]{0,80}"
        rb"(?:\\+r\\+n[A-Za-z-]{4,40}: [^\\\n]{0,80})?(?:\\+r)?\\+n(?:\\+r)?\\+n(?P<secret>[^\\\"'\n]+)",
        "b'form-data; name=\"password\"\\r\\n\\r\\n<a16>\\r\\n--x'",
        judges.quoted,
        (SIGNS, FOLLOW),
    ),
    named(
        "named-prose-value",
        KEY + rb"[\"'`][^\n]{0,120}[ \t]value:?[ \t]*[\"'`](?P<secret>[^\"'`\n]+)[\"'`]",
        "field `password` has the value `<a16>`",
        judges.quoted,
    ),
    named(
        "named-input",
        rb"\bloc[\"']?[ \t]*[:=][ \t]*[\[(][^\])\n]{0,120}"
        + KEY
        + rb"[\"'],?[ \t]*[\])][^\n]{0,300}[\"']input[\"'][ \t]*:[ \t]*[\"'](?P<secret>[^\"'\n]+)",
        '{"loc": ["body", "password"], "input": "<a16>"}',
        judges.quoted,
        (SIGNS, FOLLOW),
    ),
    named(
        "named-backquoted",
        KEY + rb"(?:[*]{2}|_{2}|[\"'`]{1,2})?" + GIVES + rb"`{1,2}(?P<secret>[^`\n]+)`",
        "**password**: `<a12>7<a4>`",
        judges.random,
    ),
    named(
        "named-attribute",
        rb"<[0-9a-z_.:-]{1,40}[ \t][^<>]{0,80}name=[\"'][0-9a-z_.:-]*"
        + KEY
        + rb"[\"'][^<>]{0,80}>(?P<secret>[^<>]+)</",
        '<string name="db_password"><a16></string>',
        judges.quoted,
        (SIGNS, FOLLOW),
    ),
    named(
        "named-element",
        rb"<[0-9A-Za-z_.:-]*" + KEY + rb"(?:[ \t][^<>]{0,160})?>(?P<secret>[^<>]+)</",
        "<db:password><a16></db:password>",
        judges.quoted,
        (SIGNS, FOLLOW),
    ),
    named(
        "generic-key",
        rb"[0-9a-z][_-](?:key|pat)[\"'`]?\]?" + GIVES + rb"[\"'`]?(?P<secret>[^ \t\r\"'`<>=,;&(){}\[\]]{8,})",
        "STRIPE_KEY=<a12>7<a8>",
        judges.generic_key,
        ((b"_key", b"-key", b"_pat"), rb"[\"'`]?\]?[ \t]{0,20}[:=]"),
    ),
    named(
        "short-name",
        rb"(?:^|[\"'{, \t(|])(?:pass|pw)[\"']?[ \t]*[=:][ \t]*[\"']?(?P<secret>[^ \t\r\"'`<>=,;(){}\[\]]{3,})",
        '{"pass": "<a12>7<a4>"}',
        judges.short_name,
        ((b"pass", b"pw"), rb"[\"']?[ \t]{0,4}[=:]"),
    ),
    named(
        "named-apart",
        KEY + CLOSES + _APART + rb"[\"'`]?(?P<secret>[^ \t\r\"'`|<>(]{8,})",
        "the password is <a12>7<a4>",
        judges.apart,
        (SIGNS, FOLLOW),
    ),
    named("named-plain", _PLAIN + rb"(?P<secret>[^ \t\r\"'`<>=][^ \t\r\"'`<>]*)", "DB_PASSWORD=<a16>", judges.plain),
    named(
        "connection-string-password",
        rb"[;\"'][ ]*(?:password|pwd|accountkey|sharedaccesskey)[ ]*=[ ]*[{]?"
        rb"(?P<secret>[^;\"'\n{}=]{3,}={0,2})[}]?[;\"']",
        "Server=db;Uid=me;Pwd=<a8> <a8>;Database=main",
        judges.quoted,
        ((b";pwd", b";password", b"; password", b"; pwd", b";accountkey", b";sharedaccesskey"), rb"[ ]{0,2}="),
    ),
)

_SENSITIVE_KEY = re.compile(rb"(?i)(?:" + KEY + rb"|authorization|cookie)$")


def is_sensitive_key(key: str) -> bool:
    """Whether a document's key names a secret."""
    encoded = key.encode("utf-8", "surrogatepass")
    match = _SENSITIVE_KEY.search(encoded)
    return match is not None and not judges.is_other_name(encoded, match.start())
