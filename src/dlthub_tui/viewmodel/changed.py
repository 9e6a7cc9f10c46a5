"""What a change does to what is shown, before anything is asked for again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from dlthub_tui.client.changes import Change
    from dlthub_tui.client.models import Job, Run

_ORDER = ("pending", "starting", "running", "cancelling")


LONG_SECONDS = 60.0
_ENDS = frozenset({"completed", "failed", "cancelled"})


def is_end_of_long_run(change: Change) -> bool:
    """Whether a run ended that took a minute or more."""
    if change.status not in _ENDS or change.started_at is None or change.finished_at is None:
        return False
    return (change.finished_at - change.started_at).total_seconds() >= LONG_SECONDS


def _rank(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER)


def by_run(changes: Iterable[Change]) -> dict[str, Change]:
    """The changes that carry a run's state, by the run's id."""
    return {change.run_id: change for change in changes if change.run_id is not None and change.status is not None}


def changed_run(run: Run, change: Change | None) -> Run:
    """The run after the change. A state never goes back: what came late is older than what is shown."""
    if change is None or change.status is None or _rank(change.status) <= _rank(run.status):
        return run
    started, finished = change.started_at or run.started_at, change.finished_at or run.finished_at
    took = (finished - started).total_seconds() if started and finished else None
    return replace(run, status=change.status, started_at=started, finished_at=finished, duration_seconds=took)


def changed_runs(runs: Sequence[Run], changes: Iterable[Change]) -> tuple[Run, ...]:
    """The runs after the changes."""
    found = by_run(changes)
    return tuple(changed_run(run, found.get(run.id)) for run in runs)


def begun_runs(job: Job, runs: Sequence[Run], changes: Iterable[Change]) -> tuple[Run, ...]:
    """The job's runs, newest first, with those that only the changes know: as far as a change says what they are."""
    newest, known = max((run.number for run in runs), default=0), {run.id for run in runs}
    begun = [
        _begun_run(job, change.run_id, change.number, change.status, change.created_at, change)
        for change in changes
        if change.run_id is not None and change.run_id not in known and change.status is not None
        and change.created_at is not None and change.number is not None and change.number > newest
    ]  # fmt: skip
    return (*sorted(begun, key=lambda run: -run.number), *runs)


def kept_begun(asked: Sequence[Run], shown: Sequence[Run]) -> tuple[Run, ...]:
    """An answer with the runs that began after it was written and are shown already."""
    newest = max((run.number for run in asked), default=0)
    return (*(run for run in shown if run.number > newest and not run.trigger), *asked)


def _begun_run(job: Job, run_id: str, number: int, status: str, created_at: datetime, change: Change) -> Run:
    """What started it, its code and its window are asked for."""
    from dlthub_tui.client.models import Run

    return Run(
        id=run_id, number=number, status=status, trigger="", profile=job.profile, job_id=job.id, job_ref=job.job_ref,
        job_type=job.job_type, created_at=created_at, started_at=change.started_at, finished_at=change.finished_at,
        duration_seconds=None, interval_start=None, interval_end=None, deployment_id="", configuration_id="",
        triggered_by=None, job_version=None, max_run_time_seconds=None, summaries=(),
    )  # fmt: skip


def changed_jobs(jobs: Sequence[Job], changes: Iterable[Change]) -> tuple[Job, ...]:
    """The jobs with their last runs after the changes."""
    found = by_run(changes)
    return tuple(_changed_job(job, found) for job in jobs)


def _changed_job(job: Job, found: dict[str, Change]) -> Job:
    if job.latest_run is None or job.latest_run.id not in found:
        return job
    latest = changed_run(job.latest_run, found[job.latest_run.id])
    recent = tuple(
        run._replace(status=latest.status, duration_seconds=latest.duration_seconds) if run.id == latest.id else run
        for run in job.recent_runs
    )
    return replace(job, latest_run=latest, recent_runs=recent)
