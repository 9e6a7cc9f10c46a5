"""Routes of jobs (Contract: 1.5, operations 32-40)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Query

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import (
    DownstreamQuery,
    IdText,
    Period,
    SearchQuery,
    Word,
    Words,
    WorkspaceIdPath,
    words,
)
from planes.control_plane.api.job_views import render_detailed_job, render_job, render_run
from planes.control_plane.services.work import jobs, starting
from planes.control_plane.services.work.jobs import Extras
from planes.control_plane.services.work.triggers import Fired
from planes.domain.identifiers import WorkspaceId
from planes.domain.triggers import Declined, ReceiptStatus
from planes.server.asked import asked
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.control.job_lists import JOB_SORT_KEYS, JobFilter
from planes.wire.jobs import DetailedJobResponse, JobResponse
from planes.wire.pages import ListPage
from planes.wire.runs import (
    BulkItemFailure,
    CategoryWord,
    JobTypeWord,
    RunStatusWord,
    TriggeredJob,
    TriggerJobsRequest,
    TriggerJobsResponse,
    TriggerKindWord,
)

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}/jobs", tags=["jobs"])

JobIdPath = Annotated[IdText, Path()]
RecentQuery = Annotated[int | None, Query(ge=0, le=100)]


class JobQuery:
    """FastAPI dependency: the filters of the jobs list."""

    def __init__(
        self,
        period: Annotated[Period, asked(Period)],
        q: SearchQuery = None,
        ref: Annotated[Word | None, Query()] = None,
        job_type: Annotated[list[JobTypeWord] | None, Query()] = None,
        is_archived: bool | None = None,
        is_paused: bool | None = None,
        profile: Words = None,
        pipeline_name: Words = None,
        status: Annotated[list[RunStatusWord] | None, Query()] = None,
        trigger_kind: Annotated[list[TriggerKindWord] | None, Query()] = None,
        is_self_firing: bool | None = None,
        category: Annotated[list[CategoryWord] | None, Query()] = None,
        exclude_category: Annotated[list[CategoryWord] | None, Query()] = None,
        tags: Words = None,
    ) -> None:
        self.values: dict[str, Any] = {
            "text": q,
            "job_ref": ref,
            "job_types": words([*(job_type or [])]),
            "is_archived": is_archived,
            "is_paused": is_paused,
            "profiles": words(profile),
            "pipeline_names": words(pipeline_name),
            "statuses": words([*(status or [])]),
            "trigger_kinds": words([*(trigger_kind or [])]),
            "is_self_firing": is_self_firing,
            "categories": words([*(category or [])]),
            "excluded_categories": words([*(exclude_category or [])]),
            "tags": words(tags),
            "start": period.start,
            "end": period.end,
        }


@router.get("", response_model=ListPage[DetailedJobResponse])
async def list_jobs(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    page: Annotated[Page, Depends(PageQuery(*JOB_SORT_KEYS))],
    query: Annotated[JobQuery, asked(JobQuery)],
    downstream: Annotated[DownstreamQuery, asked(DownstreamQuery)],
    recent_job_runs_limit: RecentQuery = None,
) -> dict[str, Any]:
    wanted = JobFilter(
        workspace_id=WorkspaceId(workspace_id),
        bounds=page.bounds,
        order=page.order,
        **query.values,
    )
    extras = Extras(recent_job_runs_limit, downstream.value)
    found = await jobs.list_jobs(parts, principal, wanted, extras)
    return envelope([render_detailed_job(item, parts.public_url) for item in found.items], page, found)


@router.post("/-trigger")
async def trigger_jobs(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, body: TriggerJobsRequest
) -> TriggerJobsResponse:
    receipt = await starting.trigger_jobs(parts, principal, workspace_id, body)
    return TriggerJobsResponse(
        succeeded=[_render(item, parts.public_url) for item in receipt.succeeded],
        skipped=[_render(item, parts.public_url) for item in receipt.skipped],
        failed=[BulkItemFailure(ref=ref, detail=detail) for ref, detail in receipt.failed],
    )


@router.get("/{job_id}")
async def get_job(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    job_id: JobIdPath,
    recent_job_runs_limit: RecentQuery = None,
) -> DetailedJobResponse:
    found = await jobs.get_job(parts, principal, workspace_id, job_id, Extras(recent_job_runs_limit))
    return render_detailed_job(found, parts.public_url)


@router.post("/{job_id}/-pause")
async def pause_job(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> JobResponse:
    return render_job(await jobs.pause(parts, principal, workspace_id, job_id), parts.public_url)


@router.post("/{job_id}/-resume")
async def resume_job(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> JobResponse:
    return render_job(await jobs.resume(parts, principal, workspace_id, job_id), parts.public_url)


@router.post("/{job_id}/-archive")
async def archive_job(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> JobResponse:
    return render_job(await jobs.archive(parts, principal, workspace_id, job_id), parts.public_url)


@router.post("/{job_id}/-unarchive")
async def unarchive_job(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> JobResponse:
    return render_job(await jobs.unarchive(parts, principal, workspace_id, job_id), parts.public_url)


@router.post("/{job_id}/-publish")
async def publish_job(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> JobResponse:
    return render_job(await jobs.publish(parts, principal, workspace_id, job_id), parts.public_url)


@router.post("/{job_id}/-unpublish")
async def unpublish_job(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, job_id: JobIdPath
) -> JobResponse:
    return render_job(await jobs.unpublish(parts, principal, workspace_id, job_id), parts.public_url)


def _render(item: Fired, public_url: str) -> TriggeredJob:
    job = item.request.job.job
    declined = item.decision if isinstance(item.decision, Declined) else None
    return TriggeredJob(
        job_id=job.id,
        job_ref=job.job_ref,
        matched_triggers=list(item.request.matched),
        trigger=item.request.trigger,
        status=(ReceiptStatus.TRIGGERED if declined is None else declined.status).value,
        reasons=None if declined is None else list(declined.reasons) or None,
        job_run=None if item.run is None else render_run(item.run, (), public_url),
        job_run_id=None if item.run is None else item.run.id,
    )
