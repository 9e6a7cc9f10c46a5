"""Decisions about the values of headers and cookies."""

import re

from planes.scrub.rules.judging.extents import closing_end, tail_end
from planes.scrub.rules.judging.judges import IDENTIFIER, IN_MASK
from planes.scrub.rules.judging.plausible import is_code, is_placeholder, looks_random

# A scheme of a provider's own in front of a header's credential.
_OWN_SCHEME = re.compile(
    rb"[:=][ \t]*[\"'`\[]*(?!bearer|basic|token|digest)[A-Za-z_-]{3,31}[ \t]+(?:[A-Za-z_]+=\"?)?$", re.IGNORECASE
)
# One that says what follows it: `ApiKey`; and a value that is neither a word nor a name.
_KEY_SCHEME = re.compile(rb"(?:key|token|secret)[ \t]+(?:[A-Za-z_]+=\"?)?$", re.IGNORECASE)
_NO_WORD = re.compile(rb"(?=.*[0-9]).{8}")
_HEX_END = re.compile(rb"(?:^|_)[0-9a-f]{24,}$")
# The place in a file that some loggers put at the right.
_SOURCE_LINE = re.compile(rb"\.py:[0-9]+$")


def header(line: bytes, begin: int, start: int, end: int) -> int:
    """The value of a header that exists to carry a secret; the name of a mask is none."""
    if IN_MASK.search(line[max(0, begin - 128) : begin]):
        return -1
    if is_placeholder(line[start:end].rstrip(b")]")):
        return -1
    secret = line[start:end].rstrip(b")]}")
    has_scheme = line[start - 1 : start] == b" " and line[: start - 1].lower().endswith((b"bearer", b"basic", b"token"))
    if _PARAMETER.fullmatch(secret) and not has_scheme and line[end : end + 1] in (b'"', b"\\"):
        return -1  # `Digest username="me"`: parameters have rules of their own
    if len(secret) < 8 and (has_scheme or _OWN_SCHEME.search(line, begin, start)) and not _PARAMETER.fullmatch(secret):
        end = _header_end(line, begin, start, end)  # a sign of a border in it ended the pattern early
        secret = line[start:end].rstrip(b")]}")
    is_address = not has_scheme and secret.startswith((b"https://", b"http://"))
    if is_address and not looks_random(secret.rpartition(b"/")[2]):
        return -1  # where one is authorized: addresses have rules of their own
    if not has_scheme and _CODE.match(secret) and line[start - 2 : start] == b"= ":
        return -1
    if len(secret) < 4 or is_placeholder(secret) or is_code(secret) or _SOURCE_LINE.search(secret):
        return -1
    if (
        not has_scheme
        and _OWN_SCHEME.search(line, begin, start)
        and not (looks_random(secret) or _HEX_END.search(secret))
        and not (_KEY_SCHEME.search(line, begin, start) and _NO_WORD.match(secret))
    ):
        return -1
    if len(secret) < (6 if has_scheme else 20) and IDENTIFIER.match(secret):
        return -1
    return _header_end(line, begin, start, end)


# `headers["Authorization"] = _basic_auth_str(user, password)`
_CODE = re.compile(rb"!?[A-Za-z_]+(?:\.[A-Za-z_]+)+$|[A-Za-z_][\w.]*\(")
# A parameter of a scheme such as `Digest`.
_PARAMETER = re.compile(rb"[A-Za-z][A-Za-z_-]{1,24}=")
# The quote that encloses a whole header value, with what stands between it and the credential.
_HEADER_QUOTE = re.compile(rb"[:=,(\[ \t]b?([\"'`])(?:[A-Za-z][\w-]{0,30}[ \t]+)?$")


def _header_end(line: bytes, begin: int, start: int, end: int) -> int:
    """The end of a header's credential: at the quote that encloses the value, or where its word ends."""
    quote = _HEADER_QUOTE.search(line, begin, start)
    if quote is None:
        return tail_end(line, begin, start, end)
    closes = closing_end(line, quote.start(1))
    return closes if closes > end and line[end : end + 2] not in (b", ", b"") and b"=" not in line[end:closes] else end


# Cookies that carry a setting: `theme=dark`.
_SETTING = re.compile(
    rb"[ ]?(?i:path|domain|max-age|expires|samesite|version)=.*|[ ]?[A-Za-z_-]{1,20}=[A-Za-z_-]{1,12}"
)
_SESSION = re.compile(rb"sess|sid|auth|token|csrf|key|login|user|jwt|secret", re.IGNORECASE)


def cookie(line: bytes, begin: int, start: int, end: int) -> int:
    """Cookies, unless all of them are words that set something."""
    parts = [part for part in line[start:end].split(b";") if part.partition(b"=")[2]]  # without what is removed
    if all(_SETTING.fullmatch(part) and not _SESSION.search(part) for part in parts):
        return -1
    return header(line, begin, start, end)
