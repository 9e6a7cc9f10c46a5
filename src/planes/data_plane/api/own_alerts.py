"""Our own routes of alerts, their messages and the workspace's mail server (docs/api.md)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.api.run_access import IdQuery
from planes.data_plane.services.audit import Actor
from planes.domain.access import Grant
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.tokens.claims import Claims
from planes.wire.own_alerts import (
    AlertDelivery,
    AlertRequest,
    AlertResponse,
    AlertsResponse,
    DeliveryStateName,
    MailServer,
    MailServerRequest,
)

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own"])
Reader = Annotated[Claims, Depends(requires(Grant.READ))]
Writer = Annotated[Claims, Depends(requires(Grant.ALERTS_WRITE))]
SecretWriter = Annotated[Claims, Depends(requires(Grant.VARIABLES_WRITE))]
Paged = Annotated[Page, Depends(PageQuery())]
Id = Annotated[str, Path(max_length=64)]


@router.get("/alerts")
async def list_alerts(request: Request, claims: Reader) -> AlertsResponse:
    """The alerts of the workspace, each with its newest message."""
    return AlertsResponse(items=await services_of(request).alerts.list_all(Actor.of(claims)))


@router.post("/alerts", status_code=201)
async def add_alert(request: Request, body: AlertRequest, claims: Writer) -> AlertResponse:
    """A new alert. Nothing is sent by it."""
    return await services_of(request).alerts.add(Actor.of(claims), body)


@router.get("/alerts/{alert_id}")
async def get_alert(request: Request, alert_id: Id, claims: Reader) -> AlertResponse:
    """One alert."""
    return await services_of(request).alerts.get(Actor.of(claims), alert_id)


@router.put("/alerts/{alert_id}")
async def put_alert(request: Request, alert_id: Id, body: AlertRequest, claims: Writer) -> AlertResponse:
    """Changes an alert, turns it on or off."""
    return await services_of(request).alerts.replace(Actor.of(claims), alert_id, body)


@router.delete("/alerts/{alert_id}", status_code=204)
async def remove_alert(request: Request, alert_id: Id, claims: Writer) -> None:
    """Removes an alert with its messages; those that wait are not sent."""
    await services_of(request).alerts.remove(Actor.of(claims), alert_id)


@router.post("/alerts/{alert_id}/-test")
async def test_alert(request: Request, alert_id: Id, claims: Writer) -> AlertDelivery:
    """Sends a test at once and says what became of it."""
    return await services_of(request).alert_delivery.test(Actor.of(claims), alert_id)


@router.get("/alert-deliveries")
async def list_deliveries(
    request: Request,
    claims: Reader,
    page: Paged,
    alert_id: IdQuery = None,
    state: DeliveryStateName | None = None,
) -> dict[str, Any]:
    """What was sent, is to be sent, failed or was held back, newest first."""
    found = await services_of(request).alerts.list_deliveries(Actor.of(claims), alert_id, state, page.bounds)
    return envelope(found.items, page, found)


@router.get("/mail-server")
async def get_mail_server(request: Request, claims: Reader) -> MailServer:
    """Where the workspace's mail is handed in, without the password."""
    return await services_of(request).mail_servers.read(Actor.of(claims))


@router.put("/mail-server")
async def put_mail_server(request: Request, body: MailServerRequest, claims: SecretWriter) -> MailServer:
    """Replaces it."""
    return await services_of(request).mail_servers.replace(Actor.of(claims), body)


@router.delete("/mail-server", status_code=204)
async def remove_mail_server(request: Request, claims: SecretWriter) -> None:
    """Forgets it; alerts by mail fail until there is another."""
    await services_of(request).mail_servers.remove(Actor.of(claims))
