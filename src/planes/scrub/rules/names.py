"""Values beside a sensitive name, in the shapes in which programs print them."""

import re

from planes.scrub.rules import judges
from planes.scrub.rules.model import Judge, Rule

# `_` stands for `_`, `-` or nothing.
_KEYS = """
    password passwords passwd passphrase passcode passwort pswd pwd secret secrets secret_value token tokens
    api_key app_key access_key account_key secret_key private_key encryption_key signing_key master_key
    shared_key shared_access_key storage_key service_key subscription_key auth_key license_key session_key
    secret_access_key session_id jsessionid phpsessid credential credentials connection_string
"""
_KEY = rb"(?:%s|api key|[_-]pass|[_-]auth|_dsn)(?:_?[0-9]{1,2})?" % b"|".join(
    key.encode("ascii").replace(b"_", b"[_-]?") for key in _KEYS.split()
)
_SIGNS = tuple(
    b"passw passp passc pswd pwd secret token key sessionid session_id session-id sessid credential "
    b"connection_string connectionstring connection-string _pass -pass _auth -auth _dsn".split()
)
# Between the name and the sign that gives it a value: quotes (also escaped), a closing bracket, blanks.
_FOLLOW = rb"[0-9A-Za-z_]{0,8}(?:[\\\"'`\])>]|&quot;){0,8}[ \t]{0,20}(?:[:=,>]|%3[aAdD]|[ ][\"'])"
_GIVES = rb"[ \t]*(?::=|=>|=|:|%3[AaDd])[ \t]*"
_NAME = _KEY + rb"[\"'`]?\]?" + rb"(?:" + _GIVES + rb"|[ \t]*==[ \t]*)"
_HEADER_GIVES = rb"[\"'`\\]*\]?[ \t]*[:=,][ \t]*\\*(?:b?\\*[\"'`])?"
_SCHEMES = rb"(?:bearer|basic|token|digest|negotiate|apikey|ssws|aws4-hmac-sha256|splunk|geniekey|bot|key|oauth)"
_COOKIE = rb"[^ \r=;,\"'`\\]+=[^ \r;\"'`\\]*"
_SIGNED_PARAMETERS = b"(?:x-amz-(?:signature|credential|security-token)|x-goog-signature|signature|auth|key|sig|code)"
_SOURCE = "how programs print settings and requests"


def _named(
    name: str, pattern: bytes, sample: str, judge: Judge, scan: tuple[tuple[bytes, ...], bytes] | None = None
) -> Rule:
    signs, follow = scan or (_SIGNS, _FOLLOW)
    return Rule(name, "name", signs, follow, b"(?i)" + pattern, _SOURCE, sample, judge, any_case=True)


