"""Lines that another log does not have, whatever their numbers, times and names.

A line's template is its content with numbers, identifiers, times, durations and quoted values replaced; what a
structured line says of itself (`"event": "…"`, `msg="…"`, `level=…`) is no value: of it only the numbers and names
within are replaced. A template is kept as a hash of 64 bits, so that a log of any length costs a bounded set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planes.data_plane.logs.matching import decoded_lines, without_colours

# About 25 MB. A log with more kinds of lines than this has no kinds.
MAX_TEMPLATES = 250_000
_DAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,?[ ]+"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_UNIT = (
    r"(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|%|[kKMGT]i?[bB]|[bB]|bytes?|Z|[AaPp][Mm])"
    r"(?![A-Za-z])(?:/s(?![A-Za-z]))?"
)
_DOUBLE = r'(?<!\\)"(?:[^"\\\n]|\\.)*+"'
# An apostrophe within a word, or behind one, opens nothing.
_SINGLE = r"(?<![\w\\])[bBfFrRuU]?'(?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*+'"
_VALUE = re.compile(
    rf"{_SINGLE}|{_DOUBLE}|`[^`\n]*`"
    r"|\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z\b|[+-]\d{2}:?\d{2}\b)?"
    rf"|(?:\b{_DAY})?\b{_MONTH}\.?[ ]+\d{{1,2}}(?![\d.])"
    rf"|(?:\b{_DAY})?\b\d{{1,2}}[ /-]{_MONTH}\b[ /-]?(?:\d{{4}}\b)?:?"
    r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
    r"|\b0[xX][0-9a-fA-F]+\b"
    r"|\b(?:sha\d+|md5)[:=-][0-9a-fA-F]{7,}\b"
    r"|\b(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{7,}\b"
    # Letters and digits that alternate: the identifiers of ULID and nanoid, the hashes in the names of pods.
    r"|(?<=[a-z0-9])-(?=[a-z]*\d)[a-z0-9]{8,10}-[a-z0-9]{5}\b"
    r"|\b(?=[A-Za-z]*\d+[A-Za-z]+\d)[A-Za-z0-9]{6,}\b"
    r"|\btmp(?:[a-z0-9_]{8}|\.[A-Za-z0-9]{6,})\b"
    # Bars of progress, and what turns beside them.
    r"|[\u2580-\u259f\u2501\u2578\u257a\u2800-\u28ff]+ *|\[[=#>. -]{3,}\]"
    rf"|[-+]?\d[\d.,:/T+-]*(?:[eE][-+]?\d+)?(?:[ ]?{_UNIT})?"
)
# What a line says, in the words of structlog, loguru, bunyan, zap, logrus, Serilog and the clouds.
_SAID = re.compile(
    r"""((?:event|message|msg|@mt?|@x|level|severity|lvl|error|err|exception|reason|cause|status|state|logger|type)"""
    rf"""["']?[ ]?[:=][ ]?)({_DOUBLE}|'(?:[^'\\\n]|\\.)*+')""",
    re.IGNORECASE,
)
_QUOTES = {ord(quote): None for quote in "\"'`"}
# `3 rows` and `1 row`, `1 min 3 s` and `3 s`, rules that are as long as what stands in them is short.
_SEVERAL = re.compile(r"\0(?:[ ,]*\0)+")
_PLURAL = re.compile(r"(\0 [A-Za-z]+?)(?:ies|y|e?s|e)?\b")
_RULED = re.compile(r"([=#*_~.\u2500\u2550-])\1{2,}")
# Lines that differ in their digits only are many: they are looked at once.
_DIGITS = {ord(digit): "0" for digit in "123456789"}
_MAX_KNOWN = 20_000
_MAX_KNOWN_LENGTH = 512
_SPACES = re.compile(r"[ \t]{2,}")


def template_of(content: str) -> str:
    """The content without what changes from run to run."""
    return _template_of(content.translate(_DIGITS))


def _template_of(content: str) -> str:
    content = without_colours(content)
    if '"' in content or "'" in content:
        content = _SAID.sub(_said, content)
    template = _PLURAL.sub(r"\1", _SEVERAL.sub("\0", _VALUE.sub("\0", content)))
    return _SPACES.sub(" ", _RULED.sub(r"\1", template)).strip()


def _said(found: re.Match[str]) -> str:
    """The words of a structured line, without their quotes, so that they are no value."""
    inner = found[2][1:-1].replace('\\"', '"').replace("\\'", "'")
    return found[1] + _VALUE.sub("\0", inner).translate(_QUOTES)


class Templates:
    """The templates of a log."""

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._hash_of: dict[str, int] = {}
        self.is_full = False

    def add(self, block: bytes) -> None:
        """Learn a block of whole wire lines."""
        if not self.is_full:
            self._hashes.update(self._hash(document["content"]) for document in decoded_lines(block))
            self.is_full = len(self._hashes) >= MAX_TEMPLATES

    def numbered(self, block: bytes) -> list[tuple[int, int]]:
        """The number of each line and the hash of its template."""
        return [(document["line_num"], self._hash(document["content"])) for document in decoded_lines(block)]

    def find(self, block: bytes) -> Iterator[bytes]:
        """The lines whose template is not known, without their newline, in order."""
        hashes = self._hashes
        for line, document in zip(block.splitlines(), decoded_lines(block), strict=True):
            if self._hash(document["content"]) not in hashes:
                yield line

    def _hash(self, content: str) -> int:
        key = content.translate(_DIGITS)
        found = self._hash_of.get(key)
        if found is None:
            found = hash(_template_of(key))
            if len(self._hash_of) < _MAX_KNOWN and len(key) < _MAX_KNOWN_LENGTH:
                self._hash_of[key] = found
        return found
