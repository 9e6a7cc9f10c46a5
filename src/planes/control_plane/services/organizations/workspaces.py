"""Workspaces: creating, naming, archiving, and the token for their data plane (Contract: 1.5, operations 14 to 22)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planes.control_plane.services import audit, revocations
from planes.control_plane.services.access import (
    WorkspaceAccess,
    authorize_organization,
    authorize_workspace,
)
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.tokens import MintedToken, mint_dataplane
from planes.control_plane.services.names import checked_description, checked_name
from planes.control_plane.services.organizations.organizations import visible_workspaces
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import schedules
from planes.control_plane.services.work.triggers import hold_work
from planes.domain.access import OrganizationRole, Permission, Principal, PrincipalKind, WorkspaceRole
from planes.domain.errors import Conflict, InvalidRequest, NotAllowed
from planes.domain.identifiers import WorkspaceId, is_uuid, new_id
from planes.server.paging import Page
from planes.storage.control import runs
from planes.storage.control import workspaces as stored
from planes.storage.control.connection import Connection
from planes.storage.control.organizations import Organization
from planes.storage.control.workspaces import Workspace, WorkspaceMember, WorkspaceMembership, WorkspaceToAdd
from planes.storage.keyset import Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedWorkspace:
    """A workspace in its organization's list. `members` are people with a role of their own."""

    workspace: Workspace
    members: Sequence[WorkspaceMember]

    @property
    def owners(self) -> list[WorkspaceMember]:
        return [member for member in self.members if member.role == WorkspaceRole.OWNER]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceMe:
    """The caller in one workspace."""

    access: WorkspaceAccess
    organization: Organization
    organization_role: OrganizationRole


async def list_workspaces(
    parts: Parts, principal: Principal, organization_id: str, page: Page, *, include_archived: bool
) -> Listed[ListedWorkspace]:
    """What the caller sees of an organization's workspaces.

    Raises: NotFound.
    """
    async with parts.database.reading() as connection:
        access = await authorize_organization(connection, principal, organization_id, Permission.READ)
        visible = visible_workspaces(principal, access, include_archived=include_archived)
        found = await stored.list_workspaces(connection, visible, page.bounds, page.order)
        members = await stored.list_members_of_many(connection, [workspace.id for workspace in found.items])
    return found.carrying([
        ListedWorkspace(workspace=workspace, members=members[workspace.id]) for workspace in found.items
    ])  # fmt: skip


async def create_workspace(
    parts: Parts, principal: Principal, organization_id: str, name: str, description: str | None
) -> Workspace:
    """A new workspace, owned by the caller.

    Raises: NotFound, NotAllowed; InvalidRequest; Conflict only when the organization has no region: the client takes
    every conflict here to mean that (Contract: 2.6).
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access = await authorize_organization(connection, principal, organization_id, Permission.WRITE)
        checked = checked_name(name), checked_description(description)
        if access.dataplane_id is None:
            raise Conflict("organization_region_required", "Choose the region of this organization first.")
        new = WorkspaceToAdd(
            id=new_id(), organization_id=access.organization_id, name=checked[0], description=checked[1],
            is_playground=False, now=now,
        )  # fmt: skip
        membership = WorkspaceMembership(
            id=new_id(), workspace_id=new.id, organization_membership_id=access.membership_id, role=WorkspaceRole.OWNER
        )
        await stored.add_workspace(connection, new)
        await stored.add_workspace_membership(connection, membership, now)
        event = _event("workspace_created", new.id, access.organization_id)
        await audit.record(connection, Actor.of(principal), now, event)
        created = await stored.find_workspace(connection, new.id)
    assert created is not None
    return created


async def get_workspace(parts: Parts, principal: Principal, workspace_id: str) -> Workspace:
    """Raises: NotFound."""
    async with parts.database.reading() as connection:
        return (await authorize_workspace(connection, principal, workspace_id, Permission.READ)).workspace


async def get_workspace_me(parts: Parts, principal: Principal, workspace_id: str) -> WorkspaceMe:
    """Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        within = await authorize_organization(connection, principal, access.organization_id, Permission.READ)
    return WorkspaceMe(access=access, organization=within.organization, organization_role=within.role)


