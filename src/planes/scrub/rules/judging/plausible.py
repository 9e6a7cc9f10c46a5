"""What stands beside a sensitive name but is no secret: placeholders, types, code, prose."""

import functools
import re

from planes.scrub.rules.judging.prose import is_common_text

_WORDS = frozenset(
    b"""
    nothing pydanticundefined
    none null nil true false yes no on off undefined unset empty missing required optional hidden redacted masked
    removed
    str int float bool bytes any string object dict list tuple type self cls env var secretstr
    tsecretvalue tsecretstrvalue ok valid invalid expired found notfound set provided given enabled disabled failed
    failure success unknown present absent loaded created updated deleted default changed rotated revoked refreshed is
    not the a an and or of for from in to must should was has na n/a todo value values obj config name bearer
    basic digest password passwd token secret changeme change_me change-me placeholder example dummy replaceme
    protected sensitive secured encrypted concealed obfuscated suppressed omitted censored sanitized confidential
    unavailable unchanged secure filtered prompt ask keyring
    assert return raise yield await lambda compat
    incomplete typealias classvar final undef async
    replace_me replace-me insert_here foobar ellipsis inherit inherited abc foo bar baz xyz
    """.split()
)
_SHAPES = re.compile(
    rb"^(?:"
    rb"[*x.\-_#\xe2\x80\xa2\x97\x8f]+|(?:\xe2[\x94\x95][\x80-\xbf][ \t]*)+"  # masked by somebody else, a gap, a box
    rb"|.{0,7}(?:\.{3}|\xe2\x80\xa6)"  # shortened to its prefix
    rb"|<[^>]*>?|\$\{.*|\$\(.*|\$[A-Za-z_]\w*|\$(?:env|script|global|using):\w+|\{\{.*"
    rb"|\??\{[A-Za-z_](?:[\w.!:()\[\]'\"]|\[-)*\}.*"
    rb"|(?:bearer|basic|token)[ ](?:%s|%\([a-z_]+\)s|\{[a-z_.0-9]*\})"
    rb"|%\(?[a-z_]*\)?[sdr]?|%[A-Z_]+%|:[a-z_]+|@[a-z_]+"
    rb"|\[(?:masked|redacted|hidden|filtered)\b.*|\(?(?:redacted|masked|hidden)\)?"
    rb"|(?:u?int|float|decimal|datetime|timestamp|complex)[0-9]{1,3}(?:[(\[].*)?|(?:large_)?(?:string|binary)(?:_view)?"
    rb"|\(?(?:is[ ])?not[ _-](?:set|found|configured|provided|available|specified|defined|required|applicable|used)\)?"
    rb"|no[ _-](?:password|token|secret|value|key)s?(?:[ ](?:set|given|provided|configured))?"
    rb"|(?:env|environ|environment|file|vault|ssm|keyring|keychain|secretref|secretkeyref):[A-Za-z_./-]+"
    rb"|(?:/var)?/run/secrets/[\w./-]+|\(sensitive(?:[ ]value)?\)|![a-z]+|(?:typing\.)?(?:Optional|Union|Annotated)\[.*"
    rb"|(?:os\.)?(?:environ|getenv)[\[(].*"
    rb"|##[A-Za-z0-9]+|#\{.*|\$__\w+\{.*|@(?:[./~]|Microsoft\.KeyVault\().*|vault:[\w/.#-]+|arn:aws[\w-]*:.*"
    rb"|projects/[\w-]+/secrets/[\w/-]+|ENC[\[(].*|\w+\[:[\w=>]+\]?|your[-_ ].*|please .*|\.\.\.|\\+[nrt\"'].{0,3}"
    rb")$",
    re.IGNORECASE | re.DOTALL,
)
# A variable or a place, or a value that begins with such a sign.
_SIGNED = re.compile(rb"[$#]+\w+$")
_CALL = re.compile(
    rb"^\$?[A-Za-z_](?:[\w.]|::|->)*\((?:.*\))?(?:[\])},;:.]*|\[.*|\.[a-z_]+.*)$"
    rb"|^\$?[A-Za-z_][\w.]*\[[\w.\"' ,:$@|*()\[-]*(?:\](?:[\[\](){},;:.\"'`|<>=& ].*)?)?$",
    re.DOTALL,
)
_PATH = re.compile(rb"^[&$]?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")
_NAME = re.compile(rb"^[A-Za-z_]+$")
# A command of PowerShell: `Get-AzAccessToken`.
_CMDLET = re.compile(
    rb"(?:Get|New|Set|Read|Import|Export|Invoke|ConvertTo|ConvertFrom|Unprotect|Protect)-[A-Z][A-Za-z]+$"
)
_CODE_HEADS = frozenset(b"self cls os config settings args dlt credentials creds secrets env params kwargs".split())
# A name of something secret: a sensitive word as a part of its own, a long one at an end (`mypassword`, no `monkey`).
_NAMED = re.compile(
    rb"(?:^|_|[A-Za-z](?=[A-Z]))(?i:pass|pwd|pw|secrets?|tokens?|keys?|creds?|auth|pat|sas)(?:$|_|(?-i:[A-Z]))"
    rb"|(?i:pass(?:word|wd|phrase|code)s?|secrets?|tokens?|credentials?|(?:api|access|private|account|auth)key)$"
    rb"|^(?i:password|passwd|secret|token|credential)"
)
_SENSITIVE = (b"pass", b"pwd", b"secret", b"token", b"key", b"cred", b"auth", b"session")
# What stands beside it. A name may be written in small letters (`apikey`), where words that end so are many (`monkey`).
_BESIDE = re.compile(
    rb"user|login|mail|host|name|string|secret|token|passw|credential|(?<!hou)auth(?!or)"
    rb"|(?<![a-z])key|(?:api|app|access|private|public|sort|primary|foreign|session|shared|signing)key"
    rb"|(?<![a-z])(?:pass|pwd|cred)",
    re.IGNORECASE,
)


