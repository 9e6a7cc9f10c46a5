"""When the clock fires jobs: one row for each timed trigger of a job (`schedule:`, `every:`, `once:`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, Table, and_, bindparam, delete, func, select, update

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


async def next_due_after(connection: Connection, now: datetime) -> datetime | None:
    """The first moment after `now` at which any clock fires."""
    query = select(func.min(clocks.c.next_fire_at)).where(clocks.c.next_fire_at > now)
    return (await connection.execute(query)).scalar_one_or_none()


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


async def workspaces_with_clocks_beyond(connection: Connection, moment: datetime) -> list[WorkspaceId]:
    """Where a clock fires later than that."""
    query = select(jobs.c.workspace_id).join(clocks, jobs.c.id == clocks.c.job_id).where(clocks.c.next_fire_at > moment)
    return list((await connection.execute(query.distinct())).scalars())


async def advance_clocks(connection: Connection, moves: Sequence[tuple[JobClock, JobClock]]) -> list[bool]:
    """Moves clocks (before, after) on, but not those that somebody else moved or set: each tick passes here once.

    The caller holds the work of their workspace.
    """
    present = {(clock.job_id, clock.trigger): clock for clock in await _locked(connection, moves)}
    is_ours = [_is_unmoved(present.get((before.job_id, before.trigger)), before) for before, _ in moves]
    values = [
        {"of_job": after.job_id, "by": after.trigger, "last": after.last_fire_at, "next": after.next_fire_at}
        for (_, after), ours in zip(moves, is_ours, strict=True)
        if ours
    ]
    if values:
        this = and_(clocks.c.job_id == bindparam("of_job"), clocks.c.trigger == bindparam("by"))
        change = update(clocks).where(this).values(last_fire_at=bindparam("last"), next_fire_at=bindparam("next"))
        await connection.execute(change, values)
    return is_ours


async def _locked(connection: Connection, moves: Sequence[tuple[JobClock, JobClock]]) -> list[JobClock]:
    job_ids = sorted({before.job_id for before, _ in moves})
    query = select(clocks).where(clocks.c.job_id.in_(job_ids)).order_by(clocks.c.job_id, clocks.c.trigger)
    return [JobClock(**row) for row in (await connection.execute(query.with_for_update())).mappings()]


def _is_unmoved(present: JobClock | None, before: JobClock) -> bool:
    return present is not None and present.next_fire_at == before.next_fire_at


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
