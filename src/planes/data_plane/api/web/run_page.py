"""A run's page: where it stands, its result or what went wrong, the pipelines it ran, and its log as it grows."""

from __future__ import annotations

import json
from html import escape
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Query, Request
from starlette.responses import Response

from planes.data_plane.api.authentication import services_of
from planes.data_plane.api.logs import shown_to
from planes.data_plane.api.own_lines import lines_for
from planes.data_plane.api.run_access import running_of
from planes.data_plane.api.web.fresh import fresh_page, tag_of
from planes.data_plane.api.web.log_script import LOG_SCRIPT, MOST_LINES
from planes.data_plane.api.web.pipeline_rows import pipeline_run_table, run_name
from planes.data_plane.api.web.visits import CurrentVisit, Part, Visit, VisitRoute
from planes.data_plane.executor.local import log_folder
from planes.data_plane.logs import end_of
from planes.data_plane.services.audit import Action
from planes.data_plane.services.runs.endings import why_ended
from planes.data_plane.services.runs.run_containment import find_containment
from planes.data_plane.services.runs.run_errors import LAST_BYTES, LAST_LINES, RunError, find_error
from planes.domain.errors import NotFound
from planes.domain.runs import RunStatus
from planes.server.late_routes import LateRouter
from planes.server.page_document import script
from planes.server.page_parts import (
    LIVE_SCRIPT,
    block,
    command,
    duration,
    facts,
    moment,
    paragraph,
    state,
)
from planes.server.paging import Cursors, Page
from planes.storage.data.runs import DONE, STARTED
from planes.storage.data.telemetry import PipelineRunFilter
from planes.storage.types import Row
from planes.wire.telemetry import JobResultResponse, PipelineRunResponse

router = LateRouter(prefix="/w", route_class=VisitRoute, include_in_schema=False)
_SCRIPTS = ("/w/-live.js", "/w/-log.js")
_MOST_RESULT = 100_000
_AGENT_FACTS = (
    ("Status", "agent_status"), ("Summary", "summary"), ("Model", "model"), ("Loop", "loop_type"),
    ("Stopped", "stop_reason"), ("Turns", "turn_count"), ("Tokens", "total_tokens"), ("Cost in USD", "cost_usd"),
)  # fmt: skip


@router.get("/-live.js")
async def live_script() -> Response:
    return script(LIVE_SCRIPT)


@router.get("/-log.js")
async def log_script() -> Response:
    return script(LOG_SCRIPT)


@router.get("/{workspace_id}/runs/{run_id}")
async def show_run(request: Request, visit: CurrentVisit, run_id: Part) -> Response:
    running = running_of(request)
    run = await running.finder.find_run(visit.workspace_id, run_id)
    watermark = await running.telemetry.get_watermark(visit.actor)
    tag = tag_of(watermark.updated_at, visit.claims.role, run and [run["state"], run["outcome"], run["stop_reason"]])
    return await fresh_page(request, tag, _title(run), lambda: _body(request, visit, run), scripts=_SCRIPTS)


@router.get("/{workspace_id}/runs/{run_id}/-lines")
async def get_lines(
    request: Request,
    visit: CurrentVisit,
    run_id: Part,
    from_line: Annotated[int, Query(ge=-(2**53), le=2**53)] = -MOST_LINES,
) -> Response:
    return await lines_for(request, visit.workspace_id, run_id, visit.claims, (from_line, MOST_LINES))


async def _body(request: Request, visit: Visit, run: Row | None) -> str:
    if run is None:
        live = paragraph("This run has not come to the region yet, or there is none of this id in this workspace.")
    else:
        live = await _live(request, visit, run)
    return (
        f'<div id="live">{live}</div><h2 id="log-heading">Log</h2><p id="said" role="status">Loading…</p>'
        '<pre id="log" role="log" tabindex="0" aria-labelledby="log-heading"></pre>'
        "<noscript><p>The log needs this page's script; the command above shows it, too.</p></noscript>"
    )


