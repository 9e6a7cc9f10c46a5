"""Who belongs to an organization and to its workspaces. Every loss of a right is revoked at the data planes too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from planes.control_plane.services import audit, revocations
from planes.control_plane.services.access import OrganizationAccess, authorize_organization, authorize_workspace
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.users import get_known_user
from planes.control_plane.services.parts import Parts
from planes.domain.access import OrganizationRole, Permission, Principal, WorkspaceRole
from planes.domain.errors import Conflict, InvalidRequest, NotFound, Reason
from planes.domain.identifiers import is_uuid, new_id
from planes.server.paging import Page
from planes.storage.control import identity, invites, organizations, workspaces
from planes.storage.control.connection import Connection
from planes.storage.control.identity import User
from planes.storage.control.invites import Invite
from planes.storage.control.organizations import OrganizationMember, OrganizationMembership
from planes.storage.control.workspaces import Workspace, WorkspaceMember, WorkspaceMembership
from planes.storage.keyset import Listed
from planes.wire.link import RevokedClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Who is to have which role in the organization, and which in workspaces of it."""

    organization_id: str
    user: User
    role: OrganizationRole
    places: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class _Place:
    membership: OrganizationMembership
    workspace_id: str
    role: str


async def list_members(
    parts: Parts, principal: Principal, organization_id: str, page: Page
) -> Listed[OrganizationMember]:
    """The people of an organization, by e-mail; for its members.

    Raises: NotFound, NotAllowed for collaborators.
    """
    async with parts.database.reading() as connection:
        access = await authorize_organization(connection, principal, organization_id, Permission.WRITE)
        return await organizations.list_members(connection, access.organization_id, page.bounds)


async def add_member(
    parts: Parts, principal: Principal, organization_id: str, email: str, role: OrganizationRole
) -> OrganizationMember:
    """Takes a user of the platform into the organization, for its owners. The region must be set (Contract: 2.6).

    Raises: NotFound, NotAllowed; InvalidRequest for an unknown address; Conflict when they are a member already.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access = await own_region(connection, parts, principal, organization_id)
        user = await get_known_user(connection, email, access.organization_id)
        joining = Joining(organization_id=access.organization_id, user=user, role=role)
        membership = await join(connection, Actor.of(principal), joining, now)
    return member_of(membership, user)


async def change_member(
    parts: Parts, principal: Principal, organization_id: str, membership_id: str, role: OrganizationRole
) -> OrganizationMember:
    """Changes a role in the organization; older tokens of the member end at once.

    Raises: NotFound, NotAllowed; Conflict for the last owner.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        membership, user = await _owned_membership(connection, parts, principal, organization_id, membership_id)
        await _keep_an_owner(connection, membership, role)
        await organizations.change_membership(connection, membership.id, role=role, is_active=True, now=now)
        if membership.role == OrganizationRole.OWNER and role is not OrganizationRole.OWNER:
            await _end_invites(connection, Actor.of(principal), membership, now)
        await revocations.revoke(connection, RevokedClaim.MEMBERSHIP, membership.id, now)
        await _audit(connection, parts, principal, _event("member_changed", membership, role))
        changed = await organizations.find_membership_by_id(connection, membership.organization_id, membership.id)
    parts.news.tell_all()
    assert changed is not None
    return member_of(changed, user)


async def remove_member(parts: Parts, principal: Principal, organization_id: str, membership_id: str) -> None:
    """Takes somebody out of the organization and all its workspaces, at once.

    Raises: NotFound, NotAllowed; Conflict for the last owner.
    """
    async with parts.database.transaction() as connection:
        membership, _ = await _owned_membership(connection, parts, principal, organization_id, membership_id)
        await _keep_an_owner(connection, membership, None)
        await _leave(connection, parts, principal, membership)
        await _audit(connection, parts, principal, _event("member_removed", membership, None))
    parts.news.tell_all()


