"""Sends only the cells that differ from what the terminal shows already, and only what changes in their look.

The library paints whole rows, and says the whole look of each piece of them before it and takes it back behind it: two
rows of a list are 470 bytes where 200 do. Here its writes are read back into cells, compared with what was written
before, and written anew. A paint of the whole screen is sent whole where most of it changes, so that whatever else
wrote to the terminal is gone with it; a sheet over a place, or one that is left, changes less. The very first paint is
sent as it came, and read back with the second: that takes longer than drawing it. A write that is no paint passes as it
is; after one that may show on the cells (a mode) nothing is taken for known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rich.cells import cell_len

from dlthub_tui.viewmodel.text import cell_width

# Where to go, how it looks, a scroll of `scroll_region`, or characters. Anything else is no paint.
_PIECE = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<look>[0-9;]*)m"
    r"|\x1b\[(?P<top>\d+);(?P<bottom>\d+)r\x1b\[(?P<rows>\d+)(?P<way>[ST])\x1b\[r"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|(?P<newline>\n)"
)
# Writes that change nothing of what is shown: the two ends of a paint, a title, progress, a copy.
_NEUTRAL = re.compile(r"(?:\x1b\[\?2026[hl]|\x1b\][0-9]+;[^\x00-\x1f\x7f]*(?:\x07|\x1b\\))*")
# Underlined, reversed, struck out: these show on blanks too.
_ON_BLANKS = frozenset({"4", "7", "9", "21", "53"})
_DEFAULT_COLOR = ("39", "49")
# To go over so many cells that are known costs no more than to move the cursor past them.
_BRIDGE = 4
# From here on, as many times the changes, the whole screen is not sent.
_MOSTLY = 2
# Where the library puts the cursor after a paint where no widget asks for it. It is hidden there: nobody needs it.
_NOWHERE = (0, 0)


@dataclass(frozen=True, slots=True)
class _Style:
    """The look of a cell: colour codes as they are written, and the other attributes."""

    color: str = ""
    ground: str = ""
    words: frozenset[str] = frozenset()

    @property
    def of_blank(self) -> _Style:
        """The same on a blank, where the colour of the text cannot be seen."""
        return self if self.words & _ON_BLANKS else _Style("", self.ground)


_PLAIN = _Style()
_Cell = tuple[str, _Style]
_Row = list[_Cell | None]


@lru_cache(4096)
def _parse_style(codes: str) -> _Style:
    color, ground, words = "", "", set[str]()
    numbers = codes.split(";")
    position = 0
    while position < len(numbers):
        code = numbers[position]
        length = 1
        if code in {"38", "48"}:
            length = 5 if numbers[position + 1 : position + 2] == ["2"] else 3
        whole = ";".join(numbers[position : position + length])
        position += length
        number = int(code or 0)
        if number == 0:
            color, ground = "", ""
            words.clear()
        elif 30 <= number <= 39 or 90 <= number <= 97:
            color = "" if number == 39 else whole
        elif 40 <= number <= 49 or 100 <= number <= 107:
            ground = "" if number == 49 else whole
        else:
            words.add(code)
    return _Style(color, ground, frozenset(words))


@lru_cache(4096)
def _change(old: _Style, new: _Style) -> str:
    """The sequence that turns one look into another."""
    whole = ";".join([*sorted(new.words), *filter(None, (new.color, new.ground))])
    from_nothing = f"\x1b[0;{whole}m" if whole else "\x1b[0m"
    if old.words - new.words:
        return from_nothing
    codes = sorted(new.words - old.words)
    for mine, other, default in zip((new.color, new.ground), (old.color, old.ground), _DEFAULT_COLOR, strict=True):
        if mine != other:
            codes.append(mine or default)
    return min(f"\x1b[{';'.join(codes)}m", from_nothing, key=len) if codes else ""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is written from one place on, without another move of the cursor."""

    x: int
    texts: list[tuple[str, _Style]]

    def reaches(self, width: int) -> bool:
        """Whether it goes to the end of its row, as whoever drew it counts cells: `palette.draw`, or the library."""
        text = "".join(text for text, _ in self.texts)
        return self.x + max(cell_width(text), cell_len(text)) >= width


