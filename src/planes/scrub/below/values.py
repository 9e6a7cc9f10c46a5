"""A value on a line below its name."""

import re
from collections.abc import Callable
from typing import NamedTuple

from planes.scrub.below.going_on import (
    BEHIND,
    ELLIPSIS,
    MOST_LINES,
    NEXT_PIECE,
    WORD,
    MoreQuoted,
    OpenQuote,
    Wrapped,
    torn,
)
from planes.scrub.below.model import Step, below, is_secret, is_shown, is_telling
from planes.scrub.below.rows import Row, closing, goes_on, row_of
from planes.scrub.below.shown import RULER, Described
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.named.keys import is_sensitive_key

_QUOTED = re.compile(
    rb"(?:[-*][ \t]+)?(?:string\([0-9]+\)[ \t]|(?:some|ok|secretstr|str|string)\()?[bruf]{0,2}([\"'`])", re.IGNORECASE
)
_SCHEME = re.compile(rb"(?:bearer|basic|token|digest|apikey|negotiate)[ \t]+", re.IGNORECASE)
_ITEM = re.compile(rb"(?:[-*]|[0-9]{1,2}[.)])[ \t]+")
# The next member of a document that a screen wrapped.
_NEXT_MEMBER = re.compile(rb"[ ]?,[ ]?[bu]?[\"'][\w.-]+[\"'](?:[ ]?:|$)")
_MEMBER = re.compile(rb"[\"']?(?:value|val|default|plaintext|secret_?value)[\"']?[ \t]*[:=][ \t]*", re.IGNORECASE)
_GIVES = re.compile(rb"[=:][ \t]*")
_NAME_ONLY = re.compile(rb"[A-Za-z_.-]+")


# A member of a mapping: `main: the-value`.
_MAPPED = re.compile(rb"[\"']?([\w.-]+)[\"']?:[ ]+([\"']?)([^\s\"']+)\2[ \t]*$")


# A list that a mapping holds: `system:`.
_GROUP = re.compile(rb"[\"']?[\w.-]+[\"']?:")


class MembersBelow(NamedTuple):
    """The members of a mapping that is called `secrets` or so; names and places stand there too.

    `is_password`: it is called `passwords`, where nothing but those stands beside words.
    """

    prefix: bytes
    indent: int
    is_password: bool = False
    left: int = MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.left <= 0 or not goes_on(row, self.prefix) or row.indent != self.indent:
            return [], None
        member = _MAPPED.match(row.text)
        if member is None or not (is_shown if self.is_password else is_telling)(member[3]):
            is_named = member is not None and is_sensitive_key(member[1].decode("utf-8", "replace"))
            return [], None if is_named else self._replace(left=self.left - 1)
        spans = below(row.start + member.start(3), row.start + member.end(3))
        return spans, self._replace(left=self.left - 1)


