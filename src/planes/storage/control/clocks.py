"""When the clock fires jobs: one row for each timed trigger of a job (`schedule:`, `every:`, `once:`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, Table, and_, delete, func, select, update

from planes.domain.identifiers import JobId, WorkspaceId
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import jobs
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.types import Moment, identifier

clocks = Table(
    "clocks",
    metadata,
    Column("job_id", identifier(), ForeignKey("jobs.id"), primary_key=True),
    Column("trigger", String(1024), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("last_fire_at", Moment, nullable=True),
    Column("next_fire_at", Moment, nullable=True),
    Index("ix_clocks_next_fire_at", "next_fire_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobClock:
    """`since` anchors an `every:` that never fired; `next_fire_at` None: nothing more to fire."""

    job_id: JobId
    trigger: str
    since: datetime
    last_fire_at: datetime | None = None
    next_fire_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueClock:
    """A clock whose moment has come."""

    workspace_id: WorkspaceId
    clock: JobClock


async def next_due_at(connection: Connection) -> datetime | None:
    """The first moment at which any clock fires."""
    return (await connection.execute(select(func.min(clocks.c.next_fire_at)))).scalar_one_or_none()


async def due_clocks(connection: Connection, now: datetime, limit: int) -> list[DueClock]:
    """Clocks due at `now`, the longest waiting first."""
    query = (
        select(jobs.c.workspace_id, clocks)
        .join(jobs, jobs.c.id == clocks.c.job_id)
        .where(clocks.c.next_fire_at <= now)
        .order_by(clocks.c.next_fire_at, clocks.c.job_id)
        .limit(limit)
    )
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    return [DueClock(row.pop("workspace_id"), JobClock(**row)) for row in rows]


async def clocks_of(connection: Connection, job_ids: Iterable[str]) -> list[JobClock]:
    """The clocks of these jobs."""
    query = select(clocks).where(clocks.c.job_id.in_(sorted(set(job_ids)))).order_by(clocks.c.job_id, clocks.c.trigger)
    return [JobClock(**row) for row in (await connection.execute(query)).mappings()]


async def clocks_of_workspace(connection: Connection, workspace_id: WorkspaceId) -> list[JobClock]:
    """The clocks of every job of the workspace."""
    mine = select(jobs.c.id).where(jobs.c.workspace_id == workspace_id)
    query = select(clocks).where(clocks.c.job_id.in_(mine)).order_by(clocks.c.job_id, clocks.c.trigger)
    return [JobClock(**row) for row in (await connection.execute(query)).mappings()]


async def advance_clock(connection: Connection, before: JobClock, after: JobClock) -> bool:
    """Moves a clock on, unless somebody else did: each tick passes here once."""
    unmoved = and_(
        clocks.c.job_id == before.job_id,
        clocks.c.trigger == before.trigger,
        clocks.c.next_fire_at == before.next_fire_at,
    )
    values = {"last_fire_at": after.last_fire_at, "next_fire_at": after.next_fire_at}
    moved = await connection.execute(update(clocks).where(unmoved).values(values))
    return moved.rowcount == 1


async def replace_clocks(connection: Connection, job_ids: Sequence[str], rows: Sequence[JobClock]) -> None:
    """Sets the clocks of these jobs, and the jobs' own next moment."""
    if not job_ids:
        return
    await connection.execute(delete(clocks).where(clocks.c.job_id.in_(list(job_ids))))
    if rows:
        await connection.execute(clocks.insert(), [row_of(row) for row in rows])
    await refresh_next_fire(connection, job_ids)


async def refresh_next_fire(connection: Connection, job_ids: Sequence[str]) -> None:
    """Repeats each job's first next moment in its own row, where lists sort by it."""
    first = select(func.min(clocks.c.next_fire_at)).where(clocks.c.job_id == jobs.c.id).scalar_subquery()
    await connection.execute(update(jobs).where(jobs.c.id.in_(list(job_ids))).values(next_fire_at=first))
