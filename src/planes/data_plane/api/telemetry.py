"""Routes of telemetry: watermark, pipeline runs, statistics, results (Contract: 1.5, operations 54 to 61)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Query, Request

from planes.data_plane.api.authentication import requires
from planes.data_plane.api.run_access import Id, RunPath, running_of
from planes.data_plane.services.audit import Actor
from planes.data_plane.services.telemetry.statistics import Statistics
from planes.domain.access import Grant
from planes.domain.errors import InvalidRequest, Reason
from planes.server.asked import asked
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery
from planes.storage.data.statistics import DATASET_SORTS, PIPELINE_SORTS, StatisticsFilter
from planes.storage.data.telemetry import SORTS, PipelineRunFilter
from planes.tokens.claims import Claims
from planes.wire.moments import Moment
from planes.wire.telemetry import (
    DetailedPipelineRunResponse,
    JobResultResponse,
    TelemetryStatus,
    WatermarkResponse,
)

router = LateRouter(prefix="/telemetry/v1/workspaces/{workspace_id}", tags=["telemetry"])
Reader = Annotated[Claims, Depends(requires(Grant.READ))]
Names = Annotated[list[str] | None, Query(max_length=200)]


class Window:
    """Query parameters: naive bounds of the runs' starts, read in `timezone` (Contract: 1.1)."""

    def __init__(
        self,
        start: Annotated[Moment | None, Query()] = None,
        end: Annotated[Moment | None, Query()] = None,
        timezone: Annotated[str, Query(max_length=64)] = "UTC",
    ) -> None:
        self.start = _in_zone("start", start, timezone)
        self.end = _in_zone("end", end, timezone)


class Latest:
    """Query parameters: what the newest run of each must be like."""

    def __init__(
        self,
        latest_status: Annotated[list[TelemetryStatus] | None, Query()] = None,
        latest_destination_name: Names = None,
    ) -> None:
        self.columns: dict[str, list[str]] = {
            "latest_status": [str(each) for each in latest_status or ()],
            "latest_destination_name": latest_destination_name or [],
        }


@router.get("/watermark")
async def get_watermark(request: Request, claims: Reader) -> WatermarkResponse:
    """When the workspace's telemetry was last written."""
    return await running_of(request).telemetry.get_watermark(Actor.of(claims))


@router.get("/pipeline-runs")
async def list_pipeline_runs(
    request: Request,
    workspace_id: str,
    claims: Reader,
    page: Annotated[Page, Depends(PageQuery(*sorted(SORTS)))],
    window: Annotated[Window, asked(Window)],
    q: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[list[TelemetryStatus] | None, Query()] = None,
    pipeline_name: Names = None,
    dataset_name: Names = None,
    destination_name: Names = None,
    job_run_id: Annotated[list[Id] | None, Query(max_length=200)] = None,
    is_empty_run: bool | None = None,
) -> dict[str, Any]:
    """A page of pipeline runs, newest first."""
    wanted = PipelineRunFilter(
        workspace_id=workspace_id,
        start=window.start,
        end=window.end,
        text=q,
        is_empty_run=is_empty_run,
        among={
            "status": [str(each) for each in status or ()],
            "pipeline_name": pipeline_name or (),
            "dataset_name": dataset_name or (),
            "destination_name": destination_name or (),
            "job_run_id": job_run_id or (),
        },
    )
    return await running_of(request).telemetry.list_pipeline_runs(Actor.of(claims), wanted, page)


@router.get("/pipelines/-/stats")
async def list_pipeline_stats(
    request: Request,
    workspace_id: str,
    claims: Reader,
    page: Annotated[Page, Depends(PageQuery(*PIPELINE_SORTS))],
    window: Annotated[Window, asked(Window)],
    latest: Annotated[Latest, asked(Latest)],
    q: Annotated[str | None, Query(max_length=200)] = None,
    pipeline_name: Names = None,
) -> dict[str, Any]:
    """A page of pipelines with their totals over the window (seven days by default)."""
    counting = running_of(request).statistics
    wanted = _statistics(counting, workspace_id, window, latest, q, pipeline_name)
    return await counting.list_pipelines(Actor.of(claims), wanted, page)


@router.get("/datasets/-/stats")
async def list_dataset_stats(
    request: Request,
    workspace_id: str,
    claims: Reader,
    page: Annotated[Page, Depends(PageQuery(*DATASET_SORTS))],
    window: Annotated[Window, asked(Window)],
    latest: Annotated[Latest, asked(Latest)],
    q: Annotated[str | None, Query(max_length=200)] = None,
    dataset_name: Names = None,
) -> dict[str, Any]:
    """A page of datasets with their totals over the window (seven days by default)."""
    counting = running_of(request).statistics
    wanted = _statistics(counting, workspace_id, window, latest, q, dataset_name)
    return await counting.list_datasets(Actor.of(claims), wanted, page)


@router.get("/pipeline-runs/{pipeline_run_id}")
async def get_pipeline_run(request: Request, pipeline_run_id: str, claims: Reader) -> DetailedPipelineRunResponse:
    """One pipeline run with its packages, resources and tables."""
    return await running_of(request).telemetry.get_pipeline_run(Actor.of(claims), pipeline_run_id)


@router.get("/pipeline-runs/{pipeline_run_id}/trace")
async def get_pipeline_run_trace(request: Request, pipeline_run_id: str, claims: Reader) -> dict[str, Any]:
    """dlt's own trace of a pipeline run."""
    return await running_of(request).telemetry.get_trace(Actor.of(claims), pipeline_run_id)


@router.get("/job-runs/{run_id}/result")
async def get_result(request: Request, run_id: RunPath, claims: Reader) -> JobResultResponse:
    """What the job declared with `run.result`."""
    return await running_of(request).results.get_result(Actor.of(claims), run_id)


@router.get("/job-runs/{run_id}/result-trace", responses={413: {"description": "The trace is too large to serve"}})
async def get_result_trace(request: Request, run_id: RunPath, claims: Reader) -> dict[str, Any]:
    """The result's envelope as the job sent it; 413 `job_result_trace_too_large` when only its numbers were kept."""
    return await running_of(request).results.get_trace(Actor.of(claims), run_id)


def _statistics(
    counting: Statistics, workspace_id: str, window: Window, latest: Latest, text: str | None, names: list[str] | None
) -> StatisticsFilter:
    start, end = counting.window(window.start, window.end)
    return StatisticsFilter(
        workspace_id=workspace_id, start=start, end=end, text=text, names=names or (), latest=latest.columns
    )


def _in_zone(key: str, naive: datetime | None, timezone: str) -> datetime | None:
    """Window bounds are naive and read in `timezone` (Contract: 1.1).

    Raises: InvalidRequest.
    """
    if naive is None:
        return None
    if naive.tzinfo is not None:
        raise InvalidRequest("invalid_request", "The request breaks a rule.", (Reason(key=key, message="no offset"),))
    try:
        return naive.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError) as exc:
        reason = Reason(key="timezone", message="not a known time zone")
        raise InvalidRequest("invalid_request", "The request breaks a rule.", (reason,)) from exc
