"""A value that goes on below its line: in further quotes, behind a backslash, where a screen or its printer cut it."""

import re
from typing import NamedTuple

from planes.scrub.below.cut import cut_token
from planes.scrub.below.model import Opening, Step, continued
from planes.scrub.below.rows import Row, closing, goes_on, row_of
from planes.scrub.below.shown import OpenElement, more_rows
from planes.scrub.below.texts import PLAIN_WORD, MorePlain
from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.judging.prose import is_common_text

# So many lines a value may take. What a program never closes must not mask a whole log.
MOST_LINES = 60
# Blanks before the continued line of a wrapped record: it hangs below its text.
_HANGING = 8
# What may stand between two parts of a token, at the end of a row.
_JOINTS = b".+/=_-"
_QUOTES = (b'"', b"'")
BEHIND = re.compile(rb"[ \t]*[,;)\]}+\\]*[ \t]*(?:[#].*|//.*)?$")
# Text behind a secret that shows that it ended.
_MORE_TEXT = re.compile(rb"[\\\"' \t]*[,;:)\]}&#/?@0-9A-Za-z](?![\w./-]*\.py:[0-9]+[ \t]*$)")
# The next variable in a list of them, or the border of a box.
_LOCAL = re.compile(rb"[\w.]+ = ")
CORNERS = (b"\xe2\x95\xb0", b"\xe2\x95\xad", b"\xe2\x94\x94", b"\xe2\x94\x8c")
# What stands where a printer cut the rest off.
ELLIPSIS = b"\xe2\x80\xa6"
WORD = re.compile(rb"[^ \t]+")
# A further piece of a text in quotes: it may be added to what stands above.
NEXT_PIECE = re.compile(rb"(?:\+[ \t]*)?[bruf]{0,2}([\"'])", re.IGNORECASE)
# What a traceback puts below a line of code.
_MARKERS = re.compile(rb"[~^]+(?:[ ]*[~^]+)*")
# A key of YAML whose value begins behind it.
_YAML_KEY = re.compile(rb"((?:-[ ]+)*)[\"']?[\w.-]+[\"']?:[ ]+(?:[!&][^ ]+[ ]+)?$")
# A setting whose value a backslash joins to the next line.
_PROPERTY = re.compile(rb"[\w.-]+[ \t]*[=:][ \t]*$")
# A quote that opens before the name: `'--token=…`, `-u 'me:…`.
_ENCLOSED = re.compile(rb"(?:^|[ \t\[(,])([\"'])[\w.@-]+[=:]$")
# A key that begins its line, and the quote that opens its value.
_KEY_BEFORE = re.compile(rb"(?:-[ ])?[\"']?[\w.-]+[\"']?[ \t]*[:=][ \t]*[\"']$")


class MoreQuoted(NamedTuple):
    """A value in quotes that may go on in further ones below it, as pretty printers and Python write long texts.

    Attributes:
        quote, prefix: of the value.
        is_glued: whether its line says that it goes on, so that the next may stand at the margin.
        left: lines that may still come.
    """

    quote: bytes
    prefix: bytes
    is_glued: bool
    left: int = MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if _MARKERS.fullmatch(row.text) and self.left > 0:
            return [], self._replace(left=self.left - 1)
        quoted = NEXT_PIECE.match(row.text)
        if not quoted or quoted[1] != self.quote or not goes_on(row, self.prefix):
            return [], None
        if not (row.indent or row.is_boxed or self.is_glued):
            return [], None
        end = closing(row.text, self.quote, quoted.end())
        if end < 0 or not BEHIND.match(row.text, end + 1):
            return [], None
        behind = row.text[end + 1 :].strip(b" \t")
        is_last = bool(behind.strip(b"\\+")) or self.left <= 0
        spans = continued(row.start + quoted.end(), row.start + end)
        return spans, None if is_last else self._replace(left=self.left - 1, is_glued=bool(behind))


