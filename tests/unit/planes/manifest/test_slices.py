"""Slices of a job's past: they join, they end at ticks, and a day is a day of the calendar."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planes.manifest.schedules import run_window
from planes.manifest.slices import CannotCut, Wanted, cut

Build = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def texts(slices: list[tuple[datetime, datetime]]) -> list[str]:
    return [f"{start:%m-%d %H:%M}/{end:%m-%d %H:%M}" for start, end in slices]


def test_a_day_is_a_day_of_the_jobs_calendar_where_the_clock_changes(job: Build) -> None:
    berlin = job("jobs.a.b", "schedule:0 0 * * *", require={"timezone": "Europe/Berlin"})
    found = cut(berlin, Wanted(start="2026-10-24", end="2026-10-27", size="1d"), NOW)

    assert texts(found) == ["10-23 22:00/10-24 22:00", "10-24 22:00/10-25 23:00", "10-25 23:00/10-26 23:00"]


def test_boundaries_are_set_back_to_ticks_and_empty_slices_vanish(job: Build) -> None:
    weekly = job("jobs.a.b", "schedule:0 3 * * 1")
    found = cut(weekly, Wanted(start="2026-11-02T05:00:00Z", end=None, size="1d"), NOW)

    assert texts(found) == ["11-02 03:00/11-09 03:00", "11-09 03:00/11-16 03:00", "11-16 03:00/11-23 03:00"]


@pytest.mark.parametrize("end", [None, "2026-11-20T00:31:00Z"])
def test_a_declared_interval_that_is_over_is_loaded_to_its_end(job: Build, end: str | None) -> None:
    declared = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-20T00:31:00Z"}
    short = job("jobs.a.b", "schedule:*/15 * * * *", interval=declared)

    found = cut(short, Wanted(start=None, end=end, size="15m"), NOW)

    assert texts(found) == ["11-20 00:00/11-20 00:15", "11-20 00:15/11-20 00:30"]
    with pytest.raises(CannotCut, match="outside"):
        cut(short, Wanted(start=None, end="2026-11-20T00:45:00Z", size="15m"), NOW)


def test_a_period_is_cut_where_it_is_said(job: Build) -> None:
    found = cut(job("jobs.a.b", "every:1h"), Wanted(start="2026-11-24T00:10:00Z", end=None, size="6h"), NOW)

    assert texts(found) == ["11-24 00:10/11-24 06:10", "11-24 06:10/11-24 12:10", "11-24 12:10/11-24 12:30"]


@pytest.mark.parametrize("size", ["", "1", "d", "0d", "-1d", "1y", "1.5h", "9999999d"])
def test_other_sizes_are_refused(job: Build, size: str) -> None:
    with pytest.raises(CannotCut) as refused:
        cut(job("jobs.a.b", "every:1h"), Wanted(start="2026-11-01", end=None, size=size), NOW)

    assert refused.value.key == "slice"


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    start=st.integers(0, 300), days=st.integers(1, 20), size=st.sampled_from(["30m", "5h", "1d", "3d", "1w"]),
    cron=st.sampled_from(["0 0 * * *", "*/30 * * * *", "30 2 * * *", "0 6 * * 1", "15 1-3 * * *"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_slices_join_and_end_where_windows_of_the_schedule_end(
    job: Build, start: int, days: int, size: str, cron: str, zone: str
) -> None:
    definition = job("jobs.a.b", f"schedule:{cron}", require={"timezone": zone})
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=start)
    wanted = Wanted(start=begin.isoformat(), end=(begin + timedelta(days=days)).isoformat(), size=size)
    try:
        found = cut(definition, wanted, NOW + timedelta(days=60))
    except CannotCut:
        found = []  # no tick lies in it

    assert all(before[1] == after[0] for before, after in itertools.pairwise(found))
    assert all(first < last for first, last in found)
    assert found or days < 8
    for _, end in found[:5]:
        window = run_window(definition, f"schedule:{cron}", end, completed_end=None)
        assert window is not None
        assert window.end == end


def test_a_job_deployed_with_a_bound_that_no_year_has_is_refused_not_met_by_a_failure(job: Build) -> None:
    tokyo = {"require": {"timezone": "Asia/Tokyo"}, "interval": {"start": "2026-01-01", "end": "9999-12-31T23:59:59Z"}}
    endless = job("jobs.a.b", "schedule:0 3 * * *", **tokyo)

    assert run_window(endless, "manual:jobs.a.b", NOW, completed_end=None) is None
    with pytest.raises(CannotCut, match="no year has"):
        cut(endless, Wanted(start=None, end=None, size="1d"), NOW)
