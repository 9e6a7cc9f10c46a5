"""Organizations: the caller's own, creating one, and locking its region once and for good (Design: 4, Borders: 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from planes.control_plane.services import audit
from planes.control_plane.services.access import (
    OrganizationAccess,
    authorize_administrator,
    authorize_organization,
    role_of,
)
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.users import get_known_user
from planes.control_plane.services.names import checked_description, checked_name
from planes.control_plane.services.parts import Parts
from planes.domain.access import OrganizationRole, Permission, Principal, PrincipalKind, WorkspaceRole
from planes.domain.errors import Conflict, InvalidRequest, NotAuthenticated, Reason
from planes.domain.identifiers import new_id
from planes.server.paging import Page
from planes.storage.control import data_planes, identity, workspaces
from planes.storage.control import organizations as stored
from planes.storage.control.connection import Connection
from planes.storage.control.identity import User
from planes.storage.control.organizations import Organization, OrganizationMembership
from planes.storage.control.workspaces import Workspace, WorkspaceFilter, WorkspaceMembership, WorkspaceToAdd
from planes.storage.keyset import Bounds, Listed

PLAYGROUND = "Playground"
REGION_LOCKED = "region_locked"
"""The audit action of choosing a region, once for each organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """A person with every organization they belong to; `primary` is their own."""

    user: User
    primary: Organization
    membership_id: str
    latest_organization: Organization
    latest_workspace: Workspace | None
    memberships: Sequence[tuple[OrganizationMembership, Organization]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationMe:
    """The caller in one organization, with every workspace that they see and their role in it."""

    access: OrganizationAccess
    workspaces: Sequence[tuple[WorkspaceRole, Workspace]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganization:
    """`dataplane_id` locks the region at once."""

    name: str
    description: str | None = None
    dataplane_id: str | None = None
    owner_email: str | None = None


async def get_me(parts: Parts, principal: Principal) -> Me:
    """The caller; the first call creates their own organization, without a region."""
    async with parts.database.reading() as connection:
        own = await stored.find_personal_organization(connection, principal.user_id)
    if own is None:
        async with parts.database.transaction() as connection:
            await parts.database.lock(connection, f"me:{principal.user_id}")
            if await stored.find_personal_organization(connection, principal.user_id) is None:
                await _create_personal(connection, parts, principal)
    async with parts.database.reading() as connection:
        return await _read_me(connection, principal)


async def list_organizations(parts: Parts, principal: Principal, page: Page) -> Listed[Organization]:
    """The caller's organizations; a workspace key's or a run's is exactly one (Contract: 2.5)."""
    async with parts.database.reading() as connection:
        if principal.organization_id is not None:
            found = await authorize_organization(connection, principal, principal.organization_id, Permission.READ)
            return Listed([found.organization][page.passed :], 1, None)
        return await stored.list_organizations_of(connection, principal.user_id, page.bounds, page.order)


async def list_all_organizations(parts: Parts, principal: Principal, page: Page) -> Listed[Organization]:
    """Everybody's, by name; for administrators.

    Raises: NotAllowed.
    """
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
        return await stored.list_all_organizations(connection, page.bounds)


async def get_organization(parts: Parts, principal: Principal, organization_id: str) -> Organization:
    """Raises: NotFound."""
    async with parts.database.reading() as connection:
        return (await authorize_organization(connection, principal, organization_id, Permission.READ)).organization


async def get_organization_me(parts: Parts, principal: Principal, organization_id: str) -> OrganizationMe:
    """Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_organization(connection, principal, organization_id, Permission.READ)
        visible = visible_workspaces(principal, access)
        found = (await workspaces.list_workspaces(connection, visible)).items
        explicit = await workspaces.list_roles_of(connection, access.membership_id)
        membership = await stored.find_membership_by_id(connection, access.organization_id, access.membership_id)
    assert membership is not None
    roles = [(role_of(membership, workspace, explicit.get(workspace.id)), workspace) for workspace in found]
    if principal.kind is PrincipalKind.RUN:
        roles = [(WorkspaceRole.VIEWER, workspace) for _, workspace in roles]
    return OrganizationMe(access=access, workspaces=[(role, workspace) for role, workspace in roles if role])


async def set_region(parts: Parts, principal: Principal, organization_id: str, dataplane_id: str) -> Organization:
    """Locks the region, for good. A personal organization gets its playground in the same transaction.

    Raises: NotFound, NotAllowed, Conflict the second time, InvalidRequest for an unknown data plane.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access = await authorize_organization(connection, principal, organization_id, Permission.MANAGE_ORGANIZATION)
        await _lock_region(connection, parts, access.organization, dataplane_id, Actor.of(principal))
        organization = access.organization
        if organization.personal_user_id is not None:
            owner = await stored.find_membership(connection, organization.id, organization.personal_user_id)
            assert owner is not None
            await _create_playground(connection, owner, now)
        changed = await stored.find_organization(connection, organization.id)
    assert changed is not None
    return changed


async def create_organization(parts: Parts, principal: Principal, new: NewOrganization) -> Organization:
    """A new organization of the caller or, for administrators, of the user with `owner_email`.

    Raises: NotAllowed, InvalidRequest.
    """
    now = parts.clock.now()
    name, description = checked_name(new.name), checked_description(new.description)
    async with parts.database.transaction() as connection:
        owner_id: str = principal.user_id
        if new.owner_email is not None:
            await authorize_administrator(connection, principal)
            owner_id = (await get_known_user(connection, new.owner_email)).id
        organization = Organization(
            id=new_id(), name=name, description=description, dataplane_id=None, personal_user_id=None, created_at=now,
            updated_at=now,
        )  # fmt: skip
        await stored.add_organization(connection, organization)
        await stored.add_membership(connection, _owner(organization.id, owner_id, now))
        event = Record(
            action="organization_created", subject=organization.id, organization_id=organization.id,
            facts={"owner_user_id": owner_id},
        )  # fmt: skip
        await audit.record(connection, Actor.of(principal), now, event)
        if new.dataplane_id is not None:
            await _lock_region(connection, parts, organization, new.dataplane_id, Actor.of(principal))
        changed = await stored.find_organization(connection, organization.id)
    assert changed is not None
    return changed


def visible_workspaces(
    principal: Principal, access: OrganizationAccess, *, include_archived: bool = False
) -> WorkspaceFilter:
    """Which workspaces of the organization the caller sees."""
    return WorkspaceFilter(
        organization_id=access.organization_id,
        membership_id=access.membership_id,
        sees_all=access.role is OrganizationRole.OWNER,
        sees_default=access.role is OrganizationRole.MEMBER,
        only_id=principal.workspace_id,
        include_archived=include_archived,
    )


async def _read_me(connection: Connection, principal: Principal) -> Me:
    user = await identity.find_user(connection, principal.user_id)
    primary = await stored.find_personal_organization(connection, principal.user_id)
    if user is None or primary is None:
        raise NotAuthenticated("not_authenticated", "This user is no longer here.")
    memberships = await stored.list_memberships_of(connection, user.id)
    own = next(membership for membership, organization in memberships if organization.id == primary.id)
    latest: Workspace | None = None
    for membership, _ in memberships:
        visible = WorkspaceFilter(
            organization_id=membership.organization_id, membership_id=membership.id, sees_all=False, sees_default=False
        )
        newest = (("created_at", True),)
        found = (await workspaces.list_workspaces(connection, visible, Bounds(limit=1), newest)).items
        if found and (latest is None or found[0].created_at > latest.created_at):
            latest = found[0]
    by_id = {organization.id: organization for _, organization in memberships}
    return Me(
        user=user,
        primary=primary,
        membership_id=own.id,
        latest_organization=by_id[latest.organization_id] if latest else primary,
        latest_workspace=latest,
        memberships=memberships,
    )


async def _create_personal(connection: Connection, parts: Parts, principal: Principal) -> None:
    now = parts.clock.now()
    organization = Organization(
        id=new_id(), name=principal.email.partition("@")[0], description=None, dataplane_id=None,
        personal_user_id=principal.user_id, created_at=now, updated_at=now,
    )  # fmt: skip
    await stored.add_organization(connection, organization)
    await stored.add_membership(connection, _owner(organization.id, principal.user_id, now))
    event = Record(
        action="organization_created", subject=organization.id, organization_id=organization.id,
        facts={"owner_user_id": principal.user_id, "is_personal": True},
    )  # fmt: skip
    await audit.record(connection, Actor.of(principal), now, event)


async def _create_playground(connection: Connection, owner: OrganizationMembership, now: datetime) -> None:
    workspace = WorkspaceToAdd(
        id=new_id(), organization_id=owner.organization_id, name=PLAYGROUND, description=None, is_playground=True,
        now=now,
    )  # fmt: skip
    await workspaces.add_workspace(connection, workspace)
    membership = WorkspaceMembership(
        id=new_id(), workspace_id=workspace.id, organization_membership_id=owner.id, role=WorkspaceRole.OWNER
    )
    await workspaces.add_workspace_membership(connection, membership, now)


async def _lock_region(
    connection: Connection, parts: Parts, organization: Organization, dataplane_id: str, actor: Actor
) -> None:
    if organization.dataplane_id is not None:
        raise _already_set()
    plane = await data_planes.find_data_plane(connection, dataplane_id) if dataplane_id.isascii() else None
    if plane is None:
        reason = Reason(key="dataplane_id", message="is not one of this platform's data planes")
        raise InvalidRequest("unknown_dataplane", "There is no such data plane.", (reason,))
    if plane.enrolled_at is None:
        reason = Reason(key="dataplane_id", message="has not joined yet: start it once with its join token")
        raise InvalidRequest("dataplane_not_joined", "This data plane has not joined yet.", (reason,))
    now = parts.clock.now()
    if not await stored.set_dataplane(connection, organization.id, plane.id, now):
        raise _already_set()
    event = Record(
        action=REGION_LOCKED, subject=organization.id, organization_id=organization.id,
        facts={"dataplane_id": plane.id},
    )  # fmt: skip
    await audit.record(connection, actor, now, event)


def _owner(organization_id: str, user_id: str, now: datetime) -> OrganizationMembership:
    return OrganizationMembership(
        id=new_id(), organization_id=organization_id, user_id=user_id, role=OrganizationRole.OWNER, is_active=True,
        created_at=now, updated_at=now,
    )  # fmt: skip


def _already_set() -> Conflict:
    return Conflict("region_already_set", "The region of this organization is set. It can never change.")
