"""Own routes of backfills: a job's past, loaded once more in slices (docs/api.md)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import WorkspaceIdPath
from planes.control_plane.api.jobs import JobIdPath
from planes.control_plane.services.work import backfilling
from planes.control_plane.services.work.backfilling import Order, Shown
from planes.manifest.slices import Wanted
from planes.server.late_routes import LateRouter
from planes.wire.own_backfills import (
    BackfillRequest,
    BackfillResponse,
    BackfillSlice,
    BackfillsResponse,
    DetailedBackfillResponse,
    SliceCounts,
)

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own: backfills"])
BackfillIdPath = Annotated[str, Path(max_length=64)]


@router.post("/jobs/{job_id}/backfills", status_code=201)
async def start_backfill(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    job_id: JobIdPath,
    body: BackfillRequest,
    response: Response,
) -> DetailedBackfillResponse:
    """Starts one; a dry run answers 200 with what it would be."""
    order = Order(
        wanted=Wanted(start=body.start, end=body.end, size=body.slice),
        parallel=body.parallel,
        attempts=body.attempts,
        wait_seconds=body.wait_seconds,
        profile=body.profile,
        is_dry_run=body.dry_run,
    )
    if body.dry_run:
        response.status_code = 200
    return _detailed(await backfilling.start(parts, principal, workspace_id, job_id, order))


@router.get("/jobs/{job_id}/backfills")
async def list_backfills(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> BackfillsResponse:
    """Those of a job, newest first."""
    listed = await backfilling.list_of_job(parts, principal, workspace_id, job_id)
    return BackfillsResponse(items=[_backfill(each) for each in listed])


@router.get("/backfills/{backfill_id}")
async def get_backfill(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, backfill_id: BackfillIdPath
) -> DetailedBackfillResponse:
    """One with its slices."""
    return _detailed(await backfilling.get(parts, principal, workspace_id, backfill_id))


@router.post("/backfills/{backfill_id}/-cancel")
async def cancel_backfill(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, backfill_id: BackfillIdPath
) -> DetailedBackfillResponse:
    """Starts no more of it and stops what runs."""
    return _detailed(await backfilling.cancel(parts, principal, workspace_id, backfill_id))


@router.post("/backfills/{backfill_id}/-resume")
async def resume_backfill(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, backfill_id: BackfillIdPath
) -> DetailedBackfillResponse:
    """Loads what failed or was cancelled."""
    return _detailed(await backfilling.resume(parts, principal, workspace_id, backfill_id))


def _backfill(shown: Shown) -> BackfillResponse:
    return BackfillResponse.model_validate(_fields(shown))


def _detailed(shown: Shown) -> DetailedBackfillResponse:
    runs = shown.runs or {}
    slices: list[BackfillSlice] = []
    for row in shown.slices:
        run = runs.get(row.run_id) if row.run_id else None
        slices.append(
            BackfillSlice(
                position=row.position,
                start=row.starts_at,
                end=row.ends_at,
                state=row.state.value,
                run_id=row.run_id,
                run_number=run.number if run else None,
                run_status=run.status.value if run else None,
                attempt=run.attempt if run else None,
            )
        )
    return DetailedBackfillResponse.model_validate({**_fields(shown), "slices": slices})


def _fields(shown: Shown) -> dict[str, object]:
    found = shown.backfill
    return {
        "id": None if shown.is_planned_only else found.id,
        "job_id": found.job_id,
        "job_ref": shown.job_ref,
        "state": found.state.value,
        "start": found.starts_at,
        "end": found.ends_at,
        "slice": found.slice_size,
        "parallel": found.parallel,
        "attempts": found.attempts,
        "wait_seconds": found.wait_seconds,
        "profile": found.profile,
        "slices_total": sum(shown.counts.values()),
        "counts": SliceCounts.model_validate(dict(shown.counts)),
        "created_by": found.created_by,
        "created_at": found.created_at,
        "finished_at": found.finished_at,
    }
