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
    r"|\x1b\[[0-9;:]*m"
    r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
    r"|\b0[xX][0-9a-fA-F]+\b"
    r"|\b(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{7,}\b"
    r"|[-+]?\d[\d.,:/T+-]*(?:\s?(?:ns|us|µs|ms|s|sec|min|m|h|d|%|[kKMGT]i?B|B|Z)\b(?:/s)?)?"
)
_SPACES = re.compile(r"[ \t]{2,}")


def template_of(content: str) -> str:
    """The content without what changes from run to run."""
    return _SPACES.sub(" ", _VALUE.sub("\0", content)).rstrip()


class Templates:
    """The templates of a log."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self.is_full = False

    def add(self, block: bytes) -> None:
        """Learn a block of whole wire lines."""
        if not self.is_full:
            self._known.update(hash(template_of(document["content"])) for document in decoded_lines(block))
            self.is_full = len(self._known) >= MAX_TEMPLATES

    def find(self, block: bytes) -> Iterator[bytes]:
        """The lines whose template is not known, without their newline, in order."""
        known = self._known
        for line, document in zip(block.splitlines(), decoded_lines(block), strict=True):
            if hash(template_of(document["content"])) not in known:
                yield line
