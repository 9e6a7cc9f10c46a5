"""Tells what source code writes beside a sensitive name from values: types, prompts, constants, expressions."""

import re

from planes.scrub.rules.judging.plausible import looks_random

# What stands behind a colon where code declares a type: `: Final = 3`, `: win32.Handle | None`, `: Optional[A] = x`.
_TYPE = rb"(?:[A-Za-z_]\w*\.)*_?[A-Z]\w*(?:\[[\w., |]*\])?"
_DECLARED = re.compile(
    rb"(?:(?:typing\.)?Optional\[)?%s(?:[ ]=[ ]|\][ ]=|(?:[ ][|][ ]%s)+(?:[ ]=|[,);]|$))" % (_TYPE, _TYPE)
)
# `X25519PrivateKey`, `OAuth2Token`
_CLASS = re.compile(rb"[A-Z][A-Za-z]{0,16}[0-9]{1,5}[A-Z][A-Za-z0-9]{0,24}(?:Token|Key|Credential)s?,?$")
# `_context6.t7`
_STATE = re.compile(rb"_c(?:ontext|tx)[0-9]*\.[a-z][0-9]+[,;)]*$")
_VERSION = re.compile(rb"[0-9]+(?:\.[0-9]+)+$|#[0-9A-Fa-f]{6}$")
# Which versions of a package fit, whatever it is called: `"jsonwebtoken": "^9.0.3"`
_RANGE = re.compile(rb"(?:\^|~|[<>]=?|={1,2})[ ]?v?[0-9]+(?:\.[0-9x*]+){1,3}(?:-[a-z]+(?:\.[0-9]+)?)?$")
# What asks for a value: `'New password: '`.
_PROMPT = re.compile(rb"[A-Za-z]+(?: [a-z]+){0,5}:[ ]?$")
# A regular expression in a raw text.
_EXPRESSION = re.compile(rb"\(\?[:PiIms]|\[\^?(?:\\\\?\w|[a-zA-Z0]-[a-zA-Z9])")
# What stands between two texts that code joins: `"Unexpected token: " + token.type + " ("`
_JOINED = re.compile(rb"[ ]?\+[ ][\w.$()\[\]]+[ ]\+[ ]?")
# A text that names something: words, joined as in names of code.
_CONSTANT = re.compile(rb"_?[A-Za-z]+(?:[_.:/]+[A-Za-z0-9-]+)*|x-[a-z0-9-]+")
_ASSIGNED = re.compile(rb"[ \]][ ]?[:=][ ][\"']?$|[\w\]]:[ ][\"']?$")


def is_declared_type(line: bytes, start: int) -> bool:
    """Whether the word behind a colon is a type that code declares (`password: HiddenText | None = None`)."""
    return line[start - 2 : start] == b": " and _DECLARED.match(line, start) is not None


# `token=descriptor.format,`, "pass :meth:`x`", what Perl refers to.
_ATTRIBUTE = re.compile(rb"[A-Za-z_]+(?:\.[A-Za-z_]+)+[,)]+(?: |$)|\\[&%@][A-Za-z_]")
_ROLE = re.compile(rb":[a-z]+:`")


def is_reference(line: bytes, start: int) -> bool:
    """Whether what stands without quotes behind a name is a type, an attribute or a role of a document."""
    return (
        is_declared_type(line, start)
        or _ATTRIBUTE.match(line, start) is not None
        or (line[start - 1 : start] == b":" and _ROLE.match(line, start - 1) is not None)
    )


# A type among others: `AwsCredentialIdentity | AwsCredentialIdentityProvider`, `Secret | undefined`
_OF_UNION = re.compile(rb"(?:[A-Z][a-z]+){2,}[ ][|][ ](?:(?:[A-Z]+[a-z]+){2,}|undefined|null|None)(?![0-9A-Za-z])")
# A choice of two, literals of code and what goes on behind them: `True|False`, `true;else`
_LITERAL = re.compile(
    rb"(?:true|false|null|none|undefined)(?:[|](?:true|false|null|none)[,)\]]?$|;[a-z])", re.IGNORECASE
)
# `function(e,t){`, and what code that was made short names and takes from another module: `je.default,`
_SHORTENED = re.compile(rb"(?:async )?function\(|[A-Za-z_$]{1,2}\.[a-z]{3,12}(?:[A-Z][a-z]{2,11}){0,3}[,;)}]")
# `sessionStore === null`
_COMPARED = re.compile(rb"[A-Za-z_$][A-Za-z_$.]*[ ](?:[!=]==?|[?]{2})[ ]")


def is_of_union(line: bytes, start: int) -> bool:
    """Whether what stands without quotes is one of several types; in a row of a table it is not."""
    is_second_cell = line[start - 2 : start] == b"| " and line.find(b"|", 0, start - 2) < 0
    in_row = is_second_cell or line.lstrip()[:1] == b"|"
    return not in_row and _OF_UNION.match(line, start) is not None


def is_expression(line: bytes, start: int) -> bool:
    """Whether what is assigned is a literal of code, a function, of another module, or compares something."""
    if _LITERAL.match(line, start) or _STATE.match(line, start):
        return True
    if line[start - 1 : start] in (b":", b"=") and _SHORTENED.match(line, start):
        return True
    return line[start - 2 : start] == b"= " and _COMPARED.match(line, start) is not None


def is_class(secret: bytes) -> bool:
    """Whether a word is a class for something sensitive, with a number inside, or a member of a compiled function."""
    return (_CLASS.match(secret) or _STATE.match(secret)) is not None


def is_text_of_code(line: bytes, begin: int, start: int, end: int) -> bool:
    """Whether a text in quotes is a prompt, a version or an expression, or what stands behind one (`"Token:", x`)."""
    secret = line[start:end]
    if secret[:1] in (b",", b")") and line.count(line[start - 1 : start], 0, begin) % 2 == 1:
        return True
    if _JOINED.fullmatch(secret):
        return True
    if line[start - 2 : start - 1] == b"r" and _EXPRESSION.search(secret):
        return True
    if line[max(begin, start - 6) : start].endswith((b') -> "', b") -> '")) and _CONSTANT.fullmatch(secret):
        return True  # `def load_private_key(self) -> "PrivateKeyTypes":`
    return (_PROMPT.match(secret) or _RANGE.match(secret)) is not None or (
        _VERSION.match(secret) is not None and b"pass" not in line[begin:start].lower()
    )


def is_constant(line: bytes, start: int, end: int) -> bool:
    """Whether what is assigned to a name in capitals names something, as constants of code do (`A_KEY = "some_name"`).

    Environments assign without blanks.
    """
    secret = line[start:end]
    is_code = _ASSIGNED.search(line, max(0, start - 5), start) and _CONSTANT.fullmatch(secret)
    return bool(is_code) and not looks_random(secret)
