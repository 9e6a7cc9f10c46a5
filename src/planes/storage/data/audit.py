"""The append-only audit log's rows. The database itself refuses to change or remove one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.tables import audit_log
from planes.storage.types import Row


async def find_last(connection: AsyncConnection) -> tuple[int, str] | None:
    """Number and hash of the newest entry."""
    query = select(audit_log.c.number, audit_log.c.hash).order_by(audit_log.c.number.desc()).limit(1)
    found = (await connection.execute(query)).one_or_none()
    return (found[0], found[1]) if found else None


async def append(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Adds one entry."""
    await connection.execute(insert(audit_log).values(row))


async def iterate(connection: AsyncConnection) -> AsyncGenerator[Row]:
    """Every entry, oldest first."""
    rows = await connection.stream(select(audit_log).order_by(audit_log.c.number))
    async for row in rows.mappings():
        yield dict(row)


async def list_newest(connection: AsyncConnection, workspace_id: str, limit: int, offset: int) -> list[Row]:
    """Entries of one workspace, newest first."""
    query = select(audit_log).where(audit_log.c.workspace_id == workspace_id)
    rows = await connection.execute(query.order_by(audit_log.c.number.desc()).limit(limit).offset(offset))
    return [dict(row) for row in rows.mappings()]


async def count(connection: AsyncConnection, workspace_id: str) -> int:
    """How many entries one workspace has."""
    query = select(func.count()).select_from(audit_log).where(audit_log.c.workspace_id == workspace_id)
    return (await connection.execute(query)).scalar_one()
