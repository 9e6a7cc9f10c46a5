"""The region's audit log of one workspace, for its owners (docs/api.md)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.api.run_access import IdQuery
from planes.data_plane.services.audit import Action, Actor
from planes.domain.access import Grant
from planes.server.late_routes import LateRouter
from planes.server.moments import aware
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.data.audit import EntryFilter
from planes.tokens.claims import Claims
from planes.wire.moments import Moment
from planes.wire.own_audit import AuditChain, AuditEntry
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own"])
Reader = Annotated[Claims, Depends(requires(Grant.AUDIT_READ))]
Bound = Annotated[Moment | None, Query()]
# No stored text holds NUL, and Postgres refuses to look for one.
Text = Annotated[str | None, Query(max_length=320, pattern=r"^[^\x00]*$")]


@router.get("/audit-entries", response_model=ListPage[AuditEntry])
async def list_audit_entries(
    request: Request,
    workspace_id: str,
    claims: Reader,
    page: Annotated[Page, Depends(PageQuery())],
    since: Bound = None,
    until: Bound = None,
    person: Text = None,
    action: Annotated[list[Action] | None, Query()] = None,
    object_id: Text = None,
    token_id: IdQuery = None,
) -> dict[str, Any]:
    """Who accessed the workspace's data, what, when, with which token; newest first. Reading it is an entry too."""
    wanted = EntryFilter(
        workspace_id=workspace_id,
        since=aware("since", since),
        until=aware("until", until),
        person=person,
        actions=tuple(str(each) for each in action or ()),
        object_id=object_id,
        token_id=token_id,
    )
    audit = services_of(request).audit
    found = await audit.list_page(wanted, page.bounds)
    await audit.note(Actor.of(claims), Action.AUDIT_READ, count=len(found.items))
    return envelope([AuditEntry(**_shown(row)).model_dump(mode="json") for row in found.items], page, found)


@router.get("/audit-chain")
async def get_audit_chain(request: Request, claims: Reader) -> AuditChain:
    """Whether the region's log is whole: all of it, of which the workspace's entries are a part."""
    audit = services_of(request).audit
    state, at = await audit.verify_lately()
    await audit.note(Actor.of(claims), Action.AUDIT_READ, count=state.entries)
    return AuditChain(
        entries=state.entries, is_intact=state.broken_at is None, broken_at=state.broken_at, checked_at=at
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in AuditEntry.model_fields}
