"""The pages behind web links: a workspace, its jobs, runs and pipelines, by metadata alone (Contract: 2.1).

What lives in the region is not here and is not fetched from here: the pages say which command reads it.
"""

from __future__ import annotations

import shlex
from html import escape
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.api.page_layout import credentials, hidden, page, paragraph, problem
from planes.control_plane.api.page_routes import Field, PageRoute, form_mark, genuine_form, with_cookie
from planes.control_plane.api.requester import address_of
from planes.control_plane.api.web_layout import LIVE_SCRIPT, command, link, live_page, moment, state, table, trail
from planes.control_plane.services import browsing, jobs, runs, workspaces
from planes.control_plane.services.jobs import DetailedJob, Extras
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.principals import Principals
from planes.control_plane.services.runs import DetailedRun, Downstream
from planes.control_plane.services.sign_in import find_user_by_password
from planes.domain.access import Principal
from planes.domain.errors import NotAuthenticated, NotFound
from planes.domain.identifiers import WorkspaceId, is_uuid
from planes.domain.runs import Run
from planes.storage.control.job_lists import JobFilter
from planes.storage.control.run_lists import RunFilter
from planes.storage.control.workspaces import Workspace
from planes.storage.keyset import Bounds

router = APIRouter(prefix="/w", route_class=PageRoute, include_in_schema=False)
COOKIE = "planes_session"
_PAGE = 100
Part = Annotated[str, Path(max_length=1024)]
_REGION = "Logs, results and errors are in the region {region} and are read there, never through this page."


@router.get("/-live.js")
async def live_script() -> Response:
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(LIVE_SCRIPT, media_type="text/javascript", headers=headers)


@router.post("/-sign-in", dependencies=[Depends(genuine_form)])
async def sign_in(
    request: Request, parts: CurrentParts, email: Field = "", password: Field = "", onward: Field = ""
) -> Response:
    user = await find_user_by_password(parts, email, password, address_of(request))
    if user is None:
        return _ask_to_sign_in(request, onward, "The e-mail address or the password is wrong.", email)
    return _signed_in(parts, _within(onward), await browsing.by_password(parts, user))


