"""The part of a log that is held."""

from __future__ import annotations

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.log_window import RANGE, LogWindow
from dlthub_tui.viewmodel.look import Look


def lines(first: int, count: int) -> list[LogLine]:
    """Numbered lines."""
    return [LogLine(number, f"row {number}", "stdout", "user", None) for number in range(first, first + count)]


def test_what_is_farthest_from_the_view_goes() -> None:
    window = LogWindow(Look(), most_lines=100)
    window.add(lines(0, 2_000), around=1_900)

    assert len(window) == 100
    assert window.find(1_900) is not None
    assert window.find(0) is None
    assert window.total == 2_000


def test_ranges_are_asked_for_around_a_line() -> None:
    window = LogWindow(Look())
    window.add(lines(9_600, 400), around=9_999)
    window.total = 10_000

    assert window.range_around(0) == (0, RANGE)
    assert window.range_around(5_000) == (4_800, RANGE)
    assert window.range_around(9_999) == (9_799, 201)
