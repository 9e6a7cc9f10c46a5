"""Own routes that search the control plane's audit log: the whole for administrators, its own for an organization."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from planes.control_plane.api.authentication import CurrentParts, CurrentSession
from planes.control_plane.api.filters import UuidQuery, Words, words
from planes.control_plane.services.installation import audit_reading
from planes.server.asked import asked
from planes.server.late_routes import LateRouter
from planes.server.moments import aware
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.control.audit import EventFilter, StoredAuditEvent
from planes.wire.moments import Moment
from planes.wire.own_control import AuditEventResponse
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1", tags=["own: audit"])
Paged = Annotated[Page, Depends(PageQuery())]
Bound = Annotated[Moment | None, Query()]
Text = Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]*$")]


class EventQuery:
    """FastAPI dependency: when, who, what kind, and to what."""

    def __init__(
        self,
        since: Bound = None,
        until: Bound = None,
        actor_user_id: UuidQuery = None,
        action: Words = None,
        subject: Text = None,
    ) -> None:
        self.values: dict[str, Any] = {
            "since": aware("since", since),
            "until": aware("until", until),
            "actor_user_id": actor_user_id,
            "actions": words(action),
            "subject": subject,
        }


@router.get("/audit-events/-search", response_model=ListPage[AuditEventResponse])
async def search_audit_events(
    parts: CurrentParts, principal: CurrentSession, page: Paged, query: Annotated[EventQuery, asked(EventQuery)]
) -> dict[str, Any]:
    """Of the whole platform, newest first."""
    found = await audit_reading.list_page(parts, principal, EventFilter(**query.values), page.bounds)
    return envelope([render_audit_event(event).model_dump(mode="json") for event in found.items], page, found)


@router.get("/organizations/{organization_id}/audit-events", response_model=ListPage[AuditEventResponse])
async def list_organization_events(
    parts: CurrentParts,
    principal: CurrentSession,
    organization_id: str,
    page: Paged,
    query: Annotated[EventQuery, asked(EventQuery)],
) -> dict[str, Any]:
    """Of one organization, newest first."""
    wanted = EventFilter(organization_id=organization_id, **query.values)
    found = await audit_reading.list_page(parts, principal, wanted, page.bounds)
    return envelope([render_audit_event(event).model_dump(mode="json") for event in found.items], page, found)


def render_audit_event(stored: StoredAuditEvent) -> AuditEventResponse:
    """An event as routes answer it."""
    return AuditEventResponse(
        sequence=stored.sequence,
        at=stored.event.at,
        action=stored.event.action,
        subject=stored.event.subject,
        actor_user_id=stored.event.actor_user_id,
        actor_session_id=stored.event.actor_session_id,
        organization_id=stored.event.organization_id,
        facts=stored.event.facts,
        hash=stored.hash,
    )
