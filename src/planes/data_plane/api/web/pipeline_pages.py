"""Pages of telemetry: a pipeline with its loads, and one load with its steps, packages, tables and errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from fastapi import Request
from starlette.responses import Response

from planes.data_plane.api.run_access import running_of
from planes.data_plane.api.web.fresh import fresh_page, tag_of
from planes.data_plane.api.web.pipeline_rows import pipeline_path, pipeline_run_table, run_name
from planes.data_plane.api.web.visits import CurrentVisit, Part, Visit, VisitRoute
from planes.data_plane.services.traces.schema_changes import TableChange, find_schema_changes
from planes.manifest.facts import part
from planes.server.late_routes import LateRouter
from planes.server.page_parts import (
    block,
    command,
    count,
    duration,
    facts,
    link,
    moment,
    number,
    prose,
    size,
    state,
    table,
    trail,
)
from planes.server.paging import Cursors, Page
from planes.storage.data.statistics import StatisticsFilter
from planes.storage.data.telemetry import PipelineRunFilter
from planes.storage.types import Row
from planes.wire.shell_words import quoted
from planes.wire.telemetry import DetailedPipelineRunResponse, PipelineRunResponse, PipelineStatsResponse

router = LateRouter(prefix="/w", route_class=VisitRoute, include_in_schema=False)
_LATEST = 100


@router.get("/{workspace_id}/pipelines/{name}")
async def show_pipeline(request: Request, visit: CurrentVisit, name: Part) -> Response:
    watermark = await running_of(request).telemetry.get_watermark(visit.actor)
    tag = tag_of(watermark.updated_at, name)
    return await fresh_page(request, tag, name, lambda: _pipeline(request, visit, name))


@router.get("/{workspace_id}/pipeline-runs/{pipeline_run_id}")
async def show_pipeline_run(request: Request, visit: CurrentVisit, pipeline_run_id: Part) -> Response:
    running = running_of(request)
    watermark = await running.telemetry.get_watermark(visit.actor)
    found = await running.telemetry.get_pipeline_run(visit.actor, pipeline_run_id)
    tag = tag_of(watermark.updated_at, pipeline_run_id)
    title = f"{found.pipeline_name}, {found.started_at or found.created_at:%Y-%m-%d %H:%M:%S}"
    return await fresh_page(request, tag, title, lambda: _pipeline_run(request, visit, found))


@router.get("/{workspace_id}/pipeline-runs/{pipeline_run_id}/-trace")
async def get_trace(request: Request, visit: CurrentVisit, pipeline_run_id: Part) -> Response:
    """dlt's own trace, as a file."""
    trace = await running_of(request).telemetry.get_trace(visit.actor, pipeline_run_id)
    headers = {
        "cache-control": "no-store",
        "content-disposition": 'attachment; filename="trace.json"',
        "x-content-type-options": "nosniff",
    }
    return Response(json.dumps(trace, indent=2), media_type="application/json", headers=headers)


async def _pipeline(request: Request, visit: Visit, name: str) -> str:
    running, cursors = running_of(request), Cursors.of(request)
    wanted = PipelineRunFilter(workspace_id=visit.workspace_id, among={"pipeline_name": [name]})
    listed = await running.telemetry.list_pipeline_runs(
        visit.actor, wanted, Page(limit=_LATEST, offset=0, cursors=cursors)
    )
    found = [PipelineRunResponse(**item) for item in listed["items"]]
    start, end = running.statistics.window(None, None)
    week = StatisticsFilter(workspace_id=visit.workspace_id, start=start, end=end, names=[name])
    totals = await running.statistics.list_pipelines(visit.actor, week, Page(limit=1, offset=0, cursors=cursors))
    return (
        "".join(_totals(PipelineStatsResponse(**item)) for item in totals["items"])
        + pipeline_run_table(visit.path, "Loads", found, "No run of this pipeline told of itself.", names=False)
        + command(await _command(request, visit, name, found))
    )


async def _command(request: Request, visit: Visit, name: str, found: Sequence[PipelineRunResponse]) -> str:
    """What starts it, where the job that ran it last declares that it does; else what that job said."""
    running = running_of(request)
    newest = await running.telemetry.get_pipeline_run(visit.actor, found[0].id) if found else None
    run_id = newest.job_run_id if newest is not None else None
    run = await running.finder.find_run(visit.workspace_id, run_id) if run_id else None
    if run is not None and part(run["lease"]["definition"], "deliver").get("pipeline_name") == name:
        return f"dlthub pipeline run {quoted(name)}"
    return _log_command(run)


def _log_command(run: Row | None) -> str:
    return f"dlthub job logs {run_name(run)}" if run is not None else "dlthub job list"


def _totals(week: PipelineStatsResponse) -> str:
    return "<h2>Last seven days</h2>" + facts([
        ("Loads", f"{week.succeeded_pipeline_run_count:,} of {week.total_pipeline_run_count:,} succeeded"),
        ("Rows", count(week.total_rows_loaded)),
        ("Size", size(week.total_bytes_loaded)),
        ("On average", duration(week.average_duration_ms)),
        ("Dataset", escape(week.latest_dataset_name or "–")),
        ("Destination", escape(week.latest_destination_name or "–")),
        ("Sources", escape(", ".join(week.latest_source_names or ()) or "–")),
    ])  # fmt: skip


