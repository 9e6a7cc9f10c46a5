"""What was masked in the logs of runs, by rule; and the events that say so once for each run and rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Select,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.findings import equal_to, page_of, replace_of_run
from planes.storage.data.metadata import metadata
from planes.storage.keyset import Bounds, Key, Listed
from planes.storage.types import Moment, Row, identifier

SECRET = "secret"  # noqa: S105 - a kind of hit: a registered value
RULE = "rule"

# `kind` is SECRET (then `rule` is the name of what was registered) or RULE.
run_hits = Table(
    "run_hits",
    metadata,
    Column("run_id", identifier(), primary_key=True),
    Column("rule", String(200), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("workspace_id", identifier(), nullable=False),
    Column("job_ref", String(512), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_run_hits_workspace_id", "workspace_id", "at"),
)

leak_events = Table(
    "leak_events",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("run_id", identifier(), nullable=False),
    Column("job_ref", String(512), nullable=False),
    Column("rule", String(200), nullable=False),
    Column("rule_kind", String(8), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("run_id", "kind", "rule"),
    Index("ix_leak_events_workspace_id", "workspace_id", "at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events of a workspace; None leaves a column free."""

    workspace_id: str
    kind: str | None = None
    job_ref: str | None = None
    run_id: str | None = None
    since: datetime | None = None


async def save_of_run(
    connection: AsyncConnection, run_id: str, found: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
) -> None:
    """Replaces what is known of a run. May run twice."""
    await replace_of_run(connection, run_hits, run_id, found)
    await replace_of_run(connection, leak_events, run_id, events)


async def list_of_run(connection: AsyncConnection, run_id: str) -> list[Row]:
    """A run's hits, the most first."""
    query = select(run_hits).where(run_hits.c.run_id == run_id)
    rows = await connection.execute(query.order_by(run_hits.c.count.desc(), run_hits.c.rule))
    return [dict(row) for row in rows.mappings()]


async def sums_of_runs(connection: AsyncConnection, workspace_id: str, run_ids: Sequence[str]) -> dict[str, int]:
    """How much was masked in each of these runs of a workspace; runs without any are left out."""
    total = func.sum(run_hits.c.count)
    query = select(run_hits.c.run_id, total).where(
        run_hits.c.workspace_id == workspace_id, run_hits.c.run_id.in_(list(run_ids))
    )
    rows = await connection.execute(query.group_by(run_hits.c.run_id))
    return {str(run_id): int(count) for run_id, count in rows}


async def totals(connection: AsyncConnection, workspace_id: str, since: datetime, until: datetime) -> tuple[int, int]:
    """(masks, runs with masks) of a workspace in a time."""
    query = select(func.coalesce(func.sum(run_hits.c.count), 0), func.count(func.distinct(run_hits.c.run_id)))
    found = (await connection.execute(_between(query, workspace_id, since, until))).one()
    total, runs = tuple(found)
    return int(total), int(runs)


async def totals_by(
    connection: AsyncConnection,
    columns: Sequence[str],
    workspace_id: str,
    between: tuple[datetime, datetime],
    limit: int,
) -> list[Row]:
    """`count` and `runs` for each value of these columns, the most first."""
    groups = [run_hits.c[name] for name in columns]
    count = func.sum(run_hits.c.count).label("count")
    query: Select[Any] = select(*groups, count, func.count(func.distinct(run_hits.c.run_id)).label("runs"))
    query = _between(query, workspace_id, *between).group_by(*groups).order_by(count.desc(), *groups).limit(limit)
    rows = (await connection.execute(query)).mappings()
    return [{**row, "count": int(row["count"])} for row in rows]


async def list_events(connection: AsyncConnection, wanted: EventFilter, bounds: Bounds) -> Listed[Row]:
    """A page of events, newest first."""
    table = leak_events.c
    conditions = equal_to(leak_events, wanted, ("workspace_id", "kind", "job_ref", "run_id"))
    if wanted.since is not None:
        conditions.append(table.at >= wanted.since)
    order = (Key(table.at, descending=True), Key(table.rule), Key(table.id))
    return await page_of(connection, leak_events, conditions, order, bounds)


def _between(query: Any, workspace_id: str, since: datetime, until: datetime) -> Any:
    table = run_hits.c
    return query.where(table.workspace_id == workspace_id, table.at >= since, table.at < until)
