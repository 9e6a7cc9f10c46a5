"""The plane's own addresses that lead to apps: of a job, of a published job, and for clients with a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.api.gateway import pages
from planes.data_plane.api.gateway.origin import Gateway
from planes.data_plane.api.run_access import RunPath
from planes.data_plane.services.app_visits import TICKET_SECONDS
from planes.domain.access import Grant
from planes.domain.errors import NotAuthenticated, NotFound, PlaneError
from planes.server.late_routes import LateRouter
from planes.tokens.claims import Claims
from planes.wire.apps import OpenedApp

# `serve` looks when the control plane says that the run is there; its lease may still be on the way.
_LEASE_SECONDS = 3.0
Id = Annotated[str, Path(max_length=64)]
Reader = Annotated[Claims, Depends(requires(Grant.READ))]

router = LateRouter(tags=["apps"])


@router.post("/own/v1/workspaces/{workspace_id}/job-runs/{run_id}/-open-app")
async def open_app(request: Request, claims: Reader, workspace_id: str, run_id: RunPath) -> OpenedApp:
    """An address that opens the app of a run in a browser, once, within a minute."""
    gateway = gateway_of(request)
    app = gateway.apps.find(run_id)
    if app is None or app.workspace_id != workspace_id:
        raise NotFound("app_not_running", "This app is not running.")
    ticket = await services_of(request).app_visits.issue_ticket(app, claims)
    return OpenedApp(
        url=gateway.entrance(run_id, ticket), origin=gateway.hosts.origin(run_id), expires_in=TICKET_SECONDS
    )


@router.get("/apps/{workspace_id}/{job_id}", include_in_schema=False)
async def open_app_of_job(
    request: Request, workspace_id: Id, job_id: Id, swap: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    visits = services_of(request).app_visits
    try:
        if not swap:
            raise NotAuthenticated("not_signed_in", "You are not signed in to this app.")
        claims = await visits.redeem_swap_code(swap, workspace_id, job_id)
        return await _lead_in(request, workspace_id, job_id, claims)
    except PlaneError as exc:
        return pages.refused(request.scope, exc)


@router.get("/public/{secret}", include_in_schema=False)
async def open_public_app(request: Request, secret: Id) -> Response:
    try:
        found, claims = await services_of(request).app_visits.find_public(secret)
        return await _lead_in(request, found.workspace_id, found.job_id, claims)
    except PlaneError as exc:
        return pages.refused(request.scope, exc)


def gateway_of(request: Request) -> Gateway:
    """The gateway of the plane that serves this request."""
    return request.app.state.gateway


async def _lead_in(request: Request, workspace_id: str, job_id: str, claims: Claims) -> Response:
    gateway = gateway_of(request)
    app = await gateway.apps.await_job(workspace_id, job_id, _LEASE_SECONDS)
    if app is None:
        return pages.ended(request.scope)
    ticket = await services_of(request).app_visits.issue_ticket(app, claims)
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(gateway.entrance(app.run_id, ticket), status_code=303, headers=headers)