_FRAMES = b"[](){}<>*_~!"
# `pg-credentials`, as manifests name what holds a secret.
_NAME_OF_SECRET = re.compile(
    rb"(?!my|your|super|top|very)[a-z]+(?:-[a-z]+){0,2}"
    rb"-(?:secrets?|tokens?|keys?|credentials?|creds|passwords?|cert|tls|auth)$"
)

# `VALUE_SPECIFIED_IN_NO_LOG_PARAMETER`
_CONSTANT = re.compile(rb"[A-Z]{2,}(?:_[A-Z]+){2,}$")

# One value is judged by several rules; so many judgements are remembered, of values of so many bytes.
_REMEMBERED = 512
_LONGEST_REMEMBERED = 128


def is_placeholder(secret: bytes) -> bool:
    """Whether a text stands for a secret without being one."""
    return _stands_for_one(secret) if len(secret) <= _LONGEST_REMEMBERED else _stands_for_one.__wrapped__(secret)


@functools.lru_cache(_REMEMBERED)
def _stands_for_one(secret: bytes) -> bool:
    return (
        not secret
        or secret.find(b"***") >= 0
        or secret[:8].find(b"[masked") >= 0
        or secret.lower() in _WORDS
        or (secret[:1] in _FRAMES and secret.strip(_FRAMES).lower() in _WORDS)
        or bool(_NAME_OF_SECRET.match(secret) or _CONSTANT.match(secret))
        or (bool(_SHAPES.match(secret)) and not (_SIGNED.match(secret) and is_jumbled(secret)))
    )


# What settings fall back on: names of products and of users who exist only on the machine of a developer.
_DEFAULTS = frozenset(
    b"""
    postgres postgresql root admin administrator guest mysql mariadb redis airflow minio minioadmin default test
    testing tests dev development local localhost user username demo sample example rabbitmq mongo mongodb elastic
    kafka clickhouse superset grafana prefect dagster metabase sa neo4j cassandra oracle system manager anonymous
    nobody vagrant docker app web api service dummy fake mock insecure unsafe secure secret secrets key keys password
    token change changeme me in my not so super prod production no for only please please-change django flask jwt
    session dlt duckdb public private none empty
    """.split()
)


def is_default(secret: bytes) -> bool:
    """Whether all words of a text are such as settings fall back on (`postgres`, `dev-secret`): it keeps no one out."""
    parts = [part.lower() for part in re.split(rb"[-_. ]", secret)]
    return all(part in _DEFAULTS for part in parts)


def is_code(secret: bytes) -> bool:
    """Whether an unquoted text is an expression that yields the secret."""
    return _yields_one(secret) if len(secret) <= _LONGEST_REMEMBERED else _yields_one.__wrapped__(secret)


@functools.lru_cache(_REMEMBERED)
def _yields_one(secret: bytes) -> bool:
    # Without a bracket or a dot there is neither a call nor a path. Most secrets have none.
    if (secret.find(b"(") >= 0 or secret.find(b"[") >= 0) and _CALL.match(secret):
        return True
    if secret.find(b".") >= 0 and _PATH.match(secret):
        head, _, _ = secret.partition(b".")
        last = secret.rpartition(b".")[2].lower()
        return head.lstrip(b"&$").lower() in _CODE_HEADS or any(word in last for word in _SENSITIVE)
    return bool(_CMDLET.match(secret)) or (bool(_NAME.match(secret)) and bool(_NAMED.search(secret)))


