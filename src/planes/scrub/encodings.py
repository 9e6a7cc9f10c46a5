"""The forms in which programs print one value.

Every form is computed once, when a value is registered. A form is bytes as they would stand in the output.
"""

import base64
import json
from collections.abc import Iterator

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
# What common libraries leave unquoted besides: `quote`, `encodeURIComponent`, SQLAlchemy's URLs, `encodeURI`.
_URL_SAFE = (b"", b"/", b"!*'()", b" +", b"/:@&=+$,?#!*'()")
_SHELL_SPECIAL = frozenset(b" \t\n\"'\\$`!&|;<>()[]{}*?#~=%^")


# A value of more characters is registered in its few common forms only: all of them would take megabytes.
LONGEST_IN_ALL_FORMS = 8 * 1024


def forms(value: str) -> Iterator[bytes]:
    """Yield the forms of a value, the raw one first; forms may repeat."""
    raw = value.encode("utf-8", "surrogatepass")
    yield raw
    if len(value) > LONGEST_IN_ALL_FORMS:
        yield json.dumps(value)[1:-1].encode("ascii")
        yield json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
        yield repr(value)[1:-1].encode("utf-8", "surrogatepass")
        yield _percent(raw, b"")
        yield from base64_forms(raw)
        return
    yield from _text_forms(value)
    yield from _url_forms(raw)
    yield from _binary_forms(raw)
    wide = value.encode("utf-16-le", "surrogatepass")
    yield wide
    yield from base64_forms(wide)
    if not value.isascii():
        for codec in ("latin-1", "cp1252"):
            try:
                yield value.encode(codec)
            except UnicodeEncodeError:
                continue


def escaped_forms(value: str) -> Iterator[bytes]:
    """The raw form and the ones that a text gets inside quotes; for pieces of a longer value."""
    yield value.encode("utf-8", "surrogatepass")
    yield from _text_forms(value)


def _text_forms(value: str) -> Iterator[bytes]:
    texts: list[str] = []
    ascii_json = json.dumps(value)[1:-1]
    plain_json = json.dumps(value, ensure_ascii=False)[1:-1]
    go_json = plain_json
    for sign in "<>&\u2028\u2029":
        go_json = go_json.replace(sign, f"\\u{ord(sign):04x}")
    texts += [ascii_json, plain_json, go_json, _upper_unicode(ascii_json)]
    texts += [form.replace("/", "\\/") for form in (ascii_json, plain_json)]
    texts += [json.dumps(ascii_json)[1:-1], json.dumps(plain_json, ensure_ascii=False)[1:-1]]
    shown = repr(value)[1:-1]
    texts += [
        shown,
        ascii(value)[1:-1],
        repr(shown)[1:-1],
        value.encode("unicode_escape", "surrogatepass").decode("ascii"),
    ]
    texts += [value.replace("\\", "\\\\").replace("'", "\\'"), value.replace("\\", "\\\\").replace('"', '\\"')]
    texts += _shell_texts(value)
    texts += [value.replace("'", "''"), value.replace("'", "\\'"), value.replace('"', '""'), value.replace('"', '\\"')]
    texts += _html_texts(value)
    texts += [_escaped(value, "`$\"'", "`"), _escaped(value, '`$"', "`")]
    texts += [_escaped(value, "\\.^$*+?{}[]|()-&~# \t\n/", "\\"), _escaped(value, "\\.^$*+?{}[]|()", "\\")]
    units = [int.from_bytes(pair, "little") for pair in _pairs(value.encode("utf-16-le", "surrogatepass"))]
    texts += ["".join(f"\\u{unit:04x}" for unit in units), "".join(f"\\u{unit:04X}" for unit in units)]
    for text in texts:
        yield text.encode("utf-8", "surrogatepass")
    yield repr(value.encode("utf-8", "surrogatepass"))[2:-1].encode("ascii")


def _shell_texts(value: str) -> list[str]:
    special = "".join(map(chr, sorted(_SHELL_SPECIAL)))
    return [
        value.replace("'", "'\"'\"'"),
        value.replace("'", "'\\''"),
        _escaped(value, special, "\\"),
        _escaped(value, '\\$"`', "\\"),
        _escaped(value, '\\$"`!', "\\"),
    ]


def _html_texts(value: str) -> list[str]:
    texts = [value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")]
    for double in ("&quot;", "&#34;"):
        for single in ("'", "&#x27;", "&#39;", "&apos;"):
            texts.append(texts[0].replace('"', double).replace("'", single))
    return texts


def _url_forms(raw: bytes) -> Iterator[bytes]:
    for safe in _URL_SAFE:
        quoted = _percent(raw, safe)
        for form in (quoted, quoted.replace(b"%20", b"+")):
            yield form
            yield _lower_percent(form)
    twice = _percent(_percent(raw, b""), b"")
    yield twice
    yield b"".join(b"%%%02X" % byte for byte in raw)
    yield b"".join(b"%%%02x" % byte for byte in raw)


def _binary_forms(raw: bytes) -> Iterator[bytes]:
    yield from base64_forms(raw)
    yield from _base32_forms(raw)
    digits = raw.hex().encode("ascii")
    for form in (digits, digits.upper()):
        yield form
        pairs = list(_pairs(form))
        yield b":".join(pairs)
        yield b"-".join(pairs)
        yield b"".join(b"\\x" + pair for pair in pairs)
        yield b",".join(b"0x" + pair for pair in pairs)


def base64_forms(raw: bytes) -> Iterator[bytes]:
    """Base64 of the value alone, and of the value at each of the three offsets inside a longer text.

    Inside a longer text the characters at the borders also hold bits of the neighbours; those are left out.
    """
    for offset in range(3):
        skipped = (0, 2, 3)[offset]
        encoded = base64.b64encode(b"\0" * offset + raw)
        known = (offset + len(raw)) * 8 // 6
        for form in (encoded[skipped:known], encoded.rstrip(b"=")[skipped:], encoded[skipped:]):
            yield form
            if b"+" in form or b"/" in form:
                yield form.replace(b"+", b"-").replace(b"/", b"_")


def _base32_forms(raw: bytes) -> Iterator[bytes]:
    for offset in range(5):
        skipped = (offset * 8 + 4) // 5
        encoded = base64.b32encode(b"\0" * offset + raw)
        known = (offset + len(raw)) * 8 // 5
        yield from (encoded[skipped:known], encoded.rstrip(b"=")[skipped:], encoded[skipped:])
    yield base64.b32encode(raw).rstrip(b"=").lower()


def _percent(raw: bytes, safe: bytes) -> bytes:
    return b"".join(bytes((byte,)) if byte in _UNRESERVED or byte in safe else b"%%%02X" % byte for byte in raw)


def _lower_percent(form: bytes) -> bytes:
    pieces = form.split(b"%")
    return b"%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])


def _upper_unicode(text: str) -> str:
    pieces = text.split("\\u")
    return "\\u".join([pieces[0], *(piece[:4].upper() + piece[4:] for piece in pieces[1:])])


def _escaped(value: str, special: str, sign: str) -> str:
    return "".join(sign + character if character in special else character for character in value)


def _pairs(raw: bytes) -> Iterator[bytes]:
    for place in range(0, len(raw), 2):
        yield raw[place : place + 2]
