"""When a job is due and what its run covers, also where clocks change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planes.manifest.schedules import Tick, next_fire, run_window

Build = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _ticks(definition: dict[str, Any], start: datetime, count: int) -> list[datetime]:
    ticks: list[datetime] = []
    now = start
    for _ in range(count):
        tick = next_fire(definition, now, last_fire=ticks[-1] if ticks else None, since=start)
        assert tick is not None
        ticks.append(tick.at)
        now = tick.at
    return ticks


def test_schedule_is_due_at_the_next_tick(job: Build) -> None:
    assert next_fire(job("jobs.a.b", "schedule:0 3 * * *"), NOW, last_fire=None) == Tick(
        _utc("2026-11-25T03:00:00Z"), "schedule:0 3 * * *"
    )


def test_tick_on_the_second_is_followed_by_the_next_one(job: Build) -> None:
    tick = next_fire(job("jobs.a.b", "schedule:30 12 * * *"), NOW, last_fire=NOW)

    assert tick is not None
    assert tick.at == NOW + timedelta(days=1)


def test_job_without_clock_is_never_due(job: Build) -> None:
    assert next_fire(job("jobs.a.b", "tag:x", "job.success:jobs.a.c"), NOW, last_fire=None) is None


def test_every_first_waits_one_period(job: Build) -> None:
    assert _ticks(job("jobs.a.b", "every:6h"), NOW, 3) == [NOW + n * timedelta(hours=6) for n in (1, 2, 3)]


def test_deploying_again_does_not_shift_every(job: Build) -> None:
    definition = job("jobs.a.b", "every:6h")
    for minutes in (1, 60, 359):
        tick = next_fire(definition, NOW + timedelta(minutes=minutes), last_fire=None, since=NOW)
        assert tick is not None
        assert tick.at == NOW + timedelta(hours=6)


def test_shorter_period_applies_at_once_and_stays_on_its_grid(job: Build) -> None:
    tick = next_fire(job("jobs.a.b", "every:1h"), NOW, last_fire=NOW - timedelta(hours=3, minutes=20))

    assert tick is not None
    assert tick.at == NOW + timedelta(minutes=40)


def test_every_agrees_with_dlt_while_nothing_is_overdue(job: Build) -> None:
    from dlt._workspace.deployment.interval import next_scheduled_run
    from dlt._workspace.deployment.typing import TTrigger

    last = NOW - timedelta(minutes=10)
    tick = next_fire(job("jobs.a.b", "every:1h"), NOW, last_fire=last)

    assert tick is not None
    assert tick.at == next_scheduled_run(TTrigger("every:1h"), NOW, prev_scheduled_run=last)


def test_once_fires_once(job: Build) -> None:
    definition = job("jobs.a.b", "once:2026-11-24T13:00:00Z")
    moment = _utc("2026-11-24T13:00:00Z")

    assert next_fire(definition, NOW, last_fire=None) == Tick(moment, "once:2026-11-24T13:00:00Z")
    assert next_fire(definition, moment, last_fire=moment) is None


def test_once_in_the_past_is_due_now(job: Build) -> None:
    tick = next_fire(job("jobs.a.b", "once:2026-01-01T00:00:00Z"), NOW, last_fire=None)

    assert tick is not None
    assert tick.at == NOW


def test_the_earliest_clock_wins(job: Build) -> None:
    definition = job("jobs.a.b", "schedule:0 3 * * *", "once:2026-11-24T13:00:00Z")
    first = next_fire(definition, NOW, last_fire=None)
    assert first is not None
    second = next_fire(definition, first.at, last_fire=first.at)

    assert first.trigger == "once:2026-11-24T13:00:00Z"
    assert second is not None
    assert second.trigger == "schedule:0 3 * * *"


def test_schedule_whose_years_are_over_is_never_due(job: Build) -> None:
    assert next_fire(job("jobs.a.b", "schedule:0 0 1 1 * 0 2021"), NOW, last_fire=None) is None


# Europe/Berlin: 02:00 → 03:00 on 2026-03-29 at 01:00Z, 03:00 → 02:00 on 2026-10-25 at 01:00Z.
@pytest.mark.parametrize(
    ("cron", "zone", "start", "expected"),
    [
        ("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]),
        ("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"]),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("0 9 * * 1-5", "America/New_York", "2026-03-06T20:00:00Z", ["2026-03-09T13:00:00Z", "2026-03-10T13:00:00Z"]),
        ("0 * * * *", "Australia/Lord_Howe", "2026-10-03T14:00:00Z", ["2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z"]),
        ("0 0 * * *", "Asia/Kolkata", "2026-11-24T12:00:00Z", ["2026-11-24T18:30:00Z", "2026-11-25T18:30:00Z"]),
    ],
)
def test_ticks_follow_the_wall_clock_of_the_zone(
    job: Build, cron: str, zone: str, start: str, expected: list[str]
) -> None:
    definition = job("jobs.a.b", f"schedule:{cron}", require={"timezone": zone})

    assert _ticks(definition, _utc(start), len(expected)) == [_utc(text) for text in expected]


def test_repeated_hour_never_gives_a_tick_in_the_past(job: Build) -> None:
    definition = job("jobs.a.b", "schedule:*/30 * * * *", require={"timezone": "Europe/Berlin"})
    second_pass = _utc("2026-10-25T01:10:00Z")
    tick = next_fire(definition, second_pass, last_fire=_utc("2026-10-25T00:30:00Z"))

    assert tick is not None
    assert tick.at == _utc("2026-10-25T02:00:00Z")


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca")
CRONS = ("0 3 * * *", "30 2 * * *", "*/30 * * * *", "15 1-3 * * *", "0 0 * * *", "0 */6 * * *", "45 23 * * 6")
_transitions = st.sampled_from(
    [_utc(text) for text in ("2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z",
                             "2026-04-04T15:00Z", "2026-10-03T15:30Z", "2026-09-06T04:00Z", "2026-02-15T02:00Z")]
)  # fmt: skip


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(CRONS), st.sampled_from(ZONES), _transitions, st.integers(-3 * 86400, 3 * 86400))
def test_around_clock_changes_ticks_rise_and_windows_join(
    job: Build, cron: str, zone: str, transition: datetime, offset_seconds: int
) -> None:
    definition = job("jobs.a.b", f"schedule:{cron}", require={"timezone": zone})
    start = transition + timedelta(seconds=offset_seconds)
    watermark: datetime | None = None
    for at in _ticks(definition, start, 6):
        assert at > start
        start = at
        window = run_window(definition, f"schedule:{cron}", at, completed_end=watermark)
        assert window is not None
        assert window.end == at
        assert window.start < window.end
        assert watermark is None or window.start == watermark
        watermark = window.end


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(CRONS), st.sampled_from(ZONES), _transitions, st.integers(-86400, 86400))
def test_window_by_hand_never_ends_in_the_future_nor_runs_backwards(
    job: Build, cron: str, zone: str, transition: datetime, offset_seconds: int
) -> None:
    now = transition + timedelta(seconds=offset_seconds)
    definition = job("jobs.a.b", f"schedule:{cron}", require={"timezone": zone})
    window = run_window(definition, "manual:jobs.a.b", now, completed_end=None)

    assert window is not None
    assert window.start < window.end <= now


def test_missed_ticks_are_covered_by_one_window(job: Build) -> None:
    window = run_window(job("jobs.a.b", "schedule:0 * * * *"), "schedule:0 * * * *", NOW, completed_end=NOW - 7 * HOUR)

    assert window is not None
    assert (window.start, window.end) == (NOW - 7 * HOUR, NOW.replace(minute=0))


@pytest.mark.parametrize("trigger", ["manual:jobs.a.b", "tag:x", "pipeline_name:p"])
def test_run_by_hand_takes_what_the_schedule_would_and_may_be_empty(job: Build, trigger: str) -> None:
    definition = job("jobs.a.b", "schedule:0 * * * *")
    window = run_window(definition, trigger, NOW, completed_end=NOW.replace(minute=0))

    assert window is not None
    assert window.is_empty
    assert window.moves_watermark


def test_every_covers_from_the_last_end_or_one_period(job: Build) -> None:
    definition = job("jobs.a.b", "every:1h")
    first = run_window(definition, "every:1h", NOW, completed_end=None)
    later = run_window(definition, "every:1h", NOW, completed_end=NOW - 5 * HOUR)

    assert first is not None
    assert later is not None
    assert (first.start, first.end) == (NOW - HOUR, NOW)
    assert (later.start, later.end) == (NOW - 5 * HOUR, NOW)


@pytest.mark.parametrize("trigger", ["job.success:jobs.a.c", "job.fail:jobs.a.c", "deployment:", "webhook:w"])
def test_event_is_a_point_in_time_that_leaves_the_watermark_of_a_schedule(job: Build, trigger: str) -> None:
    timed = run_window(job("jobs.a.b", "schedule:0 * * * *"), trigger, NOW, completed_end=NOW - 7 * HOUR)
    untimed = run_window(job("jobs.a.b"), trigger, NOW, completed_end=None)

    assert timed is not None
    assert untimed is not None
    assert (timed.start, timed.end, timed.moves_watermark) == (NOW, NOW, False)
    assert (untimed.start, untimed.end, untimed.moves_watermark) == (NOW, NOW, True)


@pytest.mark.parametrize("trigger", ["manual:jobs.a.b", "tag:x", "pipeline_name:p"])
def test_job_without_clock_runs_by_hand_at_a_point_in_time(job: Build, trigger: str) -> None:
    window = run_window(job("jobs.a.b"), trigger, NOW, completed_end=None)

    assert window is not None
    assert (window.start, window.end) == (NOW, NOW)


def test_once_is_its_own_moment(job: Build) -> None:
    trigger = "once:2026-11-24T12:00:00Z"
    window = run_window(job("jobs.a.b", trigger), trigger, NOW, completed_end=None)

    assert window is not None
    assert (window.start, window.end) == (NOW.replace(minute=0),) * 2


def test_first_run_and_refresh_start_at_the_interval_snapped_to_a_tick(job: Build) -> None:
    definition = job("jobs.a.b", "schedule:0 0 * * *", interval={"start": "2026-11-01T08:00:00Z"})
    first = run_window(definition, "schedule:0 0 * * *", NOW, completed_end=None)
    again = run_window(definition, "manual:jobs.a.b", NOW, completed_end=NOW - HOUR, is_refresh=True)
    steady = run_window(definition, "schedule:0 0 * * *", NOW, completed_end=_utc("2026-11-23T00:00:00Z"))

    assert first is not None
    assert again == first
    assert (first.start, first.end) == (_utc("2026-11-01T00:00:00Z"), _utc("2026-11-24T00:00:00Z"))
    assert steady is not None
    assert steady.start == _utc("2026-11-23T00:00:00Z")


def test_interval_that_has_not_begun_or_is_done_gives_no_window(job: Build) -> None:
    future = job("jobs.a.b", "every:1h", interval={"start": "2027-01-01T00:00:00Z"})
    past = job("jobs.a.b", "every:1h", interval={"start": "2025-01-01T00:00:00Z", "end": "2025-02-01T00:00:00Z"})

    assert run_window(future, "every:1h", NOW, completed_end=None) is None
    assert run_window(past, "every:1h", NOW, completed_end=_utc("2025-02-01T00:00:00Z")) is None


def test_clock_of_an_interval_starts_and_ends_with_it(job: Build) -> None:
    definition = job(
        "jobs.a.b", "schedule:0 0 * * *", interval={"start": "2026-12-01T00:00:00Z", "end": "2026-12-03T00:00:00Z"}
    )
    first = next_fire(definition, NOW, last_fire=None)
    assert first is not None
    last = next_fire(definition, _utc("2026-12-02T00:00:00Z"), last_fire=_utc("2026-12-02T00:00:00Z"))
    assert last is not None

    assert first.at == _utc("2026-12-02T00:00:00Z")
    assert last.at == _utc("2026-12-03T00:00:00Z")
    assert next_fire(definition, last.at, last_fire=last.at) is None


def test_every_ends_with_its_interval(job: Build) -> None:
    definition = job("jobs.a.b", "every:1h", interval={"start": "2026-01-01T00:00:00Z", "end": "2026-11-24T13:00:00Z"})
    tick = next_fire(definition, NOW, last_fire=NOW)

    assert tick is not None
    assert next_fire(definition, tick.at, last_fire=tick.at) is None
