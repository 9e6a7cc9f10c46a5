"""Cells, cutting and the guard for text from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.viewmodel.text import (
    Role,
    Span,
    between,
    cell_width,
    cut_end,
    cut_front,
    cut_middle,
    cut_name,
    fit,
    guard,
    line,
    text_of,
    width_of,
    wrapped,
)


def test_names_are_cut_at_the_end_ids_in_the_middle_paths_at_the_front() -> None:
    assert cut_end("ingest.load_orders", 10) == "ingest.lo…"
    assert cut_middle("3f9a0000000000c2d1", 9) == "3f9a…c2d1"
    assert cut_front("src/ingest/orders.py", 12) == "…t/orders.py"


def test_wide_characters_count_two_cells() -> None:
    assert cell_width("日本") == 4
    assert cut_end("日本語", 5) == "日本…"


@given(st.lists(st.text(max_size=12), max_size=5), st.integers(min_value=2, max_value=60))
def test_a_fitted_line_has_exactly_its_width(parts: list[str], width: int) -> None:
    spans = tuple(Span(part) for part in parts)

    assert width_of(fit(spans, width)) == width


@given(st.text(max_size=30), st.text(max_size=30), st.integers(min_value=8, max_value=80))
def test_what_stands_between_edges_never_exceeds_the_row(left: str, right: str, width: int) -> None:
    line = fit(between((Span(left),), (Span(right),), width), width)

    assert width_of(line) == width


@given(st.text(max_size=60))
def test_guarded_text_holds_nothing_that_acts_on_a_terminal(text: str) -> None:
    guarded = guard(text)

    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in guarded)
    assert not any(character in guarded for character in "\u202a\u202e\u2066\u200b\u200f")


def test_colours_are_taken_out_of_names() -> None:
    assert guard("\x1b[31mred\x1b[0m name") == "red name"
    assert text_of((Span("a"), Span("b"))) == "ab"


def test_a_sentence_is_broken_at_blanks_and_keeps_its_indent() -> None:
    spans = (Span("   From now on "), Span("the code", Role.TITLE), Span("  stays in eu1."))

    assert [text_of(row) for row in wrapped(spans, 40)] == ["   From now on the code  stays in eu1."]
    assert [text_of(row).rstrip() for row in wrapped(spans, 20)] == [
        "   From now on the",
        "   code  stays in",
        "   eu1.",
    ]
    assert wrapped(spans, 20)[1][1] == Span("code", Role.TITLE)


@given(st.lists(st.text("ab \u65e5", max_size=12), max_size=5), st.integers(min_value=8, max_value=60))
def test_no_row_of_a_broken_sentence_is_too_wide_and_no_word_is_lost(parts: list[str], width: int) -> None:
    spans = tuple(Span(part) for part in parts)
    rows = wrapped(spans, width)
    longest = max((cell_width(word) for part in parts for word in part.split(" ")), default=0)

    assert all(width_of(row) <= max(width, longest + width // 2) for row in rows)
    assert "".join(map(text_of, rows)).replace(" ", "") == "".join(parts).replace(" ", "")


@pytest.mark.parametrize("width", [6, 12, 20, 79])
def test_a_word_longer_than_a_row_goes_on_below(width: int) -> None:
    path = "/a/path/that/is/" + "long/" * 20 + "日本語/end"
    rows = wrapped(line("   ", f"✗ {path}: not there"), width)

    assert all(width_of(row) <= width for row in rows)
    assert path in "".join(text_of(row).strip() for row in rows)


def test_names_of_one_family_differ_where_they_are_cut_and_what_stands_beside_stays() -> None:
    names = [f"load_orders_of_the_shop_in_{place}" for place in ("bremen", "dresden")]
    cut = [text_of(cut_name(line(name, "  ", Span("@eu1")), 24)) for name in names]

    assert cut[0] != cut[1]
    assert all(each.endswith("  @eu1") and width_of(line(each)) == 24 for each in cut)
    assert cut_name(line("short"), 24) == line("short")
