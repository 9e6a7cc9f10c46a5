"""Alerts of workspaces, the messages that are to be or were sent, and the mail server of a workspace.

Where an alert goes (addresses, URLs, secrets) and the password of a mail server are sealed. A message holds metadata
only, in `facts`: refs, numbers, times and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    false,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.findings import page_of
from planes.storage.data.metadata import metadata
from planes.storage.keyset import Bounds, Key, Listed
from planes.storage.types import Moment, Row, document, identifier

PENDING = "pending"
HELD_BACK = "held_back"

# `sealed` belongs to `version`; `shown_target` is the part of where it goes that is no secret.
alerts = Table(
    "alerts",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("organization_id", String(36), nullable=False),
    Column("name", String(64), nullable=False),
    Column("triggers", document(), nullable=False),
    Column("jobs", document(), nullable=False),
    Column("pipelines", document(), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("shown_target", String(255)),
    Column("sealed", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("each_try", Boolean, nullable=False, server_default=false()),
    Column("created_at", Moment, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", identifier(), nullable=False),
)

# A message of a pending test has no `next_try_at`: whoever asked for it makes its one try.
alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("alert_id", identifier(), ForeignKey("alerts.id"), nullable=False),
    Column("workspace_id", identifier(), nullable=False),
    Column("trigger", String(32), nullable=False),
    Column("run_id", identifier()),
    Column("facts", document(), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Moment),
    Column("outcome", String(32)),
    Column("status", BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("alert_id", "run_id", "trigger"),
    Index("ix_alert_deliveries_workspace_id", "workspace_id", "created_at"),
    Index("ix_alert_deliveries_alert_id", "alert_id", "created_at"),
    Index("ix_alert_deliveries_state", "state", "next_try_at"),
)

mail_servers = Table(
    "mail_servers",
    metadata,
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), primary_key=True),
    Column("organization_id", String(36), nullable=False),
    Column("host", String(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("security", String(16), nullable=False),
    Column("sender", String(320), nullable=False),
    Column("username", String(320)),
    Column("sealed", LargeBinary),
    Column("version", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", identifier(), nullable=False),
)


async def list_all(connection: AsyncConnection, workspace_id: str, *, only_enabled: bool = False) -> list[Row]:
    """The alerts of a workspace, oldest first."""
    query = select(alerts).where(alerts.c.workspace_id == workspace_id)
    if only_enabled:
        query = query.where(alerts.c.is_enabled)
    rows = await connection.execute(query.order_by(alerts.c.created_at, alerts.c.id))
    return [dict(row) for row in rows.mappings()]


async def find(connection: AsyncConnection, alert_id: str, workspace_id: str | None = None) -> Row | None:
    """One alert; with `workspace_id` only that workspace's."""
    query = select(alerts).where(alerts.c.id == alert_id)
    if workspace_id is not None:
        query = query.where(alerts.c.workspace_id == workspace_id)
    return _row(await connection.execute(query))


