"""Totals of pipelines and datasets (Contract: 1.5, operations 58 and 59; 7.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.server.moments import moved
from planes.server.paging import Page, envelope
from planes.storage.data import statistics
from planes.storage.data.statistics import DATASETS, PIPELINES, StatisticsFilter
from planes.storage.types import Row
from planes.wire.telemetry import DatasetStatsResponse, PipelineStatsResponse

DEFAULT_WINDOW = timedelta(days=7)
_NEWEST_FIRST = (("latest_pipeline_run_at", True),)


class Statistics:
    """Counts what runs reported."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit

    def window(self, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
        """The window that is asked for: seven days up to its end, or to now, when only one bound or none is given."""
        now = self._parts.clock.now()
        end = end or moved(max(now, start or now), timedelta(milliseconds=1))
        return start or moved(end, -DEFAULT_WINDOW), end

    async def list_pipelines(self, actor: Actor, wanted: StatisticsFilter, page: Page) -> dict[str, Any]:
        """A page of pipelines, the one that ran last first unless sorted otherwise."""
        async with self._parts.database.reading() as connection:
            order = page.order or _NEWEST_FIRST
            found = await statistics.list_statistics(connection, PIPELINES, wanted, order, page.bounds)
            rows = found.items
            sources = await statistics.find_sources(connection, [row["latest_pipeline_run_id"] for row in rows])
        await self._note(actor, rows)
        items = [
            PipelineStatsResponse(**_numbers(row), latest_source_names=sources.get(row["latest_pipeline_run_id"]))
            for row in rows
        ]
        return envelope([item.model_dump(mode="json") for item in items], page, found)

    async def list_datasets(self, actor: Actor, wanted: StatisticsFilter, page: Page) -> dict[str, Any]:
        """A page of datasets, the one that was loaded last first unless sorted otherwise."""
        async with self._parts.database.reading() as connection:
            order = page.order or _NEWEST_FIRST
            found = await statistics.list_statistics(connection, DATASETS, wanted, order, page.bounds)
            rows = found.items
            tables = await statistics.count_tables(connection, wanted, [row[DATASETS] for row in rows])
        await self._note(actor, rows)
        items = [DatasetStatsResponse(**_numbers(row), table_count=tables.get(row[DATASETS], 0)) for row in rows]
        return envelope([item.model_dump(mode="json") for item in items], page, found)

    async def _note(self, actor: Actor, rows: Sequence[Row]) -> None:
        await self._audit.note(actor, Action.TELEMETRY_READ, None, count=len(rows))


def _numbers(row: Row) -> dict[str, Any]:
    """The average is a whole number on the wire, and some databases answer sums as decimals."""
    average = row["average_duration_ms"]
    return {**row, "average_duration_ms": None if average is None else round(average)}
