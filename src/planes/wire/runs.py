"""Bodies of runs and of what starts and ends them (Contract: 1.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool, StringConstraints

JobTypeWord = Literal["batch", "interactive", "stream"]
RunStatusWord = Literal["pending", "starting", "running", "cancelling", "cancelled", "completed", "failed", "skipped"]
TriggerKindWord = Literal["every", "http", "job.fail", "job.success", "manual", "once", "schedule", "webhook"]
CategoryWord = Literal["background_agent", "dashboard", "mcp", "notebook", "pipeline"]
RunMode = Literal["always", "when_not_running"]

# As somebody wrote it: capitals are the same id (RFC 9562, 4).
GivenId = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", to_lower=True)
]
_Trigger = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
_Profile = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class PipelineRunSummaryResponse(BaseModel):
    """Names and counts of one pipeline run."""

    pipeline_name: str
    pipeline_run_id: str | None
    dataset_name: str | None
    destination_name: str | None
    transaction_id: str | None
    status: str | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    total_rows: int | None


class JobRunResponse(BaseModel):
    """One run. `triggered_by` is a membership when a person started it."""

    id: str
    number: int
    status: str
    trigger: str
    profile: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_seconds: float | None
    workspace_id: str
    configuration_id: str
    deployment_id: str
    job_version_id: str
    triggered_by: str | None
    logs_url: str | None
    interval_start: datetime | None
    interval_end: datetime | None
    previous_job_run_id: str | None
    pipeline_run_summaries: list[PipelineRunSummaryResponse]


class RecentJobRunResponse(BaseModel):
    """One of a job's latest runs, in short."""

    id: str
    status: str
    duration_seconds: float | None
    rows_loaded: int | None
    started_at: datetime | None


class DownstreamJobRunResponse(BaseModel):
    """A run that another run's end started, in short."""

    id: str
    job_id: str
    job_ref: str
    name: str
    number: int
    status: str
    trigger: str
    category: str | None
    duration_seconds: float | None
    started_at: datetime | None


class CreateJobRunRequest(BaseModel):
    """Start one job by hand."""

    job_id: GivenId
    trigger: _Trigger
    mode: RunMode = "always"
    profile: _Profile | None = None
    refresh: StrictBool = False
    skip_freshness: StrictBool = False


class TriggerJobsRequest(BaseModel):
    """Start jobs named by id or found by selectors; one of the two lists is not empty."""

    dry_run: StrictBool = False
    job_ids: Annotated[list[GivenId], Field(max_length=1000)] | None = None
    profile: _Profile | None = None
    refresh: StrictBool = False
    selectors: Annotated[list[_Trigger], Field(max_length=200)] | None = None


class TriggeredJob(BaseModel):
    """What became of one job of a trigger request."""

    job_id: str
    job_ref: str
    matched_triggers: list[str]
    trigger: str
    status: str
    reasons: list[str] | None
    job_run: JobRunResponse | None
    job_run_id: str | None


class BulkItemFailure(BaseModel):
    """One item of a bulk request that failed; `ref` is its id or natural key."""

    ref: str
    detail: str


class TriggerJobsResponse(BaseModel):
    """The receipt of a trigger request."""

    succeeded: list[TriggeredJob]
    skipped: list[TriggeredJob]
    failed: list[BulkItemFailure]


class CancelJobRunsRequest(BaseModel):
    """Cancel several runs at once."""

    job_run_ids: Annotated[list[GivenId], Field(max_length=1000)]
    dry_run: StrictBool = False


class CancelledJobRun(BaseModel):
    """One run of a cancel request and the status it had."""

    job_ref: str
    job_run_id: str
    job_run_number: int
    previous_status: str


class CancelJobRunsResponse(BaseModel):
    """The receipt of a cancel request; `skipped` had ended already."""

    succeeded: list[CancelledJobRun]
    skipped: list[CancelledJobRun]
    failed: list[BulkItemFailure]


class OwnJobRunResponse(BaseModel):
    """What our own clients see of a run beyond the contract.

    `unreachable_since`: its data plane has been silent since then. `reason` is `lost` when it was given up for that.
    """

    id: str
    number: int
    status: str
    reason: Literal["lost"] | None
    dataplane_id: str
    unreachable_since: datetime | None
    lease_expires_at: datetime | None
    claimed_at: datetime | None
    is_refresh: bool
    chain_depth: int
