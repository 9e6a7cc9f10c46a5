"""What `/` does to a list."""

from __future__ import annotations

import pytest

from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Row
from dlthub_tui.viewmodel.text import Span

ROWS = (
    Row("1", Span(" "), (), "load failed today", facts=(("took", 90.0), ("rows", 2500.0))),
    Row("2", Span(" "), (), "load completed", facts=(("took", 9.0),)),
    Row("3", Span(" "), (), "report took>1m failed"),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "123"), ("LOAD", "12"), ("load failed", "1"), ("took>1m", "1"), ("took<=9s", "2"), ("took>=1.5min", "1"),
        ("took>", "123"), ("took", "3"), ("rows>2k", "1"), ("rows>1 failed", "1"), ("rows=2500", "1"), ("pages>1", ""),
        ("took<500ms", ""), ("load took>8", "12"),
    ],
)  # fmt: skip
def test_words_and_facts_that_all_hold_leave_a_row(text: str, found: str) -> None:
    assert "".join(row.key for row in matching(ROWS, text)) == found


def test_filter_without_a_hit_names_the_nearest_word() -> None:
    assert no_match(ROWS, "faild", "run") == 'No run matches "faild". Nearest: failed (2).'


def test_filter_that_leaves_something_says_nothing() -> None:
    assert no_match(ROWS, "fail", "run") == no_match(ROWS, "", "run") == ""


def test_what_was_pasted_leaves_room_for_what_is_said_of_it() -> None:
    said = name_keys(no_match(ROWS, "page " * 100, "run"), Look())

    assert len(said) < 78
    assert said.endswith("esc clears the filter.")


def test_a_part_of_a_name_is_near_as_well() -> None:
    row = Row("a", Span(" "), (), "housekeeping.load_orders failed")

    assert no_match([row], "ordrs", "job") == 'No job matches "ordrs". Nearest: orders (1).'
