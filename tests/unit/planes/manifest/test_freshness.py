"""Upstream gates and the refresh cascade."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from planes.manifest.freshness import check_freshness, decide_refresh, downstream_refs, refresh_cascade, upstream_refs

Build = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def _by_ref(*jobs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {job["job_ref"]: job for job in jobs}


def test_schedule_upstream_must_reach_the_last_tick(job: Build) -> None:
    up = job("jobs.a.up", "schedule:0 * * * *", default_trigger="schedule:0 * * * *")
    down = job("jobs.a.down", freshness=["job.is_fresh:jobs.a.up"])
    jobs = _by_ref(up, down)

    assert check_freshness(down, jobs, {"jobs.a.up": NOW.replace(minute=0)}, NOW).is_fresh
    stale = check_freshness(down, jobs, {"jobs.a.up": NOW.replace(hour=11, minute=0)}, NOW)
    assert not stale.is_fresh
    assert "jobs.a.up missing run" in stale.reasons[0]


def test_every_upstream_is_fresh_for_one_period(job: Build) -> None:
    up = job("jobs.a.up", "every:1h")
    down = job("jobs.a.down", freshness=["job.is_fresh:jobs.a.up"])
    jobs = _by_ref(up, down)

    assert check_freshness(down, jobs, {"jobs.a.up": NOW - timedelta(minutes=59)}, NOW).is_fresh
    assert not check_freshness(down, jobs, {"jobs.a.up": NOW - timedelta(minutes=60)}, NOW).is_fresh


def test_upstream_that_never_completed_or_is_gone_is_not_fresh(job: Build) -> None:
    down = job("jobs.a.down", freshness=["job.is_fresh:jobs.a.up", "job.is_fresh:jobs.a.gone"])
    verdict = check_freshness(down, _by_ref(job("jobs.a.up"), down), {}, NOW)

    assert not verdict.is_fresh
    assert len(verdict.reasons) == 2


def test_job_without_constraints_is_fresh(job: Build) -> None:
    assert check_freshness(job(), {}, {}, NOW).is_fresh


def test_refresh_walks_downstream_and_block_cuts_the_branch(job: Build) -> None:
    jobs = _by_ref(
        job("jobs.a.root"),
        job("jobs.a.one", freshness=["job.is_fresh:jobs.a.root"]),
        job("jobs.a.two", freshness=["job.is_fresh:jobs.a.one"]),
        job("jobs.a.wall", freshness=["job.is_fresh:jobs.a.root"], refresh_propagation="block"),
        job("jobs.a.behind", freshness=["job.is_fresh:jobs.a.wall"]),
    )

    assert refresh_cascade("jobs.a.root", jobs) == ("jobs.a.one", "jobs.a.two")
    assert downstream_refs("jobs.a.root", jobs) == ("jobs.a.one", "jobs.a.wall")
    assert upstream_refs(jobs["jobs.a.two"]) == ("jobs.a.one",)


def test_policy_gives_or_takes_the_refresh(job: Build) -> None:
    assert decide_refresh(job(refresh_propagation="always"), False).is_refresh
    assert decide_refresh(job(), True).is_refresh
    blocked = decide_refresh(job(refresh_propagation="block"), True)
    assert not blocked.is_refresh
    assert blocked.warning is not None
