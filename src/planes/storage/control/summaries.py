"""Pipeline runs as the control plane knows them: names and counts of what a job's run loaded (Security: 2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, func, select, update

from planes.domain.identifiers import RunId
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.control.runs import runs
from planes.storage.sums import sum_of
from planes.storage.types import Moment, identifier

pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("run_id", identifier(), ForeignKey("runs.id"), nullable=False),
    Column("pipeline_name", String(128), nullable=False),
    Column("dataset_name", String(128), nullable=True),
    Column("destination_name", String(128), nullable=True),
    Column("transaction_id", String(128), nullable=True),
    Column("status", String(16), nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Column("duration_ms", BigInteger, nullable=True),
    Column("total_rows", BigInteger, nullable=True),
    Index("ix_pipeline_runs_run_id", "run_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRunSummary:
    """One pipeline run; `id` is the region's."""

    id: str
    run_id: RunId
    pipeline_name: str
    dataset_name: str | None
    destination_name: str | None
    transaction_id: str | None
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    total_rows: int | None


async def find_summary(connection: Connection, summary_id: str) -> PipelineRunSummary | None:
    """The summary with this id, of whatever run."""
    row = (await connection.execute(select(pipeline_runs).where(pipeline_runs.c.id == summary_id))).mappings().first()
    return None if row is None else PipelineRunSummary(**row)


async def count_summaries(connection: Connection, run_id: RunId) -> int:
    """How many the run has."""
    query = select(func.count()).select_from(pipeline_runs).where(pipeline_runs.c.run_id == run_id)
    return (await connection.execute(query)).scalar_one()


async def save_summary(connection: Connection, row: PipelineRunSummary, *, is_new: bool) -> None:
    """Adds the summary, or writes it over the one with its id."""
    values = row_of(row)
    if is_new:
        await connection.execute(pipeline_runs.insert().values(values))
    else:
        await connection.execute(update(pipeline_runs).where(pipeline_runs.c.id == row.id).values(values))


async def summaries_of(connection: Connection, run_ids: Iterable[str]) -> dict[str, list[PipelineRunSummary]]:
    """Summaries by run, in the order in which the pipelines started."""
    query = (
        select(pipeline_runs)
        .where(pipeline_runs.c.run_id.in_(sorted(set(run_ids))))
        .order_by(pipeline_runs.c.started_at, pipeline_runs.c.id)
    )
    found: dict[str, list[PipelineRunSummary]] = {}
    for row in (await connection.execute(query)).mappings():
        found.setdefault(row["run_id"], []).append(PipelineRunSummary(**row))
    return found


async def rows_loaded_since(connection: Connection, workspace_id: str, since: datetime | None) -> int:
    """Rows that the workspace's own runs loaded together, from then on if a moment is given."""
    query = (
        select(sum_of(pipeline_runs.c.total_rows))
        .join(runs, runs.c.id == pipeline_runs.c.run_id)
        .where(runs.c.workspace_id == workspace_id, runs.c.is_system.is_(False))
    )
    if since is not None:
        query = query.where(runs.c.created_at >= since)
    return int((await connection.execute(query)).scalar_one())
