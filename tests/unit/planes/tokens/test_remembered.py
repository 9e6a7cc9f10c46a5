"""What is remembered of credentials: until they run out, and never more than so many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from planes.tokens.remembered import Remembered

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def remember(remembered: Remembered[int], *values: int, at: datetime = NOW) -> None:
    for value in values:
        remembered.keep(str(value), value, expires_at=at.timestamp() + 600, now=at)


def test_the_oldest_goes_where_there_is_no_room() -> None:
    remembered = Remembered[int](2)
    remember(remembered, 1, 2, 1, 3)

    assert [remembered.find(key, NOW) for key in "123"] == [1, None, 3]


def test_what_has_run_out_is_not_found_and_goes_with_the_next_that_comes() -> None:
    remembered = Remembered[int](100)
    remember(remembered, 1, 2, 3)
    later = NOW + timedelta(minutes=10)

    assert remembered.find("1", later - timedelta(seconds=1)) == 1
    assert remembered.find("1", later) is None
    assert remembered.take("2", later) is None
    remember(remembered, 4, at=later)
    assert len(remembered) == 1


def test_what_was_taken_is_gone() -> None:
    remembered = Remembered[int](100)
    remember(remembered, 1)

    assert remembered.take("1", NOW) == 1
    assert remembered.take("1", NOW) is None
