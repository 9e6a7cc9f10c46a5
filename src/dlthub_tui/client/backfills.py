"""Backfills of a job: its past, loaded once more in slices (own routes)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport

UNDER_WAY = frozenset({"running", "cancelling"})
"""States of a backfill that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One slice, half open, with its newest run."""

    position: int
    start: datetime
    end: datetime
    state: str
    run_id: str | None
    run_number: int | None
    attempt: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """One backfill; `slices` only where it was asked for by itself. `id` is empty in the answer to a dry run."""

    id: str
    job_id: str
    job_ref: str
    state: str
    start: datetime
    end: datetime
    slice_size: str
    parallel: int
    attempts: int
    profile: str
    total: int
    counts: Mapping[str, int]
    created_at: datetime
    finished_at: datetime | None
    slices: tuple[Slice, ...]


async def start_backfill(plane: Transport, workspace_id: str, job_id: str, body: Mapping[str, Any]) -> Backfill:
    """Starts one; with `dry_run` only what it would be."""
    return _parse(await plane.post(f"/own/v1/workspaces/{workspace_id}/jobs/{job_id}/backfills", dict(body)))


async def list_backfills(plane: Transport, workspace_id: str, job_id: str) -> tuple[Backfill, ...]:
    """Those of a job, newest first."""
    raw = await plane.get(f"/own/v1/workspaces/{workspace_id}/jobs/{job_id}/backfills")
    return Fields(raw, "backfills").many("items", _parse)


async def get_backfill(plane: Transport, workspace_id: str, backfill_id: str) -> Backfill:
    """One with its slices."""
    return _parse(await plane.get(f"/own/v1/workspaces/{workspace_id}/backfills/{backfill_id}"))


async def cancel_backfill(plane: Transport, workspace_id: str, backfill_id: str) -> Backfill:
    """Starts no more of it and stops what runs."""
    return _parse(await plane.post(f"/own/v1/workspaces/{workspace_id}/backfills/{backfill_id}/-cancel"))


async def resume_backfill(plane: Transport, workspace_id: str, backfill_id: str) -> Backfill:
    """Loads again what failed or was cancelled."""
    return _parse(await plane.post(f"/own/v1/workspaces/{workspace_id}/backfills/{backfill_id}/-resume"))


def _parse(raw: Any) -> Backfill:
    fields = Fields(raw, "backfill")
    counts = fields.within("counts")
    states = ("waiting", "active", "completed", "covered", "failed", "cancelled")
    return Backfill(
        id=fields.maybe_text("id") or "",
        job_id=fields.text("job_id"),
        job_ref=fields.text("job_ref"),
        state=fields.text("state"),
        start=fields.moment("start"),
        end=fields.moment("end"),
        slice_size=fields.text("slice"),
        parallel=fields.number("parallel"),
        attempts=fields.number("attempts"),
        profile=fields.text("profile"),
        total=fields.number("slices_total"),
        counts={state: counts.number(state, 0) for state in states},
        created_at=fields.moment("created_at"),
        finished_at=fields.maybe_moment("finished_at"),
        slices=fields.many("slices", _parse_slice) if fields.raw("slices") is not None else (),
    )


def _parse_slice(raw: Any) -> Slice:
    fields = Fields(raw, "slice")
    number, attempt = fields.maybe_number("run_number"), fields.maybe_number("attempt")
    return Slice(
        position=fields.number("position"),
        start=fields.moment("start"),
        end=fields.moment("end"),
        state=fields.text("state"),
        run_id=fields.maybe_text("run_id"),
        run_number=int(number) if number is not None else None,
        attempt=int(attempt) if attempt is not None else None,
    )
