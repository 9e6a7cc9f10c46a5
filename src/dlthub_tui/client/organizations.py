"""Who I am, organizations, regions and workspaces."""

from __future__ import annotations

from typing import Any

from dlthub_tui.client.models import (
    DataPlaneInfo,
    Me,
    Membership,
    Organization,
    Workspace,
    parse_dataplane,
    parse_me,
    parse_organization,
    parse_workspace,
)
from dlthub_tui.client.paging import get_all
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


async def get_me(plane: Transport) -> Me:
    """Contract: 1.5 (8)."""
    return parse_me(await plane.get("/api/v1/me"))


async def list_dataplanes(plane: Transport) -> tuple[DataPlaneInfo, ...]:
    """The regions of the installation. Contract: 1.5 (9)."""
    return Fields(await plane.get("/api/v1/dataplanes"), "data planes").many("items", parse_dataplane)


async def list_organizations(plane: Transport) -> tuple[Organization, ...]:
    """Contract: 1.5 (10)."""
    return await get_all(plane, "/api/v1/organizations", parse_organization)


async def get_membership(plane: Transport, organization_id: str) -> Membership:
    """The organization and what I may do there. Contract: 1.5 (12)."""
    fields = Fields(await plane.get(f"/api/v1/organizations/{organization_id}/me"), "organization membership")
    return Membership(organization=parse_organization(fields.raw("organization")), role=fields.text("role"))


async def get_workspace_roles(plane: Transport, organization_id: str) -> dict[str, str]:
    """What I may do in each workspace of the organization that I see, by its id. Contract: 1.5 (12)."""
    fields = Fields(await plane.get(f"/api/v1/organizations/{organization_id}/me"), "organization membership")
    return dict(fields.many("workspace_memberships", _parse_workspace_role))


def _parse_workspace_role(raw: Any) -> tuple[str, str]:
    fields = Fields(raw, "workspace membership")
    return Fields(fields.raw("workspace"), "workspace").text("id"), fields.text("role")


async def create_organization(plane: Transport, name: str) -> Organization:
    """A new organization, still without a region (own route)."""
    return parse_organization(await plane.post("/own/v1/organizations", {"name": name}))


async def set_region(plane: Transport, organization_id: str, dataplane_id: str) -> Organization:
    """Locks the region, for good. Contract: 1.5 (13). Raises: Conflict when it is locked already."""
    answer = await plane.post(f"/api/v1/organizations/{organization_id}/-set-region", {"dataplane_id": dataplane_id})
    return parse_organization(answer)


async def list_memberships(plane: Transport) -> tuple[Membership, ...]:
    """One's organizations with one's role; a key's are those that it may see."""
    me = await get_me(plane)
    if me.memberships:
        return tuple(me.memberships)
    return tuple([await get_membership(plane, found.id) for found in await list_organizations(plane)])


async def list_workspaces(plane: Transport, organization_id: str) -> tuple[Workspace, ...]:
    """Contract: 1.5 (14)."""
    query = {"include_archived": True}
    return await get_all(plane, f"/api/v1/organizations/{organization_id}/workspaces", parse_workspace, query)


async def create_workspace(plane: Transport, organization_id: str, name: str) -> Workspace:
    """Contract: 1.5 (15). Raises: Conflict when the organization has no region."""
    body: dict[str, Any] = {"name": name, "description": None}
    return parse_workspace(await plane.post(f"/api/v1/organizations/{organization_id}/workspaces", body))


async def get_workspace(plane: Transport, workspace_id: str) -> Workspace:
    """Contract: 1.5 (16)."""
    return parse_workspace(await plane.get(f"/api/v1/workspaces/{workspace_id}"))


async def archive_workspace(plane: Transport, workspace_id: str) -> Workspace:
    """Contract: 1.5 (18). Raises: Conflict while a run goes on."""
    return parse_workspace(await plane.post(f"/api/v1/workspaces/{workspace_id}/-archive"))


async def unarchive_workspace(plane: Transport, workspace_id: str) -> Workspace:
    """Contract: 1.5 (19). Raises: Conflict when it is not archived."""
    return parse_workspace(await plane.post(f"/api/v1/workspaces/{workspace_id}/-unarchive"))


async def get_workspace_role(plane: Transport, workspace_id: str) -> str:
    """What I may do in the workspace: owner, developer, viewer. Contract: 1.5 (20)."""
    return Fields(await plane.get(f"/api/v1/workspaces/{workspace_id}/me"), "workspace membership").text(
        "workspace_role"
    )
