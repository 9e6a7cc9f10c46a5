"""Workspaces and who has which role in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from planes.storage.control.changes import note_workspace, note_workspaces
from planes.storage.control.connection import Connection
from planes.storage.control.data_planes import data_planes
from planes.storage.control.identity import users
from planes.storage.control.metadata import metadata
from planes.storage.control.organizations import OrganizationMembership, organization_memberships, organizations
from planes.storage.keyset import EVERYTHING, Bounds, Key, Listed, read_page
from planes.storage.types import Moment, identifier

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("description", String(4096)),
    Column("is_playground", Boolean, nullable=False),
    # The role of every member of the organization without one of their own; none by default.
    Column("default_role", String(16)),
    # Reserved for region keys (Security: 10): open, guard-code or closed.
    Column("key_policy", String(16), nullable=False),
    # Values in schemas, and what agents are told, are withheld from stored definitions (Security: 2).
    Column("is_strict", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("archived_at", Moment),
)

workspace_memberships = Table(
    "workspace_memberships",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False),
    Column(
        "organization_membership_id",
        identifier(),
        ForeignKey("organization_memberships.id"),
        nullable=False,
        index=True,
    ),
    Column("role", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("workspace_id", "organization_membership_id", name="uq_workspace_memberships_member"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace with where it lives: `dataplane_url` is the last address that its data plane reported."""

    id: str
    organization_id: str
    name: str
    description: str | None
    is_playground: bool
    default_role: str | None
    is_strict: bool
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    dataplane_id: str
    dataplane_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWorkspace:
    """A workspace with what one user is in it: a member of its organization, maybe with a `role` of their own here."""

    workspace: Workspace
    membership: OrganizationMembership | None
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceMembership:
    id: str
    workspace_id: str
    organization_membership_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceMember:
    """A membership with the person's (or key's) names."""

    id: str
    workspace_id: str
    organization_membership_id: str
    role: str
    user_id: str
    email: str
    name: str | None
    kind: str


_located = workspaces.join(organizations, organizations.c.id == workspaces.c.organization_id).join(
    data_planes, data_planes.c.id == organizations.c.dataplane_id
)
_with_location = select(
    *(workspaces.c[name] for name in (
        "id", "organization_id", "name", "description", "is_playground", "default_role", "is_strict", "created_at",
        "updated_at", "archived_at",
    )),
    organizations.c.dataplane_id,
    data_planes.c.url.label("dataplane_url"),
).select_from(_located)  # fmt: skip
# Made once, as those of `organizations`.
_WORKSPACE = _with_location.where(workspaces.c.id == bindparam("workspace"))

_SEEN = _WORKSPACE.add_columns(*organization_memberships.c, workspace_memberships.c.role).select_from(
    _located.outerjoin(
        organization_memberships,
        and_(
            organization_memberships.c.organization_id == workspaces.c.organization_id,
            organization_memberships.c.user_id == bindparam("user"),
        ),
    ).outerjoin(
        workspace_memberships,
        and_(
            workspace_memberships.c.workspace_id == workspaces.c.id,
            workspace_memberships.c.organization_membership_id == organization_memberships.c.id,
        ),
    )
)
_MEMBERSHIP = select(
    workspace_memberships.c.id,
    workspace_memberships.c.workspace_id,
    workspace_memberships.c.organization_membership_id,
    workspace_memberships.c.role,
).where(
    workspace_memberships.c.workspace_id == bindparam("workspace"),
    workspace_memberships.c.organization_membership_id == bindparam("membership"),
)

_people = workspace_memberships.join(
    organization_memberships, organization_memberships.c.id == workspace_memberships.c.organization_membership_id
).join(users, users.c.id == organization_memberships.c.user_id)
_members = select(
    workspace_memberships.c.id,
    workspace_memberships.c.workspace_id,
    workspace_memberships.c.organization_membership_id,
    workspace_memberships.c.role,
    users.c.id.label("user_id"),
    users.c.email,
    users.c.name,
    users.c.kind,
).select_from(_people)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceToAdd:
    id: str
    organization_id: str
    name: str
    description: str | None
    is_playground: bool
    now: datetime


