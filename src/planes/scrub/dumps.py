"""Dumps of bytes with their places (`xxd`, `hexdump -C`, `od`): rows tear a value apart, so their bytes are looked at.

    00000000: 7061 7373 776f 7264 3d63 6f72 7265 6374  password=correct

Rows are held back until the dump ends, or some hundred of them have come: each begins where the bytes of those above
end, and one that is shorter is the last. A prefix of the log may stand before them, colours may be in them, and they
may be without places (`od -An -t x1`, `xxd -i`). What finds secrets anywhere else finds them in their bytes. The first
place of a secret carries the mark; its other bytes are left out, also where they are shown.
"""

import binascii
import functools
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from planes.scrub.marks import mark
from planes.scrub.registered.registered import Registered
from planes.scrub.registered.values import found_in
from planes.scrub.rulebook import Book, outside_marks, signs_of
from planes.scrub.search.engine import Pattern, compile_pattern
from planes.scrub.search.signs import FIRST_ROW

_LONGEST_ROW = 512
_MOST_BYTES = 64
_PLACE = rb"[ \t]{0,8}(?:0x)?"
_BEGINS = re.compile(_PLACE + rb"0{4,16}(?::| -)?[ \t]")
# Colours between the digits of a row; only what stands in a text that is not plain.
_COLOURED = rb"|(?:m[0-9a-f]{2,8}\x1b\[[0-9;]{0,8}m[ ]{0,2}){2}"
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
# A row behind a prefix: its place, and three groups of digits.
_BEHIND = re.compile(
    rb"(?<![0-9A-Za-z.-])(?:0x)?([0-9A-Fa-f]{4,16})(?::| -)?[ \t]+"
    rb"(?=[0-9A-Fa-f]{2,16}(?:[ -]{1,2}[0-9A-Fa-f]{2,16}){2})"
)
_MOST_PREFIXES = 4
# A row without a place, read from the end of its line: one look tells wherever it begins. The last may be one byte.
_PLACELESS = re.compile(rb"[^0-9A-Za-z]*([0-9A-Fa-f]{2}(?:x0)?(?:[ ]{1,2},?[0-9A-Fa-f]{2}(?:x0)?)*)(?![0-9A-Za-z])")
# Two decimal digits each, and some are bytes that no text in ASCII has: numbers of a table.
_NUMBERS = re.compile(rb"[0-9 ,\t|]*(?<![0-9])[89][0-9](?![0-9])[0-9 ,\t|]*\r?")
_PAIR = re.compile(rb"[0-9A-Fa-f]{2}(?![0-9A-Fa-fx])")
_ROW = re.compile(_PLACE + rb"([0-9A-Fa-f]{4,16})(?::| -)?[ \t]+(?=[^ \t])")
_CELLS = re.compile(_PLACE + rb"[0-9A-Fa-f]{6,16}((?:[ ]{3}[!-~ ]|[ ]{2}\\[0abfnrtv]|[ ][0-7]{3}|[ ]{2}\*\*)+)[ \r]*$")
_DIGITS = re.compile(rb"([0-9A-Fa-f]+)([ ]{1,2}(?:[|][ ])?|-|\r?$)")
# A whole row of sixteen bytes, as most rows are: one look in place of one for each of them.
_WHOLE = re.compile(
    rb"((?:[0-9A-Fa-f]{2}[ ]{1,2}){15}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}[ ]){7}[0-9A-Fa-f]{4})(?:[ ]{2}|[ \r]*$)"
)
_BYTE = re.compile(rb"[0-9A-Fa-f]{2}")
# How bytes are shown as letters.
_SHOWN = bytes(byte if 0x20 <= byte < 0x7F else 0x2E for byte in range(256))
_BORDERS = b"|>< \t\r"
_BLANK = 0x20
# Fewer bytes are no first row, but a number of a table: of rows without a place, and of those with another place than
# the first which show no letters.
_SHORTEST = 4
_SHORTEST_WITHOUT_PLACE = 8
_SHORTEST_ELSEWHERE = 16
# Wider is the gap before the letters of a last row alone, whose digits do not fill it.
_WIDEST_GAP = 4
# In which places are counted: `od` and `hexdump` have each of them.
_RADIXES = (8, 10, 16)
# Stands for rows that are equal to the one above.
_EQUAL_ROWS = re.compile(rb"[ \t]*\*\r?")
# So many rows are looked at together; of these, so many again with those that follow.
_MOST_ROWS = 256
_AGAIN = 24
_ESCAPES = {b"0": 0, b"a": 7, b"b": 8, b"f": 12, b"n": 10, b"r": 13, b"t": 9, b"v": 11}


