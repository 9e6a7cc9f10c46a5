"""What is said of a run in words: where a log would be, when it is over, who started it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dlthub_tui.client.models import Run
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Span, text_of, width_of
from dlthub_tui.viewmodel.work.runs import Known, ended_before, started_by, troubled_answer, what_to_expect

NOW = datetime(2026, 3, 17, 14, 5, 20, tzinfo=UTC)


def ended(status: str) -> Run:
    """Two seconds long."""
    return Run(
        id="r", number=1, status=status, trigger="manual:", profile="prod", job_id="j", job_ref="jobs.a.b",
        job_type="batch", created_at=NOW, started_at=NOW, finished_at=NOW + timedelta(seconds=2), duration_seconds=2.0,
        interval_start=None, interval_end=None, deployment_id="d", configuration_id="c", triggered_by=None,
        job_version=1, max_run_time_seconds=None, summaries=(),
    )  # fmt: skip


def test_a_silent_run_ended_with_0_only_where_that_is_known() -> None:
    assert what_to_expect(ended("completed"), "eu1", Look()).endswith("It ended after 2 s with 0.")
    assert what_to_expect(ended("failed"), "eu1", Look()).endswith("It ended after 2 s.")


def test_a_run_that_never_began_is_not_said_to_have_lost_its_log() -> None:
    run = replace(ended("cancelled"), started_at=None, duration_seconds=None)

    assert what_to_expect(run, "eu1", Look()) == "This run ended before it began. There is no log of it."


def test_a_try_after_a_failure_is_told_from_what_a_person_starts_and_waits_for_its_time() -> None:
    run = replace(ended("pending"), triggered_by="m", previous_run_id="p")

    assert started_by(run) == "another try"
    assert started_by(replace(run, trigger="job.fail:jobs.a.c")) == "after c fails", "it follows that run"
    assert "waits for its time" in what_to_expect(run, "eu1", Look())
    assert "Waiting for eu1" in what_to_expect(replace(run, previous_run_id=None), "eu1", Look())


def test_what_is_wrong_is_said_in_whole_sentences_beside_the_state() -> None:
    since = "us1 has not answered since 14:03:20. Runs there go on."
    wrong = (Span(f"{since} Asking every 5 s."),)

    def said(width: int) -> str:
        return text_of(troubled_answer(ended("running"), wrong, Look(), width, is_unsure=True))

    assert said(80).endswith(since)
    assert width_of((Span(said(80)),)) <= 78
    assert said(100).endswith("Asking every 5 s.")
    assert said(20).endswith("since 14:03:20."), "the first one in any case"


def test_a_run_that_was_over_says_since_when() -> None:
    look = Look(now=lambda: NOW + timedelta(seconds=4))

    assert ended_before(ended("completed"), look) == "a.b 1 had completed 2 s before. Nothing was stopped."
    assert ended_before(ended("cancelled"), look) == "a.b 1 had been cancelled 2 s before. Nothing was stopped."


@pytest.mark.parametrize(
    ("trigger", "by", "said"),
    [
        ("manual:jobs.a.b", "m", "by ana"),
        ("schedule:*/15 * * * *", "m", "by ana"),
        ("schedule:*/15 * * * *", None, "every 15 min"),
        ("every:5m", "m", "by ana"),
        ("job.success:jobs.a.c", None, "after c"),
        ("job.success:jobs.a.c", "m", "by ana"),
        ("deployment:", "m", "by ana"),
        ("manual:jobs.a.b", "gone", "by hand"),
    ],
)
def test_who_started_a_run_is_named_also_where_its_schedule_would_have(trigger: str, by: str | None, said: str) -> None:
    run = replace(ended("completed"), trigger=trigger, triggered_by=by)

    assert started_by(run, Known(people={"m": "ana@orchard.example"})) == said
