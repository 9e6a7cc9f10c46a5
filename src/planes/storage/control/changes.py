"""The log of what changed: one row for each change of a run's state, a job or a workspace, in the same transaction.

Metadata only. Whoever follows it reads on from the last sequence number; old rows are dropped. Numbers are handed out
before their transaction ends, so on Postgres a lower one may appear after a higher one, and one that never appears
belongs to a transaction that came to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, String, Table, delete, func, or_, select

from planes.domain.runs import Run
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.database import note_commit
from planes.storage.types import Moment, identifier

changes = Table(
    "changes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("workspace_id", identifier(), nullable=False),
    Column("job_id", identifier(), nullable=True),
    Column("run_id", identifier(), nullable=True),
    Column("number", Integer, nullable=True),
    Column("status", String(16), nullable=True),
    Column("created_at", Moment, nullable=True),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    # A number is never given out twice, whatever was dropped.
    sqlite_autoincrement=True,
)

_ADDED = changes.insert()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed: a run with its state after it, else a job, else something else of the workspace.

    A run without a status changed in what is known of it, not in its state.
    """

    sequence: int
    workspace_id: str
    job_id: str | None = None
    run_id: str | None = None
    number: int | None = None
    status: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


async def note_runs(connection: Connection, runs: Iterable[Run]) -> None:
    """The states of these runs are new."""
    await _add(
        connection,
        [
            {
                "workspace_id": run.workspace_id, "job_id": run.job_id, "run_id": run.id, "number": run.number,
                "status": run.status.value, "created_at": run.created_at, "started_at": run.started_at,
                "finished_at": run.finished_at,
            }
            for run in runs
        ],
    )  # fmt: skip


async def note_jobs(connection: Connection, workspace_and_job: Iterable[tuple[str, str]]) -> None:
    """These jobs are other than they were, or new."""
    rows = [{"workspace_id": workspace_id, "job_id": job_id} for workspace_id, job_id in workspace_and_job]
    await _add(connection, rows)


async def note_workspace(connection: Connection, workspace_id: str) -> None:
    """Something of the workspace is new: its name, who sees it, a version of its code, which one is deployed."""
    await note_workspaces(connection, [workspace_id])


async def note_workspaces(connection: Connection, workspace_ids: Iterable[str]) -> None:
    """The same of several."""
    await _add(connection, [{"workspace_id": workspace_id} for workspace_id in workspace_ids])


async def read_changes(connection: Connection, after: int, holes: Sequence[int], limit: int) -> list[Change]:
    """Up to `limit` changes above `after`, and those of the `holes` that have appeared, in the order of numbers."""
    wanted = changes.c.sequence > after
    if holes:
        wanted = or_(wanted, changes.c.sequence.in_(list(holes)))
    query = select(changes).where(wanted).order_by(changes.c.sequence).limit(limit)
    return [Change(**row) for row in (await connection.execute(query)).mappings()]


async def ends_of_log(connection: Connection) -> tuple[int, int]:
    """The lowest and the highest number in the log; 0 and 0 before the first change."""
    lowest, highest = (
        await connection.execute(select(func.min(changes.c.sequence), func.max(changes.c.sequence)))
    ).one()
    return lowest or 0, highest or 0


async def forget_changes(connection: Connection, up_to: int) -> None:
    """Drops the changes up to this number, and it."""
    await connection.execute(delete(changes).where(changes.c.sequence <= up_to))


async def _add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(_ADDED, rows)
        note_commit(connection)
