"""Tables: a header that names a sensitive column, and the cells below it."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from planes.scrub.below.model import Opening, Step, is_long_key, is_no_word, is_secret, is_shown, is_telling
from planes.scrub.below.rows import BAR
from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.judges import DOTTED
from planes.scrub.rules.judging.plausible import is_sensitive, is_type
from planes.scrub.rules.judging.prose import is_common, phrase_end
from planes.scrub.rules.judging.source_code import is_class
from planes.scrub.rules.named.below import NAMED_COLUMN
from planes.scrub.rules.named.keys import is_sensitive_key

_Cell = tuple[int, int]  # where it lies in the line
_Cut = Callable[[bytes], list[_Cell]]
_Judge = Callable[[bytes], bool]

_MOST_COLUMNS = 64
# Signs of which headers consist; a line with another one is none.
_OF_HEADERS = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-. \t\r,;|\"'/()#%+*"
    b"\xe2\x94\x95\x82\x83\x86\x87\x8a\x8b\x91"
)
_NAME = re.compile(rb"(?:[A-Za-z_][\w.#/%()+*-]*|\(index\))(?: [\w.#/%()+*-]+){0,3}")
_WORD_NAME = re.compile(rb"[A-Za-z_][\w.#/%()+-]*")
_RULER = re.compile(rb"(?:[-=+:|*~_ \t\r]|\xe2[\x94\x95][\x80-\xbf])+$|\\[a-z]+(?:\{[-0-9]+\})?[ \t\r]*$")
_RULER_PIECES = re.compile(rb"(?:[-=]{3,}+ ?)+[ \r]*")
_BARRED_RULER = re.compile(rb"[ \t]*:?-+:?[ \t]*(?:[|+][ \t]*:?-+:?[ \t]*)+")
_MOST_WORDS = 8
# What begins no row of names: a digest before its file, a path, a statement of code.
_NO_HEADER = re.compile(
    rb"[0-9a-f]{32,}[ ]|[ \t]*(?:import|from|using|package|return|raise|yield|await|global|nonlocal|export)[ ][^ ]"
)
_CORNER = b"\xe2\x94\x8c\xe2\x94\x80"
_BORDER = re.compile(rb"(?:\xe2\x94[\x80\x8c\x90\xac])+")
_SOLID = re.compile(rb"[^ \t\r]+")
_HTML_CELL = re.compile(rb"<t[hd](?:[ \t][^<>]*)?>([^<>]*)</t[hd]>", re.IGNORECASE)


def _by_pieces(piece: "re.Pattern[bytes]") -> _Cut:
    def cut(line: bytes) -> list[_Cell]:
        cells: list[_Cell] = []
        place = 0
        for match in piece.finditer(line):
            cells.append(_trimmed(line, place, match.start()))
            place = match.end()
        cells.append(_trimmed(line, place, len(line)))
        outer = [cells[0], cells[-1]]
        if len(cells) > 2 and outer[0][0] == outer[0][1] and outer[1][0] == outer[1][1]:
            return cells[1:-1]
        return cells

    return cut


def _trimmed(line: bytes, start: int, end: int) -> _Cell:
    end = start + len(line[start:end].rstrip(b" \t\r"))
    return end - len(line[start:end].lstrip(b" \t")), end


def _by_fields(sign: bytes) -> _Cut:
    field = re.compile(rb"\"(?:[^\"]|\"\")*\"|[^%s]*" % re.escape(sign))

    def cut(line: bytes) -> list[_Cell]:
        line = line.rstrip(b"\r")
        cells: list[_Cell] = []
        place = 0
        while len(cells) <= _MOST_COLUMNS:
            match = field.match(line, place)
            end = match.end() if match else place
            cells.append(_unquoted(line, place, end))
            if line[end : end + 1] != sign:
                break
            place = end + 1
        return cells

    return cut


def _unquoted(line: bytes, start: int, end: int) -> _Cell:
    start, end = _trimmed(line, start, end)
    if end - start >= 2 and line[start : start + 1] in (b'"', b"'") and line[end - 1 : end] == line[start : start + 1]:
        return start + 1, end - 1
    return start, end


def _by_blanks(line: bytes) -> list[_Cell]:
    return [match.span() for match in _SOLID.finditer(line)]


def _by_gaps(line: bytes) -> list[_Cell]:
    return [match.span() for match in re.finditer(rb"[^ \t\r]+(?: [^ \t\r]+)*", line)]


def _by_elements(line: bytes) -> list[_Cell]:
    return [_trimmed(line, *match.span(1)) for match in _HTML_CELL.finditer(line)]


_BOXED = _by_pieces(re.compile(BAR))
_PIPED = _by_pieces(re.compile(rb"[|](?:[_<>=]\.[ ])?"))
_DOUBLE_PIPED = _by_pieces(re.compile(rb"[|]{1,2}"))
# Tables of wikis and of LaTeX: `! name !! password`, `||''' name '''||`, `name & password \\`.
_WIKI = _by_pieces(re.compile(rb"^[!|][ ]|!!|[|]{2}"))
_MOIN = _by_pieces(re.compile(rb"[|]{2}(?:<[^<>]*>)?"))
_AMPERSANDS = _by_pieces(re.compile(rb"&|\\\\[ \t]*$"))
_MARKS_OF_NAME = re.compile(rb"^[^|]*=[^|]*[|]|'{3}|\\(?=_)")
_BY_SIGN = {sign: _by_fields(sign) for sign in (b"\t", b";", b",")}


class Table(NamedTuple):
    """Rows below a header.

    Attributes:
        cut: how a line is cut into cells.
        names: the header's cells.
        columns: which of them are sensitive, and what tells a secret there.
        may_shift: whether rows may have one more cell in front, as the index of a frame.
    """

    cut: _Cut
    names: tuple[_Cell, ...]
    columns: tuple[tuple[int, _Judge], ...]
    may_shift: bool

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        stripped = line.strip()
        if not stripped or (self.cut is _by_elements and stripped[:1] != b"<"):
            return [], None
        if _RULER.match(line):
            return [], self
        cells = self.cut(line)
        if self.cut is _by_elements and not cells:
            return [], self
        if self.cut is _by_blanks and len(cells) > len(self.names) + 1:
            gaps = _by_gaps(line)
            cells = gaps if 0 <= len(gaps) - len(self.names) <= 1 else cells
        shift = len(cells) - len(self.names)
        if shift and not (shift == 1 and self.may_shift):
            return self._by_place(line, cells)
        return [span for index, judge in self.columns for span in _secret(line, cells[index + shift], judge)], self

    def _by_place(self, line: bytes, cells: "Sequence[_Cell]") -> Step:
        """Rows whose cells do not count as the header's: what stands below a name, in tables by blanks only."""
        if not self.may_shift or line.find(b"[masked:") >= 0:
            return [], self if self.may_shift else None
        spans: list[Span] = []
        for index, _ in self.columns:
            first, last = self.names[index]
            for cell in cells:
                if cell[0] < last and first < cell[1]:
                    spans += _secret(line, cell, is_telling)
        return spans, self if spans else None


