"""A name and its value as two members of one thing: `name: DB_PASSWORD`, and `value: …` on a line below."""

import re
from typing import NamedTuple

from planes.scrub.below.going_on import torn
from planes.scrub.below.model import Step, below, is_long_key, is_secret, is_telling
from planes.scrub.below.rows import Row, goes_on, row_of
from planes.scrub.below.texts import BlockScalar
from planes.scrub.below.values import value_of
from planes.scrub.rules.judging.looks import stands_out

# Lines that may stand between the two: a type, a description.
_MOST_BETWEEN = 4
_NAMES = (
    rb"(?:name|key|id|var|variable|parameter|param|setting|option|property|env|field|label|title|secret"
    rb"|[a-z]{1,12}_?(?:name|key))"
)
_BEFORE_NAME = re.compile(rb"(?:^|[\s\"'{,(<-])" + _NAMES + rb"[\"']?[ \t]*[:=][ \t]*[\"']?[\w./:@-]*$", re.IGNORECASE)
_ELEMENT_BEFORE = re.compile(
    rb"<(?:name|key|id|td|th|dt|label|param|property|setting)(?:[ \t][^<>]*)?>(?:<[a-z]{1,8}>)?[^<>]*$", re.IGNORECASE
)
_ATTRIBUTE_BEFORE = re.compile(
    rb"<[\w:.-]{1,40}[ \t](?:[^<>]{0,80}[ \t])?(?:name|key|id|property|var)=[\"'][\w.:/-]*$", re.IGNORECASE
)
_HEAD_BEFORE = re.compile(rb"<th(?:[ \t][^<>]*)?>[^<>]*$", re.IGNORECASE)
_VALUE = re.compile(
    rb"(?:[-+~{][ \t]*)*[\"']?(?:value|val|default|content|secret|secret_?value|secret_?string|plain_?text"
    rb"|[a-z]{1,12}_?value)[\"']?[ \t]*[:=][ \t]*(?:![^ ]+[ \t]+)?",
    re.IGNORECASE,
)
_VALUE_ELEMENT = re.compile(
    rb"<(?:value|string|td|dd|th|data|v|input|span|code)(?:[ \t][^<>]*)?>[ \t]*(?:<[a-z]{1,8}>|<!\[CDATA\[)?"
    rb"([^<>]+?)(?:\]\]>)?(?:<|$)",
    re.IGNORECASE,
)
_CELL = re.compile(rb"<td(?:[ \t][^<>]*)?>(?:<[a-z]{1,8}>)?[ \t]*([^<>]*[^<> \t])", re.IGNORECASE)
_MEMBER = re.compile(rb"[\"']?[\w.-]+[\"']?[ \t]*(?:[:=]|[{]$)")
_SCALAR = re.compile(rb"[|>][+-]?[0-9]?[ \t]*$")


_COMPLEX = re.compile(rb":[ \t]+(?:[!&][^ ]+[ \t]+)?")


class ComplexKey(NamedTuple):
    """A key of YAML that stands behind `?`: its value stands behind `:` below it, as deep as the key does."""

    prefix: bytes
    indent: int

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        value = _COMPLEX.match(row.text)
        if value is None or row.indent != self.indent or not goes_on(row, self.prefix):
            return [], None
        if _SCALAR.match(row.text, value.end()):
            return [], BlockScalar(row.prefix, row.indent)
        start, end = value_of(row, row.start + value.end())
        return below(start, end) if is_secret(row.line[start:end]) else [], None