class Glued(NamedTuple):
    """A value without quotes whose line a backslash joins to the next; `has_blanks`: it fills lines of settings."""

    prefix: bytes
    left: int = MOST_LINES
    has_blanks: bool = False

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.has_blanks:
            return self._words(row)
        word = WORD.match(row.text)
        if word is None or not goes_on(row, self.prefix) or self.left <= 0:
            return [], None
        secret = word[0].rstrip(b"\\\"';,)")
        is_whole = len(secret) >= 4 and word.end() == len(row.text) and not row.indent
        if secret.startswith((b"-", b"&", b"|")) or not (is_whole or looks_random(secret)):
            return [], None
        goes_further = row.text.endswith(b"\\") and word.end() == len(row.text)
        return continued(row.start, row.start + len(secret)), self._replace(
            left=self.left - 1
        ) if goes_further else None

    def _words(self, row: Row) -> Step:
        text = row.text.rstrip(b"\\").rstrip()
        words = text.split()
        fits = 0 < len(words) <= 8 and all(map(PLAIN_WORD.fullmatch, words)) and not is_common_text(text)
        if not fits or text.startswith(b"-") or not goes_on(row, self.prefix) or self.left <= 0:
            return [], None
        more = self._replace(left=self.left - 1) if row.text.endswith(b"\\") else None
        return continued(row.start, row.start + len(text)), more


class OpenQuote(NamedTuple):
    """A value in quotes that its line does not close.

    Attributes:
        quote, prefix, is_boxed: of the value's line.
        below: the indent of the key that begins that line, so that deeper ones are all of the value; -1: none does.
        left: lines that may still come.
    """

    quote: bytes
    prefix: bytes
    is_boxed: bool
    below: int = -1
    left: int = MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.left <= 0 or not goes_on(row, self.prefix) or row.is_boxed != self.is_boxed:
            return [], None
        text = row.text
        here = self._replace(left=self.left - 1)
        if not text:
            return [], here._replace(left=min(here.left, 3))
        if _LOCAL.match(text) or text.startswith(CORNERS):
            return [], None
        end = closing(text, self.quote, 0)
        secret = text if end < 0 else text[:end]
        is_inside = 0 <= self.below < row.indent
        if b" " in secret.lstrip(b"\\").strip() and not (self.is_boxed or is_inside):
            return [], None
        if end < 0:
            fits = self.is_boxed or is_inside or looks_random(text.strip(b"\\ "))
            return (continued(row.start, row.end), here) if fits else ([], None)
        if not self.is_boxed and text[end + 1 : end + 2] not in (b"", b" ", b",", b";", b")", b"]", b"}"):
            return [], None
        return continued(row.start, row.start + end), None


_CLOSERS = b"\"',;)]}>."


class Wrapped(NamedTuple):
    """A masked value that ends where the screen does: its rest may begin the next line."""

    prefix: bytes
    is_boxed: bool
    left: int = MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        if self.ends_above(line):
            return [], None
        row = row_of(line)
        word = WORD.match(row.text)
        if word is None or row.is_boxed != self.is_boxed or self.left <= 0:
            return [], None
        if (row.prefix and row.prefix != self.prefix) or row.prefix == b"time":
            return [], None
        secret = word[0].rstrip(_CLOSERS)
        alone = word.end() == len(row.text)
        if not looks_random(secret) or not (alone or row.is_boxed or row.indent >= _HANGING):
            return [], None
        goes_further = alone and row.fills_its_line
        return continued(row.start, row.start + len(secret)), self._replace(
            left=self.left - 1
        ) if goes_further else None

    def ends_above(self, line: bytes) -> bool:
        """Whether a line is text of its own, which is told at once of most that follow a secret."""
        return not self.is_boxed and not self.prefix and _is_text(line)


def _is_text(line: bytes) -> bool:
    """Whether a line holds several words, and does not hang below a record that a screen wrapped."""
    return line.strip().find(b" ") >= 0 and not line[:_HANGING].isspace()


# A value that was encoded in lines: each but the last as long as the first.
_LEAST_OF_MANY = 40
_SOLID = re.compile(rb"[0-9A-Za-z+/_-]+")
_MIXED = re.compile(rb"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])")
_SOLID_END = re.compile(rb"[0-9A-Za-z+/_-]{4,}={0,2}")


