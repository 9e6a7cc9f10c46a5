"""What runs reported by their beacon: pipeline runs with their traces, pipeline states, results. All of it scrubbed.

Documents are stored compressed; `detail` holds the served fields that nobody filters or sorts by. `table_names` are the
user's tables that got rows, `pending_rows` (load id → table → count) what was normalized and left for a later load.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.metadata import metadata
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Moment, Row, document, identifier

pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), nullable=False),
    Column("job_run_id", identifier(), nullable=False),
    Column("pipeline_name", String(512), nullable=False),
    Column("transaction_id", String(128), nullable=False),
    Column("dataset_name", String(512)),
    Column("destination_name", String(512)),
    Column("status", String(16), nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("duration_ms", BigInteger),
    Column("error_step", String(64)),
    Column("error_message", Text),
    Column("is_empty_run", Boolean, nullable=False),
    Column("has_schema_migration", Boolean, nullable=False),
    Column("source_names", document(), nullable=False),
    Column("table_names", document(), nullable=False),
    Column("pending_rows", document()),
    Column("total_bytes_loaded", BigInteger, nullable=False),
    Column("total_rows_extracted", BigInteger, nullable=False),
    Column("total_rows_loaded", BigInteger, nullable=False),
    Column("detail", document(), nullable=False),
    Column("trace", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("job_run_id", "transaction_id"),
    Index("ix_pipeline_runs_workspace_id_started_at", "workspace_id", "started_at"),
)

pipeline_states = Table(
    "pipeline_states",
    metadata,
    Column("job_run_id", identifier(), primary_key=True),
    Column("pipeline_name", String(512), primary_key=True),
    Column("workspace_id", identifier(), nullable=False, index=True),
    Column("dataset_name", String(512)),
    Column("destination_name", String(512)),
    Column("state", LargeBinary, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

job_results = Table(
    "job_results",
    metadata,
    Column("job_run_id", identifier(), primary_key=True),
    Column("id", identifier(), nullable=False),
    Column("workspace_id", identifier(), nullable=False, index=True),
    Column("job_ref", String(512), nullable=False),
    Column("result_type", String(512), nullable=False),
    Column("engine_version", Integer, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("is_trace_too_large", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

SORTS = frozenset({"duration_ms", "finished_at", "started_at", "total_bytes_loaded", "total_rows_loaded"})
_IDENTITY = ("id", "created_at")
_EARLIER_RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRunFilter:
    """Which pipeline runs of a workspace; an empty sequence leaves a column free."""

    workspace_id: str
    start: datetime | None = None
    end: datetime | None = None
    text: str | None = None
    is_empty_run: bool | None = None
    among: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


def pack(content: bytes) -> bytes:
    """How documents lie in the database."""
    return zlib.compress(content, 6)


def unpack(stored: bytes) -> bytes:
    """The document that `pack` was given."""
    return zlib.decompress(stored)


async def save_pipeline_run(connection: AsyncConnection, row: Mapping[str, Any]) -> str:
    """Adds a pipeline run, or replaces what an earlier trace of the same transaction said; answers its id."""
    same = (
        pipeline_runs.c.job_run_id == row["job_run_id"],
        pipeline_runs.c.transaction_id == row["transaction_id"],
    )
    present = (await connection.execute(select(pipeline_runs.c.id).where(*same))).scalar_one_or_none()
    if present is None:
        await connection.execute(insert(pipeline_runs).values(row))
        return str(row["id"])
    changed = {name: value for name, value in row.items() if name not in _IDENTITY}
    await connection.execute(update(pipeline_runs).where(*same).values(changed))
    return str(present)


async def find_pending_rows(
    connection: AsyncConnection, workspace_id: str, pipeline_name: str, load_ids: Sequence[str]
) -> dict[str, dict[str, int]]:
    """What earlier traces normalized of these packages: load id → table → rows."""
    query = (
        select(pipeline_runs.c.pending_rows)
        .where(
            pipeline_runs.c.workspace_id == workspace_id,
            pipeline_runs.c.pipeline_name == pipeline_name,
            pipeline_runs.c.pending_rows.is_not(None),
        )
        .order_by(pipeline_runs.c.created_at.desc())
        .limit(_EARLIER_RUNS)
    )
    found: dict[str, dict[str, int]] = {}
    for pending in (await connection.execute(query)).scalars():
        for load_id in set(pending) & set(load_ids):
            found.setdefault(load_id, pending[load_id])
    return found


async def count_of_run(connection: AsyncConnection, job_run_id: str) -> int:
    """How many pipeline runs a run has reported."""
    query = select(func.count()).select_from(pipeline_runs).where(pipeline_runs.c.job_run_id == job_run_id)
    return (await connection.execute(query)).scalar_one()


async def list_pipeline_names(connection: AsyncConnection, job_run_id: str) -> list[str]:
    """The pipelines that a run has reported."""
    query = select(pipeline_runs.c.pipeline_name).where(pipeline_runs.c.job_run_id == job_run_id).distinct()
    return [row.pipeline_name for row in await connection.execute(query)]


async def find_pipeline_run(connection: AsyncConnection, workspace_id: str, pipeline_run_id: str) -> Row | None:
    """One pipeline run with its trace."""
    query = select(pipeline_runs).where(
        pipeline_runs.c.id == pipeline_run_id, pipeline_runs.c.workspace_id == workspace_id
    )
    found = (await connection.execute(query)).mappings().one_or_none()
    return dict(found) if found else None


async def list_pipeline_runs(
    connection: AsyncConnection, wanted: PipelineRunFilter, order: Sequence[tuple[str, bool]], bounds: Bounds
) -> Listed[Row]:
    """A page without traces. `order` are (column of SORTS, is descending) pairs."""
    columns = [column for column in pipeline_runs.c if column.name != "trace"]
    query = _filtered(select(*columns), wanted)
    table = pipeline_runs.c
    keys = [Key(table[name], descending, is_nullable=bool(table[name].nullable)) for name, descending in order]
    keys += [Key(table.created_at, descending=True), Key(table.id)]
    rows, last = await read_page(connection, query, keys, bounds)
    total = _filtered(select(func.count()).select_from(pipeline_runs), wanted)
    return Listed(rows, (await connection.execute(total)).scalar_one(), last)


async def find_watermark(connection: AsyncConnection, workspace_id: str) -> datetime | None:
    """When this workspace's telemetry was last written."""
    moments: list[datetime] = []
    for table in (pipeline_runs, pipeline_states, job_results):
        query = select(func.max(table.c.updated_at)).where(table.c.workspace_id == workspace_id)
        found = (await connection.execute(query)).scalar_one_or_none()
        if found is not None:
            moments.append(found)
    return max(moments, default=None)


