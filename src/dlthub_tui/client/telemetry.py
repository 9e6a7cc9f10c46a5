"""What pipelines loaded, from the region that counted it (Contract: 1.5, operations 55 to 58)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.errors import NotFound
from dlthub_tui.client.paging import Page, get_all, get_page
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineStats:
    """One pipeline over the last seven days. `success` is 0 to 1."""

    name: str
    runs: int
    success: float
    rows: int
    size_bytes: int
    average_seconds: float | None
    status: str | None
    at: datetime | None
    dataset: str | None
    destination: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRun:
    """One run of a pipeline: `succeeded` or `failed`."""

    id: str
    name: str
    status: str
    at: datetime
    seconds: float | None
    rows: int
    size_bytes: int
    dataset: str | None
    destination: str | None
    changed_schema: bool
    error: str | None
    error_step: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLoad:
    """What became of one table."""

    name: str
    rows: int | None
    size_bytes: int | None
    seconds: float | None
    state: str | None
    disposition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPackage:
    """One load package."""

    load_id: str
    status: str
    jobs: int
    failed_jobs: int
    rows: int
    size_bytes: int
    schema_name: str | None
    changed_schema: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRunDetails:
    """A run with its steps (seconds each), packages and tables."""

    run: PipelineRun
    job_run_id: str | None
    steps: tuple[tuple[str, float | None], ...]
    packages: tuple[LoadPackage, ...]
    tables: tuple[TableLoad, ...]
    dlt_version: str | None
    python_version: str | None


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job declared as its result."""

    kind: str
    value: Any
    summary: str | None


def _path(workspace_id: str, rest: str) -> str:
    return f"/telemetry/v1/workspaces/{workspace_id}/{rest}"


async def list_pipelines(region: Transport, workspace_id: str) -> tuple[PipelineStats, ...]:
    """Contract: 1.5 (58)."""
    return await get_all(region, _path(workspace_id, "pipelines/-/stats"), _parse_stats)


async def count_tables(region: Transport, workspace_id: str) -> dict[str, int]:
    """How many of its tables got rows in seven days, by dataset. Contract: 1.5 (59)."""
    return dict(await get_all(region, _path(workspace_id, "datasets/-/stats"), _parse_tables))


async def list_pipeline_runs(region: Transport, workspace_id: str, name: str | None = None) -> Page[PipelineRun]:
    """The newest runs, of one pipeline or all. Contract: 1.5 (55)."""
    return await get_page(region, _path(workspace_id, "pipeline-runs"), _parse_run, {"pipeline_name": name})


async def get_pipeline_run(region: Transport, workspace_id: str, run_id: str) -> PipelineRunDetails:
    """Contract: 1.5 (56)."""
    fields = Fields(await region.get(_path(workspace_id, f"pipeline-runs/{run_id}")), "pipeline run")
    steps = tuple((step, _seconds(fields, f"{step}_duration_ms")) for step in ("extract", "normalize", "load"))
    return PipelineRunDetails(
        run=_parse_run(fields.whole()),
        job_run_id=fields.maybe_text("job_run_id"),
        steps=steps,
        packages=fields.many("load_packages", _parse_package),
        tables=fields.many("tables", _parse_table),
        dlt_version=fields.maybe_text("dlt_version"),
        python_version=fields.maybe_text("python_version"),
    )


async def find_result(region: Transport, workspace_id: str, run_id: str) -> JobResult | None:
    """None where the run declared none. Contract: 1.5 (60)."""
    try:
        fields = Fields(await region.get(_path(workspace_id, f"job-runs/{run_id}/result")), "result")
    except NotFound:
        return None
    return JobResult(fields.text("result_type"), fields.raw("result"), fields.maybe_text("summary"))


def _parse_tables(raw: Any) -> tuple[str, int]:
    fields = Fields(raw, "dataset")
    return fields.text("dataset_name"), fields.number("table_count", 0)


def _seconds(fields: Fields, key: str) -> float | None:
    found = fields.maybe_number(key)
    return None if found is None else found / 1000


def _whole(fields: Fields, key: str) -> int | None:
    found = fields.maybe_number(key)
    return None if found is None else int(found)


def _parse_stats(raw: Any) -> PipelineStats:
    fields = Fields(raw, "pipeline")
    return PipelineStats(
        name=fields.text("pipeline_name"),
        runs=fields.number("total_pipeline_run_count", 0),
        success=fields.maybe_number("success_ratio") or 0.0,
        rows=fields.number("total_rows_loaded", 0),
        size_bytes=fields.number("total_bytes_loaded", 0),
        average_seconds=_seconds(fields, "average_duration_ms"),
        status=fields.maybe_text("latest_status"),
        at=fields.maybe_moment("latest_pipeline_run_at"),
        dataset=fields.maybe_text("latest_dataset_name"),
        destination=fields.maybe_text("latest_destination_name"),
    )


def _parse_run(raw: Any) -> PipelineRun:
    fields = Fields(raw, "pipeline run")
    return PipelineRun(
        id=fields.text("id"),
        name=fields.text("pipeline_name"),
        status=fields.text("status"),
        at=fields.maybe_moment("started_at") or fields.moment("created_at"),
        seconds=_seconds(fields, "duration_ms"),
        rows=fields.number("total_rows_loaded", 0),
        size_bytes=fields.number("total_bytes_loaded", 0),
        dataset=fields.maybe_text("dataset_name"),
        destination=fields.maybe_text("destination_name"),
        changed_schema=fields.flag("has_schema_migration"),
        error=fields.maybe_text("error_message"),
        error_step=fields.maybe_text("error_step"),
    )


def _parse_package(raw: Any) -> LoadPackage:
    fields = Fields(raw, "load package")
    return LoadPackage(
        load_id=fields.text("load_id"),
        status=fields.maybe_text("load_status") or ("pending" if fields.flag("is_pending") else "-"),
        jobs=fields.number("job_count", 0),
        failed_jobs=fields.number("failed_job_count", 0),
        rows=fields.number("total_rows_loaded", 0),
        size_bytes=fields.number("total_bytes_loaded", 0),
        schema_name=fields.maybe_text("schema_name"),
        changed_schema=fields.flag("has_schema_migration"),
    )


def _parse_table(raw: Any) -> TableLoad:
    fields = Fields(raw, "table")
    return TableLoad(
        name=fields.text("table_name"),
        rows=_whole(fields, "rows_loaded"),
        size_bytes=_whole(fields, "bytes_loaded"),
        seconds=_seconds(fields, "load_duration_ms"),
        state=fields.maybe_text("load_job_state"),
        disposition=fields.maybe_text("write_disposition"),
    )
