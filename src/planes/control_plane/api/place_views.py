"""From stored organizations, workspaces and members to their wire forms (Contract: 1.7)."""

from __future__ import annotations

from planes.control_plane.services.organizations.workspaces import ListedWorkspace
from planes.domain.access import OrganizationRole, WorkspaceRole
from planes.storage.control.data_planes import DataPlane
from planes.storage.control.invites import Invite
from planes.storage.control.organizations import Organization, OrganizationMember
from planes.storage.control.workspaces import Workspace, WorkspaceMember
from planes.wire.data_planes import DataplaneResponse
from planes.wire.organizations import OrganizationResponse
from planes.wire.own_control import InviteResponse, InviteWorkspace, OrganizationMemberResponse
from planes.wire.workspaces import OrganizationWorkspaceResponse, WorkspaceMemberResponse, WorkspaceResponse


def render_organization(organization: Organization) -> OrganizationResponse:
    return OrganizationResponse(
        id=organization.id,
        name=organization.name,
        description=organization.description,
        dataplane_id=organization.dataplane_id,
        created_at=organization.created_at,
        updated_at=organization.updated_at,
    )


def render_workspace(workspace: Workspace) -> WorkspaceResponse:
    return WorkspaceResponse(
        id=workspace.id,
        name=workspace.name,
        description=workspace.description,
        organization_id=workspace.organization_id,
        dataplane_id=workspace.dataplane_id,
        dataplane_url=workspace.dataplane_url,
        created_at=workspace.created_at,
        updated_at=workspace.updated_at,
        archived_at=workspace.archived_at,
        is_playground=workspace.is_playground,
    )


def render_listed_workspace(listed: ListedWorkspace) -> OrganizationWorkspaceResponse:
    return OrganizationWorkspaceResponse(
        **render_workspace(listed.workspace).model_dump(),
        member_count=len(listed.members),
        owner_members=[render_workspace_member(member) for member in listed.owners],
    )


def render_workspace_member(member: WorkspaceMember) -> WorkspaceMemberResponse:
    return WorkspaceMemberResponse(
        id=member.id,
        organization_membership_id=member.organization_membership_id,
        user_id=member.user_id,
        email=member.email,
        name=member.name,
        role=WorkspaceRole(member.role),
    )


def render_organization_member(member: OrganizationMember) -> OrganizationMemberResponse:
    return OrganizationMemberResponse(
        id=member.id,
        organization_id=member.organization_id,
        user_id=member.user_id,
        email=member.email,
        name=member.name,
        role=OrganizationRole(member.role),
        created_at=member.created_at,
    )


def render_invite(invite: Invite) -> InviteResponse:
    places = [
        InviteWorkspace(workspace_id=workspace_id, role=WorkspaceRole(role))
        for workspace_id, role in sorted(invite.workspaces.items())
    ]
    return InviteResponse(
        id=invite.id,
        organization_id=invite.organization_id,
        email=invite.email,
        role=OrganizationRole(invite.role),
        workspaces=places,
        invited_by=invite.invited_by_email,
        created_at=invite.created_at,
        expires_at=invite.expires_at,
    )


def render_data_plane(plane: DataPlane) -> DataplaneResponse:
    return DataplaneResponse(id=plane.id, name=plane.name, region=plane.region, description=plane.description)
