"""Secrets that calls and commands are given by their place, behind a host, a user or an id."""

import re

from planes.scrub.rules.judging import cells, command_judges, judges, login_judges
from planes.scrub.rules.judging.plausible import is_jumbled
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import KEY, SIGNS, named

_TEXT = rb"[bru]{0,2}(?:\"[^\"\n]{0,120}\"|'[^'\n]{0,120}')"
_ARGUMENT = rb"(?:" + _TEXT + rb"|[0-9a-z_.]{1,40}(?:\([0-9a-z_.]{0,40}\))?)[ \t]*,[ \t]*"
_SECRET = rb"[bru]{0,2}[\"'](?P<secret>[^\"'\n]+)[\"']"
# The last argument of a call, or the last one without a name.
_LAST = rb"[ \t]*(?:\)|,[ \t]*[a-z_]+[ ]?=)"


def _argument(line: bytes, begin: int, start: int, end: int) -> int:
    """An argument that looks made; a UUID is an id, and a path the place of something."""
    secret = line[start:end]
    return -1 if judges.UUID.match(secret) or judges.FILE.match(secret) else cells.made(line, begin, start, end)


def _jumbled(line: bytes, begin: int, start: int, end: int) -> int:
    """A key in base64, where a column of a table is as likely."""
    return judges.random(line, begin, start, end) if is_jumbled(line[start:end]) else -1


def _jumbled_or_text(line: bytes, begin: int, start: int, end: int) -> int:
    """A key that a message tells in quotes, or that no name looks like."""
    is_quoted = line[start - 1 : start] in (b"'", b'"', b"`")
    return judges.random(line, begin, start, end) if is_quoted or is_jumbled(line[start:end]) else -1


# Capitals and small letters, as no digest holds.
_MIXED = re.compile(rb"(?=.*[a-z])(?=.*[A-Z])")


def _piped(line: bytes, begin: int, start: int, end: int) -> int:
    """A text that a command is piped, without a name beside it."""
    return _argument(line, begin, start, end) if _MIXED.match(line[start:end]) else -1


# What is called with a login: a word that says so, alone or in a longer name (`AWS4Auth`, `simple_bind_s`).
_CALLEE = (
    rb"(?:auth|authentication|authenticator|oauth[0-9]?|login|logon|password|connect|credentials?|session|bind(?:_s)?|ftp|mysqli|provider|handler"
    rb"|userhandler)(?:\.(?:new|open|create))?\([ \t]*"
)
_CALLEE_SIGNS = tuple(
    word + behind
    for word in b"auth authentication authenticator auth1 auth2 login logon password connect credential credentials"
    b" session bind bind_s ftp mysqli provider handler".split()
    for behind in (b"(", b".new(", b".open(", b".create(")
)
# An argument may stand in what wraps it.
_WRAPPED = rb"(?:(?:some|just|secret|string::from|str)\()?" + _SECRET + rb"\)?[ \t]*[,)]"


def _by_place(place: int) -> Rule:
    """The argument at a place of a call with a login, counted from one."""
    return named(
        f"argument-{place}",
        _CALLEE + _ARGUMENT * (place - 1) + _WRAPPED,
        "AWS4Auth(" + "'main', " * (place - 1) + "'<a12>7<a4>', 'eu-west-1')",
        _argument,
        (_CALLEE_SIGNS, rb"[ \t]*[0-9a-z_.\"']"),
    )


