"""What the control plane told this plane: its public keys, the epoch, and what is revoked."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.tables import plane, revocations
from planes.storage.types import Row

_AT_ONCE = 500


async def find_plane(connection: AsyncConnection) -> Row | None:
    """The one row: `dataplane_id`, `control_keys`, `epoch`. None before the first start."""
    found = (await connection.execute(select(plane))).mappings().one_or_none()
    return dict(found) if found else None


async def add_plane(connection: AsyncConnection, dataplane_id: str) -> None:
    """Claims the empty database for this plane."""
    await connection.execute(insert(plane).values(dataplane_id=dataplane_id, control_keys=[], epoch=0))


async def save_keys(connection: AsyncConnection, keys: Sequence[str]) -> None:
    """Replaces the control plane's keys."""
    await connection.execute(update(plane).values(control_keys=list(keys)))


async def save_epoch(connection: AsyncConnection, epoch: int) -> None:
    """Replaces the epoch."""
    await connection.execute(update(plane).values(epoch=epoch))


async def list_revocations(connection: AsyncConnection) -> list[Row]:
    """Every `claim`, `value` and the `epoch` below which tokens are refused."""
    return [dict(row) for row in (await connection.execute(select(revocations))).mappings()]


async def save_revocation(connection: AsyncConnection, claim: str, value: str, epoch: int) -> None:
    """Keeps the highest epoch of each claim. May run twice."""
    named = (revocations.c.claim == claim, revocations.c.value == value)
    present = (await connection.execute(select(revocations.c.epoch).where(*named))).scalar_one_or_none()
    if present is not None and present >= epoch:
        return
    await connection.execute(delete(revocations).where(*named))
    await connection.execute(insert(revocations).values(claim=claim, value=value, epoch=epoch))


async def forget_revocations(connection: AsyncConnection, epochs: Sequence[int]) -> None:
    """Drops those of these epochs, of which each has one. May run twice."""
    for first in range(0, len(epochs), _AT_ONCE):
        chosen = revocations.c.epoch.in_(epochs[first : first + _AT_ONCE])
        await connection.execute(delete(revocations).where(chosen))
