"""How a workspace wants its logs scrubbed. The settings may hold words that are nobody's business: they are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.metadata import metadata
from planes.storage.types import Moment, Row, identifier

scrub_settings = Table(
    "scrub_settings",
    metadata,
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), primary_key=True),
    Column("organization_id", String(36), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", identifier(), nullable=False),
)

_SETTINGS = select(scrub_settings).where(scrub_settings.c.workspace_id == bindparam("workspace"))


async def find(connection: AsyncConnection, workspace_id: str) -> Row | None:
    """The settings, sealed; None while the workspace has none of its own."""
    found = (await connection.execute(_SETTINGS, {"workspace": workspace_id})).mappings().one_or_none()
    return dict(found) if found else None


async def save(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Replaces the settings of a workspace."""
    await connection.execute(delete(scrub_settings).where(scrub_settings.c.workspace_id == row["workspace_id"]))
    await connection.execute(insert(scrub_settings).values(row))
