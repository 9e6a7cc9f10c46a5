"""The forms in which programs print one value.

Every form is computed once, when a value is registered. A form is bytes as they would stand in the output.
"""

import base64
import functools
import json
import struct
import unicodedata
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
        yield from _foreign_forms(value, raw)


def common_forms(raw: bytes) -> Iterator[bytes]:
    """Yield the few forms in which nearly all programs print a text, the raw one first; forms may repeat."""
    yield raw
    if not _UNRESERVED.issuperset(raw):
        value = raw.decode("utf-8", "surrogateescape")
        texts = [json.dumps(value)[1:-1], repr(value)[1:-1], json.dumps(json.dumps(value)[1:-1])[1:-1]]
        texts += [_html_texts(value)[2], value.replace("'", "''"), value.replace("'", "'\"'\"'")]
        for text in texts:
            yield text.encode("utf-8", "surrogateescape")
        for safe in _URL_SAFE[:3]:
            quoted = _percent(raw, safe)
            yield quoted
            yield _lower_percent(quoted)
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        form = encoded[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]
        yield form
        yield form.replace(b"+", b"-").replace(b"/", b"_")


def byte_forms(raw: bytes) -> Iterator[bytes]:
    """Yield the common ways to print a text byte by byte, in digits."""
    digits = raw.hex(" ")
    texts = [raw.hex(), raw.hex().upper(), digits, raw.hex(":"), raw.hex(":").upper()]
    texts += [_spread(digits.upper(), "%"), _spread(digits, "\\x"), _spread(digits, "\\u00")]
    for text in texts:
        yield text.encode("ascii")
    yield b", ".join([b"%d" % byte for byte in raw])
    yield b"".join([b"\\%03o" % byte for byte in raw])


def rare_forms(value: str) -> Iterator[bytes]:
    """Yield forms that programs print seldom, and hardly ever shortened."""
    if len(value) > LONGEST_IN_ALL_FORMS:
        return
    raw = value.encode("utf-8", "surrogatepass")
    yield _escaped(value, '&<>|^%!"', "^").encode("utf-8", "surrogatepass")
    yield _percent(_percent(_percent(raw, b""), b""), b"")
    yield from _octal_forms(raw)
    yield from _decimal_forms(raw)
    yield from _printable_forms(raw)
    yield from _base85_forms(raw)
    for form in _base32_forms(raw):
        yield form.upper().translate(_BASE32_HEX)
    yield from _wide_digits(value, value.encode("utf-16-le", "surrogatepass"))
    yield from _nested_forms(value, raw)


def _wide_digits(value: str, wide: bytes) -> Iterator[bytes]:
    """UTF-16 in hexadecimal, as databases and debuggers show wide texts."""
    for encoded in (wide, value.encode("utf-16-be", "surrogatepass")):
        digits = encoded.hex().encode("ascii")
        yield digits
        yield digits.upper()


