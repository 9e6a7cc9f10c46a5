"""Bodies of the own routes of jobs, under `/own/v1/workspaces/{ws}` of the control plane (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from planes.domain.retries import MOST_ATTEMPTS

FIRE_TIMES_AT_MOST = 100
VERSIONS_AT_MOST = 100


class RetriesBody(BaseModel):
    """How often a run of the job is tried, the first time counted, and the seconds before the second try.

    Each further wait is twice the one before, a day at most. `attempts` 1: a failed run is not tried again.
    """

    attempts: int = Field(ge=1, le=MOST_ATTEMPTS, strict=True)
    wait_seconds: int = Field(default=60, ge=1, le=86_400, strict=True)


class RowsLoadedResponse(BaseModel):
    """What the pipelines of a workspace's runs loaded together."""

    rows: int


class ShortJobRun(BaseModel):
    """What a list of jobs shows of the latest run of one."""

    id: str
    number: int
    status: str
    trigger: str
    profile: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_seconds: float | None
    interval_start: datetime | None
    interval_end: datetime | None


class ShortJobResponse(BaseModel):
    """What a list shows of a job, with no definition: a list of a thousand is a third of the contract's.

    `triggers` are expanded, `declared_triggers` as they were deployed. Of each recent run, newest first: id, status,
    duration in seconds, rows loaded.
    """

    id: str
    job_ref: str
    job_type: str
    profile: str
    version: int
    description: str | None
    triggers: list[str]
    declared_triggers: list[str]
    freshness: list[str]
    timezone: str | None
    timeout_seconds: float | None
    pipeline_name: str | None
    is_archived: bool
    is_paused: bool
    next_scheduled_run_at: datetime | None
    updated_at: datetime
    job_url: str | None
    public_url: str | None
    latest_job_run: ShortJobRun | None
    recent_job_runs: list[tuple[str, str, float | None, int | None]]


class FireTime(BaseModel):
    """One moment at which a clock fires the job."""

    at: datetime
    trigger: str


class JobVersionItem(BaseModel):
    """A definition that a job had, since `created_at`."""

    version: int
    created_at: datetime
    created_by: str
    definition: dict[str, Any]


class JobVersionsResponse(BaseModel):
    """The newest first."""

    job_id: str
    items: list[JobVersionItem]


class PassedOverStart(BaseModel):
    """A start that fired by itself and was declined; `status` as in a receipt."""

    at: datetime
    trigger: str
    status: str


class PassedOverOfJob(PassedOverStart):
    """With the job that did not start."""

    job_id: str


class PassedOverResponse(BaseModel):
    """One of each job at most, and none of a job that has started since."""

    items: list[PassedOverOfJob]


class FireTimesResponse(BaseModel):
    """The next moments, earliest first; `timezone` is the one that cron expressions are read in.

    While `is_paused`, since `paused_at` as far as is known, nothing starts at them. `completed_until` is up to where
    its runs have completed its time, and where the next one begins. `waits_for`: refs of the jobs that a start waits
    for which was put off. `passed_over`: the newest start by a clock, a job event or a deploy that was declined and
    does not wait.
    """

    job_id: str
    job_ref: str
    timezone: str
    is_paused: bool
    paused_at: datetime | None
    completed_until: datetime | None
    waits_for: list[str]
    passed_over: PassedOverStart | None
    items: list[FireTime]
