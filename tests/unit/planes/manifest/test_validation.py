"""What a deploy accepts and what it refuses, all or nothing."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planes.manifest.errors import InvalidDefinition
from planes.manifest.validation import MAX_REASONS, expanded_triggers, migrate_and_validate

Build = Callable[..., dict[str, Any]]

GOOD: dict[str, dict[str, Any]] = {
    "bare": {},
    "daily in a zone": {"triggers": ["schedule:0 3 * * *"], "require": {"timezone": "Europe/Berlin"}},
    "every six hours": {"triggers": ["every:6h"]},
    "once": {"triggers": ["once:2026-11-24T10:00:00Z"]},
    "backfill": {
        "triggers": ["schedule:0 * * * *"],
        "interval": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01"},
    },
    "limits": {"execute": {"timeout": {"timeout": 90, "grace_period": 2.5}, "concurrency": None}},
    "null timeout": {"execute": {"timeout": None, "intercept_signals": False}},
    "one bare tag": {"expose": {"tags": "ingest", "starred": True, "display_name": "Load it"}},
    "several tags": {"expose": {"tags": ["ingest", "nightly"], "manual": False}},
    "delivers": {"deliver": {"pipeline_name": "weather"}},
    "webhook": {"triggers": ["webhook:in", "deployment:"]},
    "refresh": {"refresh_propagation": "always", "auto_refresh_pipeline_mode": "drop_data"},
    "needs": {"require": {"dependency_groups": ["ml"], "profile": "prod", "instance": {"size": "small"}}},
    "schema": {"config_keys": ["depth"], "inputs": {"type": "object", "properties": {"depth": {"default": 3}}}},
}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown trigger": ({"triggers": ["sometimes:x"]}, "triggers[0]: unknown type 'sometimes'"),
    "bad cron": ({"triggers": ["schedule:0 99 * * *"]}, "invalid cron expression"),
    "cron that never fires": ({"triggers": ["schedule:0 0 30 2 *"]}, "a schedule never fires"),
    "random cron": ({"triggers": ["schedule:R * * * *"]}, "random fields"),
    "endless period": ({"triggers": ["every:inf"]}, "longer than ten years"),
    "short period": ({"triggers": ["every:30s"]}, "minimum period is 1 minute"),
    "two clocks": ({"triggers": ["every:1h", "schedule:0 3 * * *"]}, "multiple interval-generating triggers"),
    "no time": ({"triggers": ["once:soon"]}, "ISO 8601"),
    "batch with http": ({"triggers": ["http:"]}, "use interactive job type"),
    "own event": ({"triggers": ["job.success:jobs.weather.load"]}, "never terminates"),
    "unknown upstream": ({"triggers": ["job.success:jobs.weather.gone"]}, "referencing unknown jobs"),
    "unknown freshness": ({"freshness": ["job.is_fresh:jobs.weather.gone"]}, "unknown job 'jobs.weather.gone'"),
    "interval freshness": (
        {"freshness": ["job.is_matching_interval_fresh:jobs.weather.load"]},
        "not yet implemented",
    ),
    "interval without clock": ({"interval": {"start": "2026-01-01"}}, "no schedule or every trigger"),
    "interval no date": ({"triggers": ["every:1h"], "interval": {"start": "first"}}, "interval.start"),
    "interval backwards": (
        {"triggers": ["every:1h"], "interval": {"start": "2026-02-01", "end": "2026-01-01"}},
        "not before the end",
    ),
    "interval from the first of all days": (
        {"triggers": ["schedule:0 3 * * *"], "interval": {"start": "0001-01-01T00:00:00Z"}},
        "interval: a bound is too near",
    ),
    "interval to the last of all moments, in a zone that is ahead": (
        {
            "triggers": ["schedule:0 3 * * *"],
            "interval": {"start": "2026-01-01", "end": "9999-12-31T23:59:59Z"},
            "require": {"timezone": "Asia/Tokyo"},
        },
        "interval: a bound is too near",
    ),
    "local profile": ({"require": {"profile": "dev"}}, "local-only profile"),
    "no such zone": ({"require": {"timezone": "Mars/Olympus"}}, "IANA"),
    "zone without its area": ({"require": {"timezone": "Berlin"}}, "not an IANA time zone; Europe/Berlin is one"),
    "zone as people write it": ({"require": {"timezone": "new york"}}, "America/New_York is one"),
    "zone in small letters": ({"require": {"timezone": "utc"}}, "; UTC is one"),
    "zone outside": ({"require": {"timezone": "../../etc/passwd"}}, "IANA"),
    "zero concurrency": ({"execute": {"concurrency": 0}}, "concurrency"),
    "endless": ({"execute": {"timeout": {"timeout": float("inf")}}}, "execute.timeout.timeout"),
    "a time limit of nothing": (
        {"execute": {"timeout": {"timeout": 0}}},
        "must be seconds above 0 and at most 31622400",
    ),
    "not a number": ({"execute": {"timeout": {"timeout": float("nan")}}}, "execute.timeout.timeout"),
    "negative grace": ({"execute": {"timeout": {"grace_period": -1}}}, "grace_period"),
    "reserved name": ({"job_ref": "jobs.weather.py"}, "reserved"),
    "ref form": ({"job_ref": "weather.load"}, "must start with 'jobs.'"),
    "ref with a star": ({"job_ref": "jobs.weather.*"}, "letters, digits"),
    "empty tag": ({"expose": {"tags": ["  "]}}, "a tag is empty"),
    "foreign default": ({"triggers": ["every:1h"], "default_trigger": "every:2h"}, "default_trigger"),
    "unknown field": ({"surprise": 1}, "unexpected fields"),
    "no function key": (
        {"entry_point": {"module": "m", "job_type": "batch", "launcher": "l"}},
        "function is missing",
    ),
    "triggers no list": ({"triggers": "every:1h"}, "triggers"),
    "description no text": ({"description": 7}, "description: must be a string"),
    "engine of tomorrow": ({"engine_version": 3}, "engine 3"),
}

ENUMS: dict[str, dict[str, Any]] = {
    "job_type": {"entry_point": {"module": "m", "function": "f", "job_type": "SENTINEL", "launcher": "l"}},
    "category": {"expose": {"category": "SENTINEL"}},
    "interface": {"expose": {"interface": "SENTINEL"}},
    "entity_type": {"expose": {"object_input": {"entity_type": "SENTINEL", "input": "jobs.a.b.c"}}},
    "legacy entity_type": {"expose": {"object_input": {"entity_type": "job-run", "input": "jobs.a.b.c"}}},
    "interval.mode": {"triggers": ["every:1h"], "interval": {"start": "2026-01-01", "mode": "SENTINEL"}},
    "auto_refresh_pipeline_mode": {"auto_refresh_pipeline_mode": "SENTINEL"},
    "incremental_mode": {"incremental_mode": "SENTINEL"},
    "refresh_propagation": {"refresh_propagation": "SENTINEL"},
    "access.local": {"access": {"local": ["SENTINEL"]}},
    "access.data": {"access": {"data": ["SENTINEL"]}},
    "access.context": {"access": {"context": ["SENTINEL"]}},
}


@pytest.mark.parametrize("fields", GOOD.values(), ids=GOOD)
def test_good_definition_is_echoed_unchanged(job: Build, fields: dict[str, Any]) -> None:
    sent = job(**fields)
    manifest = migrate_and_validate([sent], 2, "__deployment__")

    assert [row.definition for row in manifest.jobs] == [sent]
    assert manifest.engine_version == 2


@pytest.mark.parametrize(("fields", "reason"), BAD.values(), ids=BAD)
def test_bad_definition_is_refused_with_its_reason(job: Build, fields: dict[str, Any], reason: str) -> None:
    good = job("jobs.weather.report")
    with pytest.raises(InvalidDefinition) as refused:
        migrate_and_validate([good, job(**fields)], 2, "__deployment__")

    assert any(reason in text for text in refused.value.reasons), refused.value.reasons


@pytest.mark.parametrize("fields", ENUMS.values(), ids=ENUMS)
def test_unknown_enum_value_is_refused_and_not_repeated(job: Build, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        migrate_and_validate([job(**fields)], 2, None)

    assert "SENTINEL" not in str(refused.value)


def test_all_broken_jobs_are_named_at_once(job: Build) -> None:
    jobs = [job("jobs.a.x", execute=5), job("jobs.a.y"), job("jobs.a.z", triggers=["nope"])]
    with pytest.raises(InvalidDefinition) as refused:
        migrate_and_validate(jobs, 2, None)

    assert [reason.split(" ")[0] for reason in refused.value.reasons] == ["jobs[0]", "jobs[2]"]


def test_reasons_are_bounded(job: Build) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        migrate_and_validate([job(f"jobs.a.j{i}", surprise=1) for i in range(MAX_REASONS + 7)], 2, None)

    assert len(refused.value.reasons) == MAX_REASONS + 1
    assert refused.value.reasons[-1] == "and 7 more"


def test_duplicate_refs_are_refused(job: Build) -> None:
    with pytest.raises(InvalidDefinition, match="duplicate job_ref"):
        migrate_and_validate([job(), job()], 2, None)


def test_interactive_upstream_cannot_be_fresh(job: Build, notebook: Build) -> None:
    downstream = job(freshness=["job.is_fresh:jobs.explore"])
    with pytest.raises(InvalidDefinition, match="upstream is an interactive job"):
        migrate_and_validate([notebook(), downstream], 2, None)


def test_interactive_job_without_http_is_only_a_warning(notebook: Build) -> None:
    manifest = migrate_and_validate([notebook(triggers=[])], 2, None)

    assert manifest.warnings == ("interactive job 'jobs.explore' has no http trigger",)


def test_dashboard_must_be_a_dashboard(notebook: Build) -> None:
    with pytest.raises(InvalidDefinition, match="must have dashboard category"):
        migrate_and_validate([notebook("jobs.workspace.dashboard", expose={"interface": "gui"})], 2, None)


def test_engine_one_is_migrated(job: Build) -> None:
    old = job(refresh="always", allow_external_schedulers=True, require={"machine": "large"}, engine_version=1)
    manifest = migrate_and_validate([old], 1, "__deployment__")

    definition = manifest.jobs[0].definition
    assert definition["engine_version"] == 2
    assert definition["refresh_propagation"] == "always"
    assert definition["incremental_mode"] == "interval"
    assert definition["require"] == {"instance": {"size": "large"}}
    assert old["refresh"] == "always"


@pytest.mark.parametrize("engine", [0, 3, 99, -1])
def test_unknown_engine_is_refused(job: Build, engine: int) -> None:
    with pytest.raises(InvalidDefinition):
        migrate_and_validate([job()], engine, None)


def test_triggers_are_expanded_with_a_bare_tag_kept_whole(job: Build) -> None:
    definition = job("jobs.w.load", "every:1h", expose={"tags": "ingest"}, deliver={"pipeline_name": "weather"})
    row = migrate_and_validate([definition], 2, None).jobs[0]

    assert row.triggers == ("every:1h", "tag:ingest", "manual:jobs.w.load", "pipeline_name:weather")
    assert row.default_trigger == "every:1h"


def test_manual_false_leaves_no_manual_trigger(job: Build) -> None:
    assert expanded_triggers(job("jobs.w.load", expose={"manual": False})) == ()


def test_hash_is_that_of_dlt_and_ignores_key_order(job: Build) -> None:
    from dlt._workspace.deployment.manifest import hash_job_definition

    sent = job("jobs.w.load", "every:1h", description="é")
    turned = dict(reversed(copy.deepcopy(sent).items()))
    first, second = (migrate_and_validate([item], 2, None).jobs[0].definition_hash for item in (sent, turned))

    assert first == second == hash_job_definition(sent)  # pyright: ignore[reportArgumentType]  # a plain dictionary


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_KEYS = """engine_version job_ref description entry_point expose triggers execute config_keys inputs output deliver
    interval freshness incremental_mode require access default_trigger refresh_propagation agent refresh"""
_keys = st.sampled_from(tuple(_KEYS.split()))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.dictionaries(_keys, _values, min_size=1, max_size=3), st.sampled_from([1, 2]))
def test_any_value_is_accepted_or_refused_and_never_crashes(job: Build, fields: dict[str, Any], engine: int) -> None:
    sent = {**job("jobs.w.load", "schedule:0 3 * * *"), **fields}
    reasons: tuple[str, ...] = ()
    accepted = False
    try:
        accepted = bool(migrate_and_validate([sent], engine, None).jobs)
    except InvalidDefinition as refused:
        reasons = refused.reasons

    assert accepted or reasons


@pytest.mark.parametrize("item", [None, 3, "job", [], {}, {"job_ref": 5}])
def test_what_is_no_job_is_refused(item: object) -> None:
    with pytest.raises(InvalidDefinition):
        migrate_and_validate([item], 2, None)


def test_prompt_of_an_agent_is_not_kept(job: Build) -> None:
    agent = {"engine_version": 1, "name": "reader", "description": "Reads.", "tools": ["jobs"], "model": "sonnet"}
    prompted = {**agent, "instructions": "Tell nobody."}
    docstring = "Reads.\n\nTell nobody this either."
    [with_prompt] = migrate_and_validate([job(agent=prompted, description=docstring)], 2, "weather").jobs
    [without] = migrate_and_validate([job(agent=agent, description="Reads.")], 2, "weather").jobs

    assert with_prompt.definition["agent"] == agent
    assert with_prompt.definition["description"] == "Reads."
    assert with_prompt.definition_hash == without.definition_hash, "a version that is brought back is the same"
