"""Counting what a region's database has of a workspace, and whether it has anything of an organization."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, and_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.artifacts import artifacts
from planes.storage.data.metadata import metadata
from planes.storage.data.tables import audit_log, configurations, deployments, variables, workspaces
from planes.storage.data.telemetry import job_results, pipeline_runs, pipeline_states


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRows:
    """Pairs are (how many, bytes)."""

    serves_since: datetime | None
    code: tuple[int, int]
    configuration: tuple[int, int]
    variables: int
    secret_variables: int
    results: tuple[int, int]
    telemetry: tuple[int, int]
    artifacts: tuple[int, int]
    audit_entries: int


async def count_workspace(connection: AsyncConnection, workspace_id: str) -> CountedRows:
    """All of it that is rows. Versions whose archive is gone do not count."""
    first_seen = select(workspaces.c.first_seen_at).where(workspaces.c.id == workspace_id)
    secret = select(func.count()).where(variables.c.workspace_id == workspace_id, variables.c.is_secret)
    reported, traces = await _sum(connection, pipeline_runs, workspace_id, "trace")
    _, states = await _sum(connection, pipeline_states, workspace_id, "state")
    variable_count, _ = await _sum(connection, variables, workspace_id)
    entries, _ = await _sum(connection, audit_log, workspace_id)
    return CountedRows(
        serves_since=(await connection.execute(first_seen)).scalar_one_or_none(),
        code=await _uploaded(connection, deployments, workspace_id),
        configuration=await _uploaded(connection, configurations, workspace_id),
        variables=variable_count,
        secret_variables=(await connection.execute(secret)).scalar_one(),
        results=await _sum(connection, job_results, workspace_id, "envelope"),
        telemetry=(reported, traces + states),
        artifacts=await _sum(connection, artifacts, workspace_id, "sealed"),
        audit_entries=entries,
    )


async def has_anything_of(connection: AsyncConnection, organization_id: str) -> bool:
    """Whether any table has a row of the organization."""
    for table in metadata.sorted_tables:
        column = table.c.get("id" if table.name == "organizations" else "organization_id")
        if column is None:
            continue
        query = select(column).where(column == organization_id).limit(1)
        if (await connection.execute(query)).first() is not None:
            return True
    return False


async def _uploaded(connection: AsyncConnection, table: Table, workspace_id: str) -> tuple[int, int]:
    kept = [table.c.workspace_id == workspace_id, table.c.stored_at.is_not(None)]
    if "retired_at" in table.c:
        kept.append(table.c.retired_at.is_(None))
    query = select(func.count(), func.coalesce(func.sum(table.c.size_bytes), 0)).where(and_(*kept))
    count, size = (await connection.execute(query)).one()
    return int(count), int(size)


async def _sum(
    connection: AsyncConnection, table: Table, workspace_id: str, document: str | None = None
) -> tuple[int, int]:
    size = func.coalesce(func.sum(func.length(table.c[document])), 0) if document else literal(0)
    query = select(func.count(), size).select_from(table).where(table.c.workspace_id == workspace_id)
    count, found = (await connection.execute(query)).one()
    return int(count), int(found)
