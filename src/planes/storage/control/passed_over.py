"""Of each job the newest start that fired by itself and was declined: nobody is there to be given a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Table, and_, delete, exists, select

from planes.domain.identifiers import JobId, WorkspaceId
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import job_triggers, jobs
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.control.runs import runs
from planes.storage.types import Moment, identifier

passed_over = Table(
    "passed_over",
    metadata,
    Column("job_id", identifier(), ForeignKey("jobs.id"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("trigger", String(1024), nullable=False),
    Column("status", String(64), nullable=False),
)

_STILL_FIRES = exists().where(
    job_triggers.c.job_id == passed_over.c.job_id, job_triggers.c.trigger == passed_over.c.trigger
)
"""Who has taken a trigger away wants nothing of it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """`status` is a receipt's."""

    job_id: JobId
    at: datetime
    trigger: str
    status: str


async def keep_passed_over(connection: Connection, rows: Sequence[PassedOver]) -> None:
    """Each replaces what its job had. The caller holds the work of their workspace."""
    newest = {row.job_id: row for row in rows}
    if newest:
        await connection.execute(delete(passed_over).where(passed_over.c.job_id.in_(sorted(newest))))
        await connection.execute(passed_over.insert(), [row_of(row) for row in newest.values()])


async def list_passed_over(connection: Connection, workspace_id: WorkspaceId) -> list[PassedOver]:
    """Those of the workspace's live jobs that have started nothing since, by job; not of a trigger that one lost."""
    live = and_(jobs.c.workspace_id == workspace_id, jobs.c.is_archived.is_(False))
    newer = select(runs.c.id).where(runs.c.job_id == passed_over.c.job_id, runs.c.created_at > passed_over.c.at)
    chosen = select(passed_over).join(jobs).where(live, _STILL_FIRES, ~newer.exists()).order_by(passed_over.c.job_id)
    return [PassedOver(**row) for row in (await connection.execute(chosen)).mappings()]


async def find_passed_over(connection: Connection, job_id: str) -> PassedOver | None:
    """The job's, if there ever was one of a trigger that it has."""
    chosen = select(passed_over).where(passed_over.c.job_id == job_id, _STILL_FIRES)
    row = (await connection.execute(chosen)).mappings().first()
    return None if row is None else PassedOver(**row)