@router.get("/{workspace_id}")
async def show_workspace(
    request: Request, parts: CurrentParts, workspace_id: Part, swap: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    principal = await _visitor(request, parts, swap)
    if isinstance(principal, Response):
        return principal
    workspace = await workspaces.get_workspace(parts, principal, workspace_id)
    wanted_jobs = JobFilter(workspace_id=WorkspaceId(workspace.id), bounds=Bounds(limit=_PAGE), is_archived=False)
    found = (await jobs.list_jobs(parts, principal, wanted_jobs, Extras())).items
    wanted_runs = RunFilter(workspace_id=WorkspaceId(workspace.id), bounds=Bounds(limit=20))
    latest = (await runs.list_runs(parts, principal, wanted_runs, Downstream())).items
    body = (
        paragraph(f"A workspace in {workspace.dataplane_id}. " + _REGION.format(region=workspace.dataplane_id))
        + table("Jobs", ("Job", "Latest run", "Next"), [_job_row(workspace, job) for job in found], "No jobs yet.")
        + _run_table(workspace, latest)
        + command("dlthub job list")
    )
    return live_page(workspace.name, body)


@router.get("/{workspace_id}/jobs/{job}")
async def show_job(
    request: Request,
    parts: CurrentParts,
    workspace_id: Part,
    job: Part,
    swap: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    principal = await _visitor(request, parts, swap)
    if isinstance(principal, Response):
        return principal
    workspace = await workspaces.get_workspace(parts, principal, workspace_id)
    found = await _find_job(parts, principal, workspace, job)
    facts = found.job.job
    wanted = RunFilter(
        workspace_id=WorkspaceId(workspace.id), bounds=Bounds(limit=20), job_id=facts.id, includes_system_runs=True
    )
    latest = (await runs.list_runs(parts, principal, wanted, Downstream())).items
    name = shlex.quote(_short(facts.job_ref))
    body = (
        trail((f"/w/{workspace.id}", workspace.name))
        + _facts(
            [
                ("State", escape("archived" if facts.is_archived else "paused" if facts.is_paused else "active")),
                ("Triggers", escape(", ".join(found.job.version.triggers) or "none")),
                ("Profile", escape(facts.profile)),
                ("Next run", moment(facts.next_fire_at)),
            ]
        )
        + _run_table(workspace, latest)
        + command(f"dlthub job info {name}\ndlthub job logs {name}")
        + paragraph(_REGION.format(region=workspace.dataplane_id))
    )
    return live_page(_short(facts.job_ref), body)


@router.get("/{workspace_id}/runs/{run_id}")
async def show_run(
    request: Request,
    parts: CurrentParts,
    workspace_id: Part,
    run_id: Part,
    swap: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    principal = await _visitor(request, parts, swap)
    if isinstance(principal, Response):
        return principal
    workspace = await workspaces.get_workspace(parts, principal, workspace_id)
    found = await runs.get_run(parts, principal, workspace_id, run_id)
    run, ref = found.run, found.job.job.job_ref
    name = shlex.quote(_short(ref))
    follow = "" if run.is_terminal else " --follow"
    body = (
        trail((f"/w/{workspace.id}", workspace.name), (f"/w/{workspace.id}/jobs/{ref}", _short(ref)))
        + _facts(
            [
                ("State", f'<span role="status">{state(run.status.value)}</span>'),
                ("Trigger", escape(run.trigger)),
                ("Profile", escape(run.profile)),
                ("Asked for", moment(run.created_at)),
                ("Started", moment(run.started_at)),
                ("Ended", moment(run.finished_at)),
                ("Took", _took(run)),
            ]
        )
        + table(
            "Loaded", ("Pipeline", "Dataset", "State", "Rows"), _loaded(workspace, found), "No pipeline told of itself."
        )
        + f"<p>{link(f'/w/{workspace.id}/runs/{run.id}/-log', f'Log, in {workspace.dataplane_id}')}</p>"
        + command(f"dlthub job logs {name} {run.number}{follow}")
        + paragraph(_REGION.format(region=workspace.dataplane_id))
    )
    return live_page(f"{_short(ref)} {run.number}", body)


@router.get("/{workspace_id}/runs/{run_id}/-log")
async def open_log(request: Request, parts: CurrentParts, workspace_id: Part, run_id: Part) -> Response:
    """Leads on to the log, a page of the region, with a code that is good once."""
    principal = await _visitor(request, parts, "")
    if isinstance(principal, Response):
        return principal
    found = await runs.get_run(parts, principal, workspace_id, run_id)
    workspace = await workspaces.get_workspace(parts, principal, workspace_id)
    code = await browsing.swap_code_of(parts, principal)
    return _onward(f"{workspace.dataplane_url}/w/{workspace.id}/runs/{found.run.id}?swap={code}")


@router.get("/{workspace_id}/pipelines/{name}")
async def show_pipeline(
    request: Request,
    parts: CurrentParts,
    workspace_id: Part,
    name: Part,
    swap: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    principal = await _visitor(request, parts, swap)
    if isinstance(principal, Response):
        return principal
    workspace = await workspaces.get_workspace(parts, principal, workspace_id)
    wanted = JobFilter(workspace_id=WorkspaceId(workspace.id), bounds=Bounds(limit=_PAGE), pipeline_names=(name,))
    found = (await jobs.list_jobs(parts, principal, wanted, Extras())).items
    looked_for = RunFilter(workspace_id=WorkspaceId(workspace.id), bounds=Bounds(limit=_PAGE), text=name)
    latest = (await runs.list_runs(parts, principal, looked_for, Downstream())).items
    loaded = [run for run in latest if any(summary.pipeline_name == name for summary in run.summaries)]
    body = (
        trail((f"/w/{workspace.id}", workspace.name))
        + table("Jobs", ("Job", "Latest run", "Next"), [_job_row(workspace, job) for job in found], "No job names it.")
        + _run_table(workspace, loaded)
        + command(f"dlthub pipeline run {shlex.quote(name)}")
        + paragraph(_REGION.format(region=workspace.dataplane_id))
    )
    return live_page(name, body)


async def _visitor(request: Request, parts: Parts, swap: str) -> Principal | Response:
    """Who looks; else the way on: to the clean address with a cookie, or the form to sign in."""
    if swap:
        try:
            return _signed_in(parts, request.url.path, await browsing.by_swap_code(parts, swap))
        except NotAuthenticated:
            return _onward(request.url.path)
    principals: Principals = request.app.state.principals
    try:
        return await principals.authenticate(request.cookies.get(COOKIE, ""))
    except NotAuthenticated:
        return _ask_to_sign_in(request, request.url.path)


def _ask_to_sign_in(request: Request, onward: str, trouble: str = "", email: str = "") -> HTMLResponse:
    value, mark = form_mark(request)
    body = (
        problem(trouble)
        + f'<form method="post" action="/w/-sign-in">{mark}{hidden("onward", onward)}{credentials(email)}'
        + "<button>Sign in</button></form>"
        + paragraph("Or open the page from a terminal that is signed in: dlthub show")
    )
    return with_cookie(request, page("Sign in to see this", body, status=400 if trouble else 401), value)


def _signed_in(parts: Parts, onward: str, cookie: str) -> RedirectResponse:
    answer = _onward(onward)
    secure = parts.public_url.startswith("https:")
    answer.set_cookie(
        COOKIE, cookie, max_age=parts.session_seconds, path="/w", secure=secure, httponly=True, samesite="lax"
    )
    return answer


def _onward(address: str) -> RedirectResponse:
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(address, status_code=303, headers=headers)


def _within(address: str) -> str:
    """An address of these pages; a form must not lead a browser anywhere else."""
    parts = address.split("/")
    is_ours = len(parts) > 2 and parts[:2] == ["", "w"] and is_uuid(parts[2]) and "\\" not in address
    return address if is_ours else "/"


async def _find_job(parts: Parts, principal: Principal, workspace: Workspace, job: str) -> DetailedJob:
    if is_uuid(job):
        return await jobs.get_job(parts, principal, workspace.id, job, Extras())
    wanted = JobFilter(workspace_id=WorkspaceId(workspace.id), bounds=Bounds(limit=1), job_ref=job)
    found = (await jobs.list_jobs(parts, principal, wanted, Extras())).items
    if not found:
        raise NotFound("job_not_found", "There is no such job in this workspace.")
    return found[0]


def _job_row(workspace: Workspace, job: DetailedJob) -> list[str]:
    facts, run = job.job.job, job.latest_run
    latest = "–" if run is None else link(f"/w/{workspace.id}/runs/{run.id}", f"{run.number}") + " " + state(run.status)
    address = f"/w/{workspace.id}/jobs/{facts.job_ref}"
    return [link(address, _short(facts.job_ref)), latest, moment(facts.next_fire_at)]


def _run_table(workspace: Workspace, found: list[DetailedRun]) -> str:
    rows = [
        [
            link(f"/w/{workspace.id}/runs/{each.run.id}", f"{_short(each.job.job.job_ref)} {each.run.number}"),
            state(each.run.status.value),
            moment(each.run.started_at or each.run.created_at),
            _took(each.run),
        ]
        for each in found
    ]
    return table("Runs", ("Run", "State", "Since", "Took"), rows, "No runs yet.")


def _loaded(workspace: Workspace, found: DetailedRun) -> list[list[str]]:
    return [
        [
            link(f"/w/{workspace.id}/pipelines/{summary.pipeline_name}", summary.pipeline_name),
            escape(summary.dataset_name or "–"),
            escape(summary.status),
            "–" if summary.total_rows is None else f"{summary.total_rows:,}",
        ]
        for summary in found.summaries
    ]


def _facts(rows: list[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(term)}</dt><dd>{markup}</dd>" for term, markup in rows) + "</dl>"


def _took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return "–"
    return f"{(run.finished_at - run.started_at).total_seconds():.1f} s"


def _short(job_ref: str) -> str:
    return job_ref.removeprefix("jobs.")
