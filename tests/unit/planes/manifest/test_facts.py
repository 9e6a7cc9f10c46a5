"""The typed reading of a definition."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from planes.manifest.facts import JobFacts, default_trigger_of

Build = Callable[..., dict[str, Any]]


def test_bare_job_has_the_platform_defaults(job: Build) -> None:
    facts = JobFacts.from_definition(job())

    assert (facts.section, facts.name, facts.timezone) == ("weather", "load", "UTC")
    assert (facts.concurrency, facts.max_run_time_seconds, facts.grace_seconds) == (1, 7200, 30.0)
    assert (facts.is_manual, facts.timed_triggers, facts.default_trigger) == (True, (), None)


def test_interactive_job_has_fifteen_minutes(notebook: Build) -> None:
    facts = JobFacts.from_definition(notebook())

    assert facts.is_interactive
    assert facts.max_run_time_seconds == 900
    assert (facts.section, facts.name) == ("", "explore")


def test_declared_limits_win(job: Build) -> None:
    facts = JobFacts.from_definition(
        job(execute={"timeout": {"timeout": 12.6, "grace_period": 1}, "concurrency": None})
    )

    assert (facts.max_run_time_seconds, facts.grace_seconds, facts.concurrency) == (13, 1.0, None)


def test_presentation_and_needs_are_read(job: Build) -> None:
    facts = JobFacts.from_definition(
        job(
            expose={"display_name": "Load", "tags": "ingest", "starred": True, "category": "pipeline"},
            deliver={"pipeline_name": "weather"},
            require={"profile": "prod", "dependency_groups": ["ml"], "instance": {"size": "small"}},
            freshness=["job.is_fresh:jobs.a.b"],
        )
    )

    assert (facts.display_name, facts.tags, facts.category) == ("Load", ("ingest",), "pipeline")
    assert (facts.pipeline_name, facts.required_profile, facts.instance_size) == ("weather", "prod", "small")
    assert (facts.dependency_groups, facts.freshness) == (("ml",), ("job.is_fresh:jobs.a.b",))


def test_bound_without_offset_is_local_to_a_schedule(job: Build) -> None:
    facts = JobFacts.from_definition(
        job("jobs.w.l", "schedule:0 0 * * *", interval={"start": "2026-01-01"}, require={"timezone": "Europe/Berlin"})
    )

    assert facts.interval_start == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert facts.interval_end is None


def test_default_trigger_prefers_a_clock_and_never_an_event() -> None:
    assert default_trigger_of(("tag:a", "every:1h")) == "every:1h"
    assert default_trigger_of(("job.success:jobs.a.b", "manual:jobs.a.c", "webhook:x")) == "webhook:x"
    assert default_trigger_of(("job.success:jobs.a.b", "deployment:")) is None


def test_default_trigger_agrees_with_dlt(job: Build) -> None:
    from dlt._workspace.deployment.manifest import compute_default_trigger

    for triggers in (
        [],
        ["every:1h", "tag:a"],
        ["tag:a", "schedule:0 1 * * *"],
        ["deployment:"],
        ["once:2026-01-01", "tag:b"],
    ):
        definition = job("jobs.a.b", *triggers)
        assert default_trigger_of(tuple(triggers)) == compute_default_trigger(definition)  # pyright: ignore[reportArgumentType]
