"""Scrubbing stored logs again: what was asked for, and how far each run of it is.

    rescrubs:      pending ──► running ──► done | failed         waiting: only runs that go on are left
    rescrub_runs:  waiting ──► done | failed

A row names variables and versions; `sealed` holds the values as the vault sealed them, so that one that is replaced
meanwhile is still looked for. It is emptied at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    case,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.findings import page_of
from planes.storage.data.metadata import metadata
from planes.storage.data.runs import DONE as RUN_DONE
from planes.storage.data.runs import runs
from planes.storage.data.telemetry import job_results, pipeline_runs, pipeline_states
from planes.storage.keyset import Bounds, Key, Listed
from planes.storage.types import Moment, Row, document, identifier

PENDING = "pending"
RUNNING = "running"
WAITING = "waiting"
DONE = "done"
FAILED = "failed"
UNFINISHED = (PENDING, RUNNING, WAITING)

rescrubs = Table(
    "rescrubs",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), nullable=False),
    Column("workspace_id", identifier(), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("variables", document(), nullable=False),
    Column("sealed", document()),
    Column("state", String(8), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("finished_at", Moment),
    Index("ix_rescrubs_workspace_id", "workspace_id", "created_at"),
)

rescrub_runs = Table(
    "rescrub_runs",
    metadata,
    Column("rescrub_id", identifier(), ForeignKey("rescrubs.id"), primary_key=True),
    Column("run_id", identifier(), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("lines_changed", BigInteger, nullable=False),
    Column("documents_changed", Integer, nullable=False),
)

# Table → the columns of its key, and those with words.
_DOCUMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    pipeline_runs.name: (
        ("id",),
        (
            "pipeline_name",
            "dataset_name",
            "destination_name",
            "error_step",
            "error_message",
            "source_names",
            "table_names",
            "pending_rows",
            "detail",
            "trace",
        ),
    ),
    pipeline_states.name: (("job_run_id", "pipeline_name"), ("dataset_name", "destination_name", "state")),
    job_results.name: (("job_run_id",), ("result_type", "envelope")),
}


async def add(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Asks for a rescrub of every run that the workspace has now, also of what those without a log have reported."""
    await connection.execute(insert(rescrubs).values(row))
    chosen = select(literal(row["id"]), runs.c.id, literal(WAITING), literal(0), literal(0), literal(0)).where(
        runs.c.workspace_id == row["workspace_id"]
    )
    columns = ["rescrub_id", "run_id", "state", "tries", "lines_changed", "documents_changed"]
    await connection.execute(insert(rescrub_runs).from_select(columns, chosen))


