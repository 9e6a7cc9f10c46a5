"""Uploaded code and configuration versions, and what each workspace last deployed. Contents stay in the region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    Select,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    false,
    func,
    select,
    update,
)

from planes.domain.identifiers import ConfigurationId, DeploymentId, MembershipId, WorkspaceId
from planes.storage.control.changes import note_workspace
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Moment, Row, document, identifier

_HASH_LENGTH = 44

deployments = Table(
    "deployments",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content_hash", String(_HASH_LENGTH), nullable=False),
    Column("file_count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("requirements_size_bytes", BigInteger, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("retired_at", Moment, nullable=True),
    UniqueConstraint("workspace_id", "version"),
)

configurations = Table(
    "configurations",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content_hash", String(_HASH_LENGTH), nullable=False),
    Column("file_count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("profiles", document(), nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("workspace_id", "version"),
)

# One row a workspace: the pair that the last module deploy saw, who deploys right now, the version that was rolled back
# to while no newer one was uploaded, and how many versions are kept.
deploy_states = Table(
    "deploy_states",
    metadata,
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), primary_key=True),
    Column("deployment_id", identifier(), nullable=True),
    Column("configuration_id", identifier(), nullable=True),
    Column("lock_holder", identifier(), nullable=True),
    Column("locked_until", Moment, nullable=True),
    Column("rolled_back_to", identifier(), nullable=True),
    Column("keep_versions", Integer, nullable=True),
)


def _latest(table: Table, *before: Any) -> Select[Any]:
    """The newest version of a workspace's; `before` are orders that come before that."""
    query = select(table).where(table.c.workspace_id == bindparam("workspace"))
    return query.order_by(*before, table.c.version.desc()).limit(1)


