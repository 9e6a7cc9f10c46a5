"""Which jobs are tried again when they fail, and the tries that wait for their time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Integer, Table, bindparam, delete, func, select

from planes.domain.retries import NO_RETRIES, RetryPolicy
from planes.domain.runs import RunStatus
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.control.runs import runs
from planes.storage.types import identifier

job_retries = Table(
    "job_retries",
    metadata,
    Column("job_id", identifier(), ForeignKey("jobs.id"), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("wait_seconds", Integer, nullable=False),
)

_POLICIES = select(job_retries).where(job_retries.c.job_id.in_(bindparam("of_jobs", expanding=True)))
_WAITING = (runs.c.status == RunStatus.PENDING.value, runs.c.not_before.is_not(None))


async def find_policy(connection: Connection, job_id: str) -> RetryPolicy:
    """The job's; no retries where nothing was set."""
    row = (await connection.execute(select(job_retries).where(job_retries.c.job_id == job_id))).mappings().first()
    return NO_RETRIES if row is None else RetryPolicy(attempts=row["attempts"], wait_seconds=row["wait_seconds"])


async def policies_of(connection: Connection, job_ids: Iterable[str]) -> dict[str, RetryPolicy]:
    """How each job is tried again; jobs that are not are left out."""
    rows = (await connection.execute(_POLICIES, {"of_jobs": sorted(set(job_ids))})).mappings()
    return {row["job_id"]: RetryPolicy(attempts=row["attempts"], wait_seconds=row["wait_seconds"]) for row in rows}


async def save_policy(connection: Connection, job_id: str, policy: RetryPolicy) -> None:
    """Replaces it; none is kept for a job that is not tried again."""
    await connection.execute(delete(job_retries).where(job_retries.c.job_id == job_id))
    if policy.attempts > 1:
        values = {"job_id": job_id, "attempts": policy.attempts, "wait_seconds": policy.wait_seconds}
        await connection.execute(job_retries.insert().values(values))


async def planes_with_ripe_runs(connection: Connection, now: datetime) -> list[str]:
    """Data planes for which a try waits whose time has come."""
    query = select(runs.c.dataplane_id).where(*_WAITING, runs.c.not_before <= now).distinct()
    return sorted((await connection.execute(query)).scalars())


async def next_ripe_after(connection: Connection, now: datetime) -> datetime | None:
    """When the next try's time comes."""
    query = select(func.min(runs.c.not_before)).where(*_WAITING, runs.c.not_before > now)
    return (await connection.execute(query)).scalar_one_or_none()