NAME_RULES: tuple[Rule, ...] = (
    _named(
        "authorization-header",
        rb"authorization" + _HEADER_GIVES + rb"(?:" + _SCHEMES + rb"[ \t]+)?(?P<secret>[^ \t\r\"'`,;\\&<>]+)",
        "Authorization: Basic <b40>=",
        judges.header,
        ((b"authorization",), rb""),
    ),
    _named(
        "bearer-token",
        rb"(?:bearer|basic)[ \t]+(?P<secret>[0-9A-Za-z._~+/-]{8,}=*)",
        "got Bearer <w40>7 from cache",
        judges.bearer,
        ((b"bearer", b"basic"), rb"[ \t]+[0-9A-Za-z._~+/-]{8}"),
    ),
    _named(
        "cookie-header",
        rb"cookie" + _HEADER_GIVES + rb"(?P<secret>" + _COOKIE + rb"(?:;[ ]?" + _COOKIE + rb")*)",
        "Cookie: session=<a30>; theme=<a5>",
        judges.header,
        ((b"cookie",), rb"[\"'`\]\\]{0,4}[ \t]{0,4}[:=,]"),
    ),
    _named(
        "named-escaped",
        _KEY + rb"\\+[\"']" + _GIVES + rb"\\+[\"'](?P<secret>[^\"'\\]+(?:\\+[^\"'\\][^\"'\\]*)*)",
        '{\\"password\\": \\"<a16>\\"}',
        judges.quoted,
    ),
    _named(
        "named-double-quoted",
        _NAME + rb"[bruf]{0,2}\"(?P<secret>(?:[^\"\\]|\\.)+)",
        '"password": "<a16>"',
        judges.quoted,
    ),
    _named(
        "named-single-quoted",
        _NAME + rb"[bruf]{0,2}'(?P<secret>(?:[^'\\]|\\.)+)",
        "'api_key': '<a16>'",
        judges.quoted,
    ),
    _named(
        "named-pair",
        _KEY + rb"[\"'][ \t]*,[ \t]*[bruf]{0,2}[\"'](?P<secret>[^\"']+)",
        "(b'x-api-key', b'<a8>7<a8>')",
        judges.pair,
    ),
    _named(
        "named-element",
        _KEY + rb"[^<>=/\"']{0,40}>(?P<secret>[^<>]+)</",
        "<db:password><a16></db:password>",
        judges.quoted,
    ),
    _named(
        "named-flag",
        rb"--[0-9A-Za-z_-]*" + _KEY + rb"[ \t]+[\"']?(?P<secret>[^ \t\r\"']+)",
        "tool --db-password <a8>7<a8> --verbose",
        judges.flag,
        ((b"--",), rb"[0-9A-Za-z_-]*(?:pass|pwd|secret|token|key|credential)"),
    ),
    _named(
        "sql-password",
        rb"(?:password|identified[ \t]+by|secret)[ \t]+e?'(?P<secret>(?:[^'\\]|''|\\.)+)'",
        "ALTER USER loader PASSWORD '<a16>'",
        judges.quoted,
        ((b"password", b"identified", b"secret"), rb"(?:[ \t]+by)?[ \t]+e?'"),
    ),
    _named(
        "netrc-password",
        rb"login[ \t]+[^ \t\r]+[ \t]+password[ \t]+(?P<secret>[^ \t\r]+)",
        "machine example.com login me password <a16>",
        judges.quoted,
        ((b"login",), rb"[ \t]+[^ \t\r\n]+[ \t]+password"),
    ),
    _named(
        "curl-user",
        rb"(?:curl(?:[ \t][^\n]*)?[ \t]-u|--user|--proxy-user)[ \t=]+[\"']?[^ \t\r:\"']+:(?P<secret>[^ \t\r\"']+)",
        "curl -s -u me:<a16> https://example.com",
        judges.quoted,
        ((b"curl", b"--user", b"--proxy-user"), rb"[ \t=]"),
    ),
    _named(
        "url-signature",
        rb"[?&;]" + _SIGNED_PARAMETERS + rb"=(?P<secret>[^&# \t\r\"'<>]{12,})",
        "https://bucket.example.com/x?X-Amz-Signature=<h64>&x=1",
        judges.quoted,
        ((b"?", b"&", b";"), _SIGNED_PARAMETERS + rb"=[^&# \t\r\n\"'<>]{12}"),
    ),
    _named(
        "named-plain",
        _KEY + rb"(?:\\*[\"'`]|&quot;)?\]?" + _GIVES + rb"(?P<secret>[^ \t\r\"'`<>=][^ \t\r\"'`<>]*)",
        "DB_PASSWORD=<a16>",
        judges.plain,
    ),
)

_SENSITIVE_KEY = re.compile(rb"(?i)(?:" + _KEY + rb"|authorization|cookie)$")


def is_sensitive_key(key: str) -> bool:
    """Whether a document's key names a secret."""
    encoded = key.encode("utf-8", "surrogatepass")
    match = _SENSITIVE_KEY.search(encoded)
    return match is not None and not judges.is_other_name(encoded, match.start())
