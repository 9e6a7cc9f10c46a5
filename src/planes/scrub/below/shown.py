"""Values that tools show below what names them: below a ruler, below an assertion, in further rows of a cell."""

import functools
import re
from typing import NamedTuple

from planes.scrub.below.model import Step, below, continued, is_secret, is_shown
from planes.scrub.below.rows import row_of
from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.prose import phrase_end
from planes.scrub.rules.named.vocabulary import KEY
from planes.scrub.search.engine import Pattern, compile_pattern

_MOST_LINES = 60
RULER = re.compile(rb"[-=~]{3,}")
_NAME_ALONE = re.compile(rb"[\w.-]+:")


class Described(NamedTuple):
    """A value below a ruler below its name, as `kubectl describe configmap` shows it: up to an empty line."""

    prefix: bytes
    is_begun: bool = False
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        text = row.text
        if self.left <= 0 or row.prefix != self.prefix or not text or _NAME_ALONE.fullmatch(text):
            return [], None
        is_prose = text.find(b" ") >= 0 and phrase_end(text, 0) != len(text)
        if is_prose or not is_secret(text):
            return [], None
        spans = (continued if self.is_begun else below)(row.start, row.end)
        return spans, self._replace(is_begun=True, left=self.left - 1)


# What pytest and unittest say of an assertion, and the texts in it, also shortened (`'3f…7a'`, `…7a'}`).
_SAYS = re.compile(rb"E[ \t]|AssertionError\b|[-+?] |[~^ ]+$")
_DIFFERENCE = re.compile(rb"(?:E[ \t]+)?[-+][ \t]+(?=\S)")
_TEXT = re.compile(rb"(?:[\"']|\.{3}|\xe2\x80\xa6)([^\"'\n]{4,})[\"']")


class Asserted(NamedTuple):
    """What stands below an assertion about something sensitive."""

    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        says = _SAYS.match(line)
        if self.left <= 0 or not (says or line[:1] in b" \t"):
            return [], None
        here = self._replace(left=self.left - 1)
        if not says:
            return [], here
        if found := _DIFFERENCE.match(line):
            text = line[found.end() :].rstrip()
            if is_shown(text):
                return below(found.end(), found.end() + len(text)), here
        return [span for text in _TEXT.finditer(line) if is_shown(text[1]) for span in below(*text.span(1))], here


@functools.cache
def _asserts() -> Pattern:
    return compile_pattern(
        rb"(?i)^(?:>[ \t]+assert[ (]|[ \t]+self[.]assert[a-z_]*\()[^\n]*" + KEY + rb"(?:$|[^0-9a-z])"
    )


def opened_assertion(line: bytes) -> Asserted | None:
    """What an assertion opens that names something sensitive."""
    return Asserted() if line.find(b"assert") >= 0 and _asserts().search(line) else None


_BARS = rb"(?:[|]|\xe2\x94[\x82\x83]|\xe2\x95\x91)"
_CELL_BEHIND = re.compile(rb"[ \t]*" + _BARS)
_CELLS_BEFORE = re.compile(rb"(?:[ \t]*" + _BARS + rb")+[ \t]*")
_CELLS_BEHIND = re.compile(rb"(?:[ \t]*" + _BARS + rb")+[ \t\r]*$")
_WORD = re.compile(rb"[^ \t|]+")


class MoreRows(NamedTuple):
    """Further rows of a cell whose first one is a secret: all other cells of theirs are empty.

    Attributes:
        start: where the cell's text begins in its line.
    """

    start: int
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        before = _CELLS_BEFORE.match(line)
        if self.left <= 0 or before is None or before.end() != self.start:
            return [], None
        word = _WORD.match(line, self.start)
        if word is None or not _CELLS_BEHIND.match(line, word.end()):
            return [], None
        return continued(*word.span()), self._replace(left=self.left - 1)


def more_rows(line: bytes, last: Span) -> MoreRows | None:
    """What the last secret of a row of cells opens."""
    is_cell = line[: last.start].rstrip(b" \t").endswith((b"|", b"\xe2\x94\x82", b"\xe2\x94\x83", b"\xe2\x95\x91"))
    return MoreRows(last.start) if is_cell and _CELL_BEHIND.match(line, last.end) else None


class OpenElement(NamedTuple):
    """The rest of an element's text, up to where it closes."""

    prefix: bytes
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        end = row.text.find(b"</")
        secret = row.text if end < 0 else row.text[:end]
        if self.left <= 0 or row.prefix != self.prefix or secret.find(b" ") >= 0 or secret.find(b"<") >= 0:
            return [], None
        return continued(row.start, row.start + len(secret)), self._replace(left=self.left - 1) if end < 0 else None


_ITEM = re.compile(rb"-[ ]+[\"']?(?=[^-\"' ])")


class FlagItem(NamedTuple):
    """A flag in a list of YAML: the next item is what it is given."""

    prefix: bytes
    indent: int

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        item = _ITEM.match(row.text)
        if item is None or row.indent != self.indent or row.prefix != self.prefix:
            return [], None
        secret = row.text[item.end() :].rstrip(b"\"'")
        start = row.start + item.end()
        return below(start, start + len(secret)) if is_secret(secret) else [], None


_MEMBER_OF_SERIES = re.compile(rb"[ \t]+\"([^\"\n]+?)(?:\"|\xe2\x80\xa6)$")


class SeriesBelow(NamedTuple):
    """The texts of a column that polars shows: `Series: 'api_key' [str]`."""

    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        found = _MEMBER_OF_SERIES.match(line)
        if self.left <= 0 or not (found or line.strip() in (b"[", b"\xe2\x80\xa6")):
            return [], None
        here = self._replace(left=self.left - 1)
        return below(*found.span(1)) if found and is_shown(found[1]) else [], here
