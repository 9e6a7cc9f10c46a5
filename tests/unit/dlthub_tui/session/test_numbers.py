"""Numbers as people write them."""

from __future__ import annotations

import pytest

from dlthub_tui.session.numbers import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), (" 42 ", 42), ("007", 7), ("9" * 15, 10**15 - 1)])
def test_plain_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.5", "1e3", "1_000", "²", "٣", "0x10", "one", "9" * 16, "9" * 5000])
def test_all_else_is_none(text: str) -> None:
    assert whole_number(text) is None