async def add(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Adds an alert."""
    await connection.execute(insert(alerts).values(row))


async def change(connection: AsyncConnection, alert_id: str, values: Mapping[str, Any]) -> None:
    """Sets columns of an alert."""
    await connection.execute(update(alerts).where(alerts.c.id == alert_id).values(values))


async def remove(connection: AsyncConnection, alert_id: str) -> None:
    """Removes an alert with its messages. May run twice."""
    await connection.execute(delete(alert_deliveries).where(alert_deliveries.c.alert_id == alert_id))
    await connection.execute(delete(alerts).where(alerts.c.id == alert_id))


async def find_mail_server(connection: AsyncConnection, workspace_id: str) -> Row | None:
    """The workspace's mail server, its password sealed."""
    return _row(await connection.execute(select(mail_servers).where(mail_servers.c.workspace_id == workspace_id)))


async def save_mail_server(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Replaces the workspace's mail server."""
    await remove_mail_server(connection, row["workspace_id"])
    await connection.execute(insert(mail_servers).values(row))


async def remove_mail_server(connection: AsyncConnection, workspace_id: str) -> None:
    """Forgets it. May run twice."""
    await connection.execute(delete(mail_servers).where(mail_servers.c.workspace_id == workspace_id))


async def add_delivery(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Adds a message."""
    await connection.execute(insert(alert_deliveries).values(row))


async def has_delivery(connection: AsyncConnection, alert_id: str, run_id: str, trigger: str) -> bool:
    """Whether this alert knows this event of this run already."""
    table = alert_deliveries.c
    query = select(table.id).where(table.alert_id == alert_id, table.run_id == run_id, table.trigger == trigger)
    return (await connection.execute(query.limit(1))).first() is not None


async def forget_failure(connection: AsyncConnection, run_id: str, trigger: str) -> None:
    """Removes the messages of this event that were not tried yet, but for alerts that want to hear of each try."""
    table = alert_deliveries.c
    each = select(alerts.c.id).where(alerts.c.each_try)
    chosen = (table.run_id == run_id, table.trigger == trigger, table.state.in_((PENDING, HELD_BACK)), table.tries == 0)
    await connection.execute(delete(alert_deliveries).where(*chosen, table.alert_id.not_in(each)))


async def change_delivery(connection: AsyncConnection, delivery_id: str, values: Mapping[str, Any]) -> None:
    """Sets columns of a message."""
    await connection.execute(update(alert_deliveries).where(alert_deliveries.c.id == delivery_id).values(values))


async def count_since(connection: AsyncConnection, alert_id: str, since: datetime, *, tests: bool) -> int:
    """How many messages (or tests) of an alert there were since then, without those that were held back."""
    table = alert_deliveries.c
    kind = table.run_id.is_(None) if tests else table.run_id.is_not(None)
    query = select(func.count()).where(
        table.alert_id == alert_id, table.created_at > since, table.state != HELD_BACK, kind
    )
    return (await connection.execute(query)).scalar_one()


async def count_held_back(connection: AsyncConnection, alert_id: str) -> int:
    """How many messages of an alert were held back since the last one that was not."""
    table = alert_deliveries.c
    last = select(func.max(table.created_at)).where(
        table.alert_id == alert_id, table.state != HELD_BACK, table.run_id.is_not(None)
    )
    since = (await connection.execute(last)).scalar_one()
    query = select(func.count()).where(table.alert_id == alert_id, table.state == HELD_BACK)
    if since is not None:
        query = query.where(table.created_at > since)
    return (await connection.execute(query)).scalar_one()


async def count_pending(connection: AsyncConnection, workspace_id: str) -> int:
    """How many messages of a workspace wait."""
    table = alert_deliveries.c
    query = select(func.count()).where(table.workspace_id == workspace_id, table.state == PENDING)
    return (await connection.execute(query)).scalar_one()


async def list_waiting(connection: AsyncConnection, limit: int) -> list[Row]:
    """(alert_id, workspace_id, at): the alerts with messages to send, and when the first of them is due."""
    table = alert_deliveries.c
    at = func.min(table.next_try_at).label("at")
    query = select(table.alert_id, table.workspace_id, at).where(table.state == PENDING, table.next_try_at.is_not(None))
    rows = await connection.execute(query.group_by(table.alert_id, table.workspace_id).order_by(at).limit(limit))
    return [dict(row) for row in rows.mappings()]


async def find_due(connection: AsyncConnection, alert_id: str, now: datetime) -> Row | None:
    """The alert's message whose turn it is."""
    table = alert_deliveries.c
    query = select(alert_deliveries).where(
        table.alert_id == alert_id, table.state == PENDING, table.next_try_at.is_not(None), table.next_try_at <= now
    )
    return _row(await connection.execute(query.order_by(table.next_try_at, table.created_at, table.id).limit(1)))


async def put_off(connection: AsyncConnection, alert_id: str, until: datetime) -> None:
    """Lets all messages of an alert wait for as long: its receiver does not take any now."""
    table = alert_deliveries.c
    chosen = (table.alert_id == alert_id, table.state == PENDING, table.next_try_at < until)
    await connection.execute(update(alert_deliveries).where(*chosen).values(next_try_at=until))


async def end_tests(connection: AsyncConnection, outcome: str, state: str, at: datetime) -> None:
    """Tests whose one try was cut short by the end of the plane; `at` is when it began again."""
    table = alert_deliveries.c
    chosen = (table.state == PENDING, table.next_try_at.is_(None), table.created_at < at)
    values = {"state": state, "outcome": outcome, "ended_at": at}
    await connection.execute(update(alert_deliveries).where(*chosen).values(values))


async def list_deliveries(
    connection: AsyncConnection, workspace_id: str, alert_id: str | None, state: str | None, bounds: Bounds
) -> Listed[Row]:
    """A page of messages, newest first."""
    table = alert_deliveries.c
    conditions = [table.workspace_id == workspace_id]
    conditions += [table.alert_id == alert_id] if alert_id is not None else []
    conditions += [table.state == state] if state is not None else []
    order = (Key(table.created_at, descending=True), Key(table.id))
    return await page_of(connection, alert_deliveries, conditions, order, bounds)


async def find_last_delivery(connection: AsyncConnection, alert_id: str) -> Row | None:
    """The newest message of an alert that was not held back."""
    table = alert_deliveries.c
    query = select(alert_deliveries).where(table.alert_id == alert_id, table.state != HELD_BACK)
    return _row(await connection.execute(query.order_by(table.created_at.desc(), table.id).limit(1)))


async def prune(connection: AsyncConnection, workspace_id: str, kept: int) -> None:
    """Forgets the oldest messages that are over, beyond so many. May run twice."""
    table = alert_deliveries.c
    old = select(table.id).where(table.workspace_id == workspace_id, table.state != PENDING)
    old = old.order_by(table.created_at.desc(), table.id).offset(kept).limit(10_000)
    ids = [row.id for row in await connection.execute(old)]
    for start in range(0, len(ids), 500):
        await connection.execute(delete(alert_deliveries).where(table.id.in_(ids[start : start + 500])))


def _row(result: Any) -> Row | None:
    found = result.mappings().one_or_none()
    return dict(found) if found else None