async def add_workspace_member(
    parts: Parts, principal: Principal, workspace_id: str, email: str, role: WorkspaceRole
) -> WorkspaceMember:
    """Gives a user a role in the workspace; somebody from outside joins the organization as a collaborator.

    Raises: NotFound, NotAllowed; InvalidRequest for an unknown address or a playground; Conflict for a present member.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        workspace = await own_shared_workspace(connection, parts, principal, workspace_id)
        user = await get_known_user(connection, email, workspace.organization_id)
        member = await place_user(connection, Actor.of(principal), workspace, user, role, now)
    # A role of one's own may be less than the default one was.
    parts.news.tell_all()
    return member


async def place_user(
    connection: Connection, actor: Actor, workspace: Workspace, user: User, role: WorkspaceRole, now: datetime
) -> WorkspaceMember:
    """Gives a role in the workspace, for who holds the organization's members; outsiders join as collaborators.

    Raises: Conflict for a present member.
    """
    membership = await organizations.find_membership(connection, workspace.organization_id, user.id)
    if membership is None or not membership.is_active:
        joining = Joining(organization_id=workspace.organization_id, user=user, role=OrganizationRole.COLLABORATOR)
        membership = await _enter(connection, joining, now)
    if await workspaces.find_workspace_membership(connection, workspace.id, membership.id) is not None:
        raise Conflict("member_exists", "This user has a role in the workspace already.")
    place_id = await _place(connection, actor, _Place(membership, workspace.id, role), now)
    return await _get_member(connection, workspace.id, place_id)


async def change_workspace_member(
    parts: Parts, principal: Principal, workspace_id: str, member_id: str, role: WorkspaceRole
) -> WorkspaceMember:
    """Changes a person's role in the workspace; older tokens of the member end at once.

    Raises: NotFound, NotAllowed; InvalidRequest for a key.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        workspace = await _held_workspace(connection, parts, principal, workspace_id)
        member = await _human_member(connection, workspace, member_id)
        await workspaces.change_workspace_role(connection, member.id, role, now)
        if role is not WorkspaceRole.OWNER:
            await _end_workspace_invites(connection, Actor.of(principal), workspace, member, now)
        await _lost_a_right(
            connection, parts, principal, _of_member("workspace_member_changed", workspace, member, role)
        )
        changed = await _get_member(connection, workspace.id, member.id)
    parts.news.tell_all()
    return changed


async def remove_workspace_member(parts: Parts, principal: Principal, workspace_id: str, member_id: str) -> None:
    """Takes a person's role in the workspace. A collaborator leaves the organization with their last workspace.

    Raises: NotFound, NotAllowed; InvalidRequest for a key.
    """
    async with parts.database.transaction() as connection:
        workspace = await _held_workspace(connection, parts, principal, workspace_id)
        member = await _human_member(connection, workspace, member_id)
        await workspaces.remove_workspace_membership(connection, member.id)
        await _end_workspace_invites(connection, Actor.of(principal), workspace, member, parts.clock.now())
        await _lost_a_right(
            connection, parts, principal, _of_member("workspace_member_removed", workspace, member, None)
        )
        membership = await organizations.find_membership(connection, workspace.organization_id, member.user_id)
        is_collaborator = membership is not None and membership.role == OrganizationRole.COLLABORATOR
        if membership is not None and is_collaborator and not await workspaces.list_roles_of(connection, membership.id):
            await _leave(connection, parts, principal, membership)
    parts.news.tell_all()


async def get_default_role(parts: Parts, principal: Principal, workspace_id: str) -> WorkspaceRole | None:
    """The role of every member of the organization without one of their own, for whoever sees the workspace.

    Raises: NotFound.
    """
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        workspace = await workspaces.find_workspace(connection, access.workspace_id)
    return WorkspaceRole(workspace.default_role) if workspace is not None and workspace.default_role else None