@functools.cache
def _first_rows() -> Pattern:
    """What finds lines that may be the first row, but for the first line of a text that begins with its place."""
    return compile_pattern(FIRST_ROW + _COLOURED)


class _Row(NamedTuple):
    """One row.

    Attributes:
        line: as it stands there.
        place: of its first byte, as it stands there; empty: it says none.
        data: its bytes.
        cells: where each of them stands in digits, in the order of `data`.
        shown: where the first of them stands as a letter; -1: none does.
        names: the secrets in it, by the places of their bytes; an empty name: one that began in a row above.
        places: where in the line each sign stands that is no colour; empty: there are no colours.
    """

    # No type is in quotes here: `typing` compiles those, and all runners would hold Python's syntax tree, 0.2 MB.
    line: bytes
    place: bytes
    data: bytes
    cells: list[tuple[int, int]]
    shown: int
    names: dict[int, str]
    places: Sequence[int] = ()


def _row_of(line: bytes) -> _Row | None:
    if len(line) > _LONGEST_ROW:
        return None
    if line.find(b"\x1b") >= 0:
        return _of_coloured(line)
    begin = _ROW.match(line)
    if begin is not None:
        row = _of_digits(line, begin[1], begin.end()) or _of_letters(line, begin[1])
        if row is not None:
            return row
    for behind in islice(_BEHIND.finditer(line), _MOST_PREFIXES):
        row = _of_digits(line, behind[1], behind.end())
        if row is not None:
            return row
    return _of_pairs(line)


def _of_coloured(line: bytes) -> _Row | None:
    """The row that is there without its colours."""
    plain, places, place = b"", list[int](), 0
    for colour in _COLOUR.finditer(line):
        plain += line[place : colour.start()]
        places += range(place, colour.start())
        place = colour.end()
    plain += line[place:]
    places += range(place, len(line) + 1)
    row = _row_of(plain) if plain.find(b"\x1b") < 0 else None
    if row is None:
        return None
    return row._replace(line=line, places=places)


def _of_pairs(line: bytes) -> _Row | None:
    """A row without a place: bytes as two digits each, in blanks or as `xxd -i` writes them."""
    found = _PLACELESS.match(line[::-1])
    if found is None or _NUMBERS.fullmatch(line):
        return None
    start, end = len(line) - found.end(1), len(line) - found.start(1)
    cells = [pair.span() for pair in _PAIR.finditer(line, start, end)]
    return _Row(line, b"", _bytes(line, cells), cells, -1, {})


