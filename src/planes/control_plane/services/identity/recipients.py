"""Whom a region's alerts reach: it keeps ids of members only, and asks who they are when it sends something."""

from __future__ import annotations

from planes.control_plane.services.access import role_of
from planes.control_plane.services.parts import Parts
from planes.domain.errors import NotAllowed
from planes.domain.identifiers import DataPlaneId
from planes.storage.control import organizations, workspaces
from planes.storage.control.connection import Connection
from planes.storage.control.identity import find_user
from planes.wire.link import KnownMember, MemberIds, MembersResponse


async def find_members(parts: Parts, dataplane_id: DataPlaneId, asked: MemberIds) -> MembersResponse:
    """Those of the asked people who see the workspace now. A member who left is not among them.

    Raises: NotAllowed for a workspace that is not this plane's.
    """
    async with parts.database.reading() as connection:
        workspace = await workspaces.find_workspace(connection, asked.workspace_id)
        if workspace is None or workspace.dataplane_id != dataplane_id:
            raise NotAllowed("foreign_workspace", "This workspace does not belong to the region of this data plane.")
        found = [await _find(connection, workspace, each) for each in dict.fromkeys(asked.members)]
    return MembersResponse(members=[member for member in found if member is not None])


async def _find(connection: Connection, workspace: workspaces.Workspace, membership_id: str) -> KnownMember | None:
    membership = await organizations.find_membership_by_id(connection, workspace.organization_id, membership_id)
    if membership is None or not membership.is_active:
        return None
    explicit = await workspaces.find_workspace_membership(connection, workspace.id, membership.id)
    role = role_of(membership, workspace, explicit.role if explicit is not None else None)
    user = await find_user(connection, membership.user_id)
    if role is None or user is None or user.kind != "human":
        return None
    return KnownMember(member=membership.id, email=user.email)
