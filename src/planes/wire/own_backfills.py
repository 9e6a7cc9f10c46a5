"""Bodies of the own routes of backfills, under `/own/v1/workspaces/{ws}` of the control plane (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool, StringConstraints

from planes.domain.backfills import MOST_PARALLEL
from planes.domain.retries import MOST_ATTEMPTS

BackfillStateWord = Literal["running", "cancelling", "completed", "failed", "cancelled"]
SliceStateWord = Literal["waiting", "active", "completed", "covered", "failed", "cancelled"]
_Bound = Annotated[str, StringConstraints(min_length=4, max_length=40)]


class BackfillRequest(BaseModel):
    """What to load once more. Bounds are ISO 8601; one without an offset is in the job's time zone.

    `start` is the declared interval's, and `end` its end or what of it has elapsed, unless said. `slice` is a number of
    `m`, `h`, `d` or `w`. So many slices are loaded at a time; one that fails is tried `attempts` times, the first
    counted.
    """

    start: _Bound | None = None
    end: _Bound | None = None
    slice: Annotated[str, StringConstraints(min_length=1, max_length=8)]
    parallel: int | None = Field(default=None, ge=1, le=MOST_PARALLEL, strict=True)
    attempts: int = Field(default=1, ge=1, le=MOST_ATTEMPTS, strict=True)
    wait_seconds: int = Field(default=60, ge=1, le=86_400, strict=True)
    profile: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    dry_run: StrictBool = False


class BackfillSlice(BaseModel):
    """One slice, half open. `run_id` is its newest run, of `attempt` tries so far."""

    position: int
    start: datetime
    end: datetime
    state: SliceStateWord
    run_id: str | None
    run_number: int | None
    run_status: str | None
    attempt: int | None


class SliceCounts(BaseModel):
    """How many slices have each state."""

    waiting: int = 0
    active: int = 0
    completed: int = 0
    covered: int = 0
    failed: int = 0
    cancelled: int = 0


class BackfillResponse(BaseModel):
    """A backfill without its slices. `id` is null in the answer to a dry run."""

    id: str | None
    job_id: str
    job_ref: str
    state: BackfillStateWord
    start: datetime
    end: datetime
    slice: str
    parallel: int
    attempts: int
    wait_seconds: int
    profile: str
    slices_total: int
    counts: SliceCounts
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class DetailedBackfillResponse(BackfillResponse):
    """A backfill with each slice, earliest first."""

    slices: list[BackfillSlice]


class BackfillsResponse(BaseModel):
    """The backfills of a job, newest first, a hundred at most."""

    items: list[BackfillResponse]
