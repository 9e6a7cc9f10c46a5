"""Where a window ends beside backfills, and how far a job has come: no gap, no overlap, whatever is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planes.domain.backfills import BackfillState, SliceState, Stretch, end_before, outcome_of, passed_over

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_HOURS = st.integers(0, 200)


def at(hour: int) -> datetime:
    return _EPOCH + timedelta(hours=hour)


@st.composite
def _cuts(draw: st.DrawFn) -> list[Stretch]:
    """Stretches that do not overlap, as slices of one backfill are."""
    points = sorted(draw(st.sets(_HOURS, min_size=2, max_size=20)))
    pairs = [Stretch(at(start), at(end)) for start, end in pairwise(points)]
    return [pair for pair in pairs if draw(st.booleans())]


@given(start=_HOURS, length=st.integers(1, 100), taken=_cuts())
def test_a_window_holds_nothing_that_is_taken_and_ends_no_earlier_than_it_must(
    start: int, length: int, taken: list[Stretch]
) -> None:
    begin, wanted = at(start), at(start + length)
    end = end_before(begin, wanted, taken)

    if end is None:
        assert any(each.start <= begin < each.end for each in taken)
        return
    assert begin < end <= wanted
    assert not any(each.start < end and begin < each.end for each in taken)
    assert end == wanted or any(each.start == end for each in taken)


@given(watermark=_HOURS, done=_cuts())
def test_the_watermark_passes_over_loaded_time_only_and_as_far_as_it_reaches(
    watermark: int, done: list[Stretch]
) -> None:
    reached = passed_over(at(watermark), done)
    hours = {hour for each in done for hour in range(_hour(each.start), _hour(each.end))}

    assert all(hour in hours for hour in range(watermark, _hour(reached)))
    assert reached == at(watermark) or _hour(reached) not in hours
    assert reached != at(watermark) or watermark not in hours


@given(taken=_cuts(), data=st.data())
def test_windows_and_slices_tile_the_time_in_whatever_order_they_are_loaded(
    taken: list[Stretch], data: st.DataObject
) -> None:
    """The schedule loads up to hour 200 again and again while slices are loaded in any order."""
    still_open, done, loaded, watermark = list(taken), [], [], at(0)
    while watermark < at(200):
        window_end = end_before(watermark, at(200), [*still_open, *done])
        if still_open and (window_end is None or data.draw(st.booleans())):
            each = still_open.pop(data.draw(st.integers(0, len(still_open) - 1)))
            done.append(each)
            loaded.append(each)
        elif window_end is not None:
            loaded.append(Stretch(watermark, window_end))
            watermark = window_end
        watermark = passed_over(watermark, done)

    ordered = sorted([*loaded, *still_open])
    assert ordered[0].start == at(0)
    assert all(before.end == after.start for before, after in pairwise(ordered))


@pytest.mark.parametrize(("states", "is_cancelling", "expected"), [
    (["waiting", "completed"], False, "running"), (["active", "failed"], True, "cancelling"),
    (["completed", "covered"], False, "completed"), (["completed", "completed"], True, "completed"),
    (["completed", "failed"], False, "failed"), (["completed", "cancelled"], True, "cancelled"),
])  # fmt: skip
def test_a_backfill_is_what_its_slices_are(states: list[str], is_cancelling: bool, expected: str) -> None:
    found = outcome_of([SliceState(state) for state in states], is_cancelling=is_cancelling)

    assert found is BackfillState(expected)


def _hour(moment: datetime) -> int:
    return round((moment - _EPOCH).total_seconds() / 3600)
