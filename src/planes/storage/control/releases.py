"""Which jobs a module deploy of each code version declared: what rolling back to it brings back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table, Text, and_, func, select, update

from planes.domain.backfills import UNDER_WAY
from planes.domain.identifiers import DeploymentId, MembershipId, WorkspaceId
from planes.domain.runs import TERMINAL
from planes.storage.control.backfills import backfills
from planes.storage.control.changes import note_workspace
from planes.storage.control.connection import Connection
from planes.storage.control.deployments import deploy_states, deployments
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.control.runs import runs
from planes.storage.types import Moment, document, identifier

# One row a code version: the newest module deploy that saw it.
releases = Table(
    "releases",
    metadata,
    Column("deployment_id", identifier(), ForeignKey("deployments.id"), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("configuration_id", identifier(), nullable=False),
    Column("module", String(1024), nullable=False),
    Column("description", Text, nullable=True),
    Column("job_version_ids", document(), nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a module deploy made of one code version."""

    deployment_id: DeploymentId
    workspace_id: WorkspaceId
    configuration_id: str
    module: str
    description: str | None
    job_version_ids: tuple[str, ...]
    created_by: MembershipId
    created_at: datetime


async def save_release(connection: Connection, release: Release) -> None:
    """Keeps the release, in place of an older one of the same code."""
    await connection.execute(releases.delete().where(releases.c.deployment_id == release.deployment_id))
    values = {**row_of(release), "job_version_ids": list(release.job_version_ids)}
    await connection.execute(releases.insert().values(values))
    await note_workspace(connection, release.workspace_id)


async def releases_of(connection: Connection, deployment_ids: Sequence[str]) -> dict[str, Release]:
    """Code version → its release, of those that have one."""
    query = select(releases).where(releases.c.deployment_id.in_(deployment_ids))
    found = (await connection.execute(query)).mappings()
    return {row["deployment_id"]: _release(dict(row)) for row in found}


async def roll_back_to(connection: Connection, workspace_id: WorkspaceId, deployment_id: str) -> None:
    """This version is the latest until another is uploaded. The workspace has been deployed before."""
    mine = deploy_states.c.workspace_id == workspace_id
    await connection.execute(update(deploy_states).where(mine).values(rolled_back_to=deployment_id))
    await note_workspace(connection, workspace_id)


async def end_roll_back(connection: Connection, workspace_id: WorkspaceId) -> None:
    """The newest version is the latest again. May run twice."""
    mine = deploy_states.c.workspace_id == workspace_id
    await connection.execute(update(deploy_states).where(mine).values(rolled_back_to=None))


async def kept_versions(connection: Connection, workspace_id: WorkspaceId) -> int | None:
    """How many versions the workspace keeps; None where nobody has said."""
    query = select(deploy_states.c.keep_versions).where(deploy_states.c.workspace_id == workspace_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def keep_versions(connection: Connection, workspace_id: WorkspaceId, count: int) -> None:
    """Says how many versions the workspace keeps."""
    mine = deploy_states.c.workspace_id == workspace_id
    changed = await connection.execute(update(deploy_states).where(mine).values(keep_versions=count))
    if changed.rowcount == 0:
        await connection.execute(deploy_states.insert().values(workspace_id=workspace_id, keep_versions=count))


async def retire_versions(
    connection: Connection, workspace_id: WorkspaceId, kept: int, latest_id: str, now: datetime
) -> None:
    """Retires all but the newest `kept` versions, the latest, and those that a run or a backfill that goes on uses."""
    newest = select(func.max(deployments.c.version)).where(deployments.c.workspace_id == workspace_id)
    in_use = select(runs.c.deployment_id).where(
        runs.c.workspace_id == workspace_id, runs.c.status.not_in([status.value for status in TERMINAL])
    )
    of_backfills = and_(backfills.c.workspace_id == workspace_id, backfills.c.state.in_(sorted(UNDER_WAY)))
    old = and_(
        deployments.c.workspace_id == workspace_id,
        deployments.c.retired_at.is_(None),
        deployments.c.version <= newest.scalar_subquery() - kept,
        deployments.c.id != latest_id,
        deployments.c.id.not_in(in_use),
        deployments.c.id.not_in(select(backfills.c.deployment_id).where(of_backfills)),
    )
    await connection.execute(update(deployments).where(old).values(retired_at=now))


async def retired_versions(connection: Connection, workspace_id: WorkspaceId, limit: int) -> list[str]:
    """Ids of retired versions, those retired last first."""
    query = (
        select(deployments.c.id)
        .where(deployments.c.workspace_id == workspace_id, deployments.c.retired_at.is_not(None))
        .order_by(deployments.c.retired_at.desc(), deployments.c.version.desc())
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


def _release(row: dict[str, Any]) -> Release:
    values: dict[str, Any] = {**row, "job_version_ids": tuple(row["job_version_ids"])}
    return Release(**values)