async def add_workspace(connection: Connection, workspace: WorkspaceToAdd) -> None:
    await connection.execute(insert(workspaces).values(
        id=workspace.id, organization_id=workspace.organization_id, name=workspace.name,
        description=workspace.description, is_playground=workspace.is_playground, default_role=None,
        key_policy="open", is_strict=False, created_at=workspace.now, updated_at=workspace.now, archived_at=None,
    ))  # fmt: skip
    await note_workspace(connection, workspace.id)


async def find_workspace(connection: Connection, workspace_id: str) -> Workspace | None:
    row = (await connection.execute(_WORKSPACE, {"workspace": workspace_id})).mappings().first()
    return Workspace(**row) if row else None


async def find_seen_workspace(connection: Connection, workspace_id: str, user_id: str) -> SeenWorkspace | None:
    """The workspace, whether the user may see it or not."""
    row = (await connection.execute(_SEEN, {"workspace": workspace_id, "user": user_id})).first()
    if row is None:
        return None
    names = tuple(_with_location.selected_columns.keys())
    membership = dict(zip(organization_memberships.c.keys(), row[len(names) :], strict=False))
    return SeenWorkspace(
        workspace=Workspace(**dict(zip(names, row, strict=False))),
        membership=OrganizationMembership(**membership) if membership["id"] is not None else None,
        role=row[-1],
    )