class Ruled(NamedTuple):
    """A line of names with one blank between them: a header if a ruler stands below with a piece for each."""

    header: bytes

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        if not _RULER_PIECES.fullmatch(line) or len(line.split()) != len(self.header.split()):
            return [], None
        return [], _table(self.header, _by_blanks, _by_blanks(self.header), _WORD_NAME, may_shift=True)


class BarredColumn(NamedTuple):
    """A name between bars, which is the header of a table if a ruler stands below, perhaps behind a type."""

    table: Table

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        if _RULER.match(line):
            return [], self.table if line.strip() else None
        cell = _ONE_CELL.match(line)
        return [], self if cell and is_type(cell[1]) else None


class Underlined(NamedTuple):
    """A line that is a header if a ruler with bars stands below; else it opens something else."""

    table: Table
    other: Opening

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        return ([], self.table) if _BARRED_RULER.fullmatch(line) else self.other.take(line)


def _secret(line: bytes, cell: _Cell, judge: _Judge) -> list[Span]:
    cell = _unquoted(line, *cell)
    value = line[slice(*cell)]
    if is_type(value) or is_class(value) or not (judge(value) or phrase_end(value, 0) == len(value)):
        return []
    return [Span(*cell, NAMED_COLUMN)]


def opened_table(line: bytes) -> Table | Ruled | None:
    """The table whose header a line is, if it names a sensitive column."""
    if (cut := _marked_up(line)) is not None:
        cells = cut(line)
        names = [_MARKS_OF_NAME.sub(b"", line[slice(*cell)]).strip() for cell in cells]
        return _of_names(names, cut, cells, _NAME, may_shift=False)
    if line.find(b"<") >= 0:
        cells = _by_elements(line[: _row_end(line)])
        return _table(line, _by_elements, cells, _NAME, may_shift=False) if len(cells) > 1 else None
    if line.startswith(_CORNER):
        return _titled_box(line)
    if line.translate(None, _OF_HEADERS):
        return None
    if line.find(b"\xe2") >= 0:
        return _table(line, _BOXED, _BOXED(line), _NAME, may_shift=False)
    if line.startswith(b"||"):
        return _table(line, _DOUBLE_PIPED, _DOUBLE_PIPED(line), _NAME, may_shift=False)
    if line.find(b"|") >= 0:
        return _table(line, _PIPED, _PIPED(line), _NAME, may_shift=False)
    for sign, cut in _BY_SIGN.items():
        if sign in line:
            is_deeper = line.lstrip(b" ").startswith(b"\t") or (sign != b"\t" and line.startswith(b" "))
            is_prose = (sign != b"\t" and line.find(sign + b" ") >= 0) or is_deeper
            return None if is_prose else _table(line, cut, cut(line), _NAME, may_shift=False)
    if _NO_HEADER.match(line):
        return None
    words = line.split()
    if 2 <= len(words) <= _MOST_WORDS and line.strip().find(b"  ") < 0 and line[:1] not in b" \t":
        named = all(_WORD_NAME.fullmatch(word) for word in words) and any(map(_is_sensitive, words))
        return Ruled(line) if named else None
    if line.strip().find(b"  ") >= 0 or line[:1] == b" ":
        words = _table(line, _by_blanks, _by_blanks(line), _WORD_NAME, may_shift=True)
        return words or _table(line, _by_gaps, _by_gaps(line), _NAME, may_shift=True)
    return None


