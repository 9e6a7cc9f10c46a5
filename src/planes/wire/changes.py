"""Events of the stream of changes, `GET /own/v1/changes` (docs/api.md)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class ChangeResponse(BaseModel):
    """What changed: a run with its state after it, else a job, else something else of the workspace.

    A run's `status` and times are those after the change.
    """

    workspace_id: str
    job_id: str | None = None
    run_id: str | None = None
    number: int | None = None
    status: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ChangesEvent(BaseModel):
    """One event. `is_reset`: changes may be missing before it, so whoever shows states asks for them anew."""

    is_reset: bool = False
    changes: list[ChangeResponse] = []
