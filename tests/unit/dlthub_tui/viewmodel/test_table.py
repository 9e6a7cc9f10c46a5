"""Columns that drop, cells that are cut, rows that keep their width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, LateCells, Row, Section, lay_out, measure
from dlthub_tui.viewmodel.text import Line, Span, line, text_of, width_of
from dlthub_tui.viewmodel.work import job_rows, runs
from dlthub_tui.viewmodel.workspace import deploying

COLUMNS = (
    Column("Name", takes_rest=True, least=10),
    Column("When", drops=3, least=10),
    Column("Rows", drops=1, is_number=True, least=8),
)


def row(name: str) -> Row:
    """A row of three cells."""
    return Row(name, Span("✓"), (line(name), line("every hour"), line("12,400")), name)


def test_columns_drop_by_priority() -> None:
    rows = [row("ingest.load_orders")]

    assert all(measure(COLUMNS, rows, 60).widths)
    assert [bool(width) for width in measure(COLUMNS, rows, 24).widths] == [True, False, True]
    assert [bool(width) for width in measure(COLUMNS, rows, 16).widths] == [True, False, False]


class Counted(LateCells):
    """Remembers which cells were asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(COLUMNS)

    def __getitem__(self, position: int) -> Line:
        self.asked.append(position)
        return line(("ingest.load_orders", "every hour", "12,400")[position])


@pytest.mark.parametrize(("width", "asked"), [(60, [0, 1, 2]), (24, [0, 2]), (16, [0])])
def test_cells_of_a_column_that_drops_are_not_worded(width: int, asked: list[int]) -> None:
    cells = Counted()
    known = measure(COLUMNS, [row("ingest.load_orders")], width)

    assert measure(COLUMNS, [Row("1", Span(" "), cells, "")], width) == known
    assert sorted(cells.asked) == asked


def test_on_a_wide_terminal_what_is_said_of_a_name_stays_near_it() -> None:
    rows = [row("ingest.load_orders")]
    (name, *_), (wider, *_) = (measure(COLUMNS, rows, width).widths for width in (100, 200))

    assert name == wider
    assert measure(COLUMNS, rows, 50).widths[0] == 50 - 10 - 8 - 2 * 2


@given(
    st.lists(st.text(alphabet="abc日 _", min_size=1, max_size=60), max_size=6), st.integers(min_value=20, max_value=160)
)
def test_no_row_is_wider_than_the_terminal(names: list[str], width: int) -> None:
    section = Section(COLUMNS, tuple(row(name) for name in names), title="Jobs", right="3")

    for entry in lay_out([section], width, Look()):
        assert width_of(entry.line) + (0 if entry.is_full else 4) <= width


def test_a_long_name_leaves_room_for_what_is_said_of_the_others() -> None:
    row = Row("1", Span(" "), (line("n" * 90), line("weekdays at 07:30")), "")

    assert measure(deploying.COLUMNS, (row,), 74).widths == (52, 20)
    assert measure(deploying.COLUMNS, (row,), 40).widths == (28, 10), "a name keeps its own least"


@pytest.mark.parametrize("columns", [job_rows.COLUMNS, runs.COLUMNS], ids=["jobs", "runs"])
def test_columns_that_can_be_spared_take_nothing_from_a_name(columns: tuple[Column, ...]) -> None:
    at = next(position for position, column in enumerate(columns) if column.takes_rest)
    row = Row("1", Span(" "), tuple(line("n" * (34 if position == at else 8)) for position in range(len(columns))), "")
    widths = [measure(columns, (row,), width).widths for width in range(76, 200)]

    assert all(found[at] >= 34 for found in widths if any(
        width and column.is_spare for column, width in zip(columns, found, strict=True)
    ))  # fmt: skip
    assert all(widths[-1]), "and all columns where there is room for all"


def test_an_empty_section_says_a_sentence_and_shows_no_titles() -> None:
    entries = lay_out([Section(COLUMNS, (), empty=("No jobs yet.",))], 80, Look())

    assert [text_of(entry.line) for entry in entries] == ["No jobs yet."]
    assert entries[0].key is None


def test_filters_need_every_word() -> None:
    rows = [row("ingest.load_orders"), row("ingest.load_returns")]

    assert [found.key for found in matching(rows, "LOAD orders")] == ["ingest.load_orders"]
    assert matching(rows, "  ") == tuple(rows)
    assert no_match(rows, "ingest.load_ordrs", "job").endswith("Nearest: ingest.load_orders (1).")


def test_text_from_right_to_left_keeps_to_its_cell() -> None:
    columns = (Column("Name"), Column("Table"), Column("Rows", is_number=True))
    names = ("jobs.طلبات", "لקוחות 2024")
    row = Row("1", Span("✓"), (line(names[0]), line(names[1]), line("12")), "")
    (_, entry) = lay_out([Section(columns, (row,))], 80, Look())
    drawn = "".join(span.text for span in entry.line)

    assert drawn == f"\u2068{names[0]}\u2069  \u2068{names[1]}\u2069    12"
    assert width_of(entry.line) == sum(map(len, names)) + 2 + 2 + 4
    assert text_of(entry.line) == drawn.replace("\u2068", "").replace("\u2069", ""), "copied without marks"

    (_, entry) = lay_out([Section(columns, (row,))], 80, Look(is_ascii=True))
    assert "\u2068" not in "".join(span.text for span in entry.line)


@pytest.mark.parametrize(("columns", "shown"), [
    (job_rows.COLUMNS, ["Job", "When", "Next", "Last", "Recent"]),
    (runs.COLUMNS, ["State", "Job", "Run", "Started", "Took", "Rows", ""]),
], ids=["jobs", "runs"])  # fmt: skip
def test_columns_that_have_no_room_beside_usual_rows_have_none_while_they_load(
    columns: tuple[Column, ...], shown: list[str]
) -> None:
    widths = measure(columns, (), 76).widths

    assert [column.title for column, width in zip(columns, widths, strict=True) if width] == shown
