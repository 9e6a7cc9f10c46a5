"""The pages behind web links: a workspace, its jobs, runs and pipelines, by metadata alone (Contract: 2.1).

What lives in the region is not here and is not fetched from here: the pages lead to it, and say which command reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from planes.control_plane.api.web_visits import CurrentVisit, Part, Visit, VisitRoute, see_other, to_region
from planes.control_plane.services.work import jobs, runs
from planes.control_plane.services.work.jobs import DetailedJob, Extras
from planes.control_plane.services.work.runs import DetailedRun, Downstream
from planes.domain.errors import NotFound
from planes.domain.identifiers import WorkspaceId, is_uuid
from planes.domain.runs import Run
from planes.server.late_routes import LateRouter
from planes.server.page_document import Ways, script
from planes.server.page_parts import (
    LIVE_SCRIPT,
    command,
    count,
    duration,
    facts,
    link,
    moment,
    number,
    paragraph,
    state,
    table,
    trail,
)
from planes.storage.control.job_lists import JobFilter
from planes.storage.control.run_lists import RunFilter
from planes.storage.keyset import Bounds
from planes.wire.shell_words import quoted

router = LateRouter(prefix="/w", route_class=VisitRoute, include_in_schema=False)
_LIVE = Ways(scripts=["/w/-live.js"])
_PAGE = 100
_PREFIX = "jobs."


@router.get("/-live.js")
async def live_script() -> Response:
    return script(LIVE_SCRIPT)


@router.get("/{workspace_id}")
async def show_workspace(visit: CurrentVisit) -> Response:
    wanted = JobFilter(workspace_id=WorkspaceId(visit.workspace.id), bounds=Bounds(limit=_PAGE), is_archived=False)
    found = (await jobs.list_jobs(visit.parts, visit.principal, wanted, Extras())).items
    body = (
        paragraph(f"A workspace in {visit.workspace.dataplane_id}." + _archived(visit))
        + _job_table(visit, found, "No jobs yet.")
        + _run_table(visit, await _list_runs(visit, _latest(visit)))
        + command("dlthub job list")
        + _where_the_rest_is(visit)
    )
    return visit.page(visit.workspace.name, body, _LIVE)


@router.get("/{workspace_id}/jobs/{job}")
async def show_job(visit: CurrentVisit, job: Part) -> Response:
    found = await _find_job(visit, job)
    shown = found.job.job
    wanted = replace(_latest(visit), job_id=shown.id, includes_system_runs=True)
    name = quoted(_short(shown.job_ref))
    body = (
        trail((visit.path, visit.workspace.name))
        + facts([
            ("State", escape("archived" if shown.is_archived else "paused" if shown.is_paused else "active")),
            ("Triggers", escape(", ".join(found.job.version.triggers) or "none")),
            ("Profile", escape(shown.profile)),
            ("Next run", moment(shown.next_fire_at)),
        ])
        + _app_link(visit, found)
        + _run_table(visit, await _list_runs(visit, wanted))
        + command(f"dlthub job info {name}\ndlthub job logs {name}")
        + _where_the_rest_is(visit)
    )  # fmt: skip
    return visit.page(_short(shown.job_ref), body, _LIVE)


@router.get("/{workspace_id}/jobs/{job}/-app")
async def open_app(request: Request, visit: CurrentVisit, job: Part) -> Response:
    """Leads on to the app of a job in the region, which starts it where it does not run. Raises: NotFound.

    Who came by a link on somebody else's page is asked first: nothing starts because of what others show.
    """
    found = await _find_job(visit, job)
    if not _is_app(found):
        raise NotFound("app_not_found", "This job has no app to open.")
    if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        return see_other(_job_path(visit, found.job.job.job_ref))
    return await to_region(visit, f"/apps/{visit.workspace.id}/{found.job.job.id}")


@router.get("/{workspace_id}/runs/{run_id}")
async def show_run(visit: CurrentVisit, run_id: Part) -> Response:
    found = await runs.get_run(visit.parts, visit.principal, visit.workspace.id, run_id)
    run, ref = found.run, found.job.job.job_ref
    name = quoted(_short(ref))
    follow = "" if run.is_terminal else " --follow"
    body = (
        trail((visit.path, visit.workspace.name), (_job_path(visit, ref), _short(ref)))
        + facts([
            ("State", f'<span role="status">{state(run.status.value)}</span>'),
            ("Trigger", escape(run.trigger)),
            ("Profile", escape(run.profile)),
            ("Asked for", moment(run.created_at)),
            ("Started", moment(run.started_at)),
            ("Ended", moment(run.finished_at)),
            ("Took", _took(run)),
        ])
        + f"<p>{link(f'{visit.path}/runs/{run.id}/-log', f'Log, result and errors, in {_region(visit)}')}</p>"
        + _loaded(visit, found)
        + command(f"dlthub job logs {name} {run.number}{follow}")
        + _where_the_rest_is(visit)
    )  # fmt: skip
    return visit.page(f"{_short(ref)} {run.number}", body, _LIVE)


@router.get("/{workspace_id}/pipelines/{name}")
async def show_pipeline(visit: CurrentVisit, name: Part) -> Response:
    wanted = JobFilter(workspace_id=WorkspaceId(visit.workspace.id), bounds=Bounds(limit=_PAGE), pipeline_names=(name,))
    found = (await jobs.list_jobs(visit.parts, visit.principal, wanted, Extras())).items
    named = await _list_runs(visit, replace(_latest(visit, _PAGE), text=name))
    loaded = [run for run in named if any(each.pipeline_name == name for each in run.summaries)]
    body = (
        trail((visit.path, visit.workspace.name))
        + f"<p>{link(f'{_pipeline_path(visit, name)}/-telemetry', f'Loads and errors, in {_region(visit)}')}</p>"
        + _job_table(visit, found, "No job names it.")
        + _run_table(visit, loaded)
        # Where no job names it, nothing here could run it.
        + command(f"dlthub pipeline run {quoted(name)}" if found else "dlthub job list")
        + _where_the_rest_is(visit)
    )
    return visit.page(name, body, _LIVE)


@router.get("/{workspace_id}/runs/{run_id}/-log")
async def open_run(visit: CurrentVisit, run_id: Part) -> Response:
    """Leads on to the run's page in the region."""
    found = await runs.get_run(visit.parts, visit.principal, visit.workspace.id, run_id)
    return await to_region(visit, f"{visit.path}/runs/{found.run.id}")


