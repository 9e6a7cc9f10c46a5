"""The wrapped data key of each organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.tables import data_keys
from planes.storage.types import Row


async def find(connection: AsyncConnection, organization_id: str) -> Row | None:
    """The organization's key as it is stored: wrapped."""
    query = select(data_keys).where(data_keys.c.organization_id == organization_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    return dict(found) if found else None


async def list_all(connection: AsyncConnection) -> list[Row]:
    """Every organization's key."""
    return [dict(row) for row in (await connection.execute(select(data_keys))).mappings()]


async def add(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Stores a new organization's key."""
    await connection.execute(insert(data_keys).values(row))


async def rewrap(connection: AsyncConnection, organization_id: str, wrapped: bytes, master_key_id: str) -> None:
    """Replaces the wrapping; the key inside stays."""
    change = update(data_keys).where(data_keys.c.organization_id == organization_id)
    await connection.execute(change.values(wrapped=wrapped, master_key_id=master_key_id))