@dataclass(slots=True)
class _Paint:
    """What one write paints: cells by row and column, and where it leaves the cursor.

    Rows with characters of two cells or none are kept as they were written, in the pieces that begin at a place:
    terminals differ in how wide these are.
    """

    cells: dict[int, dict[int, _Cell]] = field(default_factory=dict[int, dict[int, _Cell]])
    written: dict[int, list[_Piece]] = field(default_factory=dict[int, "list[_Piece]"])
    uneven: set[int] = field(default_factory=set[int])
    end: tuple[int, int] | None = None

    def add(self, y: int, x: int, text: str, style: _Style, *, is_placed: bool) -> None:
        pieces = self.written.setdefault(y, [])
        if is_placed or not pieces:
            pieces.append(_Piece(x, []))
        pieces[-1].texts.append((text, style))
        if not _is_simple(text):
            self.uneven.add(y)
        elif y not in self.uneven:
            row = self.cells.setdefault(y, {})
            for at, character in enumerate(text, x):
                row[at] = (character, style)

    def covers(self, width: int, height: int) -> bool:
        return all(y in self.uneven or len(self.cells.get(y, ())) >= width for y in range(height))


class ChangedCells:
    """What one terminal shows, as far as it is known."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._size = (0, 0)
        self._has_painted = False
        self._unread = ""

    def forget(self) -> None:
        """Nothing is taken for known any more."""
        self._rows.clear()
        self._unread = ""

    def reduce(self, written: str, width: int, height: int) -> str:
        """What to send for a write of the library to a terminal of this size, so that it shows the same."""
        if self._size != (width, height):
            self.forget()
            self._size = (width, height)
        if _NEUTRAL.fullmatch(written):
            return written
        if not self._has_painted and _PIECE.match(written):
            # Nobody waits for the paint after the first: it is read back then.
            self._has_painted, self._unread = True, written
            return written
        unread, self._unread = self._unread, ""
        if unread:
            self._reduced(unread)
        return self._reduced(written)

    def _reduced(self, written: str) -> str:
        out: list[str] = []
        for part in _parts(written, *self._size):
            if part is None:
                self.forget()
                return written
            if isinstance(part, _Paint):
                self._send(part, out)
            else:
                self._scroll(*part)
                out.append(part[3])
        return "".join(out)

    def _scroll(self, top: int, bottom: int, rows: int, _text: str) -> None:
        """Rows move up, or down for negative `rows`. What comes in is blank and is not taken for known."""
        kept = {y - rows: self._rows.pop(y) for y in range(top, bottom) if y in self._rows}
        self._rows |= {y: row for y, row in kept.items() if top <= y < bottom}

    def _send(self, paint: _Paint, out: list[str]) -> None:
        width, height = self._size
        changes = self._drawn(paint, self._rows)
        if paint.covers(width, height):
            whole = self._drawn(paint, {})
            changes = whole if len(whole) < _MOSTLY * len(changes) else changes
        out.append(changes)
        for y in paint.written:
            if y in paint.uneven:
                self._rows.pop(y, None)
                continue
            known = self._rows.setdefault(y, [None] * width)
            for x, cell in paint.cells[y].items():
                known[x] = _seen(cell)
        if paint.end is not None and paint.end != _NOWHERE:
            out.append(_move(None, paint.end))

    def _drawn(self, paint: _Paint, known: Mapping[int, _Row]) -> str:
        """What draws a paint over the rows that are known."""
        out: list[str] = []
        width = self._size[0]
        nothing: _Row = [None] * width
        pen = _Pen(out, width)
        for y in paint.written:
            if y in paint.uneven:
                pen.write_pieces(y, paint.written[y])
                continue
            cells = paint.cells[y]
            for first, last in _runs(cells, known.get(y, nothing)):
                pen.write_cells(y, first, [cells[x] for x in range(first, last)])
        pen.put_down()
        return "".join(out)


class _Pen:
    """Where the terminal's cursor is and how it would write, within one paint."""

    def __init__(self, out: list[str], width: int) -> None:
        self._out, self._width = out, width
        self._at: tuple[int, int] | None = None
        self._style = _PLAIN

    def _go(self, y: int, x: int) -> None:
        if self._at != (y, x):
            self._out.append(_move(self._at, (y, x)))

    def write_cells(self, y: int, x: int, cells: list[_Cell]) -> None:
        self._go(y, x)
        for character, wanted in cells:
            if character == " " and not (wanted.words | self._style.words) & _ON_BLANKS:
                wanted = _Style(self._style.color, wanted.ground, self._style.words)
            self._turn_to(wanted)
            self._out.append(character)
        # Behind the last column terminals differ in where the cursor is.
        self._at = (y, x + len(cells)) if x + len(cells) < self._width else None

    def write_pieces(self, y: int, pieces: list[_Piece]) -> None:
        """The rest of a row is blanked first: behind signs narrower than counted, what was there would stay."""
        for piece in pieces:
            self._at = None
            self._go(y, piece.x)
            if piece.reaches(self._width):
                self._turn_to(_Style("", piece.texts[-1][1].ground))
                self._out.append("\x1b[K")
            for text, wanted in piece.texts:
                self._turn_to(wanted)
                self._out.append(text)
        self._at = None

    def _turn_to(self, wanted: _Style) -> None:
        if wanted != self._style:
            self._out.append(_change(self._style, wanted))
            self._style = wanted

    def put_down(self) -> None:
        """What comes next finds the terminal's own look."""
        if self._style != _PLAIN:
            self._out.append("\x1b[0m")


