"""Our own routes about what logs leaked: counts, events, leaks, settings, scrubbing again (docs/api.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request

from planes.data_plane.api import run_access
from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.api.run_access import IdQuery, RunPath, running_of
from planes.data_plane.services.audit import Action, Actor
from planes.domain.access import Grant, WorkspaceRole
from planes.domain.errors import NotAllowed, NotFound
from planes.server.late_routes import LateRouter
from planes.server.moments import aware, moved
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.data.hits import EventFilter
from planes.storage.data.leaks import LeakFilter
from planes.storage.keyset import Bounds
from planes.tokens.claims import Claims
from planes.wire.moments import Moment
from planes.wire.own_leaks import (
    DetailedLeak,
    LeaksOfRun,
    LeakState,
    Rescrub,
    RescrubRequest,
    RunHits,
    RunTotals,
    ScrubSettingsRequest,
    ScrubSettingsResponse,
    WorkspaceHits,
)

DEFAULT_DAYS = 30
_MOST_LEAKS_OF_RUN = 1000
_MOST_RUNS = 200

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own"])
Reader = Annotated[Claims, Depends(requires(Grant.READ))]
SecretReader = Annotated[Claims, Depends(requires(Grant.VARIABLES_READ))]
SecretWriter = Annotated[Claims, Depends(requires(Grant.VARIABLES_WRITE))]
Paged = Annotated[Page, Depends(PageQuery())]
Text = Annotated[str | None, Query(max_length=512)]
Bound = Annotated[Moment | None, Query()]
Id = Annotated[str, Path(max_length=64)]
RunIds = Annotated[list[run_access.Id], Query(min_length=1, max_length=_MOST_RUNS)]


@router.get("/job-runs/{run_id}/hits")
async def get_hits_of_run(request: Request, run_id: RunPath, workspace_id: str, claims: Reader) -> RunHits:
    """What was masked in a run's log, by rule; from its end on."""
    found = await services_of(request).hits.of_run(workspace_id, run_id, folded=_is_viewer(claims))
    await services_of(request).audit.note(Actor.of(claims), Action.HITS_READ, run_id)
    return found


@router.get("/hits/-by-run")
async def get_hits_by_run(request: Request, workspace_id: str, claims: Reader, run_id: RunIds) -> RunTotals:
    """How much was masked in each of a page of runs; no names, so that whoever reads the logs may know."""
    found = await services_of(request).hits.of_runs(workspace_id, run_id)
    await services_of(request).audit.note(Actor.of(claims), Action.HITS_READ, count=len(run_id))
    return found


@router.get("/hits")
async def get_hits_of_workspace(
    request: Request, workspace_id: str, claims: Reader, since: Bound = None, until: Bound = None
) -> WorkspaceHits:
    """Totals of the runs that ended in a time, the last 30 days by default."""
    end = aware("until", until) or services_of(request).parts.clock.now()
    start = aware("since", since) or moved(end, -timedelta(days=DEFAULT_DAYS))
    found = await services_of(request).hits.of_workspace(workspace_id, start, end, folded=_is_viewer(claims))
    await services_of(request).audit.note(Actor.of(claims), Action.HITS_READ)
    return found


@router.get("/events")
async def list_events(
    request: Request,
    workspace_id: str,
    claims: Reader,
    page: Paged,
    kind: Text = None,
    job_ref: Text = None,
    run_id: IdQuery = None,
    since: Bound = None,
) -> dict[str, Any]:
    """Jobs that print secrets: one event for each run and rule, newest first."""
    wanted = EventFilter(
        workspace_id=workspace_id, kind=kind, job_ref=job_ref, run_id=run_id, since=aware("since", since)
    )
    found = await services_of(request).hits.list_events(wanted, page.bounds, folded=_is_viewer(claims))
    await services_of(request).audit.note(Actor.of(claims), Action.HITS_READ)
    return envelope(found.items, page, found)


