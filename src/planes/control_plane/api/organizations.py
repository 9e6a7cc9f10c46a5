"""Routes of organizations and the catalogue of regions (Contract: 1.5, operations 9 to 15)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.place_views import (
    render_data_plane,
    render_listed_workspace,
    render_organization,
    render_workspace,
)
from planes.control_plane.services.installation import data_planes
from planes.control_plane.services.organizations import organizations, workspaces
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.wire.data_planes import DataplaneCatalog
from planes.wire.organizations import OrganizationResponse, SetRegionRequest
from planes.wire.pages import ListPage
from planes.wire.workspaces import (
    CreateWorkspaceRequest,
    OrganizationMeResponse,
    OrganizationWorkspaceResponse,
    WorkspaceMembershipResponse,
    WorkspaceResponse,
)

router = LateRouter(prefix="/api/v1", tags=["organizations"])

ByNameOrAge = Annotated[Page, Depends(PageQuery("created_at", "name"))]


@router.get("/dataplanes")
async def list_data_planes(parts: CurrentParts, _principal: CurrentPrincipal) -> DataplaneCatalog:
    return DataplaneCatalog(items=[render_data_plane(plane) for plane in await data_planes.list_catalogue(parts)])


@router.get("/organizations", response_model=ListPage[OrganizationResponse])
async def list_organizations(parts: CurrentParts, principal: CurrentPrincipal, page: ByNameOrAge) -> dict[str, Any]:
    found = await organizations.list_organizations(parts, principal, page)
    return envelope([render_organization(organization) for organization in found.items], page, found)


@router.get("/organizations/{organization_id}")
async def get_organization(
    parts: CurrentParts, principal: CurrentPrincipal, organization_id: str
) -> OrganizationResponse:
    return render_organization(await organizations.get_organization(parts, principal, organization_id))


@router.get("/organizations/{organization_id}/me")
async def get_organization_me(
    parts: CurrentParts, principal: CurrentPrincipal, organization_id: str
) -> OrganizationMeResponse:
    me = await organizations.get_organization_me(parts, principal, organization_id)
    return OrganizationMeResponse(
        email=principal.email,
        user_id=principal.user_id,
        organization_membership_id=me.access.membership_id,
        organization=render_organization(me.access.organization),
        role=me.access.role,
        workspace_memberships=[
            WorkspaceMembershipResponse(role=role, workspace=render_workspace(workspace))
            for role, workspace in me.workspaces
        ],
    )


@router.post("/organizations/{organization_id}/-set-region")
async def set_region(
    parts: CurrentParts, principal: CurrentPrincipal, organization_id: str, body: SetRegionRequest
) -> OrganizationResponse:
    changed = await organizations.set_region(parts, principal, organization_id, body.dataplane_id)
    return render_organization(changed)


@router.get("/organizations/{organization_id}/workspaces", response_model=ListPage[OrganizationWorkspaceResponse])
async def list_workspaces(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    organization_id: str,
    page: ByNameOrAge,
    include_archived: bool = False,
) -> dict[str, Any]:
    found = await workspaces.list_workspaces(parts, principal, organization_id, page, include_archived=include_archived)
    return envelope([render_listed_workspace(listed) for listed in found.items], page, found)


@router.post("/organizations/{organization_id}/workspaces", status_code=201)
async def create_workspace(
    parts: CurrentParts, principal: CurrentPrincipal, organization_id: str, body: CreateWorkspaceRequest
) -> WorkspaceResponse:
    created = await workspaces.create_workspace(parts, principal, organization_id, body.name, body.description)
    return render_workspace(created)
