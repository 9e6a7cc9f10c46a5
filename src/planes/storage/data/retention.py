"""What housekeeping asks about runs and versions before it removes something, and what it writes down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.rescrubs import UNFINISHED, WAITING, rescrub_runs, rescrubs
from planes.storage.data.runs import DONE, runs
from planes.storage.data.tables import deployments
from planes.storage.types import Row

_AT_ONCE = 500


async def runs_of(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Row]:
    """Those of these runs that are known: id, organization_id, workspace_id, state, ended_at, examined_at,
    log_removed_at."""
    columns = (
        runs.c.id, runs.c.organization_id, runs.c.workspace_id, runs.c.state, runs.c.ended_at, runs.c.examined_at,
        runs.c.log_removed_at,
    )  # fmt: skip
    found: dict[str, Row] = {}
    for first in range(0, len(ids), _AT_ONCE):
        query = select(*columns).where(runs.c.id.in_(ids[first : first + _AT_ONCE]))
        found |= {row["id"]: dict(row) for row in (await connection.execute(query)).mappings()}
    return found


async def runs_to_scrub(connection: AsyncConnection) -> set[str]:
    """Runs whose log a rescrub has still to look through."""
    query = (
        select(rescrub_runs.c.run_id)
        .join(rescrubs, rescrubs.c.id == rescrub_runs.c.rescrub_id)
        .where(rescrubs.c.state.in_(UNFINISHED), rescrub_runs.c.state == WAITING)
    )
    return set((await connection.execute(query)).scalars())


async def mark_log_removed(connection: AsyncConnection, run_id: str, now: datetime, why: str) -> bool:
    """Says that a run's log is gone. False when the run goes on, or its log was removed before."""
    chosen = (runs.c.id == run_id, runs.c.state == DONE, runs.c.log_removed_at.is_(None))
    changed = await connection.execute(update(runs).where(*chosen).values(log_removed_at=now, log_removed_why=why))
    return bool(changed.rowcount)


async def workspaces_with_open_runs(connection: AsyncConnection) -> set[str]:
    """Workspaces that have runs which are not done."""
    return set((await connection.execute(select(runs.c.workspace_id).where(runs.c.state != DONE).distinct())).scalars())


async def environments_in_use(connection: AsyncConnection, workspace_id: str) -> set[str]:
    """Keys of the environments of runs that go on."""
    query = select(runs.c.environment).where(
        runs.c.workspace_id == workspace_id, runs.c.state != DONE, runs.c.environment.is_not(None)
    )
    return set((await connection.execute(query)).scalars())


async def environments_used(connection: AsyncConnection, workspace_id: str) -> dict[str, datetime]:
    """Key → when a run last came that used it."""
    query = (
        select(runs.c.environment, func.max(runs.c.leased_at))
        .where(runs.c.workspace_id == workspace_id, runs.c.environment.is_not(None))
        .group_by(runs.c.environment)
    )
    return {row[0]: row[1] for row in (await connection.execute(query)).all()}


async def environment_uses(connection: AsyncConnection, workspace_id: str) -> list[Row]:
    """environment, job_ref, runs, number, at: of each job that used one, the newest first."""
    query = (
        select(
            runs.c.environment,
            runs.c.job_ref,
            func.count().label("runs"),
            func.max(runs.c.number).label("number"),
            func.max(runs.c.leased_at).label("at"),
        )
        .where(runs.c.workspace_id == workspace_id, runs.c.environment.is_not(None))
        .group_by(runs.c.environment, runs.c.job_ref)
        .order_by(func.max(runs.c.leased_at).desc(), runs.c.job_ref)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def open_runs_in_environments(connection: AsyncConnection, workspace_id: str) -> list[Row]:
    """id, job_ref, number, environment of runs that go on, oldest first."""
    query = (
        select(runs.c.id, runs.c.job_ref, runs.c.number, runs.c.environment)
        .where(runs.c.workspace_id == workspace_id, runs.c.state != DONE, runs.c.environment.is_not(None))
        .order_by(runs.c.leased_at, runs.c.id)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def environments_last_used(connection: AsyncConnection) -> datetime | None:
    """When a run of any workspace last came that used one."""
    query = select(func.max(runs.c.leased_at)).where(runs.c.environment.is_not(None))
    return (await connection.execute(query)).scalar_one()


async def environments_of_current_code(connection: AsyncConnection, workspace_id: str) -> set[str]:
    """Keys that runs of the newest version used, or runs of one with the very same requirements."""
    newest = await newest_version(connection, workspace_id)
    if newest is None:
        return set()
    alike = (deployments.c.workspace_id == workspace_id, deployments.c.requirements == newest["requirements"])
    ids = set((await connection.execute(select(deployments.c.id).where(*alike))).scalars())
    query = select(runs.c.environment, runs.c.lease["deployment_id"].as_string()).where(
        runs.c.workspace_id == workspace_id, runs.c.environment.is_not(None)
    )
    return {key for key, deployment in (await connection.execute(query.distinct())).all() if deployment in ids}


async def newest_version(connection: AsyncConnection, workspace_id: str) -> Row | None:
    """The deployment that was uploaded last."""
    query = (
        select(deployments.c.id, deployments.c.archive_sha256, deployments.c.requirements)
        .where(deployments.c.workspace_id == workspace_id, deployments.c.stored_at.is_not(None))
        .order_by(deployments.c.created_at.desc(), deployments.c.id.desc())
        .limit(1)
    )
    found = (await connection.execute(query)).mappings().one_or_none()
    return dict(found) if found else None


async def archives_in_use(connection: AsyncConnection, organization_id: str) -> set[str]:
    """Archives of runs that go on, and of the newest version of each workspace."""
    leased: Any = runs.c.lease["deployment_id"].as_string()
    query = (
        select(deployments.c.archive_sha256)
        .join(runs, leased == deployments.c.id)
        .where(runs.c.organization_id == organization_id, runs.c.state != DONE)
    )
    found = set((await connection.execute(query)).scalars())
    places = select(deployments.c.workspace_id).where(deployments.c.organization_id == organization_id).distinct()
    for workspace_id in (await connection.execute(places)).scalars().all():
        newest = await newest_version(connection, workspace_id)
        if newest is not None:
            found.add(newest["archive_sha256"])
    return found


async def known_archives(connection: AsyncConnection, organization_id: str) -> set[str]:
    """Archives that some version of the organization still has."""
    query = select(deployments.c.archive_sha256).where(
        deployments.c.organization_id == organization_id, deployments.c.retired_at.is_(None)
    )
    return set((await connection.execute(query.distinct())).scalars())
