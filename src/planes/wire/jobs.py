"""Bodies of jobs, their versions, and runs with their job (Contract: 1.7).

`job_definition` goes out exactly as it was deployed, after migration (Contract: 1.6).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from planes.wire.runs import DownstreamJobRunResponse, JobRunResponse, RecentJobRunResponse


class _Defined(BaseModel):
    """What a job and its versions both say of the definition."""

    id: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    version: int
    job_ref: str
    job_type: str
    job_definition: dict[str, Any]
    job_definition_engine_version: int
    job_definition_hash: str
    profile: str
    name: str | None
    description: str | None
    deployment_module: str | None
    default_trigger: str | None
    triggers: list[str]
    freshness: list[str] | None
    interval_start: datetime | None
    interval_end: datetime | None
    pipeline_name: str | None


class JobVersionResponse(_Defined):
    """One version of a job with what it may use."""

    job_id: str
    max_run_time_seconds: int
    provider: str
    instance_size: str | None
    memory_mib: int | None
    vcpu: float | None


class JobResponse(_Defined):
    """One job. `created_by` is a membership; `triggers` is the expanded list."""

    workspace_id: str
    is_archived: bool
    is_paused: bool
    next_scheduled_run_at: datetime | None
    job_url: str | None
    public_url: str | None
    public_secret: str | None


class DetailedJobResponse(JobResponse):
    """A job with its version, its latest run, and what was asked for beside."""

    current_version: JobVersionResponse | None
    latest_job_run: JobRunResponse | None
    recent_job_runs: list[RecentJobRunResponse] | None
    downstream_job_runs: list[DownstreamJobRunResponse] | None


class DetailedJobRunResponse(JobRunResponse):
    """A run with its job and the version that it runs. `attention_reasons` is for clients after 0.28.7."""

    attention_reasons: list[str]
    job: JobResponse
    job_version: JobVersionResponse
    downstream_job_runs: list[DownstreamJobRunResponse] | None