async def change_workspace(
    parts: Parts, principal: Principal, workspace_id: str, values: dict[str, str | None]
) -> Workspace:
    """Sets `name` and `description`, as far as they are given; None clears the description.

    Raises: NotFound, NotAllowed; InvalidRequest, also for a playground; Conflict when archived.
    """
    checked: dict[str, Any] = {}
    if "name" in values:
        checked["name"] = checked_name(values["name"] or "")
    if "description" in values:
        checked["description"] = checked_description(values["description"])
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.MANAGE_WORKSPACE)
        _refuse_playground(access)
        if checked:
            await stored.change_workspace(connection, access.workspace_id, checked, parts.clock.now())
            event = _event("workspace_changed", access.workspace_id, access.organization_id)
            await audit.record(connection, Actor.of(principal), parts.clock.now(), event)
        return await _reread(connection, access)


async def archive_workspace(parts: Parts, principal: Principal, workspace_id: str) -> Workspace:
    """Stops its schedules and refuses further changes.

    Raises: NotFound, NotAllowed; InvalidRequest for a playground; Conflict while a run is active, or when archived.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access = await _manage(connection, parts, principal, workspace_id)
        _refuse_playground(access)
        if access.is_archived:
            raise Conflict("workspace_archived", "This workspace is archived already.")
        if await runs.has_active_run(connection, access.workspace_id):
            raise Conflict("workspace_busy", "A run of this workspace is active. Wait for its end, or cancel it.")
        await stored.change_workspace(connection, access.workspace_id, {"archived_at": now}, now)
        await schedules.stop_workspace(connection, access.workspace_id)
        event = _event("workspace_archived", access.workspace_id, access.organization_id)
        await audit.record(connection, Actor.of(principal), parts.clock.now(), event)
        return await _reread(connection, access)


async def unarchive_workspace(parts: Parts, principal: Principal, workspace_id: str) -> Workspace:
    """Brings it back; its schedules go on from now.

    Raises: NotFound, NotAllowed; Conflict when it is not archived.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access = await _manage(connection, parts, principal, workspace_id)
        if not access.is_archived:
            raise Conflict("workspace_not_archived", "This workspace is not archived.")
        await stored.change_workspace(connection, access.workspace_id, {"archived_at": None}, now)
        await schedules.restart_workspace(connection, access.workspace_id, now)
        event = _event("workspace_unarchived", access.workspace_id, access.organization_id)
        await audit.record(connection, Actor.of(principal), parts.clock.now(), event)
        changed = await _reread(connection, access)
    parts.news.tell(schedules.CLOCKS)
    return changed


async def list_members(
    parts: Parts, principal: Principal, workspace_id: str, page: Page, kinds: Sequence[str]
) -> Listed[WorkspaceMember]:
    """People, managed accounts and keys with a role of their own.

    Raises: NotFound; NotAllowed for the token of a run, which reads no members (Security: 10).
    """
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        if principal.kind is PrincipalKind.RUN:
            raise NotAllowed("not_allowed", "A run may not read members.")
        return await stored.list_workspace_members(
            connection, access.workspace_id, kinds=kinds, bounds=page.bounds, order=page.order
        )


async def issue_dataplane_token(parts: Parts, principal: Principal, workspace_id: str) -> MintedToken:
    """A token for the workspace at its data plane, with the grants of the caller's role.

    Raises: NotFound.
    """
    async with parts.database.reading() as connection:
        epoch = await revocations.current_epoch(connection)
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
    return mint_dataplane(parts, principal, access, epoch)


async def _manage(connection: Connection, parts: Parts, principal: Principal, workspace_id: str) -> WorkspaceAccess:
    """Access to manage it, while nobody else deploys, starts or archives there."""
    if is_uuid(workspace_id):
        await hold_work(parts, connection, WorkspaceId(workspace_id))
    return await authorize_workspace(
        connection, principal, workspace_id, Permission.MANAGE_WORKSPACE, allow_archived=True
    )


async def _reread(connection: Connection, access: WorkspaceAccess) -> Workspace:
    changed = await stored.find_workspace(connection, access.workspace_id)
    assert changed is not None
    return changed


def _refuse_playground(access: WorkspaceAccess) -> None:
    if access.is_playground:
        raise InvalidRequest("playground", "A playground is neither renamed nor archived.")


def _event(action: str, workspace_id: str, organization_id: str) -> Record:
    return Record(action=action, subject=workspace_id, organization_id=organization_id, facts={})
