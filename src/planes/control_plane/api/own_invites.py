"""Own routes of invites: people who are not on the platform yet, and join by a link (docs/api.md)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from planes.control_plane.api.authentication import CurrentParts, CurrentSession
from planes.control_plane.api.place_views import render_invite, render_organization_member
from planes.control_plane.services import invites
from planes.control_plane.services.invites import Invited, NewInvite
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.wire.own_control import InvitedResponse, InviteRequest, InviteResponse
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1/organizations/{organization_id}", tags=["own: organizations"])


@router.get("/invites", response_model=ListPage[InviteResponse])
async def list_invites(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, page: Annotated[Page, Depends(PageQuery())]
) -> dict[str, Any]:
    found = await invites.list_invites(parts, principal, organization_id, page)
    return envelope([render_invite(each) for each in found.items], page, found)


@router.post("/invites")
async def invite(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, body: InviteRequest
) -> InvitedResponse:
    places = {each.workspace_id.lower(): each.role.value for each in body.workspaces}
    new = NewInvite(email=body.email, role=body.role, places=places)
    came = await invites.invite(parts, principal, organization_id, new)
    if isinstance(came, Invited):
        return _render(came)
    return InvitedResponse(member=render_organization_member(came))


@router.post("/invites/{invite_id}/-issue-link")
async def issue_invite_link(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, invite_id: str
) -> InvitedResponse:
    return _render(await invites.issue_link(parts, principal, organization_id, invite_id))


@router.delete("/invites/{invite_id}", status_code=204, response_class=Response)
async def revoke_invite(parts: CurrentParts, principal: CurrentSession, organization_id: str, invite_id: str) -> None:
    await invites.revoke(parts, principal, organization_id, invite_id)


def _render(invited: Invited) -> InvitedResponse:
    return InvitedResponse(invite=render_invite(invited.invite), invite_url=invited.url)