def _nested_forms(value: str, raw: bytes) -> Iterator[bytes]:
    """A value escaped as a member of JSON or a part of an address, and that encoded as a whole."""
    inner = {json.dumps(value)[1:-1].encode("ascii"), _percent(raw, b"")}
    inner.add(json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"))
    for escaped in sorted(inner - {raw}):
        yield from base64_forms(escaped)
        yield _percent(escaped, b"")
        yield json.dumps(json.dumps(escaped.decode("utf-8", "surrogatepass"))[1:-1])[1:-1].encode("ascii")
    yield from base64_forms(base64.b64encode(raw))


def _foreign_forms(value: str, raw: bytes) -> Iterator[bytes]:
    """A value in other encodings than UTF-8, read in the wrong one, and with its accents apart or put together."""
    for codec in ("latin-1", "cp1252"):
        try:
            yield value.encode(codec)
        except UnicodeEncodeError:
            continue
    yield raw.decode("latin-1").encode()
    yield raw.decode("cp1252", "replace").encode()
    if not any(0xD800 <= ord(sign) < 0xE000 for sign in value):
        yield unicodedata.normalize("NFC", value).encode()
        yield unicodedata.normalize("NFD", value).encode()


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
    texts += [_escaped(value.replace("\\", "\\\\"), "'\"", "\\")]
    units = value.encode("utf-16-be", "surrogatepass").hex(" ", 2)
    texts += [_spread(units, "\\u"), _spread(units.upper(), "\\u")]
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
    texts.append(texts[2].encode("ascii", "xmlcharrefreplace").decode("ascii"))
    codes = list(map(ord, value))
    for sign in ("&#%d;", "&#x%x;", "&#x%X;"):
        texts += [sign * len(codes) % tuple(codes)]
    return texts


def _url_forms(raw: bytes) -> Iterator[bytes]:
    for safe in _URL_SAFE:
        quoted = _percent(raw, safe)
        for form in (quoted, quoted.replace(b"%20", b"+")):
            yield form
            yield _lower_percent(form)
    twice = _percent(_percent(raw, b""), b"")
    yield twice
    pairs = raw.hex(" ")
    yield _spread(pairs.upper(), "%").encode("ascii")
    yield _spread(pairs, "%").encode("ascii")


def _binary_forms(raw: bytes) -> Iterator[bytes]:
    yield from base64_forms(raw)
    yield from _base32_forms(raw)
    digits = raw.hex(" ")
    for pairs in (digits, digits.upper()):
        for form in (
            pairs.replace(" ", ""),
            pairs.replace(" ", ":"),
            pairs.replace(" ", "-"),
            _spread(pairs, "\\x"),
            _spread(pairs, ",0x")[1:],
        ):
            yield form.encode("ascii")


def _octal_forms(raw: bytes) -> Iterator[bytes]:
    """As C, git and `printf` escape bytes: all of them, or those that are no plain text."""
    yield b"".join([b"\\%03o" % byte for byte in raw])
    yield b"".join([bytes((byte,)) if 32 <= byte < 127 and byte not in b'"\\' else b"\\%03o" % byte for byte in raw])


def _decimal_forms(raw: bytes) -> Iterator[bytes]:
    """Lists of bytes in decimal, with commas or blanks."""
    numbers = [b"%d" % byte for byte in raw]
    yield b", ".join(numbers)
    yield b" ".join(numbers)


def _printable_forms(raw: bytes) -> Iterator[bytes]:
    """Quoted-printable, as mails have it: blanks and dots as they are, or quoted."""
    for kept in (b" .", b" ", b""):
        yield b"".join(
            bytes((byte,))
            if byte in kept or (32 < byte < 127 and byte not in b"=.") or (byte == 46 and kept == b" .")
            else b"=%02X" % byte
            for byte in raw
        )


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
                yield form.replace(b"+", b"%2B").replace(b"/", b"%2F")


def _base32_forms(raw: bytes) -> Iterator[bytes]:
    for offset in range(5):
        skipped = (offset * 8 + 4) // 5
        encoded = base32(b"\0" * offset + raw)
        known = (offset + len(raw)) * 8 // 5
        yield from (encoded[skipped:known], encoded.rstrip(b"=")[skipped:], encoded[skipped:])
    yield base32(raw).rstrip(b"=").lower()


_BASE32_HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


def _base85_forms(raw: bytes) -> Iterator[bytes]:
    """Base85 in the alphabets of Python and of Ascii85: alone, and the whole groups of four inside a longer text."""
    for encode in (base85, ascii85):
        yield encode(raw)
        for offset in range(4):
            groups = raw[offset : offset + (len(raw) - offset) // 4 * 4]
            if len(groups) >= 8:
                yield encode(groups)


def _digit_pairs(digits: bytes) -> bytes:
    return bytes(digit for first in digits for second in digits for digit in (first, second))


_BASE32_PAIRS = _digit_pairs(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def base32(raw: bytes) -> bytes:
    """What `base64.b32encode` gives, without the thousand objects that it keeps: each runner would hold them."""
    missing = -len(raw) % 5
    padded, pairs = raw + bytes(missing), _BASE32_PAIRS
    encoded = b"".join(
        [
            pairs[(first := number >> 29 & 0x7FE) : first + 2]
            + pairs[(second := number >> 19 & 0x7FE) : second + 2]
            + pairs[(third := number >> 9 & 0x7FE) : third + 2]
            + pairs[(fourth := number << 1 & 0x7FE) : fourth + 2]
            for place in range(0, len(padded), 5)
            for number in (int.from_bytes(padded[place : place + 5]),)
        ]
    )
    padding = missing * 8 // 5
    return encoded[:-padding] + b"=" * padding if padding else encoded


_BASE85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_BASE85_PAIRS = _digit_pairs(_BASE85)
_ASCII85 = bytes(range(0x21, 0x76))
_ASCII85_PAIRS = _digit_pairs(_ASCII85)


def base85(raw: bytes) -> bytes:
    """What `base64.b85encode` gives, without the 7,225 objects that it keeps: each runner would hold them."""
    padding = -len(raw) % 4
    return b"".join(_groups_of_85(raw + bytes(padding), _BASE85, _BASE85_PAIRS))[: -padding or None]


def ascii85(raw: bytes) -> bytes:
    """What `base64.a85encode` gives, likewise: a whole group of zeros is one sign."""
    padding = -len(raw) % 4
    groups = _groups_of_85(raw + bytes(padding), _ASCII85, _ASCII85_PAIRS)
    last = groups.pop()[: 5 - padding] if padding else b""
    return b"".join(b"z" if group == b"!!!!!" else group for group in groups) + last


def _groups_of_85(raw: bytes, digits: bytes, pairs: bytes) -> list[bytes]:
    return [
        pairs[(high := number // 614125 * 2) : high + 2]
        + pairs[(low := number // 85 % 7225 * 2) : low + 2]
        + digits[(last := number % 85) : last + 1]
        for (number,) in struct.iter_unpack(">I", raw)
    ]


_PERCENTS = tuple(b"%%%02X" % byte for byte in range(256))


def _percent(raw: bytes, safe: bytes) -> bytes:
    return b"".join(map(_percent_table(safe).__getitem__, raw))


@functools.lru_cache(maxsize=8)
def _percent_table(safe: bytes) -> tuple[bytes, ...]:
    kept = _UNRESERVED.union(safe)
    return tuple(bytes((byte,)) if byte in kept else _PERCENTS[byte] for byte in range(256))


def _lower_percent(form: bytes) -> bytes:
    pieces = form.split(b"%")
    return b"%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])


def _upper_unicode(text: str) -> str:
    pieces = text.split("\\u")
    return "\\u".join([pieces[0], *(piece[:4].upper() + piece[4:] for piece in pieces[1:])])


def _escaped(value: str, special: str, sign: str) -> str:
    return value.translate(_escape_table(special, sign))


@functools.lru_cache(maxsize=16)
def _escape_table(special: str, sign: str) -> dict[int, str]:
    return {ord(character): sign + character for character in special}


def _spread(groups: str, sign: str) -> str:
    """Digits in groups with a blank between them, each behind a sign instead."""
    return sign + groups.replace(" ", sign) if groups else ""