@router.get("/scrub-settings")
async def get_scrub_settings(request: Request, claims: SecretReader) -> ScrubSettingsResponse:
    """How the workspace's logs are scrubbed."""
    return await services_of(request).scrubbing.read(Actor.of(claims))


@router.put("/scrub-settings")
async def put_scrub_settings(
    request: Request, body: ScrubSettingsRequest, claims: SecretWriter
) -> ScrubSettingsResponse:
    """Replaces the settings; runs that are prepared from now on have them."""
    return await services_of(request).scrubbing.replace(Actor.of(claims), body)


@router.get("/leaks")
async def list_leaks(
    request: Request,
    workspace_id: str,
    claims: Reader,
    page: Paged,
    state: LeakState | None = None,
    run_id: IdQuery = None,
    name: Text = None,
) -> dict[str, Any]:
    """Registered values that runs printed, newest first."""
    _refuse_viewers(claims)
    wanted = LeakFilter(workspace_id=workspace_id, state=state, run_id=run_id, name=name)
    found = await services_of(request).leaks.list_page(wanted, page.bounds)
    await services_of(request).audit.note(Actor.of(claims), Action.LEAKS_READ)
    return envelope(found.items, page, found)


@router.get("/leaks/{leak_id}")
async def get_leak(request: Request, leak_id: Id, workspace_id: str, claims: Reader) -> DetailedLeak:
    """One leak with who has read that log, and the runs that go on with the value."""
    _refuse_viewers(claims)
    found = await services_of(request).leaks.get(workspace_id, leak_id)
    await services_of(request).audit.note(Actor.of(claims), Action.LEAKS_READ, leak_id)
    return found


@router.get("/job-runs/{run_id}/leaks")
async def list_leaks_of_run(request: Request, run_id: RunPath, workspace_id: str, claims: Reader) -> LeaksOfRun:
    """The leaks of one run; none for a run that printed none."""
    _refuse_viewers(claims)
    if await running_of(request).finder.find_run(workspace_id, run_id) is None:
        raise NotFound("not_found", "There is no such run here.")
    wanted = LeakFilter(workspace_id=workspace_id, run_id=run_id)
    found = await services_of(request).leaks.list_page(wanted, Bounds(limit=_MOST_LEAKS_OF_RUN))
    await services_of(request).audit.note(Actor.of(claims), Action.LEAKS_READ, run_id)
    return LeaksOfRun(items=found.items)


@router.post("/rescrubs", status_code=202)
async def ask_for_rescrub(request: Request, body: RescrubRequest, claims: SecretWriter) -> Rescrub:
    """Looks for secret variables in the stored logs of the workspace, and masks them there."""
    return await services_of(request).rescrubbing.ask(Actor.of(claims), body.variables)


@router.get("/rescrubs")
async def list_rescrubs(request: Request, workspace_id: str, claims: Reader, page: Paged) -> dict[str, Any]:
    """Rescrubs with their progress, newest first."""
    _refuse_viewers(claims)
    found = await services_of(request).rescrubbing.list_page(workspace_id, page.bounds)
    await services_of(request).audit.note(Actor.of(claims), Action.RESCRUBS_READ)
    return envelope(found.items, page, found)


@router.get("/rescrubs/{rescrub_id}")
async def get_rescrub(request: Request, rescrub_id: Id, workspace_id: str, claims: Reader) -> Rescrub:
    """How far one is, and what it cannot reach."""
    _refuse_viewers(claims)
    found = await services_of(request).rescrubbing.get(workspace_id, rescrub_id)
    await services_of(request).audit.note(Actor.of(claims), Action.RESCRUBS_READ, rescrub_id)
    return found


def _is_viewer(claims: Claims) -> bool:
    """Whoever is not known to be more."""
    return claims.role not in {WorkspaceRole.OWNER, WorkspaceRole.DEVELOPER}


def _refuse_viewers(claims: Claims) -> None:
    """Masks name the variable only to those who may know it (Security: 8)."""
    if _is_viewer(claims):
        raise NotAllowed("not_allowed", "Viewers do not see which secrets were printed.")
