"""Totals of pipelines and datasets over their pipeline runs in a window (Contract: 1.5, operations 58 and 59)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Subquery, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.telemetry import pipeline_runs
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.sums import sum_of
from planes.storage.types import Row

PIPELINES = "pipeline_name"
DATASETS = "dataset_name"
_MEASURES = (
    "average_duration_ms",
    "latest_pipeline_run_at",
    "success_ratio",
    "total_pipeline_run_count",
    "total_rows_loaded",
)
PIPELINE_SORTS = (PIPELINES, *_MEASURES)
DATASET_SORTS = (DATASETS, *_MEASURES)
_SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsFilter:
    """Whose totals, over runs that started in `[start, end)`; an empty sequence asks for nothing in particular.

    `names` are exact, `text` is a part of a name in any case; `latest` are columns of the newest run of each.
    """

    workspace_id: str
    start: datetime
    end: datetime
    text: str | None = None
    names: Sequence[str] = ()
    latest: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


async def list_statistics(
    connection: AsyncConnection,
    key: str,
    wanted: StatisticsFilter,
    order: Sequence[tuple[str, bool]],
    bounds: Bounds,
) -> Listed[Row]:
    """A page of totals by `key` (PIPELINES or DATASETS); by name after `order`."""
    totals = _totals(key, wanted)
    query = select(totals)
    for column, values in wanted.latest.items():
        if values:
            query = query.where(totals.c[column].in_(values))
    total = (await connection.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    keys = [Key(totals.c[name], descending, is_nullable=True) for name, descending in order]
    rows, last = await read_page(connection, query, [*keys, Key(totals.c[key])], bounds)
    return Listed(rows, total, last)


async def find_sources(connection: AsyncConnection, pipeline_run_ids: Sequence[str]) -> dict[str, list[str]]:
    """The names of the sources of these pipeline runs."""
    query = select(pipeline_runs.c.id, pipeline_runs.c.source_names).where(pipeline_runs.c.id.in_(pipeline_run_ids))
    return {row.id: row.source_names for row in await connection.execute(query)}


async def count_tables(
    connection: AsyncConnection, wanted: StatisticsFilter, dataset_names: Sequence[str]
) -> dict[str, int]:
    """How many tables of these datasets got rows in the window."""
    unnest = func.json_array_elements_text if connection.dialect.name == "postgresql" else func.json_each
    each = unnest(pipeline_runs.c.table_names).table_valued("value")
    query = (
        select(pipeline_runs.c.dataset_name, func.count(each.c.value.distinct()))
        .select_from(pipeline_runs.join(each, each.c.value.is_not(None)))
        .where(*_in_window(wanted), pipeline_runs.c.dataset_name.in_(dataset_names))
        .group_by(pipeline_runs.c.dataset_name)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


def _totals(key: str, wanted: StatisticsFilter) -> Subquery:
    runs = _ranked(key, wanted)
    succeeded = func.sum(case((runs.c.status == _SUCCEEDED, 1), else_=0))
    latest = {
        f"latest_{name}": func.max(case((runs.c.rank == 1, runs.c[name])))
        for name in ("status", "destination_name", "dataset_name", "pipeline_name")
    }
    columns: list[ColumnElement[Any]] = [
        runs.c[key],
        func.count().label("total_pipeline_run_count"),
        succeeded.label("succeeded_pipeline_run_count"),
        (cast(succeeded, Float) / func.count()).label("success_ratio"),
        func.avg(runs.c.duration_ms).label("average_duration_ms"),
        sum_of(runs.c.duration_ms).label("total_duration_ms"),
        sum_of(runs.c.total_bytes_loaded).label("total_bytes_loaded"),
        sum_of(runs.c.total_rows_extracted).label("total_rows_extracted"),
        sum_of(runs.c.total_rows_loaded).label("total_rows_loaded"),
        func.sum(case((runs.c.has_schema_migration, 1), else_=0)).label("schema_migration_count"),
        func.count(runs.c.pipeline_name.distinct()).label("distinct_pipeline_count"),
        func.max(runs.c.started_at).label("latest_pipeline_run_at"),
        func.max(case((runs.c.rank == 1, runs.c.id))).label("latest_pipeline_run_id"),
        *(expression.label(name) for name, expression in latest.items()),
    ]
    return select(*columns).group_by(runs.c[key]).subquery()


def _ranked(key: str, wanted: StatisticsFilter) -> Subquery:
    """The runs in the window, each with its place (1 is the newest) among those of its name."""
    table = pipeline_runs.c
    newest = (table.started_at.desc(), table.created_at.desc(), table.id)
    columns = [
        column
        for column in table
        if column.name not in {"detail", "trace", "source_names", "table_names", "pending_rows"}
    ]
    conditions = [*_in_window(wanted), table[key].is_not(None)]
    if wanted.names:
        conditions.append(table[key].in_(wanted.names))
    if wanted.text:
        conditions.append(table[key].icontains(wanted.text, autoescape=True))
    rank = func.row_number().over(partition_by=table[key], order_by=newest).label("rank")
    return select(*columns, rank).where(*conditions).subquery()


def _in_window(wanted: StatisticsFilter) -> list[ColumnElement[bool]]:
    table = pipeline_runs.c
    return [
        table.workspace_id == wanted.workspace_id,
        table.started_at >= wanted.start,
        table.started_at < wanted.end,
    ]
