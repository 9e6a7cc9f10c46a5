"""Own routes of invites: people who are not on the platform yet, and join by a link (docs/api.md)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from planes.control_plane.api.authentication import CurrentParts, CurrentSession
from planes.control_plane.api.place_views import render_invite, render_organization_member, render_workspace_member
from planes.control_plane.services.identity import invites
from planes.control_plane.services.identity.invites import Asked, Invited, NewInvite
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.wire.own_control import (
    InvitedResponse,
    InvitedToWorkspaceResponse,
    InviteRequest,
    InviteResponse,
    InviteToWorkspaceRequest,
)
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1", tags=["own: organizations"])
_ORGANIZATION, _WORKSPACE = "/organizations/{organization_id}/invites", "/workspaces/{workspace_id}/invites"


@router.get(_ORGANIZATION, response_model=ListPage[InviteResponse])
async def list_invites(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, page: Annotated[Page, Depends(PageQuery())]
) -> dict[str, Any]:
    found = await invites.list_invites(parts, principal, organization_id, page)
    return envelope([render_invite(each) for each in found.items], page, found)


@router.post(_ORGANIZATION)
async def invite(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, body: InviteRequest
) -> InvitedResponse:
    places = {each.workspace_id.lower(): each.role.value for each in body.workspaces}
    new = NewInvite(email=body.email, role=body.role, places=places)
    came = await invites.invite(parts, principal, organization_id, new)
    if isinstance(came, Invited):
        return _render(came)
    return InvitedResponse(member=render_organization_member(came))


@router.post(_ORGANIZATION + "/{invite_id}/-issue-link")
async def issue_invite_link(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, invite_id: str
) -> InvitedResponse:
    return _render(await invites.issue_link(parts, principal, Asked(organization_id), invite_id))


@router.delete(_ORGANIZATION + "/{invite_id}", status_code=204, response_class=Response)
async def revoke_invite(parts: CurrentParts, principal: CurrentSession, organization_id: str, invite_id: str) -> None:
    await invites.revoke(parts, principal, Asked(organization_id), invite_id)


@router.get(_WORKSPACE, response_model=ListPage[InviteResponse])
async def list_workspace_invites(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, page: Annotated[Page, Depends(PageQuery())]
) -> dict[str, Any]:
    found = await invites.list_workspace_invites(parts, principal, workspace_id, page)
    return envelope([render_invite(each) for each in found.items], page, found)


@router.post(_WORKSPACE)
async def invite_to_workspace(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, body: InviteToWorkspaceRequest
) -> InvitedToWorkspaceResponse:
    came = await invites.invite_to_workspace(parts, principal, workspace_id, body.email, body.role)
    if isinstance(came, Invited):
        return InvitedToWorkspaceResponse(invite=render_invite(came.invite), invite_url=came.url)
    return InvitedToWorkspaceResponse(member=render_workspace_member(came))


@router.post(_WORKSPACE + "/{invite_id}/-issue-link")
async def issue_workspace_invite_link(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, invite_id: str
) -> InvitedResponse:
    return _render(await invites.issue_link(parts, principal, Asked(workspace_id, is_workspace=True), invite_id))


@router.delete(_WORKSPACE + "/{invite_id}", status_code=204, response_class=Response)
async def revoke_workspace_invite(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, invite_id: str
) -> None:
    await invites.revoke(parts, principal, Asked(workspace_id, is_workspace=True), invite_id)


def _render(invited: Invited) -> InvitedResponse:
    return InvitedResponse(invite=render_invite(invited.invite), invite_url=invited.url)
