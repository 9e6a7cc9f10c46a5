"""Who may do what in which workspace or organization (Contract: 8.1). Unknown and foreign ids look alike.

The functions read what is stored now, so a changed role holds from the next request on.
"""

from __future__ import annotations

from dataclasses import dataclass

from planes.domain.access import OrganizationRole, Permission, Principal, PrincipalKind, WorkspaceRole, permissions_of
from planes.domain.errors import Conflict, NotAllowed, NotFound
from planes.domain.identifiers import MembershipId, OrganizationId, WorkspaceId, is_uuid
from planes.storage.control import organizations as stored_organizations
from planes.storage.control.connection import Connection
from planes.storage.control.identity import find_user
from planes.storage.control.organizations import Organization, OrganizationMembership
from planes.storage.control.workspaces import Workspace, find_seen_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceAccess:
    """A workspace that the caller may use in the way that was asked for."""

    workspace_id: WorkspaceId
    organization_id: OrganizationId
    dataplane_id: str
    role: WorkspaceRole
    membership_id: MembershipId
    is_archived: bool
    is_playground: bool
    workspace: Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationAccess:
    """An organization that the caller may use in the way that was asked for."""

    organization_id: OrganizationId
    dataplane_id: str | None
    role: OrganizationRole
    membership_id: MembershipId
    organization: Organization


_READING = frozenset({Permission.READ})
_ORGANIZATION_PERMISSIONS: dict[OrganizationRole, frozenset[Permission]] = {
    OrganizationRole.OWNER: frozenset({Permission.READ, Permission.WRITE, Permission.MANAGE_ORGANIZATION}),
    OrganizationRole.MEMBER: frozenset({Permission.READ, Permission.WRITE}),
    OrganizationRole.COLLABORATOR: frozenset({Permission.READ}),
}


async def authorize_workspace(
    connection: Connection,
    principal: Principal,
    workspace_id: str,
    permission: Permission,
    *,
    allow_archived: bool = False,
) -> WorkspaceAccess:
    """The caller's access to a workspace.

    Raises: NotFound when it is not there or the caller may not know it, NotAllowed when the role lacks the permission,
    Conflict (`workspace_archived`) when anything but reading is asked of an archived one without `allow_archived`.
    """
    workspace_id = workspace_id.lower()  # an id may be written in capitals, too (RFC 9562, 4)
    seen = await find_seen_workspace(connection, workspace_id, principal.user_id) if is_uuid(workspace_id) else None
    if seen is None or not _is_within(principal, seen.workspace.organization_id, seen.workspace.id):
        raise _no_workspace()
    workspace, membership = seen.workspace, seen.membership
    role = role_of(membership, workspace, seen.role) if membership is not None and membership.is_active else None
    if membership is None or role is None:
        raise _no_workspace()
    if principal.kind is PrincipalKind.RUN:
        role = WorkspaceRole.VIEWER
    needed = _needed(principal, permission)
    if not needed <= permissions_of(role) or (principal.kind is PrincipalKind.RUN and needed != _READING):
        raise NotAllowed("not_allowed", f"Your role in this workspace ({role}) does not allow this.")
    if workspace.archived_at is not None and permission is not Permission.READ and not allow_archived:
        raise Conflict("workspace_archived", "This workspace is archived. Unarchive it first.")
    return WorkspaceAccess(
        workspace_id=WorkspaceId(workspace.id),
        organization_id=OrganizationId(workspace.organization_id),
        dataplane_id=workspace.dataplane_id,
        role=role,
        membership_id=MembershipId(membership.id),
        is_archived=workspace.archived_at is not None,
        is_playground=workspace.is_playground,
        workspace=workspace,
    )


async def authorize_organization(
    connection: Connection, principal: Principal, organization_id: str, permission: Permission
) -> OrganizationAccess:
    """The caller's access to an organization. WRITE creates workspaces, MANAGE_ORGANIZATION is its owners'.

    Raises: NotFound, NotAllowed.
    """
    organization_id = organization_id.lower()
    found = (
        await stored_organizations.find_organization(connection, organization_id) if is_uuid(organization_id) else None
    )
    if found is None or not _is_within(principal, found.id, None):
        raise _no_organization()
    membership = await _active_membership(connection, principal, found.id)
    if membership is None:
        raise _no_organization()
    role = OrganizationRole(membership.role)
    is_bound = principal.kind in {PrincipalKind.WORKSPACE_KEY, PrincipalKind.RUN}
    needed = _needed(principal, permission)
    if not needed <= _ORGANIZATION_PERMISSIONS[role] or (is_bound and needed != _READING):
        raise NotAllowed("not_allowed", f"Your role in this organization ({role}) does not allow this.")
    return OrganizationAccess(
        organization_id=OrganizationId(found.id),
        dataplane_id=found.dataplane_id,
        role=role,
        membership_id=MembershipId(membership.id),
        organization=found,
    )


async def authorize_administrator(connection: Connection, principal: Principal) -> None:
    """Lets the platform's administrators pass, signed in as persons: a key never administers.

    Raises: NotAllowed.
    """
    user = await find_user(connection, principal.user_id)
    if user is None or not user.is_administrator or principal.kind is not PrincipalKind.SESSION:
        raise NotAllowed("administrator_only", "Only an administrator of this platform may do this.")


def role_of(membership: OrganizationMembership, workspace: Workspace, explicit: str | None) -> WorkspaceRole | None:
    """The role that a member of the organization has in a workspace; None when they do not see it."""
    if explicit is None and workspace.is_playground:
        return None
    if membership.role == OrganizationRole.OWNER:
        return WorkspaceRole.OWNER
    if explicit is not None:
        return WorkspaceRole(explicit)
    if membership.role == OrganizationRole.MEMBER and workspace.default_role is not None:
        return WorkspaceRole(workspace.default_role)
    return None


def _needed(principal: Principal, permission: Permission) -> frozenset[Permission]:
    """What the service asks for, and what the route's entry in the table does."""
    return frozenset({permission} if principal.asks is None else {permission, principal.asks})


async def _active_membership(
    connection: Connection, principal: Principal, organization_id: str
) -> OrganizationMembership | None:
    membership = await stored_organizations.find_membership(connection, organization_id, principal.user_id)
    return membership if membership is not None and membership.is_active else None


def _is_within(principal: Principal, organization_id: str, workspace_id: str | None) -> bool:
    """Whether a credential that is bound to one workspace is used inside it."""
    if principal.organization_id is not None and principal.organization_id != organization_id:
        return False
    return principal.workspace_id is None or workspace_id is None or principal.workspace_id == workspace_id


def _no_workspace() -> NotFound:
    return NotFound("workspace_not_found", "There is no such workspace, or you may not see it.")


def _no_organization() -> NotFound:
    return NotFound("organization_not_found", "There is no such organization, or you may not see it.")
