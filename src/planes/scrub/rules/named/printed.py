"""Names and values as engines of databases, frames and collectors print them side by side."""

from planes.scrub.rules.judging import cells, judges, key_judges, place_judges, told
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import CLOSES, FOLLOW, GIVES, KEY, SIGNS, SOURCE, named

_BEHIND_NAME = rb"[0-9A-Za-z_]{0,10}"
_BAR = rb"(?:[|\t]|\xe2\x94[\x82\x83]|\xe2\x95\x91)"


def _beside(*words: bytes) -> tuple[bytes, ...]:
    """Words as the names of members: none of them stands alone in a sentence."""
    return tuple(word + sign for word in words for sign in (b'"', b"'", b"\\", b"_v", b"v", b"=", b":", b" =", b" :"))


_FIELD = (
    rb"(?:name|key|field|path|property|attribute|column|option|setting|variable)\\*[\"']?[ ]?[=:][ ]?\\*[\"']"
    rb"[0-9A-Za-z_.:/-]*" + KEY + rb"\\*[\"'][,; ]"
)
# What programs print between the name of any key and its value: signs, and a few words.
_TO_VALUE = (
    rb"[^0-9A-Za-z\n]{1,14}(?:(?:str|string|some|is|to|td|dd|value|type|securestring|provided)[^0-9A-Za-z\n]{1,8}){0,3}"
    rb"(?P<secret>[0-9A-Za-z_+/=.~-]{20,})"
)
# The sides of what changed: `{'old_value': …, 'new_value': …}`.
_SIDES = (b"to", b"old", b"new", b"previous", b"before", b"after", b"from", b"current", b"expected", b"actual")
_SIDE = rb"\\*[\"']?(?:" + b"|".join(_SIDES) + rb")(?:_?value)?\\*[\"']?[ ]?(?:[:=]|=>)[ ]?[bu]?\\*[\"']"
_CHANGED = KEY + rb"[\\\"'\])]{0,6}" + GIVES + rb"[{(][ ]?" + _SIDE


def _held(line: bytes, begin: int, start: int, end: int) -> int:
    """What a wrapper holds; in `token: Optional[Text] = None` it is a type."""
    return -1 if line.startswith(b"] =", end) else told.shown(line, begin, start, end)


def _of_first_error(line: bytes, begin: int, start: int, end: int) -> int:
    """What a validator was given for the field before its message, not for the next field."""
    return judges.quoted(line, begin, start, end) if line.count(b"[type=", begin, start) == 1 else -1