async def set_default_role(
    parts: Parts, principal: Principal, workspace_id: str, role: WorkspaceRole | None
) -> WorkspaceRole | None:
    """The role of every member of the organization without one of their own; None for none.

    Raises: NotFound, NotAllowed; InvalidRequest for a playground.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        workspace = await _held_workspace(connection, parts, principal, workspace_id)
        if workspace.is_playground:
            raise InvalidRequest("playground", "A playground belongs to one person.")
        await workspaces.change_workspace(connection, workspace.id, {"default_role": role}, now)
        await revocations.revoke(connection, RevokedClaim.WORKSPACE, workspace.id, now)
        event = Record(
            action="default_role_changed", subject=workspace.id, organization_id=workspace.organization_id,
            facts={"role": role},
        )  # fmt: skip
        await _audit(connection, parts, principal, event)
    parts.news.tell_all()
    return role


async def own_region(
    connection: Connection, parts: Parts, principal: Principal, organization_id: str
) -> OrganizationAccess:
    """An organization of the caller's that people can join: its region is set (Contract: 2.6). Holds its members.

    Raises: NotFound, NotAllowed, Conflict.
    """
    access = await own_organization(connection, parts, principal, organization_id)
    if access.dataplane_id is None:
        raise Conflict("organization_region_required", "Choose the region of this organization first.")
    return access


async def join(connection: Connection, actor: Actor, joining: Joining, now: datetime) -> OrganizationMembership:
    """Takes somebody in, for who holds the organization's members; an invite of the address ends.

    Raises: Conflict when they are a member already.
    """
    known = await organizations.find_membership(connection, joining.organization_id, joining.user.id)
    if known is not None and known.is_active:
        raise Conflict("member_exists", "This user is a member already.")
    membership = await _enter(connection, joining, now)
    await audit.record(connection, actor, now, _event("member_added", membership, joining.role))
    await workspaces.tell_who_joined(connection, joining.organization_id)
    for workspace_id, role in joining.places.items():
        await _place(connection, actor, _Place(membership, workspace_id, role), now)
    return membership


async def _enter(connection: Connection, joining: Joining, now: datetime) -> OrganizationMembership:
    """A new membership, or the former one again."""
    organization_id, user, role = joining.organization_id, joining.user, joining.role
    waiting = await invites.find_invite_of(connection, organization_id, user.email)
    if waiting is not None:
        await invites.remove_invite(connection, waiting.id)
    former = await organizations.find_membership(connection, organization_id, user.id)
    if former is not None:
        await organizations.change_membership(connection, former.id, role=role, is_active=True, now=now)
        again = await organizations.find_membership_by_id(connection, organization_id, former.id)
        assert again is not None
        return again
    membership = OrganizationMembership(
        id=new_id(), organization_id=organization_id, user_id=user.id, role=role, is_active=True, created_at=now,
        updated_at=now,
    )  # fmt: skip
    await organizations.add_membership(connection, membership)
    return membership


async def _place(connection: Connection, actor: Actor, place: _Place, now: datetime) -> str:
    """A role in a workspace; the id of the membership there."""
    added = WorkspaceMembership(
        id=new_id(), workspace_id=place.workspace_id, organization_membership_id=place.membership.id, role=place.role
    )
    await workspaces.add_workspace_membership(connection, added, now)
    await revocations.revoke(connection, RevokedClaim.MEMBERSHIP, place.membership.id, now)
    event = _event("workspace_member_added", place.membership, place.role, place.workspace_id)
    await audit.record(connection, actor, now, event)
    return added.id


async def _end_invites(connection: Connection, actor: Actor, membership: OrganizationMembership, now: datetime) -> None:
    """Who is no owner any more invites nobody: what they sent and nobody accepted ends."""
    sent = await invites.list_invites_by(connection, membership.organization_id, membership.user_id)
    await _end(connection, actor, sent, now)


async def _end_workspace_invites(
    connection: Connection, actor: Actor, workspace: Workspace, member: WorkspaceMember, now: datetime
) -> None:
    """The same of one workspace; whoever owns the organization goes on."""
    membership = await organizations.find_membership(connection, workspace.organization_id, member.user_id)
    if membership is not None and membership.is_active and membership.role == OrganizationRole.OWNER:
        return
    sent = await invites.list_invites_by(connection, workspace.organization_id, member.user_id)
    await _end(connection, actor, [each for each in sent if workspace.id in each.workspaces], now)


async def _end(connection: Connection, actor: Actor, sent: Sequence[Invite], now: datetime) -> None:
    for invite in sent:
        await invites.remove_invite(connection, invite.id)
        event = Record(
            action="invite_revoked", subject=invite.id, organization_id=invite.organization_id,
            facts={"role": invite.role},
        )  # fmt: skip
        await audit.record(connection, actor, now, event)


async def _leave(
    connection: Connection, parts: Parts, principal: Principal, membership: OrganizationMembership
) -> None:
    now = parts.clock.now()
    await _end_invites(connection, Actor.of(principal), membership, now)
    await workspaces.remove_memberships_of(connection, membership.id)
    await organizations.change_membership(connection, membership.id, role=membership.role, is_active=False, now=now)
    await revocations.revoke(connection, RevokedClaim.MEMBERSHIP, membership.id, now)


async def own_organization(
    connection: Connection, parts: Parts, principal: Principal, organization_id: str
) -> OrganizationAccess:
    """An organization of the caller's, whose members nobody else changes meanwhile.

    Raises: NotFound, NotAllowed.
    """
    asked = (connection, principal, organization_id, Permission.MANAGE_ORGANIZATION)
    access = await authorize_organization(*asked)
    await parts.database.lock(connection, f"members:{access.organization_id}")
    return await authorize_organization(*asked)  # who waited is asked for the role that they have now


async def _owned_membership(
    connection: Connection, parts: Parts, principal: Principal, organization_id: str, membership_id: str
) -> tuple[OrganizationMembership, User]:
    access = await own_organization(connection, parts, principal, organization_id)
    found = (
        await organizations.find_membership_by_id(connection, access.organization_id, membership_id)
        if is_uuid(membership_id)
        else None
    )
    user = await identity.find_user(connection, found.user_id) if found else None
    if found is None or user is None or not found.is_active or user.kind != "human":
        raise _no_member()
    return found, user


async def _keep_an_owner(
    connection: Connection, membership: OrganizationMembership, role: OrganizationRole | None
) -> None:
    loses = membership.role == OrganizationRole.OWNER and role is not OrganizationRole.OWNER
    if loses and await organizations.count_owners(connection, membership.organization_id) == 1:
        raise Conflict("last_owner", "An organization keeps at least one owner.")
    organization = await organizations.find_organization(connection, membership.organization_id)
    if loses and organization is not None and organization.personal_user_id == membership.user_id:
        raise Conflict("personal_owner", "A personal organization stays its person's.")


async def _own_workspace(connection: Connection, principal: Principal, workspace_id: str) -> Workspace:
    access = await authorize_workspace(
        connection, principal, workspace_id, Permission.MANAGE_WORKSPACE, allow_archived=True
    )
    return access.workspace


async def _held_workspace(connection: Connection, parts: Parts, principal: Principal, workspace_id: str) -> Workspace:
    """A workspace of the caller's. Holds the members of its organization. Raises: NotFound, NotAllowed."""
    workspace = await _own_workspace(connection, principal, workspace_id)
    await parts.database.lock(connection, f"members:{workspace.organization_id}")
    return await _own_workspace(connection, principal, workspace_id)  # who waited is asked for the role of now


