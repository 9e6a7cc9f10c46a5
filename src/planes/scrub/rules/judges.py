"""Decisions about a match in its line that no pattern can make."""

import re

from planes.scrub.rules.plausible import is_code, is_placeholder

# Names that end in a sensitive word and are harmless: cursors, marks of a language model's vocabulary, public halves.
_HARMLESS_BEGINNINGS = (
    *(b"page", b"next", b"sync", b"continuation", b"public", b"primary", b"foreign", b"cancel", b"stop"),
    *(b"page_", b"next_", b"sync_", b"continuation_", b"public_", b"primary_", b"foreign_", b"cancel_", b"stop_"),
    *(b"eos_", b"pad_", b"bos_", b"unk_", b"sep_", b"cls_", b"mask_", b"no_", b"max_", b"min_", b"num_"),
)
# Where a value in a list of values ends: before the next name, before a closing bracket.
_NEXT_VALUE = re.compile(
    rb"[,;&|](?:[ \t]|$|[\"']?[A-Za-z_][\w.-]*[\"']?[=:])|%26|[)\]}>]+[,.;:]?$|[)\]}>]+[,;]|\\+[nrt](?:[A-Z\\]|$)"
)
_IN_MASK = re.compile(rb"\[masked:[^\] \t]*$")
_NEXT_PARAMETER = re.compile(rb"[&#]")
# An expression that goes on behind a comma: `cast(X, y)`, `[a, b]`.
_CALL = re.compile(rb"[A-Za-z_][\w.]*[(\[]|\[|\(")
_DOTTED = re.compile(rb"^[A-Za-z_]+(?:\.[A-Za-z_]+)+$")
_IDENTIFIER = re.compile(rb"^[A-Za-z_-]+$")
_UUID = re.compile(rb"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$")
_WORD = re.compile(rb"^[A-Za-z]+[.,!?:;]?$")


def is_other_name(line: bytes, begin: int) -> bool:
    """Whether what stands before `begin` makes the name harmless (`next_page_token`), or it stands in a mask."""
    before = line[max(0, begin - 128) : begin].lower()
    return before.endswith(_HARMLESS_BEGINNINGS) or _IN_MASK.search(before) is not None


def quoted(line: bytes, begin: int, start: int, end: int) -> int:
    """A value in quotes: anything but a placeholder or an address (addresses have rules of their own)."""
    secret = line[start:end]
    if len(secret) < 3 or is_placeholder(secret) or is_other_name(line, begin) or b"://" in secret[:24]:
        return -1
    if b"{" in secret and line[start - 2 : start - 1] in (b"f", b"F"):
        return -1
    is_vague = line[begin : begin + 10].lower() == b"credential"
    return -1 if is_vague and (b" " in secret or _IDENTIFIER.match(secret)) else end


def pair(line: bytes, begin: int, start: int, end: int) -> int:
    """A text behind a sensitive one, as in a list of headers; a list of names is none."""
    return -1 if _IDENTIFIER.match(line[start:end]) else quoted(line, begin, start, end)


def plain(line: bytes, begin: int, start: int, end: int) -> int:
    """A value without quotes: find its end, and tell it from code and prose."""
    if is_other_name(line, begin):
        return -1
    secret = line[start:end]
    word = line[max(0, begin - 1024) : begin].replace(b"\t", b" ").rpartition(b" ")[2]
    if b"?" in word or word.endswith(b"&"):
        stop = _NEXT_PARAMETER.search(secret)
    elif secret[:1] == b"{" and secret[-1:] == b"}":
        stop = None
    else:
        stop = _NEXT_VALUE.search(secret, 1)
    if stop:
        end = start + stop.start()
    if is_code(secret) or (_is_apart(line, start) and _CALL.match(line, start) and b")" in line[start:]):
        return -1
    return -1 if _is_harmless(line, begin, start, end) else end


def flag(line: bytes, begin: int, start: int, end: int) -> int:
    """The word behind a flag, unless it is a flag too."""
    return -1 if line[start : start + 1] == b"-" or is_code(line[start:end]) else quoted(line, begin, start, end)


def bearer(line: bytes, _: int, start: int, end: int) -> int:
    """A word behind `Bearer` in a text; there, words occur that are none."""
    secret = line[start:end]
    telling = len(secret) >= 24 or any(48 <= byte <= 57 for byte in secret)
    return end if telling and not is_placeholder(secret) and not is_code(secret) else -1


def header(line: bytes, _: int, start: int, end: int) -> int:
    """The value of a header that exists to carry a secret."""
    secret = line[start:end].rstrip(b")]}")
    if len(secret) < 4 or is_placeholder(secret) or is_code(secret):
        return -1
    return -1 if len(secret) < 20 and _IDENTIFIER.match(secret) else end


def uri_password(line: bytes, _: int, start: int, end: int) -> int:
    """A password in an address."""
    return -1 if is_placeholder(line[start:end]) else end


def loose_uri_password(line: bytes, begin: int, start: int, end: int) -> int:
    """A password with an unquoted `/`, `?` or `#`; what begins with a port and goes on as a path is none."""
    secret = line[start:end]
    digits = len(secret) - len(secret.lstrip(b"0123456789"))
    is_port = digits > 0 and secret[digits : digits + 1] in (b"/", b"?", b"#")
    return -1 if is_port else uri_password(line, begin, start, end)


def uri_token(line: bytes, _: int, start: int, end: int) -> int:
    """A token in the place of the user's name."""
    secret = line[start:end]
    has_digit = any(48 <= byte <= 57 for byte in secret)
    return end if has_digit and not _UUID.match(secret) and not is_placeholder(secret) else -1


def mixed(line: bytes, _: int, start: int, end: int) -> int:
    """Random tokens hold a digit, names in code mostly do not."""
    return end if any(48 <= byte <= 57 for byte in line[start:end]) else -1


def _is_harmless(line: bytes, begin: int, start: int, end: int) -> bool:
    secret = line[start:end]
    if len(secret) < 3 or is_placeholder(secret.rstrip(b",;.)]")) or is_code(secret) or b"://" in secret[:24]:
        return True
    name = line[begin:start].lower()
    if secret.isdigit() and len(secret) < 6 and b"pass" not in name:
        return True
    if name.startswith(b"pwd") and secret[:1] in b"/~":
        return True
    if name.startswith(b"credential") and _IDENTIFIER.match(secret):
        return True
    is_prose = bool(_WORD.match(secret)) and bool(line[end:].strip())
    return _is_apart(line, start) and (is_prose or bool(_DOTTED.match(secret)))


def _is_apart(line: bytes, start: int) -> bool:
    return line[start - 1 : start] in (b" ", b"\t")
