"""Times in queries, at the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from planes.domain.errors import InvalidRequest
from planes.server.moments import aware, moved

FIRST = datetime.min.replace(tzinfo=UTC)
MONTH = timedelta(days=30)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-31T12:00:00"])
def test_what_is_no_moment_in_utc_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        aware("since", datetime.fromisoformat(text))

    assert [reason.key for reason in caught.value.reasons] == ["since"]


def test_ends_of_the_calendar_are_moments() -> None:
    assert aware("since", datetime.fromisoformat("0001-01-01T00:00:00Z")) == FIRST
    assert aware("until", None) is None


def test_moving_stops_at_the_ends_of_the_calendar() -> None:
    last = datetime.max.replace(tzinfo=UTC)

    assert moved(FIRST + MONTH + timedelta(hours=1), -MONTH) == FIRST + timedelta(hours=1)
    assert moved(FIRST + timedelta(days=1), -MONTH) == FIRST
    assert moved(last, timedelta(milliseconds=1)) == last
