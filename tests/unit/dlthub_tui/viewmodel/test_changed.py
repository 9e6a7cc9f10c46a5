"""Runs that only the changes know yet."""

from __future__ import annotations

from datetime import UTC, datetime

from dlthub_tui.client.changes import Change
from dlthub_tui.client.models import Job
from dlthub_tui.viewmodel.changed import begun_runs, changed_runs, kept_begun

NOW = datetime(2026, 3, 17, 14, 2, tzinfo=UTC)
JOB = Job(
    id="job", job_ref="jobs.load", job_type="batch", profile="prod", version=1, description=None, triggers=(),
    declared_triggers=(), is_paused=False, is_archived=False, next_scheduled_run_at=None, pipeline_name=None,
    freshness=(), timezone=None, updated_at=NOW, latest_run=None, recent_runs=(), timeout_seconds=None, definition={},
)  # fmt: skip


def change(number: int, status: str = "pending") -> Change:
    return Change(
        workspace_id="w", job_id="job", run_id=f"run{number}", number=number, status=status, created_at=NOW
    )  # fmt: skip


def test_new_run_is_above_the_others_as_far_as_it_is_known() -> None:
    shown = begun_runs(JOB, (), [change(4)])
    shown = begun_runs(JOB, changed_runs(shown, [change(4, "running")]), [change(4, "running"), change(6), change(5)])

    assert [(run.number, run.status) for run in shown] == [(6, "pending"), (5, "pending"), (4, "running")]
    assert {(run.job_ref, run.created_at) for run in shown} == {("jobs.load", NOW)}


def test_older_run_that_is_not_listed_is_no_new_one() -> None:
    shown = begun_runs(JOB, (), [change(4)])

    assert begun_runs(JOB, shown, [change(3, "completed")]) == shown


def test_answer_that_is_older_than_a_run_does_not_take_it_away() -> None:
    older, newer = begun_runs(JOB, (), [change(4)]), begun_runs(JOB, (), [change(4), change(5)])

    assert [run.number for run in kept_begun(older, newer)] == [5, 4]
    assert kept_begun(newer, older) == newer