async def change_workspace(connection: Connection, workspace_id: str, values: dict[str, Any], now: datetime) -> None:
    """Sets `name`, `description`, `default_role`, `is_strict` or `archived_at`."""
    query = update(workspaces).where(workspaces.c.id == workspace_id).values(**values, updated_at=now)
    await connection.execute(query)
    await note_workspace(connection, workspace_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceFilter:
    """Which workspaces of one organization somebody sees.

    `sees_all` is for owners of the organization, `sees_default` for members; `only_id` for a key of one workspace.
    """

    organization_id: str
    membership_id: str
    sees_all: bool
    sees_default: bool
    only_id: str | None = None
    include_archived: bool = False


async def list_workspaces(
    connection: Connection,
    visible: WorkspaceFilter,
    bounds: Bounds = EVERYTHING,
    order: tuple[tuple[str, bool], ...] = (),
) -> Listed[Workspace]:
    """One page, oldest first unless `order` says otherwise. Other people's playgrounds stay hidden."""
    own = (
        select(workspace_memberships.c.workspace_id)
        .where(workspace_memberships.c.organization_membership_id == visible.membership_id)
        .scalar_subquery()
    )
    mine = workspaces.c.id.in_(own)
    conditions = [workspaces.c.organization_id == visible.organization_id]
    if visible.sees_all:
        conditions.append(or_(mine, ~workspaces.c.is_playground))
    elif visible.sees_default:
        conditions.append(or_(mine, workspaces.c.default_role.is_not(None) & ~workspaces.c.is_playground))
    else:
        conditions.append(mine)
    if visible.only_id is not None:
        conditions.append(workspaces.c.id == visible.only_id)
    if not visible.include_archived:
        conditions.append(workspaces.c.archived_at.is_(None))
    counting = select(func.count()).select_from(_located).where(*conditions)
    total = (await connection.execute(counting)).scalar_one()
    keys = [Key(workspaces.c[key], descending) for key, descending in order or (("created_at", False),)]
    query = _with_location.where(*conditions)
    rows, last = await read_page(connection, query, [*keys, Key(workspaces.c.id)], bounds)
    return Listed([Workspace(**row) for row in rows], total, last)


async def add_workspace_membership(connection: Connection, membership: WorkspaceMembership, now: datetime) -> None:
    await connection.execute(insert(workspace_memberships).values(
        id=membership.id, workspace_id=membership.workspace_id,
        organization_membership_id=membership.organization_membership_id, role=membership.role, created_at=now,
        updated_at=now,
    ))  # fmt: skip
    await note_workspace(connection, membership.workspace_id)


async def tell_who_joined(connection: Connection, organization_id: str) -> None:
    """Somebody new in the organization sees its workspaces without a role in each: they are told of to whoever may."""
    query = select(workspaces.c.id).where(
        workspaces.c.organization_id == organization_id, ~workspaces.c.is_playground, workspaces.c.archived_at.is_(None)
    )
    await note_workspaces(connection, (await connection.execute(query)).scalars())


async def find_workspace_membership(
    connection: Connection, workspace_id: str, organization_membership_id: str
) -> WorkspaceMembership | None:
    of_member = {"workspace": workspace_id, "membership": organization_membership_id}
    row = (await connection.execute(_MEMBERSHIP, of_member)).mappings().first()
    return WorkspaceMembership(**row) if row else None


async def list_roles_of(connection: Connection, organization_membership_id: str) -> dict[str, str]:
    """Workspace id → explicit role."""
    query = select(workspace_memberships.c.workspace_id, workspace_memberships.c.role).where(
        workspace_memberships.c.organization_membership_id == organization_membership_id
    )
    return dict([tuple(row) for row in await connection.execute(query)])


async def find_workspace_member(
    connection: Connection, workspace_id: str, membership_id: str
) -> WorkspaceMember | None:
    query = _members.where(
        workspace_memberships.c.workspace_id == workspace_id, workspace_memberships.c.id == membership_id
    )
    row = (await connection.execute(query)).mappings().first()
    return WorkspaceMember(**row) if row else None


async def list_workspace_members(
    connection: Connection,
    workspace_id: str,
    *,
    kinds: Sequence[str] = (),
    bounds: Bounds = EVERYTHING,
    order: tuple[tuple[str, bool], ...] = (),
) -> Listed[WorkspaceMember]:
    """One page of members of these kinds (empty: all), oldest first unless `order` says otherwise."""
    conditions = [workspace_memberships.c.workspace_id == workspace_id]
    if kinds:
        conditions.append(users.c.kind.in_(kinds))
    total = (await connection.execute(select(func.count()).select_from(_people).where(*conditions))).scalar_one()
    columns = {"created_at": workspace_memberships.c.created_at, "email": users.c.email}
    keys = [Key(columns[key], descending) for key, descending in order or (("created_at", False),)]
    query = _members.where(*conditions)
    rows, last = await read_page(connection, query, [*keys, Key(workspace_memberships.c.id)], bounds)
    return Listed([WorkspaceMember(**row) for row in rows], total, last)


async def list_members_of_many(
    connection: Connection, workspace_ids: Sequence[str]
) -> dict[str, list[WorkspaceMember]]:
    """Human members of each workspace, for lists that show owners and counts."""
    found: dict[str, list[WorkspaceMember]] = {workspace_id: [] for workspace_id in workspace_ids}
    query = _members.where(workspace_memberships.c.workspace_id.in_(workspace_ids), users.c.kind == "human")
    rows = await connection.execute(query.order_by(workspace_memberships.c.created_at, workspace_memberships.c.id))
    for row in rows.mappings():
        found[row["workspace_id"]].append(WorkspaceMember(**row))
    return found


async def change_workspace_role(connection: Connection, membership_id: str, role: str, now: datetime) -> None:
    condition = workspace_memberships.c.id == membership_id
    await connection.execute(update(workspace_memberships).where(condition).values(role=role, updated_at=now))
    await _tell_members_changed(connection, condition)


async def remove_workspace_membership(connection: Connection, membership_id: str) -> None:
    await _remove_memberships(connection, workspace_memberships.c.id == membership_id)


async def remove_memberships_of(connection: Connection, organization_membership_id: str) -> None:
    """Takes every workspace role of one member of the organization."""
    condition = workspace_memberships.c.organization_membership_id == organization_membership_id
    await _remove_memberships(connection, condition)


async def _remove_memberships(connection: Connection, condition: ColumnElement[bool]) -> None:
    await _tell_members_changed(connection, condition)
    await connection.execute(delete(workspace_memberships).where(condition))


async def _tell_members_changed(connection: Connection, condition: ColumnElement[bool]) -> None:
    query = select(workspace_memberships.c.workspace_id).where(condition)
    await note_workspaces(connection, (await connection.execute(query)).scalars())
