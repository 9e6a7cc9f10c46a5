"""Values alone on lines below what names them: arguments of a container, of a command of Redis, items of a list."""

import re
from typing import NamedTuple

from planes.scrub.below.model import Step, below, is_secret, is_shown, is_telling
from planes.scrub.below.rows import closing, goes_on, row_of
from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.looks import stands_out
from planes.scrub.rules.judging.plausible import is_default, is_sensitive
from planes.scrub.rules.judging.prose import is_common
from planes.scrub.rules.named.below import REDIS_BELOW
from planes.scrub.rules.named.vocabulary import CLOSES, GIVES, KEY

_MOST_LINES = 60
_LEAST_WORD = 6
_WORD = re.compile(rb"[^\s\"'`<>\[\](){}]{6,}")


class ArgumentBelow(NamedTuple):
    """A flag alone on its line: the next line, as deep, is what it is given, as `kubectl describe` shows arguments."""

    prefix: bytes
    indent: int

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if row.indent != self.indent or not goes_on(row, self.prefix) or not _WORD.fullmatch(row.text):
            return [], None
        is_word = row.text[:1] not in (b"-", b"$") and not is_common(row.text) and not is_sensitive(row.text)
        return below(row.start, row.end) if is_word and is_secret(row.text) else [], None


class RemarkBelow(NamedTuple):
    """A name alone in a remark or a heading, or on a line: the next line, if it is one word that is made.

    Attributes:
        prefix: of the name's line.
        deeper: how deep the word must at least stand.
    """

    prefix: bytes
    deeper: int = 0

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if row.indent < self.deeper or not goes_on(row, self.prefix) or not _WORD.fullmatch(row.text):
            return [], None
        is_made = is_telling(row.text) or (is_secret(row.text) and not self.deeper and stands_out(row.text))
        return below(row.start, row.end) if is_made else [], None


# A length of RESP: `$11`.
_LENGTH = re.compile(rb"\$([0-9]{1,4})")
REDIS_LOGIN = re.compile(rb"AUTH|requirepass|masterauth")
_MOST_ARGUMENTS = 2


class RedisArguments(NamedTuple):
    """What follows the name of a command of Redis that logs in, as its protocol writes it: a length, then the text.

    A user may stand before the password.
    """

    length: int = -1
    left: int = _MOST_ARGUMENTS

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.length < 0:
            found = _LENGTH.fullmatch(row.text)
            return [], self._replace(length=int(found[1])) if found and self.left else None
        if len(row.text) != self.length or not row.text:
            return [], None
        spans = [] if is_default(row.text) else [Span(row.start, row.end, REDIS_BELOW)]
        return spans, RedisArguments(left=self.left - 1)


# Behind the first members of a list whose bracket does not close.
_ITEM = re.compile(rb"(?:[-*][ \t]+)?[bru]?([\"'])")
LIST_GOES_ON = (
    rb"(?i)"
    + KEY
    + CLOSES
    + GIVES
    + rb"[\[({]{1,2}[ \t]*[bru]?[\"'][^\[\](){}\n]*\[masked:[^\]\n]{1,64}\][\"'],[ \t\r]*$"
)


class MoreItems(NamedTuple):
    """Further texts of a list that goes on below, of which the first is a secret."""

    prefix: bytes
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        found = _ITEM.match(row.text)
        if self.left <= 0 or found is None or not goes_on(row, self.prefix):
            return [], None
        end = closing(line, found[1], row.start + found.end())
        behind = line[end + 1 : row.end].strip() if end >= 0 else b"x"
        if behind.strip(b",])}"):
            return [], None
        secret = line[row.start + found.end() : end]
        is_word = len(secret) >= _LEAST_WORD and secret.isalpha() and not is_common(secret) and not is_sensitive(secret)
        spans = below(row.start + found.end(), end) if is_secret(secret) and (is_word or is_shown(secret)) else []
        return spans, self._replace(left=self.left - 1) if behind in (b"", b",") else None