async def save_state(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Keeps the newest state of a pipeline in a run."""
    same = (
        pipeline_states.c.job_run_id == row["job_run_id"],
        pipeline_states.c.pipeline_name == row["pipeline_name"],
    )
    await connection.execute(delete(pipeline_states).where(*same))
    await connection.execute(insert(pipeline_states).values(row))


async def find_state(connection: AsyncConnection, job_run_id: str, pipeline_name: str) -> Row | None:
    """What the pipeline said of itself in this run."""
    query = select(pipeline_states).where(
        pipeline_states.c.job_run_id == job_run_id, pipeline_states.c.pipeline_name == pipeline_name
    )
    found = (await connection.execute(query)).mappings().one_or_none()
    return dict(found) if found else None


async def save_result(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Adds a run's result, or replaces it: a run declares one."""
    same = job_results.c.job_run_id == row["job_run_id"]
    present = (await connection.execute(select(job_results.c.id).where(same))).scalar_one_or_none()
    if present is None:
        await connection.execute(insert(job_results).values(row))
        return
    changed = {name: value for name, value in row.items() if name not in _IDENTITY}
    await connection.execute(update(job_results).where(same).values(changed))


async def find_result(connection: AsyncConnection, workspace_id: str, job_run_id: str) -> Row | None:
    """A run's result."""
    query = select(job_results).where(
        job_results.c.job_run_id == job_run_id, job_results.c.workspace_id == workspace_id
    )
    found = (await connection.execute(query)).mappings().one_or_none()
    return dict(found) if found else None


def _filtered(query: Select[Any], wanted: PipelineRunFilter) -> Select[Any]:
    table = pipeline_runs.c
    query = query.where(table.workspace_id == wanted.workspace_id)
    if wanted.start is not None:
        query = query.where(table.started_at >= wanted.start)
    if wanted.end is not None:
        query = query.where(table.started_at < wanted.end)
    if wanted.is_empty_run is not None:
        query = query.where(table.is_empty_run == wanted.is_empty_run)
    if wanted.text:
        query = query.where(
            or_(
                table.pipeline_name.icontains(wanted.text, autoescape=True),
                table.dataset_name.icontains(wanted.text, autoescape=True),
            )
        )
    for name, values in wanted.among.items():
        if values:
            query = query.where(table[name].in_(values))
    return query
