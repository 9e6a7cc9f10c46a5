"""Places of two logs beside each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.viewmodel.logs.log_compare import CONTEXT, Alignment, Alike, Beside


def alignment(
    *runs: tuple[int, int, int], ends: tuple[int, int], split: bool = False, folded: bool = False
) -> Alignment:
    """An alignment of these runs of lines that are alike."""
    found = Alignment()
    for run in runs:
        found.add(Alike(*run))
    found.finish(*ends)
    found.arrange(is_split=split, is_folded=folded)
    return found


def shown(found: Alignment) -> list[Beside]:
    """All places."""
    return [found.at(place) for place in range(found.places)]


def test_below_each_other_what_went_comes_before_what_came() -> None:
    found = alignment((0, 0, 1), (3, 2, 1), ends=(4, 3))

    assert shown(found) == [
        Beside(0, 0, is_alike=True), Beside(None, 1), Beside(1, None), Beside(2, None), Beside(3, 2, is_alike=True),
    ]  # fmt: skip


def test_beside_each_other_a_difference_is_as_high_as_its_longer_side() -> None:
    found = alignment((0, 0, 1), (3, 2, 1), ends=(4, 3), split=True)

    assert shown(found) == [
        Beside(0, 0, is_alike=True), Beside(1, 1), Beside(2, None), Beside(3, 2, is_alike=True),
    ]  # fmt: skip


def test_only_lines_near_differences_are_shown() -> None:
    found = alignment((0, 0, 20), (21, 20, 20), (41, 41, 20), ends=(61, 61), folded=True)
    folds = [place.folded for place in shown(found) if place.folded]

    assert folds == [20 - CONTEXT, 20 - 2 * CONTEXT, 20 - CONTEXT]
    assert found.places == 2 + 4 * CONTEXT + 3


def test_differences_are_gone_through_in_both_ways() -> None:
    found = alignment((0, 0, 20), (21, 20, 20), (41, 41, 20), ends=(62, 61))
    first = found.next_difference(-1)

    assert first == 20
    assert found.next_difference(first) == 41
    assert found.next_difference(41) == 62
    assert found.next_difference(62) is None
    assert found.previous_difference(62) == 41
    assert found.difference_at(41) == 2
    assert found.difference_at(40) is None
    assert found.difference_at(62) == 3
    assert found.said(1040, 1039) == "3 differences, 2 lines only in 1040, 1 line only in 1039"


def test_equal_logs_and_empty_ones() -> None:
    assert alignment((0, 0, 5), ends=(5, 5)).said(2, 1) == "no difference but in numbers, times and names"
    empty = alignment(ends=(0, 0))

    assert (empty.places, empty.differences, empty.line_near(0), empty.place_of(3)) == (0, 0, 0, 0)
    assert shown(alignment(ends=(2, 0))) == [Beside(0, None), Beside(1, None)]


RUNS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 12)), max_size=8)


@given(RUNS, st.integers(0, 4), st.integers(0, 4), st.booleans(), st.booleans())
@pytest.mark.parametrize("grows", [False, True])
def test_each_line_has_one_place(
    grows: bool, runs: list[tuple[int, int, int]], ours: int, theirs: int, split: bool, folded: bool
) -> None:
    found, at, other = Alignment(), 0, 0
    found.arrange(is_split=split, is_folded=folded)
    for more, others, count in runs:
        found.add(Alike(at + more, other + others, count))
        at, other = at + more + count, other + others + count
    if not grows:
        found.finish(at + ours, other + theirs)
        at, other = at + ours, other + theirs
    mine = [n for place in shown(found) for n in _numbers(place.ours, place.folded)]
    others_of = [n for place in shown(found) for n in _numbers(place.theirs, place.folded)]

    assert mine == list(range(at))
    assert others_of == list(range(other))
    for number in range(at):
        place = found.at(found.place_of(number))
        assert number in _numbers(place.ours, place.folded)


def _numbers(first: int | None, folded: int) -> range:
    return range(0) if first is None else range(first, first + max(1, folded))


def damaged(*, split: bool) -> Alignment:
    """Ours has lost its lines 5 to 9; theirs has ten lines there, and one more at its end."""
    found = Alignment()
    found.add_gap(5, 10, is_ours=True)
    found.add(Alike(0, 0, 5))
    found.add(Alike(10, 15, 5))
    found.finish(15, 21)
    found.arrange(is_split=split, is_folded=False)
    return found


@pytest.mark.parametrize("split", [False, True])
def test_what_stands_beside_lost_lines_is_no_difference(split: bool) -> None:
    found = damaged(split=split)
    unknown = [place for place in shown(found) if place.ours_unknown or place.theirs_unknown]

    assert found.differences == 1
    assert (found.only_ours, found.only_theirs) == (0, 1)
    assert {place.ours for place in unknown} == {5, None}
    assert [place.theirs for place in unknown if place.theirs is not None] == list(range(5, 15))
    assert found.at(found.next_difference(-1) or 0) == Beside(None, 20)
    assert found.said(7, 6) == "1 difference, 5 lines lost in 7, 1 line only in 6"
    assert found.difference_at(found.place_of(5)) is None


def test_numbers_behind_lost_lines_stay_what_they_are() -> None:
    found = damaged(split=True)

    assert found.at(found.place_of(10)) == Beside(10, 15, is_alike=True)
    assert found.line_near(found.places - 1) == 15
    assert found.end == (15, 21)