_EDGE = rb"(?:[|]|" + BAR + rb"|\xe2\x94\x83)"
_ONE_CELL = re.compile(_EDGE + rb"[ \t]*([A-Za-z_][\w.-]*)[ \t]*" + _EDGE + rb"[ \t\r]*$")


def opened_column(line: bytes) -> Opening | None:
    """The only column of a table between bars, if its name is sensitive and a ruler stands below."""
    cell = _ONE_CELL.match(line)
    if cell is None or not _is_sensitive(cell[1]):
        return None
    cut = _PIPED if line.startswith(b"|") else _BOXED
    return BarredColumn(Table(cut, (cell.span(1),), ((0, _judge(cell[1], by_blanks=False)),), may_shift=False))


def _row_end(line: bytes) -> int:
    """Where the first row of a table of HTML ends."""
    end = line.find(b"</tr>")
    return end if end >= 0 else len(line)


def told_rows(line: bytes, table: Opening | None) -> list[Span]:
    """The secrets in further rows that stand on the line of their header."""
    if not isinstance(table, Table) or table.cut is not _by_elements:
        return []
    spans: list[Span] = []
    place = _row_end(line)
    while (begin := line.find(b"<tr", place)) >= 0:
        place = begin + 1 + _row_end(line[begin + 1 :])
        told, _ = table.take(line[begin:place])
        spans += [Span(begin + start, begin + end, rule) for start, end, rule in told]
    return spans


