"""From dlt's trace of one `pipeline.run` to the row that is served (Contract: 7.1, 7.2). Pure.

A trace comes from the job's process, so anything may stand anywhere: what does not fit is left out, nothing raises.
Rows of dlt's own tables (`_dlt_…`) are listed but not counted in the totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from planes.data_plane.services.traces.documents import Document, moment, objects, part, text, total
from planes.data_plane.services.traces.trace_loads import (
    NormalizedRows,
    failed_jobs_of,
    is_dlts_own,
    milliseconds_between,
    packages_of,
    resources_of,
    rows_by_package,
    tables_of,
)
from planes.wire.telemetry import (
    LoadPackageResponse,
    PipelineRunResourceResponse,
    PipelineRunTableResponse,
    TelemetryStatus,
)

_MESSAGE_LENGTH = 16 * 1024
_TRACEBACK_LENGTH = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRunFacts:
    """One pipeline run as its trace tells it. Times are aware, durations milliseconds."""

    pipeline_name: str
    transaction_id: str
    status: TelemetryStatus
    dataset_name: str | None
    destination_name: str | None
    started_at: datetime | None
    finished_at: datetime | None
    error_step: str | None
    error_message: str | None
    error_traceback: str | None
    step_milliseconds: Mapping[str, int]
    platform: Mapping[str, str | None]
    packages: list[LoadPackageResponse]
    resources: list[PipelineRunResourceResponse]
    tables: list[PipelineRunTableResponse]
    normalized_rows: NormalizedRows

    @property
    def source_names(self) -> list[str]:
        """The sources whose data this run moved: dlt names a source's schema after it."""
        return sorted({package.schema_name for package in self.packages if package.schema_name})

    @property
    def loaded_table_names(self) -> list[str]:
        """The user's tables that have rows from this run."""
        return sorted({table.table_name for table in self._own_tables() if table.load_job_state == "completed"})

    @property
    def has_schema_migration(self) -> bool:
        """Whether any package changed a schema in the destination."""
        return any(package.has_schema_migration for package in self.packages)

    @property
    def unexplained_loads(self) -> list[str]:
        """Load ids that were loaded here and normalized elsewhere: their rows are counted in an earlier trace."""
        settled = [package.load_id for package in self.packages if package.completed_job_count]
        return [load_id for load_id in settled if load_id not in self.normalized_rows]

    @property
    def pending_rows(self) -> dict[str, dict[str, int]]:
        """Rows of packages that were normalized here and not loaded yet."""
        pending = {package.load_id for package in self.packages if package.is_pending}
        return {load_id: dict(rows) for load_id, rows in self.normalized_rows.items() if load_id in pending}

    @property
    def duration_ms(self) -> int | None:
        """From the start to the end of the trace."""
        return milliseconds_between(self.started_at, self.finished_at)

    @property
    def total_rows_loaded(self) -> int:
        """Rows in completed load jobs of the user's tables."""
        return total(table.rows_loaded for table in self._own_tables())

    @property
    def total_bytes_loaded(self) -> int:
        """Bytes of completed load jobs of the user's tables."""
        return total(table.bytes_loaded for table in self._own_tables())

    @property
    def total_rows_extracted(self) -> int:
        """Rows that the user's resources gave."""
        return total(each.rows_extracted for each in self.resources if not is_dlts_own(each.resource_name))

    @property
    def total_bytes_extracted(self) -> int:
        """Bytes that the user's resources gave."""
        return total(each.bytes_extracted for each in self.resources if not is_dlts_own(each.resource_name))

    def with_names_of(self, state: Document) -> PipelineRunFacts:
        """Names that a trace without a load step lacks, from what the pipeline said of itself."""
        return replace(
            self,
            dataset_name=self.dataset_name or state["dataset_name"],
            destination_name=self.destination_name or state["destination_name"],
        )

    def detail(self) -> dict[str, Any]:
        """The served fields that are in no column of their own, as JSON."""
        return {
            **self.platform,
            "error_traceback": self.error_traceback,
            "extract_duration_ms": self.step_milliseconds.get("extract"),
            "normalize_duration_ms": self.step_milliseconds.get("normalize"),
            "load_duration_ms": self.step_milliseconds.get("load"),
            "has_failed_load_jobs": any(package.has_failed_load_jobs for package in self.packages),
            "has_pending_packages": any(package.is_pending for package in self.packages),
            "has_schema_migration": self.has_schema_migration,
            "load_package_count": len(self.packages),
            "load_packages": [package.model_dump(mode="json") for package in self.packages],
            "resources": [resource.model_dump(mode="json") for resource in self.resources],
            "tables": [table.model_dump(mode="json") for table in self.tables],
            "total_bytes_extracted": self.total_bytes_extracted,
        }

    def _own_tables(self) -> Iterable[PipelineRunTableResponse]:
        return (table for table in self.tables if not is_dlts_own(table.table_name))


