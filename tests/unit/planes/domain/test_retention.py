"""What is too old or too much goes, what is needed never, and no more than has to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from planes.domain.retention import SETTLING, Kept, Verdict, Why, decide_removals, kept_words

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def kept(name: str, days: float, size: int = 1, *, needed: bool = False) -> Kept:
    return Kept(name=name, used_at=NOW - timedelta(days=days), size_bytes=size, is_needed=needed)


def names(verdicts: list[Verdict]) -> list[tuple[str, Why]]:
    return [(verdict.item.name, verdict.why) for verdict in verdicts]


def test_what_is_older_than_its_days_goes() -> None:
    found = decide_removals([kept("old", 91), kept("young", 89)], NOW, days=90, size_bytes=0)

    assert names(found) == [("old", Why.AGE)]


def test_how_long_a_log_was_kept_is_said() -> None:
    said = [kept_words(1, Why.AGE), kept_words(90, Why.AGE), kept_words(90, Why.SIZE)]

    assert said == ["kept for 1 day", "kept for 90 days", "the region keeps only so much"]


def test_the_least_recently_used_go_until_the_rest_fits() -> None:
    items = [kept("b", 2, 40), kept("a", 3, 40), kept("c", 1, 40)]

    assert names(decide_removals(items, NOW, days=0, size_bytes=80)) == [("a", Why.SIZE)]
    assert names(decide_removals(items, NOW, days=0, size_bytes=79)) == [("a", Why.SIZE), ("b", Why.SIZE)]


def test_what_went_by_age_makes_room() -> None:
    items = [kept("a", 100, 50), kept("b", 3, 40)]

    assert names(decide_removals(items, NOW, days=90, size_bytes=60)) == [("a", Why.AGE)]


def test_what_is_needed_or_just_used_stays_however_old_or_large() -> None:
    items = [kept("needed", 1000, 500, needed=True), kept("used now", 0, 500)]

    assert decide_removals(items, NOW, days=90, size_bytes=1) == []


def test_what_is_asked_for_goes_unless_it_was_used_since_or_is_needed() -> None:
    items = [kept("a", 3), kept("needed", 3, needed=True), kept("old", 100), kept("since", 1)]

    found = decide_removals(items, NOW, days=90, size_bytes=0, asked_before=NOW - timedelta(days=2))

    assert names(found) == [("old", Why.AGE), ("a", Why.ASKED)]


def test_zero_is_no_limit() -> None:
    assert decide_removals([kept("a", 10_000, 10**15)], NOW, days=0, size_bytes=0) == []


@given(
    st.lists(st.tuples(st.floats(0, 200), st.integers(0, 100), st.booleans()), max_size=20),
    st.integers(0, 100),
    st.integers(0, 500),
)
def test_no_item_goes_twice_and_what_is_left_fits_or_must_stay(
    drawn: list[tuple[float, int, bool]], days: int, size: int
) -> None:
    items = [kept(str(number), age, each, needed=needed) for number, (age, each, needed) in enumerate(drawn)]

    found = decide_removals(items, NOW, days=days, size_bytes=size)

    gone = [verdict.item.name for verdict in found]
    left = [item for item in items if item.name not in gone]
    assert len(set(gone)) == len(gone)
    assert not any(verdict.item.is_needed for verdict in found)
    free = [item for item in left if not item.is_needed and item.used_at < NOW - SETTLING]
    assert not size or sum(item.size_bytes for item in left) <= size or not free