PRINTED_RULES: tuple[Rule, ...] = (
    Rule(
        "named-variable",
        "name",
        (b"PASSWORD_", b"TOKEN_", b"SECRET_", b"API_KEY_"),
        rb"[0-9A-Z_]{1,40}[\"']?[ ]?[=:]",
        rb"(?:PASSWORD|TOKEN|SECRET|API_KEY)_[0-9A-Z_]{1,40}[\"']?[ ]?[=:][ ]?[\"']?"
        rb"(?P<secret>[^ \t\r\n\"',;]{16,})",
        SOURCE,
        "AWS_BEARER_TOKEN_BEDROCK=<a12>7<a20>",
        judges.variable,
    ),
    named(
        "value-of-type",
        rb"(?:token|api_?key|password|secret)(?:str|string)?[ ]?[({][ ]?(?:raw_?)?(?:value|_value)[ ]?[:=][ ]?"
        rb"[\"'](?P<secret>[^\"'\n]+)",
        'ApiKey(value="<a12>7<a4>")',
        judges.random,
        (
            tuple(
                name + b
                for name in (b"token", b"apikey", b"api_key", b"password", b"secret", b"secretstr")
                for b in (b"(", b" {", b" (", b"{")
            ),
            rb"[ ]?(?:raw)?_?value",
        ),
    ),
    named(
        "bearer-protocol",
        rb"Sec-WebSocket-Protocol[\"']?:[ ]?[\"']?(?:[^\n\"']{1,80}, ?)?(?:bearer|token|auth[a-z]*)[,.] ?"
        rb"(?P<secret>[0-9a-z_.~+/=-]{12,})",
        "Sec-WebSocket-Protocol: bearer, <a12>7<a20>",
        judges.random,
        ((b"sec-websocket-protocol",), rb"[\"':]"),
    ),
    named(
        "named-packed",
        rb"(?:password|passwd|secret|token|api_?key)(?:\\x[0-9a-f]{2}|\\[nrt]){1,6}[ -&(-/]?"
        rb"(?P<secret>[^\\\"'\x00-\x20]{6,})",
        "b'\\xa4user\\xa2me\\xa8password\\xb0<a16>\\xa4port'",
        judges.random,
        (tuple(name + b"\\x" for name in (b"password", b"passwd", b"secret", b"token", b"api_key", b"apikey")), b""),
    ),
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
        KEY + rb"[ \t]*<[a-z0-9_]{2,16}>(?:[ \t]*[:=])?[ \t]+[\"'](?P<secret>[^\"'\n]+)",
        "$ api_key <str> '<a16>'",
        judges.quoted,
        (SIGNS, _BEHIND_NAME + rb"[ \t<]"),
        needs=(b"<",),
    ),
    named(
        "named-wrapped-bare",
        KEY
        + rb"[\"'`]?"
        + GIVES
        + rb"(?:str|string|some|just|optional|value|secret)[(\[](?P<secret>[^\"'()\n]{4,}?)[)\]](?:$|[ \t\r,;}\]])",
        "-> api.key: Str(<a16>)",
        _held,
        (SIGNS, FOLLOW),
        needs=(b"(", b"["),
    ),
    named(
        "named-slice",
        KEY + rb":[ ](?:slice|array)\(\[\"(?P<secret>[^\"\n]+(?:\",[ ]?\"[^\"\n]+)*)\"\]\)",
        '-> http.request.header.x-api-key: Slice(["<a16>"])',
        judges.quoted,
        (SIGNS, _BEHIND_NAME + rb":"),
        needs=(b"slice(", b"array("),
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
        "named-cell-between",
        rb"(?:^|"
        + _BAR
        + rb")[ \t]*[\"'`*]{0,3}[0-9A-Za-z_.:/-]*"
        + KEY
        + rb"[\"'`*]{0,3}[ \t]*"
        + _BAR
        + rb"(?:[ \t]*[A-Za-z][0-9A-Za-z_ /.()-]{0,40}"
        + _BAR
        + rb"){1,2}"
        + rb"[ \t]*[\"'`]?(?P<secret>[^ \t\r|\"'`\xe2][^\t\r|\"'`\xe2\n]{5,})[\"'`]?[ \t\r]*(?:"
        + _BAR
        + rb"|$)",
        "| db_password | string | <a12>7<a4> |",
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"[\"'`*]{0,3}[ \t]*[|\t\xe2]"),
        needs=(b"|", b"\t", b"\xe2\x94", b"\xe2\x95"),
    ),
    named(
        "named-gap-between",
        KEY + rb"[ ]{2,}[A-Za-z][0-9A-Za-z_./-]{0,30}[ ]{2,}(?P<secret>[^ \t\r|\"']{8,})(?:[ \t\r]|$)",
        "db_password    string    <a12>7<a4>",
        cells.cell_between,
        (SIGNS, _BEHIND_NAME + rb"[ ][ ]"),
        needs=(b"  ",),
    ),
    named(
        "named-two-cells",
        KEY + rb"[\"']?[,;][\"']?(?P<secret>[^ ,;\"'()<>\[\]\r\n]{6,})[\"']?(?:[ \t\r]|$)",
        "db_password,<a12>7<a4>",
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"[\"']?[,;]"),
        needs=(b",", b";"),
    ),
    named(
        "pepper",
        rb"pepper[\"']?" + GIVES + rb"[\"']?(?P<secret>[^ \t\r\"'`<>,;(){}]{6,})",
        "pepper = '<a12>7<a4>'",
        cells.made,
        ((b"pepper",), rb"[\"']?[ \t:=]"),
    ),
    named(
        "named-default-shown",
        KEY
        + rb"[ =,\t][^\n]{0,160}?[\[(](?:[^\[\]()\n]{0,80}[;,] )?"
        + rb"default:? [\"']?(?P<secret>[^\[\]()\"'\n]+)[\"']?[\])]",
        "--api-key TEXT  [default: <a12>7<a4>]",
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"[ =,\t]"),
        needs=(b"default",),
    ),
    named(
        "named-changed",
        _CHANGED + rb"(?P<secret>[^\"'\n]+)[\"']",
        "\"root['api_key']\": {'new_value': '<a16>', 'old_value': 'x'}",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=_beside(*_SIDES),
    ),
    named(
        "named-changed-from",
        _CHANGED + rb"[^\"'\n]+[\"'][ ]?[,;][ ]?" + _SIDE + rb"(?P<secret>[^\"'\n]+)[\"']",
        "\"root['api_key']\": {'new_value': 'x', 'old_value': '<a16>'}",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=_beside(*_SIDES),
    ),
    named(
        "named-leader",
        KEY + rb"[ ]?[.]{4,}[ ]?(?P<secret>[^ .\t\r\"'][^\n]*)$",
        "apiKey......................<a12>7<a4>",
        place_judges.led,
        (SIGNS, _BEHIND_NAME + rb"[ ]?[.][.]"),
        needs=(b"....",),
    ),
    named(
        "named-typed-value",
        KEY
        + rb"[ ]?:[ ][A-Za-z][0-9A-Za-z_.]{2,20}(?:\[[A-Za-z]+\])?[ ]=[ ](?P<secret>[^ \t\r\"'`(]{6,})(?:[ \t\r]|$)",
        "val apiKey: String = <a12>7<a4>",
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"[ ]?:[ ]"),
        needs=(b" = ",),
    ),
    named(
        "named-in-message",
        KEY
        + CLOSES
        + GIVES
        + rb"[\[({]{0,2}[\"'][A-Za-z][A-Za-z ]{2,40}[ :]\\*[\"'`](?P<secret>[^\"'`\n]{6,}?)\\*[\"'`][ ]",
        "{'api_key': [\"value '<a12>7<a4>' does not match\"]}",
        cells.made,
        needs=(b" '", b' "', b" `", b' \\"', b":'"),
    ),
    named(
        "value-from-name",
        rb"[\"'`](?P<secret>[^ \"'`\n]{6,})[\"'`][ ][\[(]?(?:from|for|in|of|as|via)[ ](?:(?:the[ ])?"
        rb"(?:env(?:ironment)?|variable|var|setting|option|key|field)[ ]){0,2}[\"'`$]{0,2}[0-9A-Za-z_.-]*" + KEY,
        "invalid literal: '<a12>7<a4>' (from DB_PASSWORD)",
        judges.random,
        (SIGNS, FOLLOW),
        needs=(b"' ", b'" ', b"` "),
    ),
    named(
        "named-backquoted-far",
        KEY + rb"[ ][^\n`]{0,60}[ ]`(?P<secret>[^`.~ ()\n]{6,})`",
        "New API key for staging: `<a12>7<a4>`",
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"[ ]"),
        needs=(b"`",),
    ),
    named(
        "named-field-to",
        _FIELD + rb"[^{}<>\n]{0,120}?\b(?:to|after|current)\\*[\"']?[ ]?[=:][ ]?[bu]?\\*[\"'](?P<secret>[^\"'\n\\]+)",
        '{"field": "api_key", "from": "x", "to": "<a16>"}',
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=_beside(b"to", b"after", b"current"),
    ),
    named(
        "named-field-from",
        _FIELD
        + rb"[^{}<>\n]{0,120}?\b(?:from|before|previous|old)\\*[\"']?[ ]?[=:][ ]?[bu]?\\*[\"'](?P<secret>[^\"'\n\\]+)",
        '{"field": "api_key", "from": "<a16>", "to": "x"}',
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=_beside(b"from", b"before", b"previous", b"old"),
    ),
    named(
        "named-of-go",
        # `%#v` of http.Header, url.Values and maps
        KEY
        + rb"\\*\":[ ]?(?:\[\][0-9a-z_.*]{1,30}(?:[ ]\{\})?\{"
        + rb"|(?:interface[ ]\{\}|any|[a-z]\w{0,30}\.\w{1,30}|string)\()"
        + rb"\\*\"(?P<secret>[^\"\n]+?(?:\\*\",[ ]?\\*\"[^\"\n]+?)*)\\*\"[)}]",
        'url.Values{"client_secret":[]string{"<a16>"}}',
        judges.quoted,
        needs=(b'{"', b'("', b'{\\"', b'(\\"'),
    ),
    named(
        "named-text-pair",
        # pairs of Lisp, Scheme and Clojure
        rb"[({,][ ]?\\*\"[0-9a-z_.:/-]*" + KEY + rb"\\*\"[ ](?:\.[ ])?\\*\"(?P<secret>[^\"\n]+)\"",
        '("client_secret" . "<a12>7<a4>")',
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"[\\\"]"),
        needs=(b' "', b' \\"'),
    ),
    named(
        "named-path-pair",
        # `jq --stream`
        KEY + rb"\"\],[ ]?\"(?P<secret>[^\"\n]+)\"\]",
        '[["db","client_secret"],"<a12>7<a4>"]',
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"\"\]"),
        needs=(b'"],',),
    ),
    named(
        "named-expected",
        KEY
        + rb"[\"'`]?[^\"'`\n]{1,60}\b(?:expected|got|received|but was|actual)(?: value)?:?[ ][bu]?\\*[\"'`<]"
        + rb"(?P<secret>[^\"'`<>\n]{6,}?)\\*[\"'`>]",
        "db password mismatch: expected '<a12>7<a4>', got ''",
        cells.made,
        needs=(b"expected", b"got", b"received", b"but was", b"actual"),
    ),
    named(
        "named-message-end",
        # a validator's message that ends with what it was given
        KEY
        + CLOSES
        + GIVES
        + rb"[\[({]{1,2}[ ]?\\*[\"'][A-Z][A-Za-z ]{2,60}: (?P<secret>[^\"'`\n ]{6,}?)\\*[\"'][ ]?[\])},]",
        "{'client_secret': ['Not a valid integer: <a12>7<a4>']}",
        cells.made,
        needs=(b"['", b'["', b'[\\"', b"[ '", b'[ "', b"('", b'("'),
    ),
    named(
        "named-braced-arrow",
        KEY + rb"[ ]?(?:\}{1,2}|%)[ ]?(?:->|=>|=|:|\xe2\x86\x92)[ ]?[\"'`]?(?P<secret>[^ \t\r\"'`|<>()]{6,})",
        "{{ var.value.db_password }} -> <a12>7<a4>",
        cells.made,
        (SIGNS, _BEHIND_NAME + rb"[ ]?[}%]"),
        needs=(b"}", b"%"),
    ),
    named(
        "named-input-value",
        # pydantic's errors where line breaks are shown or were taken out
        KEY
        + rb"[\"'`]?(?:[ ]|(?:\\+[nrt])+)[ ]*[^{}<>\n]{3,300}?\[type=[a-z_]{2,60}, input_value=[\[(]{0,2}[bru]?"
        + rb"\\*[\"'](?P<secret>[^\"'\n]+)",
        "password\\n  Input should be a valid integer [type=int_type, input_value='<a16>', input_type=str]",
        _of_first_error,
        needs=(b"input_value=",),
    ),
    named(
        "sensitive-output",
        # `terraform output -json`
        rb"sensitive\\*[\"'][ ]?:[ ]?true,[^{}\n]{0,400}?[\"']value\\*[\"'][ ]?:[ ]?\\*[\"'](?P<secret>[^\"'\n\\]+)",
        '{"sensitive":true,"type":"string","value":"<a16>"}',
        judges.quoted,
        ((b'sensitive"', b"sensitive\\"), rb"[\\\"]*[ ]?:[ ]?true,"),
    ),
    named(
        "sensitive-output-last",
        rb"[\"']value\\*[\"'][ ]?:[ ]?\\*[\"'](?P<secret>[^\"'\n\\]+)\\*[\"'],"
        rb"[^{}\n]{0,400}?sensitive\\*[\"'][ ]?:[ ]?true",
        '{"value":"<a16>","type":"string","sensitive":true}',
        judges.quoted,
        ((b'sensitive"', b"sensitive\\"), rb"[\\\"]*[ ]?:[ ]?true"),
    ),
    named(
        "hashed-by-filter",
        # Ansible: `{{ '…' | password_hash('sha512') }}`
        rb"\\*[\"'](?P<secret>[^\"'\n\\]+)\\*[\"'][ ]*[|][ ]*password_hash\b",
        "{{ '<a16>' | password_hash('sha512') }}",
        judges.quoted,
        ((b"password_hash",), rb""),
    ),
    named(
        "named-gap",
        rb"^[ \t]*(?:[0-9]{1,4}[ \t]+)?(?:[A-Z][a-z]+[ ]){0,3}[0-9a-z_.-]*"
        + KEY
        + rb"(?:[ ]{2,}|[ ]?\t[ \t]*)(?P<secret>[^ \t\r|\xe2\"'][^\n]*)",
        "api_key    <a12>7<a4>!",
        cells.gap,
        (SIGNS, _BEHIND_NAME + rb"(?:[ ][ ]|[ ]?\t)"),
        needs=(b"  ", b"\t"),
    ),
    named(
        "key-of-any",
        rb"[0-9a-z][_-]key" + _TO_VALUE,
        "<ACME_KEY>q<a10>7B3c<a20></ACME_KEY>",
        key_judges.key_of_any,
        ((b"_key", b"-key"), rb"[^0-9A-Za-z_-]"),
    ),
    Rule(
        "key-of-any-in-camel-case",
        "name",
        (b"Key",),
        rb"[^0-9A-Za-z_-]",
        rb"[0-9a-z]Key(?i:" + _TO_VALUE + rb")",
        SOURCE,
        "Config(host=db, acmeKey=q<a10>7B3c<a20>, retries=3)",
        key_judges.key_of_any,
    ),
)