def _seen(cell: _Cell) -> _Cell:
    return (" ", cell[1].of_blank) if cell[0] == " " else cell


def _runs(cells: dict[int, _Cell], known: _Row) -> Iterator[tuple[int, int]]:
    """From where to where cells differ. Few cells between two such places that look alike are sent again."""
    start = end = -1
    for x in sorted(cells):
        if _seen(cells[x]) == known[x]:
            continue
        is_near = start >= 0 and x - end <= _BRIDGE and all(cells.get(between) for between in range(end, x))
        if is_near and all(cells[between][1] == cells[end - 1][1] for between in range(end, x)):
            end = x + 1
            continue
        if start >= 0:
            yield start, end
        start, end = x, x + 1
    if start >= 0:
        yield start, end


def _move(at: tuple[int, int] | None, to: tuple[int, int]) -> str:
    if at is not None and at[0] == to[0] and to[1] > at[1]:
        steps = to[1] - at[1]
        return f"\x1b[{steps}C" if steps > 1 else "\x1b[C"
    return f"\x1b[{to[0] + 1};{to[1] + 1}H"


def _parts(written: str, width: int, height: int) -> Iterator[_Paint | tuple[int, int, int, str] | None]:
    """Paints and scrolls in their order; None where the write is something else.

    Such is what was drawn for a terminal that has become smaller since: where it lands is the terminal's affair.
    """
    paint, position = _Paint(), 0
    y, x, style, is_placed = -1, 0, _PLAIN, False
    while position < len(written):
        found = _PIECE.match(written, position)
        if found is None:
            yield None
            return
        position = found.end()
        match found.lastgroup:
            case "column":
                y, x, is_placed = int(found["row"]) - 1, int(found["column"]) - 1, True
                paint.end = (y, x)
            case "look":
                style = _parse_style(found["look"])
            case "newline":
                y, paint.end = -1, None
            case "way":
                if paint.written:
                    yield paint
                    paint = _Paint()
                if int(found["bottom"]) > height:
                    yield None
                    return
                rows = int(found["rows"]) * (1 if found["way"] == "S" else -1)
                yield int(found["top"]) - 1, int(found["bottom"]), rows, found[0]
            case _:
                if not 0 <= y < height or x >= width:
                    yield None
                    return
                paint.add(y, x, found["text"], style, is_placed=is_placed)
                x += cell_len(found["text"]) if y in paint.uneven else len(found["text"])
                is_placed = False
                if x > width and y not in paint.uneven:
                    yield None
                    return
                paint.end = None
    yield paint


def _is_simple(text: str) -> bool:
    """Whether each character takes one cell in every terminal."""
    return text.isascii() or all(_is_narrow(character) for character in text)


@lru_cache(4096)
def _is_narrow(character: str) -> bool:
    return (
        unicodedata.east_asian_width(character) not in {"W", "F"}
        and unicodedata.category(character) not in {"Mn", "Mc", "Me", "Cf", "Cn", "Co"}
    )  # fmt: skip
