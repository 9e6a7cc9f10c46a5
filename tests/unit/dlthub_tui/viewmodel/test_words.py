"""Numbers, times and schedules as they are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look

NOW = datetime(2026, 3, 17, 14, 1, 52, tzinfo=UTC)
LOOK = Look(now=lambda: NOW, zone=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.02, "20 ms"), (9, "9 s"), (112, "1 min 52 s"), (120, "2 min"), (7440, "2 h 04 min"), (259_200, "3 days")],
)
def test_durations_have_two_units_at_most(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [(2, "now"), (20, "20 s ago"), (660, "11 min ago"), (3600, "1 h ago"), (3 * 86400, "3 days ago"),
     (-780, "in 13 min"), (15 * 86400, "2 Mar"), (380 * 86400, "2 Mar 2025")],
)  # fmt: skip
def test_moments_are_relative_until_a_week(ago: float, said: str) -> None:
    assert words.moment(NOW - timedelta(seconds=ago), LOOK) == said


def test_what_is_due_is_now_and_not_a_while_ago() -> None:
    due, exact = NOW - timedelta(minutes=1), Look(now=lambda: NOW, zone=UTC, times="exact")

    assert words.coming(due, LOOK) == "now"
    assert words.coming(NOW + timedelta(minutes=13), LOOK) == "in 13 min"
    assert words.coming(None, LOOK, "never") == "never"
    assert words.coming(due, exact) == "14:00:52"


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("schedule:*/15 * * * *", "every 15 min"),
        ("schedule:0 * * * *", "every hour"),
        ("schedule:0 4 * * *", "daily at 04:00"),
        ("schedule:30 7 * * 1-5", "weekdays at 07:30"),
        ("schedule:0 4 1 * *", "0 4 1 * *"),
        ("every:5m", "every 5 min"),
        ("every:3600", "every hour"),
        ("every:6h", "every 6 h"),
        ("job.success:jobs.ingest.load_orders", "after load_orders"),
        ("job.fail:jobs.load", "after load fails"),
        ("manual:jobs.load", "by hand"),
        ("deployment:", "after each deploy"),
        ("webhook:incoming", "by webhook"),
    ],
)
def test_triggers_are_said_in_words(trigger: str, said: str) -> None:
    assert words.trigger(trigger) == said


@pytest.mark.parametrize(
    ("triggers", "said"),
    [
        (("job.success:jobs.b", "job.success:jobs.a", "manual:jobs.load"), "after b, after a"),
        (("job.fail:jobs.a", "schedule:30 2 * * *"), "daily at 02:30 Europe/Berlin, after a fails"),
        (("manual:jobs.load",), "by hand"),
        (("tag:nightly",), "by hand"),
        ((), "never"),
        (("every:1h", *(f"job.fail:jobs.{name}" for name in "abcd")), "every hour, after any of 4 jobs fails"),
        (tuple(f"job.success:jobs.{name}" for name in "abcd"), "after any of 4 jobs"),
    ],
)
def test_all_that_a_job_fires_by_is_said_with_the_zone_of_its_schedule(triggers: tuple[str, ...], said: str) -> None:
    assert words.schedules(triggers, "batch", "Europe/Berlin") == said


@pytest.mark.parametrize(
    ("trigger", "zone", "said"),
    [
        ("schedule:0 3 * * *", "Europe/Berlin", "daily at 03:00 Berlin"),
        ("schedule:0 3 * * *", "America/New_York", "daily at 03:00"),
        ("schedule:0 3 * * *", None, "daily at 03:00 UTC"),
        ("schedule:0 4 1 * *", "America/Sao_Paulo", "0 4 1 * * Sao Paulo"),
        ("schedule:0 3 * * *", "Of/No_Machine", "daily at 03:00 No Machine"),
        ("schedule:*/15 * * * *", "Europe/Berlin", "every 15 min"),
        ("every:1h", None, "every hour"),
    ],
)
def test_the_zone_of_a_schedule_is_named_where_it_is_not_the_readers(trigger: str, zone: str | None, said: str) -> None:
    look = Look(now=lambda: NOW, zone=ZoneInfo("America/New_York"))

    assert words.schedule_here((trigger,), "batch", zone, look, is_short=True) == said
    look.times = "utc"
    assert words.schedule_here(("schedule:0 3 * * *",), "batch", None, look, is_short=True) == "daily at 03:00"


@pytest.mark.parametrize(("size", "said"), [(999, "999 B"), (2100, "2.1 KB"), (214_000, "214 KB"), (3.1e9, "3.1 GB")])
def test_sizes_are_of_thousands(size: int, said: str) -> None:
    assert words.size(int(size)) == said


def test_what_has_begun_by_a_clock_that_is_ahead_lasts_no_negative_time() -> None:
    begun = LOOK.now() + timedelta(hours=2)

    assert words.since(begun, LOOK) == "since 0 s"
    assert words.aged(begun, LOOK) == "0 s old"


def test_exact_times_name_the_day_when_it_is_another() -> None:
    look = Look(now=lambda: NOW, zone=UTC, times="exact")

    assert words.moment(NOW - timedelta(hours=1), look) == "13:01:52"
    assert words.moment(NOW - timedelta(days=1), look) == "16 Mar 14:01"
