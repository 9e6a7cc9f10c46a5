"""Rows of uploaded deployments and configurations, and the upload tokens that are spent.

A row without `stored_at` is not a version yet: the control plane is not known to have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.tables import configurations, deployments, spent_uploads
from planes.storage.types import Row

DEPLOYMENTS = "deployments"
CONFIGURATIONS = "configurations"
_TABLES: dict[str, Table] = {DEPLOYMENTS: deployments, CONFIGURATIONS: configurations}
# Made once, as those of `runs`.
_UPLOAD = {kind: select(table).where(table.c.id == bindparam("upload")) for kind, table in _TABLES.items()}


async def spend_token(connection: AsyncConnection, token_id: str, expires_at: datetime, now: datetime) -> None:
    """Marks an upload token as used, and forgets those that have expired anyway.

    Raises: AlreadyThere (at the end of the transaction) when it was used before.
    """
    await connection.execute(delete(spent_uploads).where(spent_uploads.c.expires_at < now))
    await connection.execute(insert(spent_uploads).values(token_id=token_id, expires_at=expires_at))


async def add(connection: AsyncConnection, kind: str, row: Mapping[str, Any]) -> None:
    """Adds a row that is not stored yet. `kind` is DEPLOYMENTS or CONFIGURATIONS."""
    await connection.execute(insert(_TABLES[kind]).values(row))


async def find(connection: AsyncConnection, kind: str, upload_id: str) -> Row | None:
    """The row, whether stored yet or not."""
    found = (await connection.execute(_UPLOAD[kind], {"upload": upload_id})).mappings().one_or_none()
    return dict(found) if found else None


async def mark_stored(connection: AsyncConnection, kind: str, upload_id: str, now: datetime) -> None:
    """The control plane has the version. May run twice."""
    table = _TABLES[kind]
    change = update(table).where(table.c.id == upload_id, table.c.stored_at.is_(None)).values(stored_at=now)
    await connection.execute(change)


async def remove_unstored(connection: AsyncConnection, kind: str, upload_id: str) -> None:
    """Removes a row that never became a version. May run twice."""
    table = _TABLES[kind]
    await connection.execute(delete(table).where(table.c.id == upload_id, table.c.stored_at.is_(None)))


async def list_unstored(connection: AsyncConnection, kind: str, before: datetime, limit: int) -> list[Row]:
    """Rows from before a time that never became a version, as far as is known here; the oldest first."""
    table = _TABLES[kind]
    query = select(table).where(table.c.stored_at.is_(None), table.c.created_at < before)
    rows = await connection.execute(query.order_by(table.c.created_at, table.c.id).limit(limit))
    return [dict(row) for row in rows.mappings()]


async def list_archives(connection: AsyncConnection, workspace_id: str, ids: Sequence[str]) -> list[str]:
    """The archives of those of these deployments of a workspace that are still kept."""
    query = select(deployments.c.archive_sha256).where(*_kept(workspace_id, ids)).distinct()
    return sorted((await connection.execute(query)).scalars())


async def count_kept(
    connection: AsyncConnection, organization_id: str, archive_sha256: str, without: Sequence[str]
) -> int:
    """How many kept deployments of the organization have this archive, but for these."""
    query = (
        select(func.count())
        .select_from(deployments)
        .where(
            deployments.c.organization_id == organization_id,
            deployments.c.archive_sha256 == archive_sha256,
            deployments.c.retired_at.is_(None),
            deployments.c.id.not_in(without),
        )
    )
    return (await connection.execute(query)).scalar_one()


async def retire(
    connection: AsyncConnection, workspace_id: str, ids: Sequence[str], archive_sha256: str, now: datetime
) -> None:
    """Those of these deployments that have this archive are no longer kept. May run twice."""
    gone = (*_kept(workspace_id, ids), deployments.c.archive_sha256 == archive_sha256)
    await connection.execute(update(deployments).where(*gone).values(retired_at=now))


def _kept(workspace_id: str, ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        deployments.c.id.in_(ids),
        deployments.c.workspace_id == workspace_id,
        deployments.c.retired_at.is_(None),
    )
