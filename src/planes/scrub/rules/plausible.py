"""What stands beside a sensitive name but is no secret: placeholders, types, code, prose."""

import re

_WORDS = frozenset(
    b"""
    none null nil true false yes no on off undefined unset empty missing required optional hidden redacted masked
    removed
    str int float bool bytes any string object dict list tuple type self cls env var secretstr
    tsecretvalue tsecretstrvalue ok valid invalid expired found notfound set provided given enabled disabled failed
    failure success unknown present absent loaded created updated deleted default changed rotated revoked refreshed is
    not the a an and or of for from in to must should was has na n/a todo value values obj config name bearer
    basic password passwd token secret
    """.split()
)
_SHAPES = re.compile(
    rb"^(?:"
    rb"[*x.\-_#\xe2\x80\xa2]+"  # masked by somebody else, or a gap
    rb"|<[^>]*>?|\$\{.*|\$\(.*|\$[A-Za-z_]\w*|\{\{.*|\{[A-Za-z_][\w.!:()\[\]'\"]*\}.*|%\(?[a-z_]*\)?[sdr]?|%[A-Z_]+%|:[a-z_]+|@[a-z_]+"
    rb"|\[(?:masked|redacted|hidden|filtered)\b.*|\(?(?:redacted|masked|hidden)\)?"
    rb"|your[-_ ].*|please .*|\.\.\.|\\+[nrt\"'].{0,3}"
    rb")$",
    re.IGNORECASE | re.DOTALL,
)
_CALL = re.compile(rb"^[A-Za-z_][\w.]*\((?:.*\))?(?:[\])},;:.]*|\[.*|\.[a-z_]+.*)$|^[A-Za-z_][\w.]*\[.*$", re.DOTALL)
_PATH = re.compile(rb"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")
_NAME = re.compile(rb"^[A-Za-z_]+$")
_CODE_HEADS = frozenset(b"self cls os config settings args dlt credentials creds secrets env params kwargs".split())
_SENSITIVE = (b"pass", b"pwd", b"secret", b"token", b"key", b"cred", b"auth")


def is_placeholder(secret: bytes) -> bool:
    """Whether a text stands for a secret without being one."""
    return (
        not secret
        or b"***" in secret
        or b"[masked" in secret[:8]
        or secret.lower() in _WORDS
        or bool(_SHAPES.match(secret))
    )


def is_code(secret: bytes) -> bool:
    """Whether an unquoted text is an expression that yields the secret."""
    if _CALL.match(secret):
        return True
    if _PATH.match(secret):
        head, _, _ = secret.partition(b".")
        last = secret.rpartition(b".")[2].lower()
        return head.lower() in _CODE_HEADS or any(word in last for word in _SENSITIVE)
    lowered = secret.lower()
    return bool(_NAME.match(secret)) and any(word in lowered for word in _SENSITIVE)