ARGUMENT_RULES: tuple[Rule, ...] = (
    named(
        "creds-of-two",
        rb"(?:\b|_|\\[nrt])creds?[\"']?[ \t]*[=:][ \t]*[(\[][ ]?" + _TEXT + rb"[ ]?,[ ]?" + _SECRET + rb"[ ]?[)\]]",
        "creds=('loader', '<a12>7<a4>')",
        _argument,
        ((b"creds", b"cred"), rb"[\"']?[ \t:=]"),
    ),
    named(
        "connect-call-last",
        rb"(?:connect|getconnection|connection|client|login)\([ \t]*(?:" + _ARGUMENT + rb"){3,5}" + _SECRET + _LAST,
        "connect('db.example.com', 5432, 'main', 'loader', '<a12>7<a4>')",
        _argument,
        ((b"connect(", b"getconnection(", b"connection(", b"client(", b"login("), rb"[ \t]*[0-9a-z_.\"']"),
    ),
    named(
        "connect-call-second",
        rb"connect\([ \t]*" + _TEXT + rb"[ \t]*,[ \t]*" + _SECRET + rb"[ \t]*,[ \t]*(?:dsn[ ]?=[ ]?)?"
        rb"[bru]?[\"'][0-9a-z_.-]{1,80}(?::[0-9]{1,5})?/[^\"'\n]{1,60}[\"']",
        "connect('loader', '<a12>7<a4>', 'db.example.com:1521/main')",
        _argument,
        ((b"connect(",), rb"[ \t]*[bru]?[\"']"),
    ),
    named(
        "credential-third",
        rb"credentials?\([ \t]*" + _ARGUMENT + _ARGUMENT + _SECRET,
        "ClientSecretCredential('<uuid>', '<uuid>', '<a12>7<a4>')",
        _argument,
        ((b"credential(", b"credentials("), rb"[ \t]*[bru]?[\"']"),
    ),
    *(_by_place(place) for place in (2, 3, 4)),
    named(
        "arguments-told",
        rb"(?:auth|log_?in|logon|sign_?in|connect|credential)[^\n()]{0,60}?\barg(?:ument)?s?[ ]?[:=]?[ ]?[(\[]"
        + _TEXT
        + rb"[ ]?,[ ]?"
        + _SECRET,
        "calling authenticate with args ('loader', '<a12>7<a4>')",
        _argument,
        ((b"args", b"arguments"), rb"[ ]?[:=]?[ ]?[(\[]"),
    ),
    named(
        "mail-and-text",
        rb"[(\[][ ]?[bu]?[\"'][^\"'@ \n]{1,64}@[^\"'@ \n]{1,80}[\"'][ ]?,[ ]?" + _SECRET,
        "Salesforce('me@example.com', '<a12>7<a4>')",
        judges.random,
        ((b"@",), rb"[0-9A-Za-z.-]+[\"'][ ]?,"),
    ),
    named(
        "login-call-bare",
        rb"\b(?:login|log_in|sign_?in|authenticate)\([ ]?[0-9a-z_.@+-]{1,60},[ ]?"
        rb"(?P<secret>[^ \t\"'`,()<>\[\]]{8,})\)",
        "server.login(loader, <a12>7<a4>)",
        judges.random,
        ((b"login(", b"log_in(", b"signin(", b"sign_in(", b"authenticate("), rb"[ ]?[0-9a-z_.@+-]+,"),
    ),
    named(
        "user-in-option",
        rb"userpwd[\"')\]]?[ \t]*(?:,|=>|=|:)[ \t]*[bu]?[\"'][^:\"'\n]{1,60}:(?P<secret>[^\"'\n]+)[\"']",
        "c.setopt(pycurl.USERPWD, 'loader:<a12>7<a4>')",
        judges.quoted,
        ((b"userpwd",), rb"[\"')\] \t,=:]"),
    ),
    named(
        "user-then-password",
        rb"(?:[\"']-{1,2}u(?:ser(?:name)?)?[\"'][ ]?,[ ]?" + _TEXT + rb"[ ]?,[ ]?[\"']-[pw][\"'][ ]?,[ ]?[bu]?[\"']"
        rb"|[ \t]-{1,2}u(?:ser(?:name)?)?[ \t=]+[^ \t\"'-][^ \t\"']*[ \t]+-[pw][ \t]+[\"']?)"
        rb"(?P<secret>[^ \t\r\"'`]{5,})",
        "['tool', '-u', 'loader', '-p', '<a12>7<a4>']",
        _argument,
        ((b"-p", b"-w"), rb"[\"' \t]"),
        needs=(b"-u",),
    ),
    named(
        "named-symbol",
        rb"\[Symbol\([a-z. _-]*" + KEY + rb"\)\]:[ ]" + _SECRET,
        "[Symbol(kSecret)]: '<a12>7<a4>'",
        judges.quoted,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\)\]:"),
        needs=(b"symbol(",),
    ),
    named(
        "named-in-brackets",
        # With a dot it is code: `token[FIELDS.START_LINE]`.
        KEY + rb"\[(?P<secret>[^ \t\r\"'`.,;:<>()\[\]]{12,})\]",
        "token[<a12>7<a4>]",
        judges.in_brackets,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\["),
        needs=(b"[",),
    ),
    named(
        "key-of-two",
        rb"(?:primary|secondary)_?(?:read_?only_?)?key[\"']?[ \t]*[=:][ \t]*[\"']?(?P<secret>[0-9a-z+/_-]{24,}={0,2})",
        "primaryKey   : <b43>=",
        _jumbled,
        ((b"primary", b"secondary"), rb"[0-9A-Za-z_]{3,16}[\"']?[ \t]*[=:]"),
    ),
    named(
        "value-of-key-name",
        rb"key_?name[\"'][ ]?:[ ]?[\"'][^\"'\n]{1,60}[\"'],[^{}\n]{0,200}?[\"']value[\"'][ ]?:[ ]?"
        rb"[\"'](?P<secret>[0-9a-z+/_-]{24,}={0,2})[\"']",
        '{"keyName": "primary", "value": "<b43>="}',
        _jumbled,
        ((b"keyname", b"key_name"), rb"[\"']"),
        needs=(b"value",),
    ),
    named(
        "listed-credentials",
        rb"(?:\b|\\[nrt])(?:CREDENTIALS|ACCESSKEY)\t(?:[^\t\n]+\t){1,3}"
        rb"(?P<secret>[0-9a-z+/]{20,}={0,2})(?:[^0-9a-z+/=]|$)",
        "CREDENTIALS\tme\t2026-11-27T12:00:00+00:00\t<b40>",
        _jumbled,
        ((b"credentials\t", b"accesskey\t"), rb""),
    ),
    named(
        "named-kind",
        KEY + rb"[\"'`]?[ ](?:header|cookie|param(?:eter)?|field|(?:env(?:ironment)?[ ])?variable|setting)"
        rb"[ ]?[:=][ ]?[\"'`]?(?P<secret>[^ \t\r\n\"'`,;<>()]{6,})",
        "x-api-key header: cobalt4821",
        _argument,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}[\"'`]?[ ]"),
        needs=(b" header", b" cookie", b" param", b" field", b" variable", b" setting"),
    ),
    named(
        "password-of-type",
        rb"\b(?:password|secret|key)[ ][0-9][ ](?P<secret>[^ \t\r\n]{5,})(?:[ \t\r]|$)",
        "username loader password 0 cobalt4821",
        _argument,
        ((b"password", b"secret", b"key"), rb"[ ][0-9][ ]"),
    ),
    named(
        "login-at-host",
        rb"(?:^|[ (\"'=]|\\[nrt])[a-z_][0-9a-z_.-]{0,40}:(?P<secret>[^ \t\r\n@:/\"']{6,})"
        rb"@(?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[a-z0-9-]{1,40}(?:\.[a-z0-9-]{1,40}){0,6}\.[a-z]{2,12})"
        rb"(?:[^0-9a-z_-]|$)",
        "trying loader:<a12>7<a4>@db.example.com",
        login_judges.at_host,
        ((b"@",), rb"[0-9A-Za-z]"),
        needs=(b":",),
    ),
    named(
        "user-of-list",
        rb"(?:\b|\\[nrt])user[ \t]+[^ \t]+[ \t]+on[ \t]+(?:[^ \t>]+[ \t]+){0,4}>(?P<secret>[^ \t\r\n]{3,})",
        "user loader on >cobalt4821 ~* &* +@all",
        judges.quoted,
        ((b" on ", b" on\t"), rb"(?:[a-z]+ )*>"),
        needs=(b"user",),
    ),
    named(
        "header-set",
        rb"(?:set|add|request|response|pass)_?header[ \t]+[\"']?[0-9a-z_-]*" + KEY + rb"[\"']?[ \t]+[\"']?"
        rb"(?P<secret>[^ \t\r\n\"';$]+)[\"';]",
        "proxy_set_header X-Api-Key cobalt4821;",
        command_judges.flag,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}[\"']?[ \t]"),
        needs=(b"header",),
    ),
    named(
        "login-of-setting",
        rb"[0-9a-z_.]*auth[a-z_.]{0,20}[\"']?[ ]?[:=][ ]?[\"']?[a-z][0-9a-z_.@-]{1,40}:"
        rb"(?P<secret>[^ \t\r\n\"'/:,;]{8,})(?:[\"' \t\r]|$)",
        "auth_basic_user: loader:<a12>7<a4>",
        judges.random,
        ((b"auth",), rb"[a-z_.]*[\"']?[ ]?[:=][ ]?[\"']?[a-z][0-9a-z_.@-]*:"),
    ),
    named(
        "used-as-key",
        rb"(?:sign|encrypt|decrypt|verif|authenticat)(?:ed|ing|y|ying)[ ](?:with|using)[ ](?:the[ ])?key[ :=]{1,2}"
        rb"[\"'`]?(?P<secret>[^ \t\r\n\"'`,;]{12,})",
        "Signing with key '<a12>7<a4>'",
        _jumbled_or_text,
        ((b" key ", b" key:", b" key="), rb""),
        needs=(b"sign", b"crypt", b"verif", b"authent"),
    ),
    named(
        "piped-text",
        rb"(?:\b|\\[nrt])(?:echo|printf)[ \t](?:-[en]{1,2}[ \t])?[\"']?(?P<secret>[^ \t|\"'$]{8,})[\"']?[ \t]*[|][ \t]*"
        rb"(?:base64|openssl|xxd|sha[0-9]*sum|shasum|md5(?:sum)?|gpg)\b",
        "echo -n '<a12>B7b<a4>' | base64",
        _piped,
        ((b"| base64", b"|base64", b"| openssl", b"| sha", b"| md5", b"| xxd", b"| gpg"), rb""),
        needs=(b"echo", b"printf"),
    ),
)