async def _pipeline_run(request: Request, visit: Visit, found: DetailedPipelineRunResponse) -> str:
    running = running_of(request)
    trace = await running.telemetry.get_trace(visit.actor, found.id)
    run = await running.finder.find_run(visit.workspace_id, found.job_run_id) if found.job_run_id else None
    path = f"{visit.path}/pipeline-runs/{found.id}"
    return (
        trail(*_above(visit, found, run))
        + facts([
            ("State", f'<span role="status">{state(found.status)}</span>'),
            ("Began", moment(found.started_at)),
            ("Took", duration(found.duration_ms)),
            ("Rows", f"{found.total_rows_loaded:,} loaded, {found.total_rows_extracted:,} extracted"),
            ("Size", f"{size(found.total_bytes_loaded)} loaded, {size(found.total_bytes_extracted)} extracted"),
            ("Dataset", escape(found.dataset_name or "–")),
            ("Destination", escape(found.destination_name or "–")),
            ("Versions", escape(_versions(found))),
        ])
        + _error(found)
        + _steps(found)
        + _packages(found)
        + _tables(found)
        + _resources(found)
        + _schema_changes(find_schema_changes(trace))
        + f"<p>{link(f'{path}/-trace', 'The trace, as JSON')}</p>"
        + command(_log_command(run))
    )  # fmt: skip


def _above(visit: Visit, found: DetailedPipelineRunResponse, run: Row | None) -> list[tuple[str, str]]:
    above = [(pipeline_path(visit.path, found.pipeline_name), found.pipeline_name)]
    return [*above, (f"{visit.path}/runs/{run['id']}", run_name(run))] if run is not None else above


def _versions(found: DetailedPipelineRunResponse) -> str:
    dlt = found.dlt_version or found.dlt_plus_version
    system = " ".join(part for part in (found.os_name, found.os_version) if part)
    named = ((dlt and f"dlt {dlt}"), (found.python_version and f"Python {found.python_version}"), system)
    return ", ".join(part for part in named if part) or "–"


def _error(found: DetailedPipelineRunResponse) -> str:
    if found.error_message is None and found.error_traceback is None:
        return ""
    step = f"Failed in {found.error_step}" if found.error_step else "Failed"
    return f'<h2>{escape(step)}</h2><p class="problem">{escape(found.error_message or "No reason was given.")}</p>' + (
        block("Traceback", found.error_traceback) if found.error_traceback else ""
    )


def _steps(found: DetailedPipelineRunResponse) -> str:
    spent = (
        ("extract", found.extract_duration_ms), ("normalize", found.normalize_duration_ms),
        ("load", found.load_duration_ms),
    )  # fmt: skip
    rows = [
        [name, state("failed" if name == found.error_step else "succeeded"), duration(milliseconds)]
        for name, milliseconds in spent
        if milliseconds is not None
    ]
    return table("Steps", ("Step", "State", number("Took")), rows, "No step was reached.")


def _packages(found: DetailedPipelineRunResponse) -> str:
    rows = [
        [
            escape(each.load_id),
            state(each.load_status or "unknown"),
            f"{each.completed_job_count} of {each.job_count}"
            + (f', <span class="ill">{each.failed_job_count} failed</span>' if each.failed_job_count else ""),
            count(each.total_rows_loaded),
            size(each.total_bytes_loaded),
            escape(each.schema_name or "–"),
            moment(each.completed_at),
        ]
        for each in found.load_packages
    ]
    columns = ("Package", "State", "Jobs", number("Rows"), number("Size"), "Schema", "Completed")
    return table("Load packages", columns, rows, "Nothing was loaded.")


def _tables(found: DetailedPipelineRunResponse) -> str:
    rows = [
        [
            escape(each.table_name),
            state(each.load_job_state) if each.load_job_state else "–",
            count(each.rows_loaded),
            size(each.bytes_loaded),
            escape(each.write_disposition or "–"),
            escape(each.file_format or "–"),
            duration(each.load_duration_ms),
        ]
        for each in found.tables
    ]
    columns = ("Table", "State", number("Rows"), number("Size"), "Written by", "Format", number("Took"))
    return table("Tables", columns, rows, "No table was touched.")


def _resources(found: DetailedPipelineRunResponse) -> str:
    rows = [
        [escape(each.resource_name), count(each.rows_extracted), size(each.bytes_extracted)] for each in found.resources
    ]
    return table("Resources", ("Resource", number("Rows"), number("Size")), rows, "No resource gave anything.")


def _schema_changes(changes: list[TableChange]) -> str:
    rows = [
        [
            escape(each.table_name),
            escape(each.schema_name),
            ", ".join(f'{escape(name)} <span class="soft">{escape(kind)}</span>' for name, kind in each.columns),
        ]
        for each in changes
    ]
    return table("Schema changes", ("Table", "Schema", prose("New columns")), rows, "The schema is as it was before.")
