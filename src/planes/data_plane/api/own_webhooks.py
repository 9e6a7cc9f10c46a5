"""Webhooks of jobs: our own routes for people, and the address that others call (docs/webhooks.md)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.services.audit import Actor
from planes.domain.access import Grant
from planes.domain.errors import TooLarge
from planes.domain.webhooks import MOST_BODY_BYTES
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.tokens.claims import Claims
from planes.wire.own_webhooks import (
    CallTaken,
    CreatedWebhookResponse,
    RotateRequest,
    WebhookRequest,
    WebhooksResponse,
)

router = LateRouter(tags=["own: webhooks"])
_PREFIX = "/own/v1/workspaces/{workspace_id}/webhooks"
Reader = Annotated[Claims, Depends(requires(Grant.READ))]
Writer = Annotated[Claims, Depends(requires(Grant.VARIABLES_WRITE))]
Paged = Annotated[Page, Depends(PageQuery())]
Id = Annotated[str, Path(max_length=64)]


def is_call(path: str) -> bool:
    """Whether calls come in at this path: they have a limit of their own, which their answer says."""
    return path.startswith("/webhooks/")


@router.post("/webhooks/{webhook_id}", status_code=202)
async def take_call(request: Request, webhook_id: Id) -> CallTaken:
    """Takes a call of whoever has the secret or signs with it. The body stays in the region."""
    webhooks = services_of(request).webhooks
    headers = {name.lower(): value for name, value in request.headers.items()}
    await webhooks.check(webhook_id, headers)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise TooLarge("call_too_large", f"A call has at most {MOST_BODY_BYTES} bytes.")
    return await webhooks.take(webhook_id, headers, bytes(body))


@router.get(_PREFIX)
async def list_webhooks(request: Request, claims: Reader) -> WebhooksResponse:
    """The webhooks of the workspace, without their secrets."""
    return WebhooksResponse(items=await services_of(request).webhooks.list_all(Actor.of(claims)))


@router.post(_PREFIX, status_code=201)
async def add_webhook(request: Request, body: WebhookRequest, claims: Writer) -> CreatedWebhookResponse:
    """An address for a job's trigger; its secret is answered this once."""
    return await services_of(request).webhooks.add(Actor.of(claims), body)


@router.post(f"{_PREFIX}/{{webhook_id}}/-rotate")
async def rotate_webhook(
    request: Request, webhook_id: Id, body: RotateRequest, claims: Writer
) -> CreatedWebhookResponse:
    """Another secret, answered this once."""
    return await services_of(request).webhooks.rotate(Actor.of(claims), webhook_id, body.keep_old_seconds)


@router.delete(f"{_PREFIX}/{{webhook_id}}", status_code=204)
async def remove_webhook(request: Request, webhook_id: Id, claims: Writer) -> None:
    """Nothing is at the address any more."""
    await services_of(request).webhooks.remove(Actor.of(claims), webhook_id)


@router.get(f"{_PREFIX}/{{webhook_id}}/calls")
async def list_calls(request: Request, webhook_id: Id, claims: Reader, page: Paged) -> dict[str, Any]:
    """What came in, newest first, without what was sent."""
    found = await services_of(request).webhooks.list_calls(Actor.of(claims), webhook_id, page.bounds)
    return envelope(found.items, page, found)
