"""Webhooks of jobs and the calls that came in. Secrets and what was sent are sealed; all of it stays in the region."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.findings import page_of
from planes.storage.data.metadata import metadata
from planes.storage.keyset import Bounds, Key, Listed
from planes.storage.types import Moment, Row, identifier

WAITING = "waiting"
STARTED = "started"
REFUSED = "refused"

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("organization_id", String(36), nullable=False),
    Column("job_id", identifier(), nullable=False),
    Column("job_ref", String(512), nullable=False),
    Column("trigger", String(1024), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("rotated_at", Moment),
    UniqueConstraint("job_id", "trigger"),
)

# `sealed` is what was sent, null once it is no longer needed. `repeats` is the same for a call that is sent again.
webhook_calls = Table(
    "webhook_calls",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("webhook_id", identifier(), ForeignKey("webhooks.id"), nullable=False),
    Column("workspace_id", identifier(), nullable=False),
    Column("organization_id", String(36), nullable=False),
    Column("repeats", String(64), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sealed", LargeBinary),
    Column("state", String(16), nullable=False),
    Column("outcome", String(64)),
    Column("run_id", identifier()),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Moment),
    Column("ended_at", Moment),
    UniqueConstraint("webhook_id", "repeats"),
    Index("ix_webhook_calls_webhook_id_received_at", "webhook_id", "received_at"),
    Index("ix_webhook_calls_state", "state", "received_at"),
)


async def list_all(connection: AsyncConnection, workspace_id: str) -> list[Row]:
    """The workspace's, by job and trigger."""
    query = select(webhooks).where(webhooks.c.workspace_id == workspace_id)
    return [
        dict(row)
        for row in (await connection.execute(query.order_by(webhooks.c.job_ref, webhooks.c.trigger))).mappings()
    ]


async def find(connection: AsyncConnection, webhook_id: str, workspace_id: str | None = None) -> Row | None:
    """The webhook with this id, if it is the workspace's when one is given."""
    query = select(webhooks).where(webhooks.c.id == webhook_id)
    if workspace_id is not None:
        query = query.where(webhooks.c.workspace_id == workspace_id)
    return _row(await connection.execute(query))


async def find_of_trigger(connection: AsyncConnection, job_id: str, trigger: str) -> Row | None:
    """The webhook of a job's trigger."""
    return _row(
        await connection.execute(select(webhooks).where(webhooks.c.job_id == job_id, webhooks.c.trigger == trigger))
    )


async def add(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Stores a new webhook."""
    await connection.execute(insert(webhooks).values(row))


async def change(connection: AsyncConnection, webhook_id: str, values: Mapping[str, Any]) -> None:
    """Writes some columns."""
    await connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(values))


async def remove(connection: AsyncConnection, webhook_id: str) -> None:
    """With its calls."""
    await connection.execute(delete(webhook_calls).where(webhook_calls.c.webhook_id == webhook_id))
    await connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


async def find_repeated(connection: AsyncConnection, webhook_id: str, repeats: str) -> Row | None:
    """The call that this one repeats."""
    table = webhook_calls.c
    return _row(
        await connection.execute(select(webhook_calls).where(table.webhook_id == webhook_id, table.repeats == repeats))
    )


async def count_since(connection: AsyncConnection, webhook_id: str, since: datetime) -> int:
    """How many calls came in after that."""
    table = webhook_calls.c
    query = select(func.count()).where(table.webhook_id == webhook_id, table.received_at > since)
    return (await connection.execute(query)).scalar_one()


async def count_waiting(connection: AsyncConnection, webhook_id: str) -> int:
    """How many calls have no run yet."""
    table = webhook_calls.c
    query = select(func.count()).where(table.webhook_id == webhook_id, table.state == WAITING)
    return (await connection.execute(query)).scalar_one()


async def add_call(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Stores a call that came in."""
    await connection.execute(insert(webhook_calls).values(row))


async def find_call(connection: AsyncConnection, call_id: str, workspace_id: str) -> Row | None:
    """One call of the workspace."""
    table = webhook_calls.c
    query = select(webhook_calls).where(table.id == call_id, table.workspace_id == workspace_id)
    return _row(await connection.execute(query))


async def change_call(connection: AsyncConnection, call_id: str, values: Mapping[str, Any]) -> None:
    """Writes some columns of a call."""
    await connection.execute(update(webhook_calls).where(webhook_calls.c.id == call_id).values(values))


async def first_waiting(connection: AsyncConnection) -> list[Row]:
    """Of each webhook the call that waits longest: its calls start in the order in which they came."""
    table = webhook_calls.c
    oldest = select(table.webhook_id, func.min(table.received_at).label("at")).where(table.state == WAITING)
    first = oldest.group_by(table.webhook_id).subquery()
    query = select(webhook_calls, webhooks.c.job_id, webhooks.c.trigger).join(
        webhooks, webhooks.c.id == table.webhook_id
    )
    query = query.join(first, (first.c.webhook_id == table.webhook_id) & (first.c.at == table.received_at))
    rows = (
        await connection.execute(query.where(table.state == WAITING).order_by(table.received_at, table.id))
    ).mappings()
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row["webhook_id"], dict(row))
    return list(found.values())


async def list_calls(connection: AsyncConnection, webhook_id: str, bounds: Bounds) -> Listed[Row]:
    """A page of calls, newest first."""
    table = webhook_calls.c
    order = (Key(table.received_at, descending=True), Key(table.id))
    return await page_of(connection, webhook_calls, [table.webhook_id == webhook_id], order, bounds)


async def prune(connection: AsyncConnection, webhook_id: str, kept: int, before: datetime) -> None:
    """Forgets calls that have their run, beyond so many or older. May run twice."""
    table = webhook_calls.c
    ended = select(table.id).where(table.webhook_id == webhook_id, table.state != WAITING)
    extra = (
        await connection.execute(ended.order_by(table.received_at.desc(), table.id).offset(kept).limit(500))
    ).scalars()
    old = (await connection.execute(ended.where(table.received_at < before).limit(500))).scalars()
    gone = {*extra, *old}
    if gone:
        await connection.execute(delete(webhook_calls).where(table.id.in_(sorted(gone))))


def _row(result: Any) -> Row | None:
    found = result.mappings().one_or_none()
    return dict(found) if found else None
