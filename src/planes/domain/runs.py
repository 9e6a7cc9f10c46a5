"""One execution of a job: its states, and what a data plane's report does to it (Contract: 4.2, Borders: 1).

                    claim              report             report
       ┌─────────┐        ┌──────────┐        ┌─────────┐        ┌───────────┐
   ──▶ │ pending │ ─────▶ │ starting │ ─────▶ │ running │ ─────▶ │ completed │
       └────┬────┘        └────┬─────┘        └────┬────┘        │ failed    │
            │ cancel           │ cancel            │ cancel      └───────────┘
            │                  └─────────┬─────────┘                   ▲
            ▼                            ▼            it ended first   │
       ┌───────────┐  report   ┌────────────┐ ─────────────────────────┘
       │ cancelled │ ◀──────── │ cancelling │
       └───────────┘           └────────────┘
   `skipped` is a word of the contract that no run of ours has: a declined trigger leaves a receipt, not a run.

A run whose data plane stays silent past the grace is `failed` and *lost* (`planes.domain.leases`). A lost run is the
only ended one that a report may still change, once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from planes.domain.identifiers import (
    ConfigurationId,
    DataPlaneId,
    DeploymentId,
    JobId,
    JobVersionId,
    MembershipId,
    OrganizationId,
    RunId,
    WorkspaceId,
    new_id,
)

BUILD_LIMIT_SECONDS = 1800
"""How long a run's environment may be built. It is no part of the job's own time limit."""


class RunStatus(StrEnum):
    PENDING = "pending"
    STARTING = "starting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


TERMINAL = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.SKIPPED})
ACTIVE = frozenset(RunStatus) - TERMINAL
LEASED = ACTIVE - {RunStatus.PENDING}
_REPORTABLE = frozenset(RunStatus) - {RunStatus.PENDING, RunStatus.CANCELLING, RunStatus.SKIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as the control plane knows it. Times are aware UTC.

    `fence` is 0 until a data plane claims the run, by its home `claimed_by` (None: it does not say which it is).
    `is_acknowledged` says that the data plane has shown that it knows its lease. `moves_watermark` says that completing
    this run moves the job's watermark to `interval_end`. `attempt` counts tries of one start; the next one waits as
    pending until `not_before`.
    `follows_viewer` marks what a viewer started, and what follows from it. `chain_depth` counts the runs before it that
    led here by job events. `backfill_id` is the backfill of which it loads a slice, `webhook_call_id` the call of a
    webhook that it answers: what was sent is in its region only.
    """

    id: RunId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    dataplane_id: DataPlaneId
    job_id: JobId
    job_version_id: JobVersionId
    number: int
    status: RunStatus
    trigger: str
    profile: str
    deployment_id: DeploymentId
    configuration_id: ConfigurationId
    time_limit_seconds: int
    grace_seconds: int
    created_at: datetime
    updated_at: datetime
    is_refresh: bool = False
    is_system: bool = False
    interval_start: datetime | None = None
    interval_end: datetime | None = None
    moves_watermark: bool = False
    triggered_by: MembershipId | None = None
    follows_viewer: bool = False
    previous_job_run_id: RunId | None = None
    chain_depth: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fence: int = 0
    is_acknowledged: bool = False
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    lease_expires_at: datetime | None = None
    unreachable_since: datetime | None = None
    cancel_told_at: datetime | None = None
    is_lost: bool = False
    attempt: int = 1
    not_before: datetime | None = None
    backfill_id: str | None = None
    webhook_call_id: str | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended."""
        return self.status in TERMINAL

    @property
    def duration_seconds(self) -> float | None:
        """Seconds from start to end; None until it ended, or if it never ran. Contract: 4.2."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(0.0, (self.finished_at - self.started_at).total_seconds())


def once_more(run: Run, number: int, now: datetime) -> Run:
    """Another run with the same code, configuration, definition and window, which nobody has claimed yet."""
    return replace(
        run,
        id=RunId(new_id()),
        number=number,
        status=RunStatus.PENDING,
        created_at=now,
        updated_at=now,
        started_at=None,
        finished_at=None,
        fence=0,
        is_acknowledged=False,
        claimed_at=None,
        claimed_by=None,
        lease_expires_at=None,
        unreachable_since=None,
        cancel_told_at=None,
        is_lost=False,
        attempt=1,
        not_before=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a data plane says of a run it leased; `at` is its own clock."""

    fence: int
    status: RunStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """The report changed the run. `fires_events` is False for a lost run: its events fired when it was given up."""

    run: Run
    fires_events: bool


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The report says nothing new: a repetition, or an earlier step that came late."""

    run: Run


@dataclass(frozen=True, slots=True)
class Refused:
    """The report may not change the run; `code` is stable."""

    code: str
    reason: str


def decide_report(run: Run, report: Report, now: datetime) -> Applied | Unchanged | Refused:
    """What a report does. May be asked again with the same report: the answer is then Unchanged."""
    if report.status not in _REPORTABLE:
        return Refused("invalid_status", f"A data plane does not report {report.status}.")
    if run.fence == 0 or report.fence != run.fence:
        return Refused("stale_fence", "The lease of this run is not the one named by the fence.")
    if run.is_lost:
        return _late(run, report, now)
    if run.is_terminal:
        if report.status == run.status or report.status not in TERMINAL:
            return Unchanged(run)
        return Refused("run_ended", f"The run has ended as {run.status}.")
    if report.status in TERMINAL:
        return Applied(_ended(run, report, now), fires_events=True)
    return _progress(run, report, now)


def decide_cancel(run: Run, now: datetime) -> Run | Refused:
    """What a request to cancel does: a waiting run ends at once, a leased one is told to stop."""
    if run.is_terminal:
        return Refused("run_ended", f"The run has already ended as {run.status}.")
    if run.status is RunStatus.PENDING:
        return replace(run, status=RunStatus.CANCELLED, finished_at=now, updated_at=now)
    if run.status is RunStatus.CANCELLING:
        return run
    return replace(run, status=RunStatus.CANCELLING, cancel_told_at=None, updated_at=now)


def _late(run: Run, report: Report, now: datetime) -> Applied | Unchanged:
    if report.status not in TERMINAL:
        return Unchanged(run)
    return Applied(replace(_ended(run, report, now), is_lost=False), fires_events=False)


def _progress(run: Run, report: Report, now: datetime) -> Applied | Unchanged:
    started_at = run.started_at
    status = run.status
    if report.status is RunStatus.RUNNING:
        started_at = started_at or _between(report.at, run.created_at, now)
        if status is RunStatus.STARTING:
            status = RunStatus.RUNNING
    if (status, started_at, True) == (run.status, run.started_at, run.is_acknowledged):
        return Unchanged(run)
    run = replace(run, status=status, started_at=started_at, is_acknowledged=True, updated_at=now)
    return Applied(run, fires_events=False)


def _ended(run: Run, report: Report, now: datetime) -> Run:
    return replace(
        run,
        status=report.status,
        finished_at=_between(report.at, run.started_at or run.created_at, now),
        updated_at=now,
        is_acknowledged=True,
        lease_expires_at=None,
        unreachable_since=None,
    )


def _between(moment: datetime, earliest: datetime, latest: datetime) -> datetime:
    """The plane's clock may be wrong: its word counts between what we saw before and now."""
    return max(earliest, min(moment, latest))
