"""Revocations: each has an epoch of its own, and epochs only rise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, delete, func, insert, select, text

from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.types import Moment

revocations = Table(
    "revocations",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("claim", String(8), nullable=False),
    Column("value", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
)

_EPOCH = select(func.coalesce(func.max(revocations.c.epoch), 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationRow:
    epoch: int
    claim: str
    value: str
    created_at: datetime


async def read_epoch(connection: Connection) -> int:
    """The highest epoch; 0 before the first revocation."""
    return (await connection.execute(_EPOCH)).scalar_one()


async def add_revocation(connection: Connection, claim: str, value: str, now: datetime) -> int:
    """Takes the next epoch. Callers pass one after the other, so that no lower epoch appears after a higher one."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("select pg_advisory_xact_lock(hashtextextended('revocations', 0))"))
    epoch = await read_epoch(connection) + 1
    await connection.execute(insert(revocations).values(epoch=epoch, claim=claim, value=value, created_at=now))
    return epoch


async def list_revocations(connection: Connection, after_epoch: int, limit: int) -> Sequence[RevocationRow]:
    """In the order of epochs."""
    query = select(revocations).where(revocations.c.epoch > after_epoch).order_by(revocations.c.epoch).limit(limit)
    return [RevocationRow(**row) for row in (await connection.execute(query)).mappings()]


async def forget_revocations(connection: Connection, before: datetime) -> None:
    """Drops old rows but for the newest, which carries the epoch."""
    newest = select(func.max(revocations.c.epoch)).scalar_subquery()
    await connection.execute(delete(revocations).where(revocations.c.created_at < before, revocations.c.epoch < newest))