class ValueBelow(NamedTuple):
    """A name that ends its line.

    Attributes:
        prefix, indent, is_boxed: of the name's line.
        is_strict: whether the name alone tells little, so that the value must look random.
        is_list: whether several values may follow.
        is_wrapped: whether other text may stand behind the value, since a screen cut the line.
        is_plural: whether the name tells of several (`Recovery codes:`), alike and each on its line.
        is_password: whether these are passwords.
        is_known: whether one of several was a secret, so that the others are too.
        patience: empty lines that may still come.
    """

    prefix: bytes
    indent: int
    is_boxed: bool
    is_strict: bool = False
    is_list: bool = False
    is_wrapped: bool = False
    is_plural: bool = False
    is_password: bool = False
    is_known: bool = False
    patience: int = 1

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if not row.text:
            return [], self._replace(patience=self.patience - 1, is_strict=True) if self.patience else None
        if not goes_on(row, self.prefix) or row.is_boxed != self.is_boxed:
            return [], None
        if RULER.fullmatch(row.text):
            return [], Described(row.prefix)
        is_below = row.is_boxed or row.indent > self.indent
        judge = is_secret if is_below and not self.is_strict and not self.is_list else is_telling
        if is_below and self.is_strict and not self.is_list and not self.is_plural:
            judge = is_shown
        if quoted := _QUOTED.match(row.text):
            is_typed = row.text.startswith(b"string(")
            return self._quoted(row, quoted.end(), quoted[1], is_secret if is_typed else judge)
        if is_below and (member := _MEMBER.match(row.text)):
            start, end = value_of(row, row.start + member.end())
            spans = below(start, end) if is_secret(row.line[start:end]) else []
            return spans, torn(row.line, spans) if spans else None
        if is_below and self.is_strict and not self.is_list and _GROUP.fullmatch(row.text):
            return [], self._replace(indent=row.indent, is_list=True)
        if is_below and self.is_strict and not self.is_list and _MAPPED.match(row.text):
            return MembersBelow(row.prefix, row.indent, self.is_password).take(line)
        return self._word(row, judge)

    def _quoted(self, row: Row, begin: int, quote: bytes, judge: Callable[[bytes], bool]) -> Step:
        text = row.text
        end = closing(text, quote, begin)
        secret = text[begin:] if end < 0 else text[begin:end]
        if not judge(secret):
            return [], self if self.is_list and end >= 0 and BEHIND.match(text, end + 1) else None
        spans = below(row.start + begin, row.start + begin + len(secret))
        if end < 0:
            if secret.endswith(ELLIPSIS):
                return spans, None
            fits = row.is_boxed or secret.find(b" ") < 0
            return (spans, OpenQuote(quote, row.prefix, row.is_boxed)) if fits else ([], None)
        behind = text[end + 1 :]
        if _NEXT_MEMBER.match(behind):
            return spans, None
        if not BEHIND.match(behind):
            return [], None
        if self.is_list:
            return spans, None if behind.find(b"]") >= 0 else self
        glue = behind.strip()
        return spans, None if glue.strip(b"\\+") else MoreQuoted(quote, row.prefix, is_glued=bool(glue))

    def _word(self, row: Row, judge: Callable[[bytes], bool]) -> Step:
        text = row.text
        place = 0
        if item := _ITEM.match(text):
            place = item.end()
            is_any = self.is_strict or self.is_plural or self.is_list
            judge = is_telling if is_any and not self.is_known else is_shown
        if scheme := _SCHEME.match(text, place):
            place = scheme.end()
        word = WORD.match(text, place)
        if word is None:
            return [], self if self.is_list or item else None
        secret = word[0].rstrip(b",;\\")
        alone = not text[word.end() :].strip(b" \t\\")
        fits = judge(secret) if alone else self.is_wrapped and looks_random(secret)
        if not fits or secret.endswith(b":") or (secret[:-2].find(b"=") >= 0 and not looks_random(secret)):
            return [], self._replace(is_list=True) if item and alone else None
        spans = below(row.start + place, row.start + place + len(secret))
        if self.is_plural and alone and not item:
            return spans, Alike(row.prefix, _shape(secret))
        if item:
            return spans, self._replace(is_list=True, is_known=True)
        if self.is_list:
            return spans, self
        return spans, Wrapped(row.prefix, row.is_boxed) if alone and row.fills_its_line else None


_ALNUM = re.compile(rb"[0-9A-Za-z]")


def _shape(secret: bytes) -> bytes:
    """What is alike in codes that are made in one go: how long they are, and the signs between."""
    return _ALNUM.sub(b"a", secret)


class Alike(NamedTuple):
    """Further values of one shape below the first, one a line."""

    prefix: bytes
    shape: bytes
    left: int = MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.left <= 0 or not goes_on(row, self.prefix) or _shape(row.text) != self.shape:
            return [], None
        return below(row.start, row.end), self._replace(left=self.left - 1)


class TupleName(NamedTuple):
    """A sensitive name that begins a pair of which the value stands below, as `pprint` writes long ones.

    `is_flag`: it is one in a list of arguments.
    """

    prefix: bytes
    is_flag: bool = False

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        quoted = NEXT_PIECE.match(row.text)
        if not quoted or not goes_on(row, self.prefix):
            return [], None
        begin, end = quoted.end(), closing(row.text, quoted[1], quoted.end())
        secret, behind = row.text[begin:end], row.text[end + 1 :].strip()
        if self.is_flag:
            is_argument = not secret.startswith((b"-", b"id=", b"type=", b"src=", b"env="))
            fits = end >= 0 and is_secret(secret) and is_argument and behind in (b"", b",")
            return below(row.start + begin, row.start + end) if fits else [], None
        is_value = is_secret(secret) and (not _NAME_ONLY.fullmatch(secret) or len(secret) >= 24)
        if end < 0 or not is_value or behind[:1] not in (b"", b")", b"]"):
            return [], None
        more = None if behind else MoreQuoted(quoted[1], row.prefix, is_glued=False)
        return below(row.start + begin, row.start + end), more


class FlagBelow(NamedTuple):
    """A flag or a setting before a line's end that a backslash joins; `is_strict`: a word alone, which tells little."""

    is_strict: bool = False

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        gives = _GIVES.match(row.text)
        word = WORD.match(row.text, gives.end() if gives else 0)
        if word is None or word[0].startswith(b"-"):
            return [], None
        secret = word[0].strip(b"\"'")
        start = row.start + word.start() + word[0].index(secret) if secret else row.start
        judge = is_telling if self.is_strict and not gives else is_secret
        return below(start, start + len(secret)) if judge(secret) else [], None


def value_of(row: Row, place: int) -> tuple[int, int]:
    """Where the value lies that begins at `place` of a row: in quotes, or up to the row's end."""
    line = row.line
    if line[place : place + 1] in (b'"', b"'"):
        end = closing(line, line[place : place + 1], place + 1)
        return place + 1, end if end >= 0 else row.end
    return place, len(line[: row.end].rstrip(b",;"))
