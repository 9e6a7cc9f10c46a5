"""The part of a log that is held."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_window import RANGE, LogWindow, absent_in
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


def test_lines_that_the_region_lost_have_no_place() -> None:
    window = LogWindow(Look())
    window.total = 100
    window.add_absent([(40, 50)])
    window.add_absent([(10, 20), (45, 60)])

    assert window.places == 70
    assert [window.number_at(place) for place in (0, 9, 10, 29, 30, 69)] == [0, 9, 20, 39, 60, 99]
    assert [window.place_of(number) for number in (9, 10, 19, 20, 39, 45, 60, 99)] == [9, 10, 10, 10, 29, 30, 30, 69]


def test_what_an_answer_leaves_out_is_absent() -> None:
    answer = [*lines(0, 5), *lines(16, 4)]

    assert absent_in(answer, 40, limit=9) == ((5, 16),)
    assert absent_in(answer, 40, limit=400) == ((5, 16), (20, 40))
    assert absent_in(lines(0, 5), 5, limit=400) == ()
    assert absent_in([], 0, limit=400) == ()


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 20)), max_size=12))
def test_places_and_numbers_agree_whatever_is_absent(ranges: list[tuple[int, int]]) -> None:
    window = LogWindow(Look())
    window.total = 100
    gone = {number for first, count in ranges for number in range(first, min(100, first + count))}
    for first, count in ranges:
        window.add_absent([(first, min(100, first + count))])
    kept = [number for number in range(100) if number not in gone]

    assert window.places == len(kept)
    assert [window.number_at(place) for place in range(len(kept))] == kept
    assert [window.place_of(number) for number in kept] == list(range(len(kept)))