def _marked_up(line: bytes) -> _Cut | None:
    if line.startswith(b"! ") and line.find(b"!!") >= 0:
        return _WIKI
    if line.startswith(b"||") and line.find(b"'''") >= 0:
        return _MOIN
    return _AMPERSANDS if line.endswith(b"\\\\") and line.find(b" & ") >= 0 else None


def _titled_box(line: bytes) -> Table | None:
    """A box whose upper border holds the names: `┌─user─┬─password─┐`."""
    names = [name.strip() for name in _BORDER.split(line.strip()) if name.strip()]
    columns = tuple((index, _judge(name, by_blanks=False)) for index, name in enumerate(names) if _is_sensitive(name))
    return Table(_BOXED, ((0, 0),) * len(names), columns, may_shift=False) if columns else None


def _table(line: bytes, cut: _Cut, cells: list[_Cell], name: "re.Pattern[bytes]", *, may_shift: bool) -> Table | None:
    return _of_names([line[slice(*cell)] for cell in cells], cut, cells, name, may_shift=may_shift)


def _of_names(
    names: list[bytes], cut: _Cut, cells: list[_Cell], name: "re.Pattern[bytes]", *, may_shift: bool
) -> Table | None:
    if not 2 <= len(names) <= _MOST_COLUMNS or not all(name.fullmatch(text) or not text for text in names):
        return None
    by_blanks = may_shift
    columns = tuple(
        (index, _judge(text, by_blanks=by_blanks)) for index, text in enumerate(names) if _is_sensitive(text)
    )
    if names[0].lower() in _NAMES_OF_KEYS:
        columns = tuple((index, is_long_key) for index, text in enumerate(names) if text.lower() == b"value")
    if not columns or (by_blanks and len(columns) == len(names)):
        return None
    return Table(cut, tuple(cells), columns, may_shift)


def _is_sensitive(name: bytes) -> bool:
    return is_sensitive_key(name.decode("ascii", "replace"))


_WORDS_OF_NAME = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")


# The first column of a list of keys, as Azure shows one; what they are stands below `Value`.
_NAMES_OF_KEYS = (b"keyname", b"key_name", b"key name")
_DAY = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_of_precise(value: bytes) -> bool:
    """Whether a cell below a precise name is a secret: also a day, and letters alone that make no usual word."""
    is_word = len(value) >= 10 and value.isalpha() and is_secret(value)
    is_unusual = is_word and not is_common(value) and not is_sensitive(value)
    return is_unusual or is_shown(value) or _DAY.fullmatch(value) is not None


def _judge(name: bytes, *, by_blanks: bool) -> _Judge:
    """What tells a secret in a column: those of tokens also hold words and counts."""
    lowered = name.lower()
    if lowered == b"pass" or (lowered.find(b"pass") < 0 and lowered.find(b"pwd") < 0):
        is_precise = len(_WORDS_OF_NAME.findall(name)) > 1 and not lowered.endswith((b"s", b"tokens"))
        if is_precise:
            return _is_of_precise
        return is_telling if by_blanks or lowered.endswith(b"s") else is_shown
    return _is_told_apart if by_blanks else is_secret


def _is_told_apart(value: bytes) -> bool:
    return (is_no_word(value) and not DOTTED.match(value)) or is_telling(value)


def copied_table(names: list[bytes]) -> Table | None:
    """The rows that follow a statement which copies these columns from the text below it."""
    columns = tuple((index, is_secret) for index, name in enumerate(names) if _is_sensitive(name))
    return Table(_BY_SIGN[b"\t"], ((0, 0),) * len(names), columns, may_shift=False) if columns else None
