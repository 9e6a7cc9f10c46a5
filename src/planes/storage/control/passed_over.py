"""Of each job the newest start that fired by itself and was declined: nobody is there to be given a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Table, delete, select

from planes.domain.identifiers import JobId
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.types import Moment, identifier

passed_over = Table(
    "passed_over",
    metadata,
    Column("job_id", identifier(), ForeignKey("jobs.id"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("trigger", String(1024), nullable=False),
    Column("status", String(64), nullable=False),
)


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


async def find_passed_over(connection: Connection, job_id: str) -> PassedOver | None:
    """The job's, if there ever was one."""
    row = (await connection.execute(select(passed_over).where(passed_over.c.job_id == job_id))).mappings().first()
    return None if row is None else PassedOver(**row)