class MoreLines(NamedTuple):
    """Further lines of a value that its printer wrote in several.

    Attributes:
        size: how long its first line is.
        width: how long the line is that it began on, if a screen may have cut it there.
    """

    prefix: bytes
    size: int
    width: int = 0
    left: int = MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        text = row.text.rstrip(_CLOSERS)
        is_whole = len(row.text) in (self.size, self.width) or (self.width > 0 and row.fills_its_line)
        is_like = is_whole and _MIXED.match(text)
        fits = len(text) <= max(self.size, self.width) and _SOLID_END.fullmatch(text)
        if not fits or not (is_like or looks_random(text)) or self.left <= 0 or not goes_on(row, self.prefix):
            return Wrapped(self.prefix, is_boxed=False, left=self.left).take(line) if self.width else ([], None)
        return continued(row.start, row.start + len(text)), self._replace(left=self.left - 1) if is_whole else None

    def ends_above(self, line: bytes) -> bool:
        """See `Wrapped.ends_above`; what frames a line may make the only word of it one of several."""
        return not self.prefix and _is_text(line) and line.find(b"\xe2") < 0 and line.find(b".py:") < 0


def open_quote(line: bytes, start: int, end: int) -> OpenQuote | None:
    """What a secret leaves open if it ends its line and its quote does not close."""
    before = line[start - 1 : start] if start else b""
    is_triple = start >= 3 and line[start - 3 : start] == before * 3  # which opens a text of its own
    if before in _QUOTES and (is_triple or line[end : end + 1] == before):
        return None
    first = max(0, start - 80)
    enclosed = None
    if before not in _QUOTES:
        has_quote = line.find(b"'", first, start) >= 0 or line.find(b'"', first, start) >= 0
        enclosed = _ENCLOSED.search(line, first, start) if has_quote else None
        if enclosed is None:
            return None
    row = row_of(line)
    if line[end : row.end].strip(b"\\ "):
        return None
    if enclosed:
        return OpenQuote(enclosed[1], row.prefix, row.is_boxed, row.indent if row.text[:2] == b"- " else -1)
    key = _KEY_BEFORE.match(line[row.start : start])
    return OpenQuote(before, row.prefix, row.is_boxed, row.indent if key else -1)


def torn(line: bytes, spans: list[Span]) -> Opening | None:
    """What the last secret of a line leaves open: its closing quote, or the rest that a screen wrapped."""
    last = spans[-1]
    rest = line[last.end :]
    if rest and _MORE_TEXT.match(line, last.end):
        return None
    before = line[last.start - 1 : last.start] if last.start else b""
    is_bare = last.rule.kind == "token" or before not in _QUOTES
    if not rest.strip(_JOINTS) and is_bare and (cut := cut_token(line, last.start, len(line))):
        return cut
    if rest:
        has_bar = rest.find(b"|") >= 0 or rest.find(b"\xe2") >= 0
        if has_bar and (rows := more_rows(line, last)) is not None:
            return rows
        if rest.isascii() and rest.find(b".py:") < 0:  # then nothing frames it at the right
            shown = rest.rstrip(b" \t\r")
            if shown.strip(b"\\ ") and not (before in _QUOTES and shown.startswith(before)):
                return None
    row = row_of(line)
    behind = line[last.end : row.end]
    if before in _QUOTES and behind[:1] == before and behind[1:].strip() in (b"", b"\\", b"+"):
        return MoreQuoted(before, row.prefix, is_glued=len(behind) > 1)
    if behind == b"\\" and before not in _QUOTES:
        return Glued(row.prefix)
    if behind == b" \\" and _PROPERTY.match(line[row.start : last.start]):
        return Glued(row.prefix, has_blanks=True)
    if line[last.end : row.end].strip(b"\\ ") or line[: last.end].endswith(ELLIPSIS):
        return None
    if (unclosed := open_quote(line, last.start, last.end)) is not None:
        return unclosed
    if before == b">":
        return OpenElement(row.prefix)
    size = last.end - last.start
    if not row.is_boxed and not behind:
        if size >= _LEAST_OF_MANY and _SOLID.fullmatch(line, last.start, last.end):
            return MoreLines(row.prefix, size, row.end - row.start if row.fills_its_line else 0)
        if before == b" " and (key := _YAML_KEY.match(line[row.start : last.start])):
            return MorePlain(row.prefix, row.indent + len(key[1]))
    return Wrapped(row.prefix, row.is_boxed) if row.fills_its_line else None
