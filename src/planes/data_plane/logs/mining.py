"""Lines that another log does not have, whatever their numbers, times and names.

A line's template is its content with numbers, identifiers, times, durations and quoted values replaced; a template is
kept as a hash of 64 bits, so that a log of any length costs a bounded set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planes.data_plane.logs.matching import decoded_lines

# About 25 MB. A log with more kinds of lines than this has no kinds.
MAX_TEMPLATES = 250_000
_VALUE = re.compile(
    r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`"
    r"|\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z\b|[+-]\d{2}:?\d{2}\b)?"
    r"|\x1b\[[0-9;:]*m"
    r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
    r"|\b0[xX][0-9a-fA-F]+\b"
    r"|\b(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{7,}\b"
    r"|[-+]?\d[\d.,:/T+-]*(?:\s?(?:ns|us|µs|ms|s|sec|min|m|h|d|%|[kKMGT]i?B|B|Z)\b(?:/s)?)?"
)
# Lines that differ in their digits only are many: they are looked at once.
_DIGITS = {ord(digit): "0" for digit in "123456789"}
_MAX_KNOWN = 20_000
_MAX_KNOWN_LENGTH = 512
_SPACES = re.compile(r"[ \t]{2,}")


def template_of(content: str) -> str:
    """The content without what changes from run to run."""
    return _template_of(content.translate(_DIGITS))


def _template_of(content: str) -> str:
    return _SPACES.sub(" ", _VALUE.sub("\0", content)).rstrip()


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
