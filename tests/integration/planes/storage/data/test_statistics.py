"""Totals of pipelines and datasets, on SQLite and, where the machine has it, on Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from planes.domain.identifiers import new_id
from planes.storage.data import statistics, telemetry
from planes.storage.data.statistics import DATASET_SORTS, DATASETS, PIPELINE_SORTS, PIPELINES, StatisticsFilter
from planes.storage.data.telemetry import PipelineRunFilter
from planes.storage.database import Database
from planes.storage.keyset import Bounds
from planes.storage.types import Row

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WORKSPACE = new_id()


def run(pipeline: str, minutes: int, **values: Any) -> dict[str, Any]:
    """A pipeline run that started that many minutes before NOW."""
    started = NOW - timedelta(minutes=minutes)
    return {
        "id": new_id(),
        "workspace_id": WORKSPACE,
        "job_run_id": new_id(),
        "pipeline_name": pipeline,
        "transaction_id": new_id(),
        "dataset_name": f"{pipeline}_data",
        "destination_name": "duckdb",
        "status": "succeeded",
        "started_at": started,
        "finished_at": started + timedelta(seconds=1),
        "duration_ms": 1000,
        "error_step": None,
        "error_message": None,
        "is_empty_run": False,
        "has_schema_migration": False,
        "source_names": [pipeline],
        "table_names": ["a", "b"],
        "pending_rows": None,
        "total_bytes_loaded": 100,
        "total_rows_extracted": 10,
        "total_rows_loaded": 20,
        "detail": {},
        "trace": b"",
        "created_at": started,
        "updated_at": started,
        **values,
    }


@pytest.fixture
async def filled(database: Database) -> Database:
    rows = [
        run("fruit", 30, has_schema_migration=True, duration_ms=500),
        run("fruit", 20, status="failed", total_rows_loaded=0, total_bytes_loaded=0, table_names=[]),
        run("fruit", 10, destination_name="lake", table_names=["b", "c"], source_names=["apple", "pear"]),
        run("nuts", 5, status="failed", duration_ms=None, dataset_name="fruit_data", table_names=["n"]),
        run("old", 60 * 24 * 30),
        run("lost", 1, dataset_name=None),
        run("other", 1, workspace_id=new_id()),
    ]
    async with database.transaction() as connection:
        for row in rows:
            await telemetry.save_pipeline_run(connection, row)
    return database


async def ask(database: Database, key: str, *order: tuple[str, bool], **values: Any) -> list[Row]:
    wanted = StatisticsFilter(**{"workspace_id": WORKSPACE, "start": NOW - timedelta(days=7), "end": NOW, **values})
    async with database.reading() as connection:
        found = await statistics.list_statistics(connection, key, wanted, order, Bounds(limit=100))
        rows, total = found.items, found.total
    assert total == len(rows)
    return rows


async def test_pipelines_are_counted_over_the_window(filled: Database) -> None:
    rows = await ask(filled, PIPELINES)

    assert [row["pipeline_name"] for row in rows] == ["fruit", "lost", "nuts"]
    fruit = rows[0]
    assert (fruit["total_pipeline_run_count"], fruit["succeeded_pipeline_run_count"]) == (3, 2)
    assert fruit["success_ratio"] == pytest.approx(2 / 3)
    assert (fruit["total_rows_loaded"], fruit["total_rows_extracted"], fruit["total_bytes_loaded"]) == (40, 30, 200)
    assert (round(fruit["average_duration_ms"]), fruit["total_duration_ms"]) == (833, 2500)
    assert fruit["latest_pipeline_run_at"] == NOW - timedelta(minutes=10)
    assert (fruit["latest_status"], fruit["latest_destination_name"]) == ("succeeded", "lake")
    assert (rows[2]["average_duration_ms"], rows[2]["success_ratio"]) == (None, 0.0)
    async with filled.reading() as connection:
        sources = await statistics.find_sources(connection, [fruit["latest_pipeline_run_id"]])
    assert list(sources.values()) == [["apple", "pear"]]


async def test_datasets_are_counted_over_the_window(filled: Database) -> None:
    rows = await ask(filled, DATASETS)

    assert [row["dataset_name"] for row in rows] == ["fruit_data"]
    assert (rows[0]["distinct_pipeline_count"], rows[0]["schema_migration_count"]) == (2, 1)
    assert rows[0]["total_pipeline_run_count"] == 4
    assert (rows[0]["latest_pipeline_name"], rows[0]["latest_status"]) == ("nuts", "failed")
    async with filled.reading() as connection:
        wanted = StatisticsFilter(workspace_id=WORKSPACE, start=NOW - timedelta(days=7), end=NOW)
        assert await statistics.count_tables(connection, wanted, ["fruit_data"]) == {"fruit_data": 4}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"text": "RUI"}, ["fruit"]),
        ({"text": "%"}, []),
        ({"names": ["nuts", "lost"]}, ["lost", "nuts"]),
        ({"latest": {"latest_status": ["failed"]}}, ["nuts"]),
        ({"latest": {"latest_destination_name": ["lake"]}}, ["fruit"]),
        ({"start": NOW - timedelta(minutes=6)}, ["lost", "nuts"]),
        ({"end": NOW - timedelta(minutes=10)}, ["fruit"]),
        ({"start": NOW - timedelta(days=60), "end": NOW - timedelta(days=20)}, ["old"]),
        ({"workspace_id": new_id()}, []),
    ],
)
async def test_each_filter_holds(filled: Database, values: dict[str, Any], names: list[str]) -> None:
    assert [row["pipeline_name"] for row in await ask(filled, PIPELINES, **values)] == names


async def test_each_sort_key_works_both_ways_with_unknown_values_last(filled: Database) -> None:
    for key, sorts in ((PIPELINES, PIPELINE_SORTS), (DATASETS, DATASET_SORTS)):
        for name in sorts:
            for is_descending in (False, True):
                rows = await ask(filled, key, (name, is_descending))
                known = [row[name] for row in rows if row[name] is not None]
                assert known == sorted(known, reverse=is_descending)
                assert all(row[name] is None for row in rows[len(known) :])


async def test_pages_of_totals(filled: Database) -> None:
    wanted = StatisticsFilter(workspace_id=WORKSPACE, start=NOW - timedelta(days=7), end=NOW)
    async with filled.reading() as connection:
        first = await statistics.list_statistics(connection, PIPELINES, wanted, (), Bounds(limit=2))
        second = await statistics.list_statistics(connection, PIPELINES, wanted, (), Bounds(limit=2, after=first.last))

    assert [row["pipeline_name"] for row in first.items + second.items] == ["fruit", "lost", "nuts"]
    assert (first.total, second.total) == (3, 3)


async def test_words_are_found_in_any_case_in_the_list_of_runs_too(filled: Database) -> None:
    async with filled.reading() as connection:
        wanted = PipelineRunFilter(workspace_id=WORKSPACE, text="FRUIT_d")
        order = (("duration_ms", True),)
        total = (await telemetry.list_pipeline_runs(connection, wanted, order, Bounds(limit=10))).total

    assert total == 4


async def test_rows_of_a_package_are_found_in_earlier_runs_of_the_same_pipeline(filled: Database) -> None:
    async with filled.transaction() as connection:
        for row in (run("fruit", 3, pending_rows={"7": {"a": 1}}), run("nuts", 2, pending_rows={"7": {"a": 9}})):
            await telemetry.save_pipeline_run(connection, row)
        found = await telemetry.find_pending_rows(connection, WORKSPACE, "fruit", ["7", "8"])

    assert found == {"7": {"a": 1}}


async def test_totals_are_told_whatever_jobs_say_that_they_loaded(database: Database) -> None:
    """Together they are more than 64 bits hold, for which SQLite has an error and no number."""
    async with database.transaction() as connection:
        for minutes in (1, 2, 3):
            await telemetry.save_pipeline_run(connection, run("huge", minutes, total_rows_loaded=2**62, duration_ms=7))

    huge = (await ask(database, PIPELINES, ("total_rows_loaded", True)))[0]

    assert (huge["pipeline_name"], huge["total_rows_loaded"]) == ("huge", 2**62)
    assert (huge["total_duration_ms"], huge["total_bytes_loaded"]) == (21, 300)
