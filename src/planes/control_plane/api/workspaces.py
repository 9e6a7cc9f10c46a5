"""Routes of one workspace (Contract: 1.5, operations 16 to 22)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.place_views import render_organization, render_workspace, render_workspace_member
from planes.control_plane.services.organizations import workspaces
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.wire.pages import ListPage
from planes.wire.workspaces import (
    DataplaneTokenResponse,
    MemberKind,
    UpdateWorkspaceRequest,
    WorkspaceMemberResponse,
    WorkspaceMeResponse,
    WorkspaceResponse,
)

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}", tags=["workspaces"])


@router.get("")
async def get_workspace(parts: CurrentParts, principal: CurrentPrincipal, workspace_id: str) -> WorkspaceResponse:
    return render_workspace(await workspaces.get_workspace(parts, principal, workspace_id))


@router.patch("")
async def change_workspace(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: str, body: UpdateWorkspaceRequest
) -> WorkspaceResponse:
    values: dict[str, str | None] = body.model_dump(include=body.model_fields_set)
    return render_workspace(await workspaces.change_workspace(parts, principal, workspace_id, values))


@router.post("/-archive")
async def archive_workspace(parts: CurrentParts, principal: CurrentPrincipal, workspace_id: str) -> WorkspaceResponse:
    return render_workspace(await workspaces.archive_workspace(parts, principal, workspace_id))


@router.post("/-unarchive")
async def unarchive_workspace(parts: CurrentParts, principal: CurrentPrincipal, workspace_id: str) -> WorkspaceResponse:
    return render_workspace(await workspaces.unarchive_workspace(parts, principal, workspace_id))


@router.get("/me")
async def get_workspace_me(parts: CurrentParts, principal: CurrentPrincipal, workspace_id: str) -> WorkspaceMeResponse:
    me = await workspaces.get_workspace_me(parts, principal, workspace_id)
    return WorkspaceMeResponse(
        email=principal.email,
        user_id=principal.user_id,
        organization_membership_id=me.access.membership_id,
        organization=render_organization(me.organization),
        organization_role=me.organization_role,
        workspace=render_workspace(me.access.workspace),
        workspace_role=me.access.role,
    )


@router.get("/members", response_model=ListPage[WorkspaceMemberResponse])
async def list_members(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: str,
    page: Annotated[Page, Depends(PageQuery("created_at", "email"))],
    kind: Annotated[list[MemberKind] | None, Query()] = None,
) -> dict[str, Any]:
    found = await workspaces.list_members(parts, principal, workspace_id, page, kind or [])
    return envelope([render_workspace_member(member) for member in found.items], page, found)


@router.post("/-issue-dataplane-token")
async def issue_dataplane_token(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: str
) -> DataplaneTokenResponse:
    minted = await workspaces.issue_dataplane_token(parts, principal, workspace_id)
    return DataplaneTokenResponse(token=minted.token, expires_at=minted.expires_at)