def _of_digits(line: bytes, first: bytes, place: int) -> _Row | None:
    whole = _WHOLE.match(line, place)
    if whole is not None and (row := _of_whole(line, first, place, whole.end(1))) is not None:
        return row
    cells: list[tuple[int, int]] = []
    width = 0
    while found := _DIGITS.match(line, place):
        size = found.end(1) - found.start(1)
        width = width or size
        if size % 2 or size > width or width > 16:
            break
        cells += [(start, start + 2) for start in range(found.start(1), found.end(1), 2)]
        place = found.end()
        if len(cells) > _MOST_BYTES:
            return None
        # Letters stand behind a gap, or behind as many bytes as rows have; to look at each byte would take too long.
        is_between = len(cells) % 8 and size == width and found[2] == b" " and line[place : place + 1] != b" "
        if not is_between or not _DIGITS.match(line, place):
            shown, data = found.end(1), _bytes(line, cells)
            start = _shown(line, data, shown)
            if start >= 0:
                return _Row(line, first, data, cells, start, {})
        if size < width:
            break
    if not cells or line[cells[-1][1] :].strip(_BORDERS):
        return None
    return _of_words(line, first, cells, width // 2)


def _of_whole(line: bytes, first: bytes, place: int, end: int) -> _Row | None:
    """The row whose digits stand at [place, end), if nothing but its letters stands behind them."""
    cells = [byte.span() for byte in _BYTE.finditer(line, place, end)]
    data = _bytes(line, cells)
    shown = _shown(line, data, end) if end < len(line) else -1
    if shown >= 0:
        return _Row(line, first, data, cells, shown, {})
    is_bare = not line[end:].strip(_BORDERS)
    return _of_words(line, first, cells, 1 if line[place + 2] == _BLANK else 2) if is_bare else None


def _of_words(line: bytes, first: bytes, cells: "list[tuple[int, int]]", word: int) -> _Row:
    """The row of words of so many bytes: where that is two or more, the lowest one comes first."""
    if word > 1:
        cells = [cell for begin in range(0, len(cells), word) for cell in reversed(cells[begin : begin + word])]
    return _Row(line, first, _bytes(line, cells), cells, -1, {})


def _bytes(line: bytes, cells: "list[tuple[int, int]]") -> bytes:
    return binascii.unhexlify(b"".join([line[start:end] for start, end in cells]))


def _shown(line: bytes, data: bytes, place: int) -> int:
    """Where what stands behind the digits shows their bytes as letters; -1: it does not."""
    letters = data.translate(_SHOWN)
    start = place + len(line[place:]) - len(line[place:].lstrip(b" \t|>"))
    for first in range(start, max(place, start - len(data)) - 1, -1):  # bytes that are blanks may begin it
        text = line[first : first + len(data)]
        if text == letters and not line[first + len(data) :].strip(_BORDERS):
            return first
    return -1


def _of_letters(line: bytes, place: bytes) -> _Row | None:
    """A row by `od -c`: each byte as a letter, an escape, or in octal digits, four signs wide."""
    found = _CELLS.match(line)
    if found is None:
        return None
    begin, end = found.span(1)
    cells = [(start, start + 4) for start in range(begin, end - 3, 4)]
    data = bytes(_byte_of(line[start:stop]) for start, stop in cells)
    return _Row(line, place, data, cells, -1, {})


def _byte_of(cell: bytes) -> int:
    text = cell[1:]
    if text.isdigit() and text[:1] != b" ":
        return int(text, 8) & 0xFF
    if text[1:2] == b"\\" and text[2:] in _ESCAPES:
        return _ESCAPES[text[2:]]
    return text[2]


class _Extent:
    """Tells which rows are one dump.

    Attributes:
        has_ended: whether nothing that follows goes on with it.
    """

    __slots__ = ("_expected", "_is_gap", "_width", "has_ended")

    def __init__(self) -> None:
        self._expected: dict[int, int] = dict.fromkeys(_RADIXES, 0)  # the next place, by what it may be counted in
        self._is_gap = False
        self._width = 0
        self.has_ended = False

    def takes(self, row: _Row) -> bool:
        """Whether a row is its next one; if so, the one after it is expected."""
        size = len(row.data)
        if (
            self.has_ended
            or size < _SHORTEST > self._width
            or (self._width and bool(row.place) != bool(self._expected))
        ):
            return False
        places = {radix: place for radix in self._expected if (place := _number(row.place, radix)) is not None}
        if not self._width:
            least = _SHORTEST_ELSEWHERE if row.place else _SHORTEST_WITHOUT_PLACE
            if size < least and row.shown < 0 and 0 not in places.values():
                return False
        elif not self._is_gap:
            places = {radix: place for radix, place in places.items() if place == self._expected[radix]}
        if row.place and not places:
            return False
        self._expected = {radix: place + size for radix, place in places.items()}
        self._is_gap = False
        self._width = self._width or size
        self.has_ended = size != self._width or size % 2 > 0 or row.shown > row.cells[-1][1] + _WIDEST_GAP
        return True

    def skips(self, line: bytes) -> bool:
        """Whether a line stands for rows that are left out."""
        is_first = not self._is_gap
        self._is_gap = is_first and self._width > 0 and _EQUAL_ROWS.fullmatch(line) is not None
        return self._is_gap


def _number(digits: bytes, radix: int) -> int | None:
    try:
        return int(digits, radix)
    except ValueError:
        return None


class DumpStage:
    """Masks what is found in the bytes of dumps in a stream. All else goes through it as it is.

    Attributes:
        unjudged: so many bytes at the beginning of what `feed` gave out last are not of what it was given then.
    """

    __slots__ = ("_book", "_extent", "_held", "_hits", "_is_inside", "_registered", "_rows", "unjudged")

    def __init__(self, registered: Registered, hits: "Counter[str]", book: Book) -> None:
        self._registered = registered
        self._book = book
        self._hits = hits
        self._held = b""
        self._is_inside = False  # whether what was given out last is the beginning of a line
        self._rows: list[tuple[_Row, bytes]] = []
        self._extent = _Extent()
        self.unjudged = 0

    def feed(self, data: bytes, *, is_quiet: bool = False) -> bytes:
        """Take the next bytes; give out all that is no row of a dump which goes on, but the unfinished line.

        `is_quiet`: surely, no line behind the first one is the first row of a dump.
        """
        is_without = is_quiet or not _first_rows().places(data)
        text, self._held = (self._held + data if self._held else data), b""
        if is_without and not self._rows:
            self.unjudged = text.find(b"\n") + 1
            if not self.unjudged or self._first_row(text[: self.unjudged], 0) < 0:
                return self._without_tail(text, 0)
        given = self._fed(text)
        self.unjudged = len(given)
        return given

    def _fed(self, text: bytes) -> bytes:
        given: list[bytes] = []
        place = 0
        while True:
            if not self._rows:
                start = self._first_row(text, place)
                if start < 0:
                    given.append(self._without_tail(text, place))
                    break
                given.append(text[place:start])
                place = start
            end = text.find(b"\n", place)
            if end < 0:
                if len(text) - place <= _LONGEST_ROW:
                    self._held = text[place:]
                else:
                    given += self._released(), text[place:]
                    self._is_inside = True
                break
            given.append(self._take(text[place:end], b"\n"))
            self._is_inside = False
            place = end + 1
        return given[0] if len(given) == 1 else b"".join(given)

    def finish(self) -> bytes:
        """The end of the stream: give out the rest."""
        line, self._held = self._held, b""
        rest = self._take(line, b"") if line else b""
        self._is_inside = False
        return rest + self._released()

    def _without_tail(self, text: bytes, place: int) -> bytes:
        """The text from a place on but its last line, which may become the first row of a dump."""
        last = text.rfind(b"\n", place) + 1
        begin = max(last, place)
        is_start = last > place or (begin == place and not (self._is_inside and last == 0))
        tail = text[begin:] if len(text) - begin <= _LONGEST_ROW else b""
        if is_start and tail:
            self._held = tail
            self._is_inside = False
            return text[place:begin]
        if len(text) > place:
            self._is_inside = not text.endswith(b"\n")
        return text[place:] if place else text

    def _first_row(self, text: bytes, place: int) -> int:
        """Where the next finished line begins that may be the first row of a dump; -1: none does."""
        if self._is_inside and not place:
            place = text.find(b"\n") + 1
            if not place:
                return -1
        if _BEGINS.match(text, place):
            return place if text.find(b"\n", place) >= 0 else -1
        while found := _first_rows().places(text, place):
            start = max(place, text.rfind(b"\n", place, found[0][1] - 1) + 1)
            end = text.find(b"\n", start)
            if end < 0:
                return -1
            row = _row_of(text[start:end])
            if row is not None and _Extent().takes(row):
                return start
            place = end
        return -1

    def _take(self, line: bytes, end: bytes) -> bytes:
        row, given = _row_of(line), b""
        if row is None:
            if not self._extent.skips(line):
                return self._released() + line + end
            row = _Row(line, b"", b"", [], -1, {})
        elif not self._extent.takes(row):
            given = self._released()
            if not self._extent.takes(row):
                return given + line + end
        self._rows.append((row, end))
        if self._extent.has_ended:
            return given + self._released()
        if len(self._rows) < _MOST_ROWS:
            return given
        self._look()
        kept = self._rows[-_AGAIN:]
        given = b"".join(_masked(row) + end for row, end in self._rows[:-_AGAIN])
        self._rows = kept
        return given

    def _released(self) -> bytes:
        self._extent = _Extent()
        if not self._rows:
            return b""
        self._look()
        given = b"".join(_masked(row) + end for row, end in self._rows)
        self._rows = []
        return given

    def _look(self) -> None:
        """Note in each row which of its bytes are secret."""
        found = self._found(b"".join([row.data for row, _ in self._rows]))
        if not found:
            return
        places = [(row, index) for row, _ in self._rows for index in range(len(row.data))]
        for start, end, name in found:
            row, index = places[start]
            if index not in row.names:
                row.names[index] = name
                self._hits[name] += 1
            for row, index in places[start:end]:
                row.names.setdefault(index, "")

    def _found(self, data: bytes) -> "list[tuple[int, int, str]]":
        found = found_in(self._registered, data) if self._registered else []
        text = data + b"\n"
        place = 0
        while (sign := self._book.sign(text, place)) >= 0:
            if sign == place and text[sign : sign + 1] == b"\n":  # it begins with the end of the line above
                sign += 1
                if sign == len(text):
                    break
            begin, place = text.rfind(b"\n", 0, sign) + 1, text.index(b"\n", sign)
            line = text[begin:place]
            spans = outside_marks(line, self._book.spans(line, signs_of(self._book, line)))
            found += [(begin + start, begin + end, rule.name) for start, end, rule in spans]
        return found


def _masked(row: _Row) -> bytes:
    if not row.names:
        return row.line
    pieces: list[tuple[int, int, bytes]] = []
    for index, name in row.names.items():
        pieces.append((*row.cells[index], mark(name) if name else b""))
        if row.shown >= 0:
            pieces.append((row.shown + index, row.shown + index + 1, b""))
    line = row.line
    if row.places:
        pieces = [(row.places[start], row.places[end - 1] + 1, piece) for start, end, piece in pieces]
    for start, end, piece in sorted(pieces, reverse=True):
        line = line[:start] + piece + line[end:]
    return line
