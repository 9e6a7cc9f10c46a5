"""Selectors and the form of a trigger."""

import pytest

from planes.manifest.errors import InvalidTriggerForm
from planes.manifest.triggers import (
    Selectable,
    fires_for,
    is_self_firing,
    match_selectors,
    parse_trigger_form,
    pick_trigger,
    trigger_for_named_job,
)

LOAD = Selectable("jobs.w.load", "batch", ("every:1h", "tag:ingest", "manual:jobs.w.load", "pipeline_name:weather"))
REPORT = Selectable("jobs.w.report", "batch", ("job.success:jobs.w.load", "manual:jobs.w.report"))
NOTEBOOK = Selectable("jobs.explore", "interactive", ("http:", "manual:jobs.explore"))
JOBS = (LOAD, REPORT, NOTEBOOK)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        (["tag:ingest"], {"jobs.w.load": ["tag:ingest"]}),
        (["tag:*"], {"jobs.w.load": ["tag:ingest"]}),
        (["tag"], {"jobs.w.load": ["tag:ingest"]}),
        (["tag:INGEST"], {}),
        (["job"], {"jobs.w.load": list(LOAD.triggers), "jobs.w.report": list(REPORT.triggers)}),
        (["interactive:"], {"jobs.explore": list(NOTEBOOK.triggers)}),
        (["stream"], {}),
        (["jobs.w.*"], {"jobs.w.load": list(LOAD.triggers), "jobs.w.report": list(REPORT.triggers)}),
        (["jobs.w.report"], {"jobs.w.report": list(REPORT.triggers)}),
        (["every:", "pipeline_name:weather"], {"jobs.w.load": ["every:1h", "pipeline_name:weather"]}),
        (["manual:jobs.w.report"], {"jobs.w.report": ["manual:jobs.w.report"]}),
        (["report"], {}),
        ([], {}),
    ],
)
def test_selectors_match_types_refs_and_triggers(selectors: list[str], expected: dict[str, list[str]]) -> None:
    assert match_selectors(JOBS, selectors) == expected


def test_default_trigger_is_picked_when_it_matched() -> None:
    assert pick_trigger(["tag:a", "every:1h"], "every:1h") == "every:1h"
    assert pick_trigger(["tag:a", "tag:b"], "every:1h") == "tag:a"
    assert pick_trigger([], "every:1h") is None


def test_job_named_by_id_fires_its_default_or_by_hand() -> None:
    assert trigger_for_named_job("jobs.w.load", "every:1h") == "every:1h"
    assert trigger_for_named_job("jobs.w.report", None) == "manual:jobs.w.report"


@pytest.mark.parametrize(
    "trigger",
    ["manual:", "manual:jobs.a.b", "schedule:0 3 * * *", "every:5m", "tag:x", "http:8080/app", "deployment:",
     "job.fail:jobs.a.b", "webhook:in", "pipeline_name:p", "once:2026-11-24T10:00:00+01:00"],
)  # fmt: skip
def test_form_of_a_trigger_is_accepted(trigger: str) -> None:
    assert parse_trigger_form(trigger) == trigger


@pytest.mark.parametrize(
    "trigger",
    ["", "manual", "nope:x", "schedule:", "schedule:x", "every:1s", "every:-5m", "every:nan", "once:later", "tag:",
     "job.success:load", "http://host", "http:99999", "http:x", "manual:\x1b[2J", "tag:" + "x" * 2000],
)  # fmt: skip
def test_what_is_no_trigger_is_refused(trigger: str) -> None:
    with pytest.raises(InvalidTriggerForm) as refused:
        parse_trigger_form(trigger)

    assert refused.value.reasons


def test_bare_manual_is_completed_with_the_job() -> None:
    assert fires_for("manual:", "jobs.a.b") == "manual:jobs.a.b"
    assert fires_for("tag:x", "jobs.a.b") == "tag:x"


def test_labels_and_people_start_nothing_by_themselves() -> None:
    assert is_self_firing(["tag:x", "job.fail:jobs.a"])
    assert not is_self_firing(["tag:x", "manual:jobs.a", "deployment:"])