async def _live(request: Request, visit: Visit, run: Row) -> str:
    loads = await _pipeline_runs(request, visit, run["id"])
    error = await _find_error(request, visit, run) if run["outcome"] == RunStatus.FAILED else None
    name = run_name(run)
    follow = "" if run["state"] == DONE else " --follow"
    result = await _find_result(request, visit, run["id"])
    commands = f"dlthub job logs {name}{follow}"
    if result is not None:
        commands += f"\ndlthub job runs result {name}"
    return (
        facts([
            ("State", f'<span role="status">{state(_status(run))}{_why(run)}</span>'),
            ("Profile", escape(run["profile"])),
            ("Came here", moment(run["leased_at"])),
            ("Started", moment(run["started_at"])),
            ("Ended", moment(run["ended_at"])),
            ("Took", _took(run)),
            ("Masked", _masked(run)),
            *await _containment(request, visit, run),
        ])
        + (_error(error) if error is not None else "")
        + (_result(result) if result is not None else "")
        + pipeline_run_table(visit.path, "Pipelines", loads, "No pipeline told of itself.", names=True)
        + command(commands)
    )  # fmt: skip


async def _pipeline_runs(request: Request, visit: Visit, run_id: str) -> list[PipelineRunResponse]:
    wanted = PipelineRunFilter(workspace_id=visit.workspace_id, among={"job_run_id": [run_id]})
    page = Page(limit=100, offset=0, order=(("started_at", False),), cursors=Cursors.of(request))
    found = await running_of(request).telemetry.list_pipeline_runs(visit.actor, wanted, page)
    return [PipelineRunResponse(**item) for item in found["items"]]


async def _find_result(request: Request, visit: Visit, run_id: str) -> JobResultResponse | None:
    try:
        return await running_of(request).results.get_result(visit.actor, run_id)
    except NotFound:
        return None


async def _containment(request: Request, visit: Visit, run: Row) -> list[tuple[str, str]]:
    """What keeps the run in, and its share of the machine; nothing while there is nothing to tell."""
    if run["log_removed_at"] is not None:
        return []
    folder = await running_of(request).finder.find_log(visit.workspace_id, run["id"])
    told = await to_thread.run_sync(find_containment, folder) if folder is not None else None
    return [(name, escape(words)) for name, words in told.rows()] if told is not None else []


async def _find_error(request: Request, visit: Visit, run: Row) -> RunError | None:
    if run["log_removed_at"] is not None:
        return None
    folder = await running_of(request).finder.find_log(visit.workspace_id, run["id"])
    if folder is None:
        return None
    stored = shown_to(visit.claims, await end_of(log_folder(folder), LAST_LINES, LAST_BYTES))
    await services_of(request).audit.note(visit.actor, Action.LOG_READ, run["id"])
    return await to_thread.run_sync(find_error, stored)


def _error(error: RunError) -> str:
    return f'<h2>Exception</h2><p class="problem">{escape(error.reason)}</p>' + block("Traceback", error.text)


def _result(result: JobResultResponse) -> str:
    text = json.dumps(result.result, indent=2, ensure_ascii=False)
    shown = text if len(text) <= _MOST_RESULT else f"{text[:_MOST_RESULT]}\n… the command below shows all of it"
    told: dict[str, Any] = result.model_dump()
    rows = [(title, escape(str(told[name]))) for title, name in _AGENT_FACTS if told[name] is not None]
    return block(f"Result: {result.result_type.removeprefix('job.')}", shown) + (facts(rows) if rows else "")


def _status(run: Row) -> str:
    if run["state"] == DONE:
        return str(run["outcome"])
    if run["stop_reason"] is not None:
        return RunStatus.CANCELLING.value
    return RunStatus.RUNNING.value if run["state"] == STARTED else RunStatus.STARTING.value


def _why(run: Row) -> str:
    why = why_ended(run)
    return f": {why}" if why else ""


def _took(run: Row) -> str:
    if run["started_at"] is None or run["ended_at"] is None:
        return "–"
    return duration((run["ended_at"] - run["started_at"]).total_seconds() * 1000)


def _masked(run: Row) -> str:
    """How often something was masked: counts only, so a viewer sees them too."""
    counts = run["masked"]
    if counts is None:
        return "counted at the end" if run["state"] != DONE else "nothing"
    total = sum(counts.values())
    return f'<span class="ill">{total:,}</span>' if total else "nothing"


def _title(run: Row | None) -> str:
    return "A run" if run is None else f"{run['job_ref'].removeprefix('jobs.')} {run['number']}"
