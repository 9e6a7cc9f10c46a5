"""What the control plane has in its hands over all workspaces: held runs, waiting ones, clocks, sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from planes.domain.runs import LEASED, RunStatus
from planes.storage.control.clocks import clocks
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import jobs
from planes.storage.control.runs import runs
from planes.storage.control.sessions import refresh_tokens, sessions
from planes.storage.control.workspaces import workspaces

_HELD = [status.value for status in LEASED]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRun:
    """A run in the hands of a region. `expires_at` is when its lease ends if the region does not renew it."""

    id: str
    number: int
    job_ref: str
    workspace_id: str
    workspace_name: str
    dataplane_id: str
    status: str
    fence: int
    expires_at: datetime | None
    unreachable_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """`held` and `pending` are runs, `due` clocks that fire up to a moment, `sessions` those that can be refreshed."""

    held: int
    pending: int
    due: int
    sessions: int


async def held_runs(connection: Connection, limit: int) -> list[HeldRun]:
    """Those of one region after those of another, the oldest first."""
    query = (
        select(
            runs.c.id, runs.c.number, jobs.c.job_ref, runs.c.workspace_id, workspaces.c.name.label("workspace_name"),
            runs.c.dataplane_id, runs.c.status, runs.c.fence, runs.c.lease_expires_at.label("expires_at"),
            runs.c.unreachable_since,
        )
        .join(jobs, jobs.c.id == runs.c.job_id)
        .join(workspaces, workspaces.c.id == runs.c.workspace_id)
        .where(runs.c.status.in_(_HELD))
        .order_by(runs.c.dataplane_id, runs.c.created_at, runs.c.id)
        .limit(limit)
    )  # fmt: skip
    return [HeldRun(**row) for row in (await connection.execute(query)).mappings()]


async def count(connection: Connection, now: datetime, until: datetime) -> Counts:
    """All of them at once."""
    number = func.count()
    living = (
        select(func.count(sessions.c.id.distinct()))
        .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.id)
        .where(sessions.c.revoked_at.is_(None), refresh_tokens.c.expires_at > now)
    )
    held = select(number).select_from(runs).where(runs.c.status.in_(_HELD))
    pending = select(number).select_from(runs).where(runs.c.status == RunStatus.PENDING.value)
    due = select(number).select_from(clocks).where(clocks.c.next_fire_at > now, clocks.c.next_fire_at <= until)
    return Counts(
        held=(await connection.execute(held)).scalar_one(),
        pending=(await connection.execute(pending)).scalar_one(),
        due=(await connection.execute(due)).scalar_one(),
        sessions=(await connection.execute(living)).scalar_one(),
    )