async def own_shared_workspace(
    connection: Connection, parts: Parts, principal: Principal, workspace_id: str
) -> Workspace:
    """A workspace of the caller's that others may join. Holds the members of its organization.

    Raises: NotFound, NotAllowed; InvalidRequest for a playground.
    """
    workspace = await _held_workspace(connection, parts, principal, workspace_id)
    if workspace.is_playground:
        raise InvalidRequest("playground", "A playground belongs to one person.")
    return workspace


async def _human_member(connection: Connection, workspace: Workspace, member_id: str) -> WorkspaceMember:
    member = await workspaces.find_workspace_member(connection, workspace.id, member_id) if is_uuid(member_id) else None
    if member is None:
        raise _no_member()
    if member.kind != "human":
        reason = Reason(key="member_id", message="is a key; revoke the key instead")
        raise InvalidRequest("invalid_request", "The request breaks a rule.", (reason,))
    if workspace.is_playground:
        raise InvalidRequest("playground", "A playground belongs to one person.")
    return member


async def _get_member(connection: Connection, workspace_id: str, member_id: str) -> WorkspaceMember:
    member = await workspaces.find_workspace_member(connection, workspace_id, member_id)
    assert member is not None
    return member


async def _lost_a_right(connection: Connection, parts: Parts, principal: Principal, event: Record) -> None:
    now = parts.clock.now()
    await revocations.revoke(connection, RevokedClaim.MEMBERSHIP, event.subject, now)
    await audit.record(connection, Actor.of(principal), now, event)


def _of_member(action: str, workspace: Workspace, member: WorkspaceMember, role: str | None) -> Record:
    facts: dict[str, audit.Fact] = {"workspace_id": workspace.id, "user_id": member.user_id, "role": role}
    return Record(
        action=action, subject=member.organization_membership_id, organization_id=workspace.organization_id, facts=facts
    )


def _event(
    action: str, membership: OrganizationMembership, role: str | None, workspace_id: str | None = None
) -> Record:
    facts: dict[str, audit.Fact] = {"user_id": membership.user_id, "role": role, "workspace_id": workspace_id}
    return Record(action=action, subject=membership.id, organization_id=membership.organization_id, facts=facts)


async def _audit(connection: Connection, parts: Parts, principal: Principal, event: Record) -> None:
    await audit.record(connection, Actor.of(principal), parts.clock.now(), event)


def member_of(membership: OrganizationMembership, user: User) -> OrganizationMember:
    return OrganizationMember(
        id=membership.id, organization_id=membership.organization_id, user_id=user.id, role=membership.role,
        created_at=membership.created_at, email=user.email, name=user.name, kind=user.kind,
    )  # fmt: skip


def _no_member() -> NotFound:
    return NotFound("member_not_found", "There is no such member.")
