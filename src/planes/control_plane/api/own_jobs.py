"""Own routes of jobs: a list in short, when they fire next, and how often they are tried (docs/api.md)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import WorkspaceIdPath
from planes.control_plane.api.job_views import render_short_job
from planes.control_plane.api.jobs import JobIdPath
from planes.control_plane.services.work import jobs, retrying
from planes.domain.identifiers import WorkspaceId
from planes.domain.retries import RetryPolicy
from planes.manifest.facts import JobFacts
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.control.job_lists import JobFilter
from planes.wire.own_jobs import (
    FIRE_TIMES_AT_MOST,
    VERSIONS_AT_MOST,
    FireTime,
    FireTimesResponse,
    JobVersionItem,
    JobVersionsResponse,
    PassedOverOfJob,
    PassedOverResponse,
    PassedOverStart,
    RetriesBody,
    ShortJobResponse,
)
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}/jobs", tags=["own: jobs"])


@router.get("", response_model=ListPage[ShortJobResponse])
async def list_jobs(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    page: Annotated[Page, Depends(PageQuery())],
    recent_job_runs_limit: Annotated[int, Query(ge=0, le=100)] = 0,
) -> dict[str, Any]:
    wanted = JobFilter(workspace_id=WorkspaceId(workspace_id), bounds=page.bounds)
    found = await jobs.list_short_jobs(parts, principal, wanted, recent_job_runs_limit)
    return envelope([render_short_job(item, parts.public_url) for item in found.items], page, found)


@router.get("/-passed-over")
async def list_passed_over(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath
) -> PassedOverResponse:
    items = [
        PassedOverOfJob(job_id=each.job_id, at=each.at, trigger=each.trigger, status=each.status)
        for each in await jobs.passed_over_starts(parts, principal, workspace_id)
    ]
    return PassedOverResponse(items=items)


@router.get("/{job_id}/fire-times")
async def get_fire_times(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    job_id: JobIdPath,
    limit: Annotated[int, Query(ge=1, le=FIRE_TIMES_AT_MOST)] = 5,
) -> FireTimesResponse:
    found = await jobs.fire_times(parts, principal, workspace_id, job_id, limit)
    over = found.passed_over
    return FireTimesResponse(
        job_id=found.job.job.id,
        job_ref=found.job.job.job_ref,
        timezone=JobFacts.from_definition(found.job.version.definition).timezone,
        is_paused=found.job.job.is_paused,
        paused_at=found.job.job.paused_at,
        completed_until=found.job.job.completed_end,
        waits_for=list(found.waits_for),
        passed_over=None if over is None else PassedOverStart(at=over.at, trigger=over.trigger, status=over.status),
        items=[FireTime(at=tick.at, trigger=tick.trigger) for tick in found.ticks],
    )


@router.get("/{job_id}/versions")
async def list_versions(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    job_id: JobIdPath,
    limit: Annotated[int, Query(ge=1, le=VERSIONS_AT_MOST)] = 20,
) -> JobVersionsResponse:
    items = [
        JobVersionItem(
            version=each.version, created_at=each.created_at, created_by=each.created_by,
            definition=dict(each.definition),
        )
        for each in await jobs.list_versions(parts, principal, workspace_id, job_id, limit)
    ]  # fmt: skip
    return JobVersionsResponse(job_id=job_id, items=items)


@router.get("/{job_id}/retries")
async def get_retries(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> RetriesBody:
    found = await retrying.get_policy(parts, principal, workspace_id, job_id)
    return RetriesBody(attempts=found.attempts, wait_seconds=found.wait_seconds)


@router.put("/{job_id}/retries")
async def put_retries(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    job_id: JobIdPath,
    body: RetriesBody,
) -> RetriesBody:
    policy = RetryPolicy(attempts=body.attempts, wait_seconds=body.wait_seconds)
    changed = await retrying.change_policy(parts, principal, workspace_id, job_id, policy)
    return RetriesBody(attempts=changed.attempts, wait_seconds=changed.wait_seconds)
