"""Rows of a region that comes from a backup."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.runs import DONE, runs
from planes.storage.data.tables import plane, revocations
from planes.storage.types import Row


async def forget_revocations(connection: AsyncConnection) -> None:
    """As if the control plane had told nothing yet: its next answer tells all of it."""
    await connection.execute(delete(revocations))
    await connection.execute(update(plane).values(epoch=0))


async def ended_since(connection: AsyncConnection, at: datetime) -> list[Row]:
    """Runs that ended then or later and are this plane's to speak of."""
    chosen = (runs.c.state == DONE, runs.c.ended_at >= at)
    not_taken = (runs.c.stop_reason.is_(None)) | (runs.c.stop_reason != "stale")
    rows = await connection.execute(select(runs).where(*chosen, not_taken).order_by(runs.c.ended_at, runs.c.id))
    return [dict(row) for row in rows.mappings()]