def read_trace(trace: Document, earlier: NormalizedRows | None = None) -> PipelineRunFacts | None:
    """The facts of a scrubbed trace; None when it does not even name a pipeline and a transaction.

    `earlier` counts the rows of packages that other traces normalized: a pipeline may be extracted, normalized and
    loaded step by step, each step with a trace of its own.
    """
    pipeline_name, transaction_id = text(trace.get("pipeline_name")), text(trace.get("transaction_id"), 128)
    if pipeline_name is None or transaction_id is None:
        return None
    steps = objects(trace.get("steps"))
    by_name = {str(step.get("step")): step for step in steps}
    load_info = part(by_name.get("load", {}), "load_info")
    rows = {**(earlier or {}), **rows_by_package(steps)}
    failed_jobs = failed_jobs_of(steps)
    packages = packages_of(steps, rows, failed_jobs)
    failing = next((step for step in steps if step.get("step_exception")), None)
    has_failed_jobs = any(package.has_failed_load_jobs for package in packages)
    message, traceback = _error(failing) if failing is not None else (None, None)
    return PipelineRunFacts(
        pipeline_name=pipeline_name,
        transaction_id=transaction_id,
        status=TelemetryStatus.FAILED if failing is not None or has_failed_jobs else TelemetryStatus.SUCCEEDED,
        dataset_name=text(load_info.get("dataset_name")),
        destination_name=text(load_info.get("destination_name")),
        started_at=moment(trace.get("started_at")) or _first_start(steps),
        finished_at=moment(trace.get("finished_at")) or _last_end(steps),
        error_step=text(failing.get("step"), 64) if failing is not None else None,
        error_message=message,
        error_traceback=traceback,
        step_milliseconds=_step_milliseconds(by_name),
        platform=_platform(part(trace, "execution_context")),
        packages=packages,
        resources=resources_of(by_name),
        tables=tables_of(by_name, rows, failed_jobs),
        normalized_rows=rows,
    )


def _error(step: Document) -> tuple[str | None, str | None]:
    chain = objects(step.get("exception_traces"))
    message = text(chain[-1].get("message"), _MESSAGE_LENGTH) if chain else None
    pieces: list[str] = []
    for raised in chain:
        stack = raised.get("stack_trace")
        lines = cast("list[object]", stack) if isinstance(stack, list) else []
        pieces += [line for line in lines if isinstance(line, str)]
        pieces.append(f"{text(raised.get('exception_type')) or 'Exception'}: {text(raised.get('message')) or ''}\n")
    return message or text(step.get("step_exception"), _MESSAGE_LENGTH), text("".join(pieces), _TRACEBACK_LENGTH)


def _first_start(steps: list[Document]) -> datetime | None:
    return min((start for step in steps if (start := moment(step.get("started_at")))), default=None)


def _last_end(steps: list[Document]) -> datetime | None:
    return max((end for step in steps if (end := moment(step.get("finished_at")))), default=None)


def _step_milliseconds(by_name: Mapping[str, Document]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in ("extract", "normalize", "load"):
        step = by_name.get(name, {})
        spent = milliseconds_between(moment(step.get("started_at")), moment(step.get("finished_at")))
        if spent is not None:
            found[name] = spent
    return found


def _platform(context: Document) -> dict[str, str | None]:
    system, library = part(context, "os"), part(context, "library")
    version = text(library.get("version"), 128)
    is_commercial = library.get("name") not in {"dlt", None}
    return {
        "dlt_version": None if is_commercial else version,
        "dlt_plus_version": version if is_commercial else None,
        "python_version": text(context.get("python"), 128),
        "os_name": text(system.get("name"), 128),
        "os_version": text(system.get("version"), 128),
    }