_CHOSEN = select(deploy_states.c.rolled_back_to).where(deploy_states.c.workspace_id == bindparam("workspace"))
_LATEST_DEPLOYMENT = _latest(deployments, func.coalesce(deployments.c.id == _CHOSEN.scalar_subquery(), false()).desc())
_LATEST_CONFIGURATION = _latest(configurations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One version of a workspace's code. Sizes are in bytes. The archive of a retired one is gone."""

    id: DeploymentId
    workspace_id: WorkspaceId
    version: int
    content_hash: str
    file_count: int
    size_bytes: int
    requirements_size_bytes: int
    created_by: MembershipId
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One version of a workspace's `.dlt` files; `profiles` are those that it has files for."""

    id: ConfigurationId
    workspace_id: WorkspaceId
    version: int
    content_hash: str
    file_count: int
    size_bytes: int
    profiles: tuple[str, ...]
    created_by: MembershipId
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFilter:
    """Part of a list: one exact version or all; `order` pairs `created_at` or `version` with True for descending."""

    workspace_id: WorkspaceId
    version: int | None
    bounds: Bounds
    order: tuple[tuple[str, bool], ...] = ()


async def find_deployment(connection: Connection, deployment_id: str) -> Deployment | None:
    """The row with this id, in whatever workspace."""
    row = await _first(connection, deployments, deployments.c.id == deployment_id)
    return None if row is None else Deployment(**row)


async def find_configuration(connection: Connection, configuration_id: str) -> Configuration | None:
    """The row with this id, in whatever workspace."""
    row = await _first(connection, configurations, configurations.c.id == configuration_id)
    return None if row is None else _configuration(row)


async def latest_deployment(connection: Connection, workspace_id: WorkspaceId) -> Deployment | None:
    """The version that was rolled back to, else the newest of the workspace's code."""
    row = (await connection.execute(_LATEST_DEPLOYMENT, {"workspace": workspace_id})).mappings().first()
    return None if row is None else Deployment(**row)


async def latest_configuration(connection: Connection, workspace_id: WorkspaceId) -> Configuration | None:
    """The newest version of the workspace's configuration."""
    row = (await connection.execute(_LATEST_CONFIGURATION, {"workspace": workspace_id})).mappings().first()
    return None if row is None else _configuration(dict(row))


async def list_deployments(connection: Connection, wanted: VersionFilter) -> Listed[Deployment]:
    """One page, newest version first unless ordered otherwise."""
    found = await _page(connection, deployments, wanted)
    return found.carrying([Deployment(**row) for row in found.items])


async def list_configurations(connection: Connection, wanted: VersionFilter) -> Listed[Configuration]:
    """One page, newest version first unless ordered otherwise."""
    found = await _page(connection, configurations, wanted)
    return found.carrying([_configuration(row) for row in found.items])


async def next_version(connection: Connection, table: Table, workspace_id: WorkspaceId) -> int:
    """The version that a new row gets. Call it under the workspace's lock."""
    highest = select(func.max(table.c.version)).where(table.c.workspace_id == workspace_id)
    return ((await connection.execute(highest)).scalar_one_or_none() or 0) + 1


async def insert_deployment(connection: Connection, row: Deployment) -> None:
    """Raises: AlreadyThere (at the transaction's edge) when id or version is taken."""
    await connection.execute(deployments.insert().values(row_of(row)))
    await note_workspace(connection, row.workspace_id)


async def insert_configuration(connection: Connection, row: Configuration) -> None:
    """Raises: AlreadyThere (at the transaction's edge) when id or version is taken."""
    await connection.execute(configurations.insert().values({**row_of(row), "profiles": list(row.profiles)}))
    await note_workspace(connection, row.workspace_id)


async def take_deploy_lock(
    connection: Connection, workspace_id: WorkspaceId, holder: str, now: datetime, until: datetime
) -> bool:
    """Whether the workspace's deploy is ours now. A holder that died gives way at its `until`."""
    free = deploy_states.c.lock_holder.is_(None) | (deploy_states.c.locked_until <= now)
    taken = await connection.execute(
        update(deploy_states)
        .where(and_(deploy_states.c.workspace_id == workspace_id, free))
        .values(lock_holder=holder, locked_until=until)
    )
    if taken.rowcount == 1:
        return True
    present = select(deploy_states.c.workspace_id).where(deploy_states.c.workspace_id == workspace_id)
    if (await connection.execute(present)).first() is not None:
        return False
    await connection.execute(
        deploy_states.insert().values(workspace_id=workspace_id, lock_holder=holder, locked_until=until)
    )
    return True


async def holds_deploy_lock(connection: Connection, workspace_id: WorkspaceId, holder: str) -> bool:
    """Whether the lock is still ours: nobody took it over."""
    query = select(deploy_states.c.lock_holder).where(deploy_states.c.workspace_id == workspace_id)
    return (await connection.execute(query.with_for_update())).scalar_one_or_none() == holder


async def release_deploy_lock(connection: Connection, workspace_id: WorkspaceId, holder: str) -> None:
    """Gives the lock back if it is ours. May run twice."""
    mine = and_(deploy_states.c.workspace_id == workspace_id, deploy_states.c.lock_holder == holder)
    await connection.execute(update(deploy_states).where(mine).values(lock_holder=None, locked_until=None))


async def release_every_deploy_lock(connection: Connection) -> None:
    """Frees the locks of a process that is gone: for one that nobody shares the database with, before it serves."""
    held = deploy_states.c.lock_holder.is_not(None)
    await connection.execute(update(deploy_states).where(held).values(lock_holder=None, locked_until=None))


async def replace_deployed_pair(
    connection: Connection, workspace_id: WorkspaceId, deployment_id: str, configuration_id: str
) -> bool:
    """Notes what a module deploy saw. Whether it differs from what the one before saw."""
    mine = deploy_states.c.workspace_id == workspace_id
    query = select(deploy_states.c.deployment_id, deploy_states.c.configuration_id).where(mine)
    before = (await connection.execute(query)).one()
    await connection.execute(
        update(deploy_states).where(mine).values(deployment_id=deployment_id, configuration_id=configuration_id)
    )
    return tuple(before) != (deployment_id, configuration_id)


async def _first(connection: Connection, table: Table, condition: Any) -> dict[str, Any] | None:
    row = (await connection.execute(select(table).where(condition))).mappings().first()
    return None if row is None else dict(row)


async def _page(connection: Connection, table: Table, wanted: VersionFilter) -> Listed[Row]:
    condition = table.c.workspace_id == wanted.workspace_id
    if wanted.version is not None:
        condition = and_(condition, table.c.version == wanted.version)
    total = (await connection.execute(select(func.count()).select_from(table).where(condition))).scalar_one()
    keys = [Key(table.c[key], descending) for key, descending in wanted.order]
    keys += [Key(table.c.version, descending=True)]
    rows, last = await read_page(connection, select(table).where(condition), keys, wanted.bounds)
    return Listed(rows, total, last)


def _configuration(row: dict[str, Any]) -> Configuration:
    values: dict[str, Any] = {**row, "profiles": tuple(row["profiles"])}
    return Configuration(**values)
