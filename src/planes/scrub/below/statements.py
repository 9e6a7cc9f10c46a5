"""SQL that names columns first and gives their values behind or below: `INSERT … VALUES`, `COPY … FROM stdin`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from planes.scrub.below.model import Opening, Step, is_secret
from planes.scrub.below.tables import copied_table
from planes.scrub.rulebook import Span
from planes.scrub.rules.named.below import NAMED_COLUMN
from planes.scrub.rules.named.keys import is_sensitive_key

_INSERT = re.compile(
    rb"(?:insert|replace|upsert)[ \t]+(?:or[ \t]+[a-z]+[ \t]+|overwrite[ \t]+|ignore[ \t]+)?into[ \t]+"
    rb"[^()]{1,200}\(([^()]{1,1500})\)",
    re.IGNORECASE,
)
_COPY = re.compile(rb"copy[ \t]+[^()]{1,200}\(([^()]{1,1500})\)[ \t]+from[ \t]+stdin", re.IGNORECASE)
CREATES = re.compile(rb"[ \t]*create[ \t]+(?:temp(?:orary)?[ \t]+)?table[ \t]", re.IGNORECASE)
_TABLE = re.compile(rb"[^()]{1,200}\(((?:[^()]|\([^()]*\)){1,1500})\)[^()]*$")
_IN_PARENTHESES = re.compile(rb"\([^()]*\)")
# A value of a list: a text, also with its type (`'x'::text`), what a function gives (`now()`), or another word.
_ITEM = re.compile(
    rb"[ \t]*(?:(?:[bruNE]?'((?:[^'\\]|''|\\.)*)'|[bru]?\"((?:[^\"\\]|\\.)*)\")"
    rb"|[A-Za-z_][\w.]{0,60}\((?:[^()']|\([^()]{0,80}\)|'(?:[^']|'')*'){0,200}\)|[^,()'\"]{1,200})"
    rb"(?:::[\w \[\]]{1,40})?[ \t]*",
    re.DOTALL,
)
# The same in a list in brackets, as TypeORM prints parameters: `-- PARAMETERS: ["x",1]`.
_ITEM_OF_LIST = re.compile(rb"[ \t]*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|[^,\[\]'\"]{1,200})[ \t]*", re.DOTALL)
_OPENS_LIST = re.compile(rb"[(\[]")
# What Sequelize logs behind a statement: `Executing (default): UPDATE … ; "x", 1`.
_BARE_LIST = re.compile(rb"Executing \([^()]{1,60}\):.*;[ ](?=[\"'])")
# The values of a statement, of which some may be places for parameters: `VALUES (?, now(), ?)`.
_GIVEN = re.compile(rb"\bvalues?[ \t]*\(((?:[^()]|\([^()]*\)){1,1500})\)", re.IGNORECASE)
_PLACE_ALONE = re.compile(rb"[ \t]*(?:\?|%s|\$[0-9]{1,3})(?:::[\w \[\]]{1,40})?[ \t]*$")
_NUMBERED = re.compile(rb"\$[0-9]{1,3} = (?:'((?:[^']|'')*)'|NULL)")
# `binding parameter [1] as [VARCHAR] - [x]`, `(1:VARCHAR) <- [x]`, as Hibernate logs them one a line.
_BOUND = re.compile(rb"binding parameter [\[(]([0-9]{1,3})(?:\] as \[\w+\] - |:\w+\) <- )\[(.*)\][ \t\r]*$")
_MOST_BETWEEN = 3
# So many brackets of a line may hold further lists.
_MOST_OUTER = 8
# A place for a parameter, and the column that it is compared with or given to.
_PLACE = re.compile(rb"(?:([\w.\"`\[\]]{1,80})[ ]?(?:=|<>|!=|like)[ ]?)?(?:\?|%s|\$[0-9]{1,3})(?![\w(])", re.IGNORECASE)
# What every such place holds: most `?` begin the query of an address, and a look for a statement takes longer.
_PARAMETER = re.compile(rb"(?:\?|%s|\$[0-9]{1,3})(?![\w(])", re.IGNORECASE)
_STATEMENT = re.compile(rb"\b(?:update|select|delete|merge|alter|create|call|exec)\b", re.IGNORECASE)


_COLUMNS_ALONE = re.compile(rb"[ \t]*\(([\w \t,.\"`\[\]]{3,1500})\)[ \t\r]*$")
_VALUES_BELOW = re.compile(rb"[ \t]*(?:overriding[ \t]+\w+[ \t]+value[ \t]+)?values?\b", re.IGNORECASE)


class Values(NamedTuple):
    """A statement whose values stand below.

    Attributes:
        width: how many columns it names.
        columns: which of them are sensitive.
        is_begun: whether values were seen already.
        left: lines that may still stand between.
    """

    width: int
    columns: tuple[int, ...]
    is_begun: bool = False
    left: int = _MOST_BETWEEN

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        found = False
        spans: list[Span] = []
        if bound := _BOUND.search(line):
            index = int(bound[1]) - 1
            spans = list(_secrets(line, [bound.span(2)], (0,))) if index in self.columns else []
            return spans, self._replace(is_begun=True) if index + 1 < self.width else None
        for cells in _numbered(line) if b"$1 = " in line else _tuples(line, 0):
            if len(cells) == self.width:
                found = True
                spans += _secrets(line, cells, self.columns)
        if found:
            ends = line.rstrip().endswith((b";", b"]", b"}"))
            return spans, None if ends else self._replace(is_begun=True)
        return [], None if self.is_begun or self.left <= 0 else self._replace(left=self.left - 1)


class ColumnsAlone(NamedTuple):
    """Columns on a line of their own: those of a statement if `VALUES` begins the next line."""

    values: Values

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        found = _VALUES_BELOW.match(line)
        if found is None:
            return [], None
        spans, opening = self.values.take(line)
        return spans, opening or self.values


def opened_columns(line: bytes) -> ColumnsAlone | None:
    """What a line opens that holds nothing but names in parentheses."""
    alone = _COLUMNS_ALONE.match(line)
    names = _names(alone[1]) if alone else []
    columns = _sensitive(names)
    return ColumnsAlone(Values(len(names), columns)) if columns and len(names) > 1 else None


def _tuples(line: bytes, place: int) -> Iterator[list[tuple[int, int]]]:
    """The cells of each list in parentheses or brackets; an empty cell for what is no text."""
    outer = 0
    while opens := _OPENS_LIST.search(line, place):
        is_round = opens[0] == b"("
        cells, place = _cells(line, opens.end(), _ITEM if is_round else _ITEM_OF_LIST)
        if line[place : place + 1] == (b")" if is_round else b"]"):
            yield cells
        elif outer < _MOST_OUTER:
            outer += 1
            place = opens.end()  # in what is no list another may stand: `[parameters: ('x', 'y')]`
    if bare := _BARE_LIST.search(line):
        yield _cells(line, bare.end(), _ITEM)[0]


def _cells(line: bytes, place: int, item_of: "re.Pattern[bytes]") -> tuple[list[tuple[int, int]], int]:
    """The cells that begin at a place, and where they end."""
    cells: list[tuple[int, int]] = []
    while item := item_of.match(line, place):
        group = 1 if item.start(1) >= 0 else 2
        cells.append((item.start(group), item.end(group)))
        place = item.end()
        if line[place : place + 1] != b",":
            break
        place += 1
    return cells, place


def _numbered(line: bytes) -> Iterator[list[tuple[int, int]]]:
    """The cells of `parameters: $1 = 'x', $2 = NULL`, as PostgreSQL logs them."""
    yield [found.span(1) for found in _NUMBERED.finditer(line)]


def _secrets(line: bytes, cells: list[tuple[int, int]], columns: tuple[int, ...]) -> Iterator[Span]:
    for index in columns:
        start, end = cells[index]
        if start >= 0 and is_secret(line[start:end]):
            yield Span(start, end, NAMED_COLUMN)


def opened_statement(line: bytes) -> Step:
    """The secrets among the values of a statement, and what it opens."""
    if copy := _COPY.search(line):
        return [], copied_table(_names(copy[1]))
    if CREATES.match(line):
        return [], _created(line)
    insert = _INSERT.search(line)
    if insert is None:
        return [], None
    names = _names(insert[1])
    columns = _sensitive(names)
    if not columns:
        return [], None
    spans: list[Span] = []
    found = False
    values = _parameters(line, insert.end(), len(names), columns) or Values(len(names), columns)
    for cells in _tuples(line, insert.end()):
        if len(cells) == len(names) or len(cells) == values.width:
            found = found or any(start >= 0 for start, _ in cells)
            spans += _secrets(line, cells, columns if len(cells) == len(names) else values.columns)
    opening: Opening | None = None if found and line.rstrip().endswith(b";") else values
    return spans, opening


def _parameters(line: bytes, place: int, width: int, columns: tuple[int, ...]) -> Values | None:
    """The values that an `INSERT` leaves to parameters, if it tells others itself: `VALUES (DEFAULT, $1)`."""
    given = _GIVEN.search(line, place)
    items = given[1].split(b",") if given else []
    if len(items) != width:
        return None
    places = [index for index, item in enumerate(items) if _PLACE_ALONE.match(item)]
    return Values(len(places), tuple(places.index(index) for index in columns if index in places)) if places else None


def _created(line: bytes) -> Values | None:
    """What a table opens that is created on one line, as dumps do: rows without names may stand below."""
    table = _TABLE.match(line)
    if table is None:
        return None
    names = [column.split(maxsplit=1)[0] for column in _IN_PARENTHESES.sub(b"", table[1]).split(b",") if column.strip()]
    columns = _sensitive([name.strip(b"\"'`[]") for name in names])
    return Values(len(names), columns) if columns else None


def _sensitive(names: list[bytes]) -> tuple[int, ...]:
    return tuple(index for index, name in enumerate(names) if is_sensitive_key(name.decode("utf-8", "replace")))


# What SQLAlchemy logs of a result: its columns, then each row.
_RESULT = re.compile(rb"\bCol \(((?:'[^']{1,80}',? ?){1,60})\)[ \t\r]*$")


def opened_result(line: bytes) -> Values | None:
    """What the columns of a result open: rows of its values."""
    result = _RESULT.search(line)
    names = [name for name in _names(result[1]) if name] if result else []
    columns = _sensitive(names)
    return Values(len(names), columns) if columns else None


# What `logging` prints of a record that it cannot format: its message, and on the next line the arguments.
_MESSAGE = b"Message: "
_DIRECTIVE = re.compile(rb"%[-#0-9.]{0,6}[sdrifxc]")
_LINK = re.compile(rb"(?:[ ](?:is|was|to))?[ \t:=\"'`(<-]*$")


def _opened_message(line: bytes) -> Values | None:
    columns: list[int] = []
    place = width = 0
    for width, found in enumerate(_DIRECTIVE.finditer(line), 1):
        name = _LINK.sub(b"", line[place : found.start()])
        if is_sensitive_key(name.decode("utf-8", "replace")):
            columns.append(width - 1)
        place = found.end()
    return Values(width, tuple(columns)) if columns else None


def opened_parameters(line: bytes) -> Step:
    """What a statement opens that leaves its values to parameters by place, or tells behind itself.

    `SET token = ? WHERE id = ?`
    """
    if line.startswith(_MESSAGE):
        return [], _opened_message(line)
    if not _PARAMETER.search(line) or not _STATEMENT.search(line):
        return [], None
    places = [(found[1] or b"").rpartition(b".")[2].strip(b'"`[]') for found in _PLACE.finditer(line)]
    columns = tuple(
        index for index, name in enumerate(places) if name and is_sensitive_key(name.decode("utf-8", "replace"))
    )
    if not columns:
        return [], None
    last = max(found.end() for found in _PLACE.finditer(line))
    spans = [
        span for cells in _tuples(line, last) if len(cells) == len(places) for span in _secrets(line, cells, columns)
    ]
    return spans, None if spans else Values(len(places), columns)


def _names(text: bytes) -> list[bytes]:
    return [name.strip(b" \t\r\"'`[]") for name in text.split(b",")]
