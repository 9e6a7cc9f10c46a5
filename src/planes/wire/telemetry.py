"""Bodies of the telemetry routes (Contract: 1.7, 7)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class TelemetryStatus(StrEnum):
    """How a pipeline run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class WatermarkResponse(BaseModel):
    """When the workspace's telemetry was last written; null before the first time."""

    updated_at: datetime | None = None


class PipelineRunResponse(BaseModel):
    """One `pipeline.run` in a list."""

    id: str
    pipeline_name: str
    status: TelemetryStatus
    created_at: datetime
    updated_at: datetime
    dataset_name: str | None = None
    destination_name: str | None = None
    dlt_version: str | None = None
    duration_ms: int | None = None
    error_message: str | None = None
    error_step: str | None = None
    finished_at: datetime | None = None
    has_schema_migration: bool | None = None
    started_at: datetime | None = None
    total_bytes_loaded: int = 0
    total_rows_extracted: int = 0
    total_rows_loaded: int = 0


class LoadPackageResponse(BaseModel):
    """One load package of a pipeline run."""

    load_id: str
    completed_at: datetime | None = None
    completed_job_count: int = 0
    failed_job_count: int = 0
    has_failed_load_jobs: bool = False
    has_schema_migration: bool = False
    is_pending: bool = False
    job_count: int = 0
    load_status: str | None = None
    schema_hash: str | None = None
    schema_name: str | None = None
    total_bytes_loaded: int = 0
    total_rows_loaded: int = 0


class PipelineRunResourceResponse(BaseModel):
    """What one resource gave."""

    resource_name: str
    schema_name: str = ""
    parent_resource_name: str | None = None
    bytes_extracted: int | None = None
    rows_extracted: int | None = None
    write_disposition: str | None = None


class PipelineRunTableResponse(BaseModel):
    """What became of one table. `rows_loaded` counts the normalized rows of completed load jobs."""

    table_name: str
    schema_name: str = ""
    bytes_extracted: int | None = None
    bytes_loaded: int | None = None
    file_format: str | None = None
    load_duration_ms: int | None = None
    load_job_state: str | None = None
    rows_extracted: int | None = None
    rows_loaded: int | None = None
    write_disposition: str | None = None


class DetailedPipelineRunResponse(PipelineRunResponse):
    """One `pipeline.run` with its packages, resources and tables."""

    transaction_id: str
    job_run_id: str | None = None
    dlt_plus_version: str | None = None
    error_traceback: str | None = None
    extract_duration_ms: int | None = None
    normalize_duration_ms: int | None = None
    load_duration_ms: int | None = None
    has_failed_load_jobs: bool = False
    has_pending_packages: bool = False
    is_empty_run: bool = False
    load_package_count: int = 0
    load_packages: list[LoadPackageResponse]
    os_name: str | None = None
    os_version: str | None = None
    python_version: str | None = None
    resources: list[PipelineRunResourceResponse]
    tables: list[PipelineRunTableResponse]
    total_bytes_extracted: int = 0
    total_rows_extracted: int = 0


class JobResultResponse(BaseModel):
    """The structured result of a run; the members of agents are null for other jobs."""

    id: str
    job_run_id: str
    job_ref: str
    result_type: str
    engine_version: int
    created_at: datetime
    updated_at: datetime
    result: Any = None
    agent_status: str | None = None
    cost_usd: str | None = None
    input_tokens: int | None = None
    loop_type: str | None = None
    model: str | None = None
    output_tokens: int | None = None
    stop_reason: str | None = None
    summary: str | None = None
    total_tokens: int | None = None
    turn_count: int | None = None

    model_config = ConfigDict(protected_namespaces=())


class PipelineStatsResponse(BaseModel):
    """One pipeline over a window. `success_ratio` is 0 to 1; `latest_…` are of the newest run in the window."""

    pipeline_name: str
    total_pipeline_run_count: int
    succeeded_pipeline_run_count: int
    success_ratio: float
    total_bytes_loaded: int
    total_rows_extracted: int
    total_rows_loaded: int
    average_duration_ms: int | None = None
    total_duration_ms: int = 0
    latest_dataset_name: str | None = None
    latest_destination_name: str | None = None
    latest_pipeline_run_at: datetime | None = None
    latest_source_names: list[str] | None = None
    latest_status: TelemetryStatus | None = None


class DatasetStatsResponse(BaseModel):
    """One dataset over a window. `table_count` counts the user's tables that got rows in it."""

    dataset_name: str
    distinct_pipeline_count: int
    schema_migration_count: int
    total_pipeline_run_count: int
    succeeded_pipeline_run_count: int
    success_ratio: float
    total_bytes_loaded: int
    total_rows_loaded: int
    average_duration_ms: int | None = None
    latest_destination_name: str | None = None
    latest_pipeline_name: str | None = None
    latest_pipeline_run_at: datetime | None = None
    latest_pipeline_run_id: str | None = None
    latest_status: TelemetryStatus | None = None
    table_count: int = 0
