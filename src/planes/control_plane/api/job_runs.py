"""Routes of runs (Contract: 1.5, operations 41-45), and our own view of one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from starlette.responses import JSONResponse

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import (
    DownstreamQuery,
    IdText,
    Period,
    SearchQuery,
    UuidQuery,
    Words,
    WorkspaceIdPath,
    words,
)
from planes.control_plane.api.job_views import render_detailed_run, render_own_run
from planes.control_plane.services.work import rerunning, runs, starting
from planes.control_plane.services.work.runs import Cancelled
from planes.domain.attention import AttentionReason
from planes.domain.identifiers import WorkspaceId
from planes.domain.triggers import CONTRACT_SKIPS, Declined
from planes.server.asked import asked
from planes.server.errors import error_response
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.control.run_lists import RUN_SORT_KEYS, RunFilter
from planes.wire.jobs import DetailedJobRunResponse
from planes.wire.pages import ListPage
from planes.wire.runs import (
    BulkItemFailure,
    CancelJobRunsRequest,
    CancelJobRunsResponse,
    CancelledJobRun,
    CategoryWord,
    CreateJobRunRequest,
    JobTypeWord,
    OwnJobRunResponse,
    RunStatusWord,
    TriggerKindWord,
)

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}/job-runs", tags=["job-runs"])
own_router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}/job-runs", tags=["own"])

RunIdPath = Annotated[IdText, Path()]
Seconds = Annotated[float | None, Query(ge=0, le=1e9)]


class RunQuery:
    """FastAPI dependency: the filters of the runs list."""

    def __init__(
        self,
        period: Annotated[Period, asked(Period)],
        q: SearchQuery = None,
        status: Annotated[list[RunStatusWord] | None, Query()] = None,
        attention_reason: Annotated[list[AttentionReason] | None, Query()] = None,
        number: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
        job_id: UuidQuery = None,
        previous_job_run_id: UuidQuery = None,
        job_type: Annotated[list[JobTypeWord] | None, Query()] = None,
        category: Annotated[list[CategoryWord] | None, Query()] = None,
        exclude_category: Annotated[list[CategoryWord] | None, Query()] = None,
        trigger: Words = None,
        trigger_kind: Annotated[list[TriggerKindWord] | None, Query()] = None,
        triggered_by: Words = None,
        profile: Words = None,
        min_duration_seconds: Seconds = None,
        max_duration_seconds: Seconds = None,
        include_system_job_runs: bool = False,
    ) -> None:
        self.values: dict[str, Any] = {
            "text": q,
            "statuses": words([*(status or [])]),
            "attention_reasons": words([*(attention_reason or [])]),
            "number": number,
            "job_id": job_id,
            "previous_job_run_id": previous_job_run_id,
            "job_types": words([*(job_type or [])]),
            "categories": words([*(category or [])]),
            "excluded_categories": words([*(exclude_category or [])]),
            "triggers": words(trigger),
            "trigger_kinds": words([*(trigger_kind or [])]),
            "triggered_by": words(triggered_by),
            "profiles": words(profile),
            "minimum_duration_seconds": min_duration_seconds,
            "maximum_duration_seconds": max_duration_seconds,
            "includes_system_runs": include_system_job_runs,
            "start": period.start,
            "end": period.end,
        }


@router.get("", response_model=ListPage[DetailedJobRunResponse])
async def list_runs(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    page: Annotated[Page, Depends(PageQuery(*RUN_SORT_KEYS))],
    query: Annotated[RunQuery, asked(RunQuery)],
    downstream: Annotated[DownstreamQuery, asked(DownstreamQuery)],
) -> dict[str, Any]:
    wanted = RunFilter(
        workspace_id=WorkspaceId(workspace_id),
        bounds=page.bounds,
        order=page.order,
        **query.values,
    )
    found = await runs.list_runs(parts, principal, wanted, downstream.value)
    return envelope([render_detailed_run(item, parts.public_url) for item in found.items], page, found)


@router.post(
    "",
    status_code=201,
    response_model=DetailedJobRunResponse,
    responses={200: {"model": DetailedJobRunResponse, "description": "The job's active run (mode=when_not_running)"}},
)
async def create_run(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    body: CreateJobRunRequest,
    response: Response,
) -> DetailedJobRunResponse | JSONResponse:
    outcome = await starting.create_run(parts, principal, workspace_id, body)
    if isinstance(outcome, starting.NotStarted):
        return _declined(outcome.declined)
    if not outcome.is_new:
        response.status_code = 200
    found = await runs.get_run(parts, principal, workspace_id, outcome.run.id)
    return render_detailed_run(found, parts.public_url)


@router.post("/-cancel")
async def cancel_runs(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, body: CancelJobRunsRequest
) -> CancelJobRunsResponse:
    receipt = await runs.cancel_runs(parts, principal, workspace_id, body.job_run_ids, dry_run=body.dry_run)
    return CancelJobRunsResponse(
        succeeded=[_render_cancelled(item) for item in receipt.succeeded],
        skipped=[_render_cancelled(item) for item in receipt.skipped],
        failed=[
            BulkItemFailure(ref=run_id, detail="There is no such run in this workspace.") for run_id in receipt.unknown
        ],
    )


@router.get("/{run_id}")
async def get_run(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, run_id: RunIdPath
) -> DetailedJobRunResponse:
    return render_detailed_run(await runs.get_run(parts, principal, workspace_id, run_id), parts.public_url)


@router.post("/{run_id}/-cancel")
async def cancel_run(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, run_id: RunIdPath
) -> DetailedJobRunResponse:
    return render_detailed_run(await runs.cancel_run(parts, principal, workspace_id, run_id), parts.public_url)


@own_router.get("/{run_id}")
async def get_own_run(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, run_id: RunIdPath
) -> OwnJobRunResponse:
    run = (await runs.get_run(parts, principal, workspace_id, run_id)).run
    return render_own_run(run, parts.lease_time.as_wall(run.lease_expires_at))


@own_router.post("/{run_id}/-rerun", status_code=201, response_model=DetailedJobRunResponse)
async def rerun(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, run_id: RunIdPath
) -> DetailedJobRunResponse | JSONResponse:
    outcome = await rerunning.rerun(parts, principal, workspace_id, run_id)
    if isinstance(outcome, Declined):
        if outcome.status not in CONTRACT_SKIPS:
            raise starting.refusal(outcome)
        return _declined(outcome)
    return render_detailed_run(await runs.get_run(parts, principal, workspace_id, outcome.id), parts.public_url)


def _declined(declined: Declined) -> JSONResponse:
    """Declined by the gate: 409 with the receipt's word as code and the reasons beside it (Contract: 1.2)."""
    detail = " ".join(declined.reasons) or "The run was not started."
    return error_response(409, declined.status.value, detail, {"reasons": list(declined.reasons)})


def _render_cancelled(item: Cancelled) -> CancelledJobRun:
    return CancelledJobRun(
        job_ref=item.job_ref,
        job_run_id=item.run.id,
        job_run_number=item.run.number,
        previous_status=item.run.status.value,
    )