class PairName(NamedTuple):
    """A sensitive name that waits for its value.

    Attributes:
        prefix: of the name's line.
        is_element: whether both are elements of a markup.
        left: lines that may still stand between.
        is_vague: whether what is named may be of any kind, so that the value must look made and be long.
    """

    prefix: bytes
    is_element: bool
    left: int = _MOST_BETWEEN
    is_vague: bool = False

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.left <= 0 or not goes_on(row, self.prefix) or not row.text:
            return [], None
        if self.is_element:
            return self._element(row)
        value = _VALUE.match(row.text)
        if value is None:
            # A member that ends its line may itself be a name whose value stands below.
            is_between = _MEMBER.match(row.text) and not (row.text.startswith(b"-") or row.text.endswith(b":"))
            return [], self._replace(left=self.left - 1) if is_between else None
        if _SCALAR.match(row.text, value.end()):
            return [], BlockScalar(row.prefix, row.indent)
        start, end = value_of(row, row.start + value.end())
        secret = row.line[start:end]
        is_count = secret.isdigit() and len(secret) < 6 and row.line[start - 1 : start] not in (b'"', b"'")
        fits = is_long_key(secret) if self.is_vague else is_secret(secret) and not is_count
        spans = below(start, end) if fits else []
        return spans, torn(row.line, spans) if spans else None

    def _element(self, row: Row) -> Step:
        value = _VALUE_ELEMENT.match(row.text)
        if value is None:
            return [], self._replace(left=self.left - 1) if row.text.startswith(b"<") else None
        secret = value[1].strip()
        is_cell = row.text[:3].lower() in (b"<td", b"<dd", b"<th", b"<sp")
        start = row.start + value.start(1) + value[1].index(secret)
        spans = below(start, start + len(secret)) if (_is_made if is_cell else is_secret)(secret) else []
        return spans, torn(row.line, spans) if spans else None


def _is_made(value: bytes) -> bool:
    return is_telling(value) or (is_secret(value) and stands_out(value))


# So many lines below a header its cells are looked at.
_MOST_CELLS = 1024


class HeadName(NamedTuple):
    """A sensitive name in a header's cell that is a line: of the row that goes on below, or of a column.

    Attributes:
        row: the name, as one of a row.
        is_column: whether another cell of the header or the end of its row has shown that it is one of a column. Which
            one no line says, so cells below must look made.
        left: lines that may still follow.
    """

    row: PairName
    is_column: bool = False
    left: int = _MOST_CELLS

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        text = row_of(line).text[:7].lower()
        if not self.is_column and not text.startswith((b"<th", b"</tr")):
            return self.row.take(line)
        if self.left <= 0 or not text.startswith(b"<") or text == b"</table":
            return [], None
        cells = (cell.span(1) for cell in _CELL.finditer(line))
        spans = [span for start, end in cells if is_telling(line[start:end]) for span in below(start, end)]
        return spans, self._replace(is_column=True, left=self.left - 1)


# `"keyName": "key1"`, as Azure lists the keys of an account.
_NAME_OF_KEY = re.compile(rb"[\"']?key_?name[\"']?[ \t]*[:=][ \t]*[\"']?[\w -]{1,40}[\"']?,?", re.IGNORECASE)


def opened_key(line: bytes) -> PairName | None:
    """What the name of a key opens: the key itself, on a line below."""
    row = row_of(line)
    return PairName(row.prefix, is_element=False, is_vague=True) if _NAME_OF_KEY.fullmatch(row.text) else None


def opened_attribute(row: Row, name: int) -> PairName | None:
    """What a sensitive name in an attribute opens (`<property name="password">`): the element on the next line."""
    before = row.line[row.start : name]
    return PairName(row.prefix, is_element=True, left=1) if _ATTRIBUTE_BEFORE.match(before) else None


def opened_pair(row: Row, name: int, *, is_element: bool) -> PairName | HeadName | None:
    """What a sensitive name opens whose line ends behind it; `name` is where it begins in the line."""
    before = row.line[row.start : name]
    if is_element:
        pair = PairName(row.prefix, is_element=True) if _ELEMENT_BEFORE.search(before) else None
        return HeadName(pair) if pair and _HEAD_BEFORE.search(before) else pair
    return PairName(row.prefix, is_element=False) if _BEFORE_NAME.search(before) else None
