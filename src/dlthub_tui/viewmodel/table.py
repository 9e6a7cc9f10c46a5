"""Tables laid out for a width: columns drop by priority, one column takes of the room that is left."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Line, Role, Span, between, cut_name, fit, isolated, muted, width_of, wrapped

# On a wide terminal a name stands near what is said of it: the eye follows a row over this much of nothing, not more.
MOST_SPARE = 24
# So much of a name is shown before columns that can be spared take of the room: names of one family begin alike.
NAMED = 40


@dataclass(frozen=True, slots=True)
class Column:
    """`drops` is the order in which columns go when room is short: the highest first, 0 never.

    `usual` is how wide it is with most rows: its title stands there already while they load. `is_name`: what is too
    long for it is cut in the middle. `is_spare`: it goes before names are cut.
    """

    title: str
    drops: int = 0
    is_number: bool = False
    takes_rest: bool = False
    least: int = 1
    gap: int = 2
    usual: int = 0
    is_name: bool = False
    is_spare: bool = False


class LateCells(ABC):
    """Cells of a row that are worded when they are asked for: of a long list few are seen. Equal where worded alike."""

    __slots__ = ()

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, position: int) -> Line: ...

    def __iter__(self) -> Iterator[Line]:
        return (self[position] for position in range(len(self)))

    def width(self, position: int) -> int:
        """Of one of them: subclasses that know it without the words say so."""
        return width_of(self[position])


Cells = tuple[Line, ...] | LateCells


class Row(NamedTuple):
    """One thing in a list. `key` identifies it over reloads; `words` is what a filter looks through.

    `facts` are numbers that a filter compares, times in seconds: `took>1m`.

    A row with one cell where the table has more columns takes the whole width.
    """

    key: str
    glyph: Span
    cells: Cells
    words: str
    is_muted: bool = False
    facts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A table under a rule. `title` None draws no rule; `empty` stands where no row is, `below` under the rows.

    Without rows and without `empty` it is not known what is there: the titles of the columns stand alone.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str | None = None
    right: str = ""
    empty: tuple[str, ...] = ()
    shows_titles: bool = True
    below: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns are shown, and how wide."""

    widths: tuple[int, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Table:
    """What all rows of a section are drawn by."""

    columns: tuple[Column, ...]
    layout: Layout
    cut: str


class Entry(NamedTuple):
    """One line of a list; without a key it cannot be chosen. Without a table, its only cell is the line.

    A tuple, as `Row`: a list of 1,000 jobs has 1,000, and they are made in a third of the time.

    A rule is full and has two: as it is while the keys go elsewhere, and while they go to what is below it.
    """

    key: str | None
    glyph: Span
    cells: Cells
    table: Table | None = None
    is_full: bool = False
    is_muted: bool = False

    @property
    def line(self) -> Line:
        """Drawn when it is asked for: of a long list few rows are seen."""
        if self.table is None:
            return _muted(self.cells[0]) if self.is_muted else self.cells[0]
        return draw_cells(self.table, self.cells, is_muted=self.is_muted)


def measure(columns: Sequence[Column], rows: Sequence[Row], width: int) -> Layout:
    """Widths for each column; 0 for one that is not shown. `width` is what is there beside cursor and glyph.

    What drops even where it is as narrow as it can be is not measured: of a list of a thousand rows each takes time.
    """
    rows = [row for row in rows if len(row.cells) == len(columns)]
    gaps = [column.gap for column in columns]
    shown = [True] * len(columns)
    natural = [
        _natural(rows, position, column) if not column.drops else max(len(column.title), column.least)
        for position, column in enumerate(columns)
    ]
    _drop(columns, natural, shown, width)
    for position in sorted(range(len(columns)), key=lambda i: columns[i].drops):
        if shown[position] and columns[position].drops:
            natural[position] = _natural(rows, position, columns[position])
            _drop(columns, natural, shown, width)
    excess = _total(natural, shown, gaps) - width
    flexible = [i for i, column in enumerate(columns) if shown[i] and column.takes_rest]
    if excess > 0 and flexible and natural[flexible[0]] - excess >= _least_rest(columns[flexible[0]]):
        natural[flexible[0]] -= excess
    elif excess > 0:
        _squeeze(columns, natural, shown, excess)
    spare = width - _total(natural, shown, gaps)
    for position, column in enumerate(columns):
        if column.takes_rest and shown[position] and spare > 0:
            natural[position] += min(spare, MOST_SPARE)
            spare = 0
    return Layout(tuple(size if visible else 0 for size, visible in zip(natural, shown, strict=True)))


def _natural(rows: Sequence[Row], position: int, column: Column) -> int:
    """How wide a column is with these rows."""
    return max([len(column.title), column.least, *(_widths(rows, position) or [column.usual])])


def _widths(rows: Sequence[Row], position: int) -> list[int]:
    return [
        width_of(cells[position]) if isinstance(cells, tuple) else cells.width(position)
        for cells in [row.cells for row in rows]
    ]


def _drop(columns: Sequence[Column], natural: list[int], shown: list[bool], width: int) -> None:
    """The columns go that there is no room for."""
    gaps = [column.gap for column in columns]
    while (excess := _total(natural, shown, gaps) - width) > 0:
        flexible = [i for i, column in enumerate(columns) if shown[i] and column.takes_rest]
        droppable = [i for i, column in enumerate(columns) if shown[i] and column.drops]
        if not droppable:
            return
        last = max(droppable, key=lambda i: columns[i].drops)
        if flexible:
            rest, size = columns[flexible[0]], natural[flexible[0]]
            named = min(size, NAMED) if columns[last].is_spare else 0
            if size - excess >= max(_least_rest(rest), named):
                return
        shown[last] = False


def _least_rest(column: Column) -> int:
    """So wide the column that takes the rest is before another goes for it."""
    return max(column.least, 12)


def _total(natural: list[int], shown: list[bool], gaps: list[int]) -> int:
    visible = [(size, gap) for size, is_shown, gap in zip(natural, shown, gaps, strict=True) if is_shown]
    return sum(size for size, _ in visible) + sum(gap for _, gap in visible[1:])


def _squeeze(columns: Sequence[Column], natural: list[int], shown: list[bool], excess: int) -> None:
    """Long names give room before what is said of them goes under its least, each down to its own."""
    visible = [i for i, is_shown in enumerate(shown) if is_shown]
    flexible = [i for i in visible if columns[i].takes_rest]
    names = [i for i in visible if columns[i].is_name and flexible]
    for i in [*flexible, *names]:
        given = min(excess, max(0, natural[i] - columns[i].least))
        natural[i] -= given
        excess -= given
    target = flexible[0] if flexible else max(visible, key=lambda i: natural[i])
    natural[target] = max(1, natural[target] - excess)


def draw_cells(table: Table, cells: Cells, *, is_muted: bool = False) -> Line:
    """One row's cells in their columns."""
    spans: list[Span] = []
    mark = table.cut
    for position, (column, width) in enumerate(zip(table.columns, table.layout.widths, strict=True)):
        if not width:
            continue
        cell = _muted(cells[position]) if is_muted else cells[position]
        if spans:
            spans.append(Span(" " * column.gap))
        named = cut_name(cell, width, mark) if column.is_name else cell
        fitted = fit(named, width, align_right=column.is_number, mark=mark)
        # The Linux console draws the marks of isolated text, and turns no text round.
        spans.extend(fitted if mark.isascii() else isolated(fitted))
    return tuple(spans)


def _muted(spans: Line) -> Line:
    return tuple([muted(span.text) for span in spans])


def rule(title: str, right: str, width: int, look: Look, *, has_focus: bool | None = None) -> Line:
    """A line between panes with a title in it. `has_focus`: whether the keys go there; None where they never do."""
    dash = look.glyphs.rule
    role = Role.TITLE if has_focus is None else Role.ACCENT if has_focus else Role.MUTED
    left: Line = (Span(f"{dash} ", Role.RULE), Span(title, role), Span(" ", Role.RULE)) if title else ()
    end: Line = (Span(" ", Role.RULE), muted(right), Span(f" {dash}", Role.RULE)) if right else ()
    room = width - width_of(left) - width_of(end)
    if room < 1:
        return fit(left, width, mark=look.glyphs.cut)
    return (*left, Span(dash * room, Role.RULE), *end)


def lay_out(sections: Sequence[Section], width: int, look: Look) -> list[Entry]:
    """All lines of a list: rules, titles of columns, rows, sentences where there is no row."""
    entries: list[Entry] = []
    for section in sections:
        if section.title is not None:
            rules = [rule(section.title, section.right, width, look, has_focus=focus) for focus in (False, True)]
            entries.append(Entry(None, Span(" "), tuple(rules), is_full=True))
        entries.extend(_section_entries(section, width - 4, look))
    return entries


def _section_entries(section: Section, width: int, look: Look) -> list[Entry]:
    if not section.rows and (section.empty or not section.columns):
        said = [name_keys(text, look) for text in section.empty]
        texts = [row for text in said for row in wrapped((muted(text),), max(20, width))]
        return [Entry(None, Span(" "), (text,)) for text in texts]
    table = Table(section.columns, measure(section.columns, section.rows, width), look.glyphs.cut)
    entries: list[Entry] = []
    if section.shows_titles:
        titles = tuple((muted(column.title),) for column in section.columns)
        entries.append(Entry(None, Span(" "), titles, table))
    entries += [_row_entry(row, table, width) for row in section.rows]
    return [*entries, *(Entry(None, Span(" "), (text,)) for text in section.below)]


def _row_entry(row: Row, table: Table, width: int) -> Entry:
    """Across all columns where it has one cell: what is said beside a long name is seen there, too."""
    if len(row.cells) == len(table.columns):
        return Entry(row.key, row.glyph, row.cells, table, is_muted=row.is_muted)
    cells = tuple(cut_name(cell, width, table.cut) for cell in row.cells)
    return Entry(row.key, row.glyph, cells, is_muted=row.is_muted)


def answer(left: Line, right: str, width: int) -> Line:
    """The row that answers the screen's question, with a count at its right."""
    return between((Span(" "), *left), (muted(right), Span(" ")) if right else (), width)