# The types of columns.
_TYPES = re.compile(
    rb"(?:(?:var|n?var|n)?char(?:acter)?(?: varying)?2?|text|str(?:ing)?|utf8|large_string|object|bytea?s?|blob|uuid"
    rb"|json|-{3}|categorical|enum|u?int(?:eger)?[0-9]*|bigint|float[0-9]*|double|bool(?:ean)?|timestamp.*|date|i64|f64"
    rb"|struct|array|map|list|row|record|variant|super|number|numeric|decimal|real|binary|long|short|interval|geography)"
    rb"(?:\([0-9]+\))?[?]?$",
    re.IGNORECASE,
)


def is_type(text: bytes) -> bool:
    """Whether a text names the type of a column."""
    return _TYPES.match(text) is not None


# Shapes with digits and letters that programs print and that are no secrets.
_HARMLESS = re.compile(
    rb"^(?:(?i:[a-z_]+(?:[_-][a-z]+)*[_-]?[0-9]{1,5}|v?[0-9]+(?:[.][0-9a-z]+)+|[0-9.,]+[a-z%]{0,4}|0x[0-9a-f]+"
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[a-z]:[\\\\/].*"
    rb"|[\w./\\:@%+,()=-]*\.[a-z]{2,5}[0-9]?(?::[0-9]+)?|(?:sha|md|aes|rsa|ed|hs|rs|es)-?[0-9]{1,5}(?:[^0-9a-z].*|-?bits?)?)"
    rb"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[./~].*|[a-z]+[0-9]{0,3}(?:/[a-z_.-]+[0-9]{0,3})+"
    rb"|(?:[a-z]+[0-9]{0,3}(?:_[a-z]+[0-9]{0,3})*|[A-Z][A-Z_]*[0-9]{0,2}|[A-Za-z][a-z]+(?:[A-Z][a-z]+)*)=[^=].*"
    rb"|[A-Z]{2,6}/[0-9.]+|[a-z][a-z0-9]*(?:_{1,2}[a-z0-9]+)+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|\[?masked.*)$",
    re.DOTALL,
)


def looks_random(secret: bytes) -> bool:
    """Whether a text looks made by a generator: eight signs or more, letters and digits, no usual shape."""
    if len(secret) < 8:
        return False
    return _is_made(secret) if len(secret) <= _LONGEST_REMEMBERED else _is_made.__wrapped__(secret)


_LETTER = re.compile(rb"[A-Za-z]")
_DIGIT = re.compile(rb"[0-9]")


@functools.lru_cache(_REMEMBERED)
def _is_made(secret: bytes) -> bool:
    if secret.find(b" ") >= 0 or not _LETTER.search(secret):
        return False
    if is_code(secret) or is_placeholder(secret):
        return False
    if not _DIGIT.search(secret):
        return _is_scrambled(secret)
    if _LABEL.match(secret) and is_common_text(secret):
        return False
    if not _HARMLESS.match(secret):
        return True
    return _is_scrambled(secret.rstrip(b"0123456789")) or (secret[:1] == b"/" and is_jumbled(secret))


# `base64-encoded`
_LABEL = re.compile(rb"[a-z]+[0-9]{0,3}(?:-[a-z]+)+$")
_CONSONANTS = re.compile(rb"[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{4,}")
_HUMPS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")
_VOWELLESS = re.compile(rb"(?:^|[a-z])[A-Z][b-df-hj-np-tv-xz]{1,3}(?=[A-Z]|$)")
_TURNS = re.compile(rb"[a-z](?=[A-Z])")


def _is_scrambled(secret: bytes) -> bool:
    """Whether letters alone look made by a generator: no word is so full of consonants and changes of case."""
    if not secret.replace(b"-", b"").replace(b"_", b"").isalpha():
        return False
    turns, clusters = len(_TURNS.findall(secret)), len(_CONSONANTS.findall(secret))
    if (len(secret) >= 16 and turns >= 3 and clusters >= 2) or (
        len(secret) >= 10 and turns >= 3 and len(_VOWELLESS.findall(secret)) >= 2
    ):
        return True
    # A shorter one: cut like names in code (`getURLFor`), its parts are shorter than words are.
    return len(secret) >= 10 and turns >= 2 and (clusters >= 1 or 5 * len(_HUMPS.findall(secret)) >= 2 * len(secret))


_SEGMENT = re.compile(rb"[0-9A-Za-z+]{12,}")
_JUMPS = re.compile(rb"[A-Z](?=[0-9])|[a-z](?=[0-9A-Z])|[0-9](?=[A-Za-z])")


def is_jumbled(secret: bytes) -> bool:
    """Whether a text with slashes is base64 rather than a path: capitals, small letters and digits take turns in it."""
    return any(len(_JUMPS.findall(segment)) >= max(5, len(segment) // 4) for segment in _SEGMENT.findall(secret))


def is_sensitive(word: bytes) -> bool:
    """Whether a word is itself a name of something secret, or of what stands beside it in settings."""
    return _BESIDE.search(word) is not None or _NAMED.search(word) is not None
