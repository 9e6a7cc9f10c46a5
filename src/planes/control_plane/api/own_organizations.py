"""Own routes of organizations and workspaces: creating organizations, who belongs where, the default role."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from planes.control_plane.api.authentication import CurrentHuman, CurrentParts, CurrentPrincipal, CurrentSession
from planes.control_plane.api.place_views import (
    render_organization,
    render_organization_member,
    render_workspace_member,
)
from planes.control_plane.services.identity import members
from planes.control_plane.services.organizations import organizations
from planes.control_plane.services.organizations.organizations import NewOrganization
from planes.domain.access import WorkspaceRole
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.wire.organizations import OrganizationResponse
from planes.wire.own_control import (
    AddOrganizationMemberRequest,
    AddWorkspaceMemberRequest,
    ChangeOrganizationMemberRequest,
    ChangeWorkspaceMemberRequest,
    CreateOrganizationRequest,
    DefaultRoleRequest,
    DefaultRoleResponse,
    OrganizationMemberResponse,
)
from planes.wire.pages import ListPage
from planes.wire.workspaces import WorkspaceMemberResponse

router = LateRouter(prefix="/own/v1", tags=["own: organizations"])


@router.post("/organizations")
async def create_organization(
    parts: CurrentParts, principal: CurrentHuman, body: CreateOrganizationRequest
) -> OrganizationResponse:
    new = NewOrganization(
        name=body.name, description=body.description, dataplane_id=body.dataplane_id, owner_email=body.owner_email
    )
    return render_organization(await organizations.create_organization(parts, principal, new))


@router.get("/organizations", response_model=ListPage[OrganizationResponse])
async def list_all_organizations(
    parts: CurrentParts, principal: CurrentSession, page: Annotated[Page, Depends(PageQuery())]
) -> dict[str, Any]:
    found = await organizations.list_all_organizations(parts, principal, page)
    return envelope([render_organization(one) for one in found.items], page, found)


@router.get("/organizations/{organization_id}/members", response_model=ListPage[OrganizationMemberResponse])
async def list_members(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    organization_id: str,
    page: Annotated[Page, Depends(PageQuery())],
) -> dict[str, Any]:
    found = await members.list_members(parts, principal, organization_id, page)
    return envelope([render_organization_member(member) for member in found.items], page, found)


@router.post("/organizations/{organization_id}/members")
async def add_member(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, body: AddOrganizationMemberRequest
) -> OrganizationMemberResponse:
    added = await members.add_member(parts, principal, organization_id, body.email, body.role)
    return render_organization_member(added)


@router.patch("/organizations/{organization_id}/members/{membership_id}")
async def change_member(
    parts: CurrentParts,
    principal: CurrentSession,
    organization_id: str,
    membership_id: str,
    body: ChangeOrganizationMemberRequest,
) -> OrganizationMemberResponse:
    changed = await members.change_member(parts, principal, organization_id, membership_id, body.role)
    return render_organization_member(changed)


@router.delete("/organizations/{organization_id}/members/{membership_id}", status_code=204, response_class=Response)
async def remove_member(
    parts: CurrentParts, principal: CurrentSession, organization_id: str, membership_id: str
) -> None:
    await members.remove_member(parts, principal, organization_id, membership_id)


@router.post("/workspaces/{workspace_id}/members")
async def add_workspace_member(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, body: AddWorkspaceMemberRequest
) -> WorkspaceMemberResponse:
    added = await members.add_workspace_member(parts, principal, workspace_id, body.email, body.role)
    return render_workspace_member(added)


@router.patch("/workspaces/{workspace_id}/members/{member_id}")
async def change_workspace_member(
    parts: CurrentParts,
    principal: CurrentSession,
    workspace_id: str,
    member_id: str,
    body: ChangeWorkspaceMemberRequest,
) -> WorkspaceMemberResponse:
    changed = await members.change_workspace_member(parts, principal, workspace_id, member_id, body.role)
    return render_workspace_member(changed)


@router.delete("/workspaces/{workspace_id}/members/{member_id}", status_code=204, response_class=Response)
async def remove_workspace_member(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, member_id: str
) -> None:
    await members.remove_workspace_member(parts, principal, workspace_id, member_id)


@router.get("/workspaces/{workspace_id}/default-role")
async def get_default_role(parts: CurrentParts, principal: CurrentPrincipal, workspace_id: str) -> DefaultRoleResponse:
    role = await members.get_default_role(parts, principal, workspace_id)
    return DefaultRoleResponse(workspace_id=workspace_id, role=role)


@router.put("/workspaces/{workspace_id}/default-role")
async def set_default_role(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, body: DefaultRoleRequest
) -> DefaultRoleResponse:
    role = WorkspaceRole(body.role) if body.role else None
    role = await members.set_default_role(parts, principal, workspace_id, role)
    return DefaultRoleResponse(workspace_id=workspace_id, role=role)
