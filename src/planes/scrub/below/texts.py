"""Texts of several lines below a name: between triple quotes, up to a word, indented deeper than their key."""

import re
from typing import NamedTuple

from planes.scrub.below.model import Step, below, continued, is_secret, is_telling
from planes.scrub.below.rows import goes_on, row_of
from planes.scrub.rules.judging.prose import is_common_text, is_sentence

_MOST_LINES = 60
_MOST_BLOCK_LINES = 200
# A word of a value of several, and one that holds more than letters.
PLAIN_WORD = re.compile(rb"[\w!$%&*+.?@^~/-]*[\w!$%&*+.?@^~/]")
_MADE = re.compile(rb"(?=.*[0-9])(?=.*[A-Za-z]).{6,}$")


class TripleQuote(NamedTuple):
    """A text between triple quotes; `is_begun`: its first line is masked already."""

    quotes: bytes
    is_begun: bool
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if row.text.startswith(b"-----BEGIN") or self.left <= 0:
            return [], None
        end = row.line.find(self.quotes, row.start)
        stop = row.end if end < 0 else end
        fits = row.start < stop and (self.is_begun or is_secret(row.line[row.start : stop]))
        spans = (continued if self.is_begun else below)(row.start, stop) if fits else []
        if end >= 0:
            return spans, None
        return spans, self._replace(is_begun=self.is_begun or bool(spans), left=self.left - 1)


class HereDocument(NamedTuple):
    """A text up to a line that holds one word alone; `is_begun`: its first line is masked already."""

    word: bytes
    is_begun: bool = False
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if row.text == self.word or row.text.startswith(b"-----BEGIN") or self.left <= 0:
            return [], None
        fits = bool(row.text) and (self.is_begun or is_secret(row.text))
        spans = (continued if self.is_begun else below)(row.start, row.end) if fits else []
        return spans, self._replace(is_begun=self.is_begun or fits, left=self.left - 1)


class BlockScalar(NamedTuple):
    """A text of YAML: all lines that are indented deeper than their key."""

    prefix: bytes
    indent: int
    is_begun: bool = False
    left: int = _MOST_BLOCK_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if not row.text:
            return [], self._replace(left=self.left - 1) if self.left > 0 else None
        if row.indent <= self.indent or not goes_on(row, self.prefix) or self.left <= 0:
            return [], None
        if row.text.startswith((b"-----BEGIN", b"$ANSIBLE_VAULT;")):
            return [], None  # a block of its own kind, whose markers stay
        if not self.is_begun and (not is_secret(row.text) or is_sentence(row.text)):
            return [], None
        spans = (continued if self.is_begun else below)(row.start, row.end)
        return spans, self._replace(is_begun=True, left=self.left - 1)


class MorePlain(NamedTuple):
    """A value of YAML without quotes, which goes on in lines that are indented deeper than its key."""

    prefix: bytes
    indent: int
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        words = row.text.split()
        if not words or row.indent <= self.indent or not goes_on(row, self.prefix) or self.left <= 0 or len(words) > 8:
            return [], None
        fits = is_telling(words[0]) if len(words) == 1 else all(map(PLAIN_WORD.fullmatch, words))
        if len(words) > 1 and (is_common_text(row.text) or not any(map(_MADE.match, words))):
            return [], None
        return (continued(row.start, row.end), self._replace(left=self.left - 1)) if fits else ([], None)