@router.get("/{workspace_id}/pipelines/{name}/-telemetry")
async def open_pipeline(visit: CurrentVisit, name: Part) -> Response:
    """Leads on to the pipeline's page in the region."""
    return await to_region(visit, _pipeline_path(visit, name))


@router.get("/{workspace_id}/pipeline-runs/{pipeline_run_id}/-telemetry")
async def open_pipeline_run(visit: CurrentVisit, pipeline_run_id: Part) -> Response:
    """Leads on to the page of one `pipeline.run` in the region. Raises: NotFound."""
    if not is_uuid(pipeline_run_id):
        raise NotFound("pipeline_run_not_found", "There is no such pipeline run.")
    return await to_region(visit, f"{visit.path}/pipeline-runs/{pipeline_run_id}")


def _is_app(found: DetailedJob) -> bool:
    return found.job.job.job_type == "interactive"


def _app_link(visit: Visit, found: DetailedJob) -> str:
    if not _is_app(found) or found.job.job.is_archived:
        return ""
    return f"<p>{link(f'{_job_path(visit, found.job.job.job_ref)}/-app', f'Open the app, in {_region(visit)}')}</p>"


def _archived(visit: Visit) -> str:
    if visit.workspace.archived_at is None:
        return ""
    return (
        f" Archived since {visit.workspace.archived_at:%Y-%m-%d}: it can be read, and nothing in it starts or changes."
    )


def _latest(visit: Visit, limit: int = 20) -> RunFilter:
    return RunFilter(workspace_id=WorkspaceId(visit.workspace.id), bounds=Bounds(limit=limit))


async def _list_runs(visit: Visit, wanted: RunFilter) -> Sequence[DetailedRun]:
    return (await runs.list_runs(visit.parts, visit.principal, wanted, Downstream())).items


async def _find_job(visit: Visit, job: str) -> DetailedJob:
    """By its id, its reference, or the short name that pages show. Raises: NotFound."""
    if is_uuid(job):
        return await jobs.get_job(visit.parts, visit.principal, visit.workspace.id, job, Extras())
    for ref in (job, f"{_PREFIX}{job}"):
        wanted = JobFilter(workspace_id=WorkspaceId(visit.workspace.id), bounds=Bounds(limit=1), job_ref=ref)
        if found := (await jobs.list_jobs(visit.parts, visit.principal, wanted, Extras())).items:
            return found[0]
    raise NotFound("job_not_found", "There is no such job in this workspace.")


def _job_table(visit: Visit, found: Sequence[DetailedJob], empty: str) -> str:
    rows: list[list[str]] = []
    for each in found:
        job, run = each.job.job, each.latest_run
        latest = "–" if run is None else f"{link(f'{visit.path}/runs/{run.id}', f'{run.number}')} {state(run.status)}"
        rows.append([link(_job_path(visit, job.job_ref), _short(job.job_ref)), latest, moment(job.next_fire_at)])
    return table("Jobs", ("Job", "Latest run", "Next"), rows, empty)


def _run_table(visit: Visit, found: Sequence[DetailedRun]) -> str:
    rows = [
        [
            link(f"{visit.path}/runs/{each.run.id}", f"{_short(each.job.job.job_ref)} {each.run.number}"),
            state(each.run.status.value),
            moment(each.run.started_at or each.run.created_at),
            _took(each.run),
        ]
        for each in found
    ]
    return table("Runs", ("Run", "State", "Since", number("Took")), rows, "No runs yet.")


def _loaded(visit: Visit, found: DetailedRun) -> str:
    rows = [
        [
            link(_pipeline_path(visit, each.pipeline_name), each.pipeline_name),
            escape(each.dataset_name or "–"),
            state(each.status),
            count(each.total_rows),
            link(f"{visit.path}/pipeline-runs/{each.id}/-telemetry", "steps and tables"),
        ]
        for each in found.summaries
    ]
    columns = ("Pipeline", "Dataset", "State", number("Rows"), f"In {_region(visit)}")
    return table("Loaded", columns, rows, "No pipeline told of itself.")


def _where_the_rest_is(visit: Visit) -> str:
    return paragraph(
        f"Logs, results and errors are in the region {_region(visit)} and are read there, never through this page."
    )


def _region(visit: Visit) -> str:
    return str(visit.workspace.dataplane_id)


def _job_path(visit: Visit, job_ref: str) -> str:
    return f"{visit.path}/jobs/{quote(job_ref, safe='')}"


def _pipeline_path(visit: Visit, name: str) -> str:
    return f"{visit.path}/pipelines/{quote(name, safe='')}"


def _took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return "–"
    return duration((run.finished_at - run.started_at).total_seconds() * 1000)


def _short(job_ref: str) -> str:
    return job_ref.removeprefix(_PREFIX)