async def find(connection: AsyncConnection, workspace_id: str, rescrub_id: str) -> Row | None:
    """One rescrub of the workspace."""
    query = select(rescrubs).where(rescrubs.c.id == rescrub_id, rescrubs.c.workspace_id == workspace_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    return dict(found) if found else None


async def list_page(connection: AsyncConnection, workspace_id: str, bounds: Bounds) -> Listed[Row]:
    """A page of rescrubs, newest first."""
    order = (Key(rescrubs.c.created_at, descending=True), Key(rescrubs.c.id))
    mine = [rescrubs.c.workspace_id == workspace_id]
    return await page_of(connection, rescrubs, mine, order, bounds)


async def progress(connection: AsyncConnection, rescrub_ids: Sequence[str]) -> dict[str, Row]:
    """Per rescrub: total, done, waiting (live now), failed, lines_changed, documents_changed."""
    table = rescrub_runs.c
    is_live = (table.state == WAITING) & (runs.c.state != RUN_DONE)
    query = (
        select(
            table.rescrub_id,
            func.count().label("total"),
            func.sum(case((table.state == DONE, 1), else_=0)).label("done"),
            func.sum(case((table.state == FAILED, 1), else_=0)).label("failed"),
            func.sum(case((is_live, 1), else_=0)).label("waiting"),
            func.sum(table.lines_changed).label("lines_changed"),
            func.sum(table.documents_changed).label("documents_changed"),
        )
        .select_from(rescrub_runs.join(runs, runs.c.id == table.run_id))
        .where(table.rescrub_id.in_(rescrub_ids))
        .group_by(table.rescrub_id)
    )
    return {row["rescrub_id"]: dict(row) for row in (await connection.execute(query)).mappings()}


async def list_unfinished(connection: AsyncConnection) -> list[Row]:
    """Every rescrub that is not over, oldest first."""
    query = select(rescrubs).where(rescrubs.c.state.in_(UNFINISHED)).order_by(rescrubs.c.created_at, rescrubs.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def list_ready(connection: AsyncConnection, rescrub_id: str, limit: int) -> list[Row]:
    """Runs of a rescrub that have ended and wait for it: `run_id`, `tries`. Those that failed least come first."""
    table = rescrub_runs.c
    query = (
        select(table.run_id, table.tries)
        .select_from(rescrub_runs.join(runs, runs.c.id == table.run_id))
        .where(table.rescrub_id == rescrub_id, table.state == WAITING, runs.c.state == RUN_DONE)
        .order_by(table.tries, table.run_id)
        .limit(limit)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def change_run(connection: AsyncConnection, rescrub_id: str, run_id: str, values: Mapping[str, Any]) -> None:
    """Says how far a run of a rescrub is."""
    chosen = (rescrub_runs.c.rescrub_id == rescrub_id, rescrub_runs.c.run_id == run_id)
    await connection.execute(update(rescrub_runs).where(*chosen).values(values))


async def count_document(connection: AsyncConnection, rescrub_id: str, run_id: str) -> None:
    """One more row with words of this run was changed."""
    chosen = (rescrub_runs.c.rescrub_id == rescrub_id, rescrub_runs.c.run_id == run_id)
    more = rescrub_runs.c.documents_changed + 1
    await connection.execute(update(rescrub_runs).where(*chosen).values(documents_changed=more))


async def change(connection: AsyncConnection, rescrub_id: str, values: Mapping[str, Any]) -> None:
    """Moves a rescrub on."""
    await connection.execute(update(rescrubs).where(rescrubs.c.id == rescrub_id).values(values))


async def has_runs(connection: AsyncConnection, workspace_id: str) -> bool:
    """Whether the workspace has any run."""
    query = select(runs.c.id).where(runs.c.workspace_id == workspace_id).limit(1)
    return (await connection.execute(query)).scalar_one_or_none() is not None


async def list_documents(connection: AsyncConnection, run_id: str) -> list[Row]:
    """What is kept in words of a run beside its log, as `table` and `key`."""
    found: list[Row] = []
    for name, (key, _) in _DOCUMENTS.items():
        table = metadata.tables[name].c
        query = select(*(table[column] for column in key)).where(table.job_run_id == run_id)
        rows = (await connection.execute(query)).mappings()
        found += [{"table": name, "key": dict(row)} for row in rows]
    return found


async def find_words(connection: AsyncConnection, table_name: str, key: Mapping[str, Any]) -> Row | None:
    """The columns with words of a row that `list_documents` named."""
    table = metadata.tables[table_name]
    query = select(*(table.c[column] for column in _DOCUMENTS[table_name][1]))
    found = await connection.execute(query.where(*(table.c[name] == value for name, value in key.items())))
    row = found.mappings().one_or_none()
    return dict(row) if row else None


async def replace_words(
    connection: AsyncConnection, table_name: str, key: Mapping[str, Any], words: Mapping[str, Any]
) -> None:
    """Replaces columns of such a row; SQLite also overwrites what was there."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("PRAGMA secure_delete=ON")
    table = metadata.tables[table_name]
    await connection.execute(
        update(table).where(*(table.c[name] == value for name, value in key.items())).values(words)
    )
