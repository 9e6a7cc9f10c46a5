"""Registered values that a run printed: whose, which version, where in its log, and who has read that log since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.findings import equal_to, page_of, replace_of_run
from planes.storage.data.metadata import metadata
from planes.storage.data.runs import DONE, runs
from planes.storage.data.tables import audit_log, configurations
from planes.storage.keyset import Bounds, Key, Listed
from planes.storage.types import Moment, Row, document, identifier

OPEN = "open"
ROTATED = "rotated"
EXPIRED = "expired"

# `scope`, `version`, `set_at` and `fingerprint` (of the printed value) are a variable's, `configuration_id` is of a
# value in TOML; `state` was last found.
leaks = Table(
    "leaks",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), nullable=False),
    Column("run_id", identifier(), nullable=False),
    Column("job_ref", String(512), nullable=False),
    Column("profile", String(128), nullable=False),
    Column("name", String(200), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("scope", String(160)),
    Column("version", Integer),
    Column("configuration_id", identifier()),
    Column("fingerprint", String(32)),
    Column("count", BigInteger, nullable=False),
    Column("lines", document(), nullable=False),
    Column("more_lines", Boolean, nullable=False),
    Column("set_at", Moment),
    Column("state", String(8), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("run_id", "name"),
    Index("ix_leaks_workspace_id", "workspace_id", "at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakFilter:
    """Which leaks of a workspace; None leaves a column free."""

    workspace_id: str
    id: str | None = None
    state: str | None = None
    run_id: str | None = None
    name: str | None = None


async def list_unexamined(connection: AsyncConnection, limit: int) -> list[Row]:
    """Ended runs whose log was not looked at yet, oldest first."""
    query = select(runs).where(runs.c.state == DONE, runs.c.examined_at.is_(None))
    rows = await connection.execute(query.order_by(runs.c.ended_at, runs.c.id).limit(limit))
    return [dict(row) for row in rows.mappings()]


async def save_of_run(connection: AsyncConnection, run_id: str, found: Sequence[Mapping[str, Any]]) -> None:
    """Replaces the leaks of a run. May run twice."""
    await replace_of_run(connection, leaks, run_id, found)


async def list_page(connection: AsyncConnection, wanted: LeakFilter, bounds: Bounds) -> Listed[Row]:
    """A page of leaks, newest first."""
    conditions = equal_to(leaks, wanted, ("workspace_id", "id", "state", "run_id", "name"))
    order = (Key(leaks.c.at, descending=True), Key(leaks.c.name), Key(leaks.c.id))
    return await page_of(connection, leaks, conditions, order, bounds)


async def list_open(connection: AsyncConnection, workspace_id: str) -> list[Row]:
    """Id, origin, scope, name, version and configuration of each leak that was open when last looked at."""
    columns = (
        leaks.c[name] for name in ("id", "origin", "scope", "name", "version", "configuration_id", "profile", "set_at",
                             "fingerprint")
    )  # fmt: skip
    query = select(*columns).where(leaks.c.workspace_id == workspace_id, leaks.c.state == OPEN)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def list_rotated(connection: AsyncConnection, workspace_id: str, fingerprints: Sequence[str]) -> list[str]:
    """Ids of leaks that were rotated when last looked at and have one of these fingerprints."""
    found: list[str] = []
    for start in range(0, len(fingerprints), 500):
        query = select(leaks.c.id).where(
            leaks.c.workspace_id == workspace_id,
            leaks.c.state == ROTATED,
            leaks.c.fingerprint.in_(fingerprints[start : start + 500]),
        )
        found += (await connection.execute(query)).scalars()
    return found


async def set_state(connection: AsyncConnection, leak_ids: Sequence[str], state: str) -> None:
    """Says what became of leaks."""
    for start in range(0, len(leak_ids), 500):
        chosen = leaks.c.id.in_(leak_ids[start : start + 500])
        await connection.execute(update(leaks).where(chosen).values(state=state))


async def list_active(connection: AsyncConnection, workspace_id: str) -> list[Row]:
    """Runs of the workspace that go on, with what they were given."""
    columns = (runs.c.id, runs.c.job_ref, runs.c.secrets_used)
    query = select(*columns).where(runs.c.workspace_id == workspace_id, runs.c.state != DONE).order_by(runs.c.leased_at)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def find_newest_configuration(connection: AsyncConnection, workspace_id: str) -> str | None:
    """The id of the newest configuration that is a version."""
    table = configurations.c
    query = select(table.id).where(table.workspace_id == workspace_id, table.stored_at.is_not(None))
    query = query.order_by(table.created_at.desc(), table.id.desc()).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def list_readers(
    connection: AsyncConnection, workspace_id: str, run_id: str, actions: Sequence[str]
) -> list[Row]:
    """Who did any of these to the run's log, the latest first: actor, email, first_at, last_at, count."""
    table = audit_log.c
    last = func.max(table.at).label("last_at")
    query = select(
        table.actor, table.email, func.min(table.at).label("first_at"), last, func.count().label("count")
    ).where(table.workspace_id == workspace_id, table.object_id == run_id, table.action.in_(actions))
    rows = await connection.execute(query.group_by(table.actor, table.email).order_by(last.desc(), table.actor))
    return [dict(row) for row in rows.mappings()]


async def count_readers(
    connection: AsyncConnection, workspace_id: str, run_ids: Sequence[str], actions: Sequence[str]
) -> dict[str, int]:
    """How many different actors read each log."""
    table = audit_log.c
    query = select(table.object_id, func.count(func.distinct(table.actor))).where(
        table.workspace_id == workspace_id, table.object_id.in_(run_ids), table.action.in_(actions)
    )
    return {str(row[0]): int(row[1]) for row in await connection.execute(query.group_by(table.object_id))}
