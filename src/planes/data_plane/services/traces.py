"""From dlt's trace of one `pipeline.run` to the row that is served (Contract: 7.1, 7.2). Pure.

A trace comes from the job's process, so anything may stand anywhere: what does not fit is left out, nothing raises.
Rows of dlt's own tables (`_dlt_…`) are listed but not counted in the totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from planes.wire.telemetry import (
    LoadPackageResponse,
    PipelineRunResourceResponse,
    PipelineRunTableResponse,
    TelemetryStatus,
)

MAXIMUM_ENTRIES = 2_000
_NAME_LENGTH = 512
_MESSAGE_LENGTH = 16 * 1024
_TRACEBACK_LENGTH = 256 * 1024
_OWN_TABLES = "_dlt_"
_SETTLED = frozenset({"loaded", "aborted"})
_DISPOSITIONS = frozenset({"append", "merge", "replace"})

Document = Mapping[str, Any]
# Load id → table → normalized rows.
NormalizedRows = Mapping[str, Mapping[str, int]]


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
        return _milliseconds(self.started_at, self.finished_at)

    @property
    def total_rows_loaded(self) -> int:
        """Rows in completed load jobs of the user's tables."""
        return sum(table.rows_loaded or 0 for table in self._own_tables())

    @property
    def total_bytes_loaded(self) -> int:
        """Bytes of completed load jobs of the user's tables."""
        return sum(table.bytes_loaded or 0 for table in self._own_tables())

    @property
    def total_rows_extracted(self) -> int:
        """Rows that the user's resources gave."""
        return sum(each.rows_extracted or 0 for each in self.resources if not _is_dlts_own(each.resource_name))

    @property
    def total_bytes_extracted(self) -> int:
        """Bytes that the user's resources gave."""
        return sum(each.bytes_extracted or 0 for each in self.resources if not _is_dlts_own(each.resource_name))

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
        return (table for table in self.tables if not _is_dlts_own(table.table_name))


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
    rows = {**(earlier or {}), **_rows_by_package(steps)}
    failed_jobs = _failed_jobs(steps)
    packages = _packages(steps, rows, failed_jobs)
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
        resources=_resources(by_name),
        tables=_tables(by_name, rows, failed_jobs),
        normalized_rows=rows,
    )


def text(value: object, limit: int = _NAME_LENGTH) -> str | None:
    """A string of at most `limit` characters that any database takes; None for anything else and for the empty one."""
    if not isinstance(value, str) or not value:
        return None
    return value[:limit].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def moment(value: object) -> datetime | None:
    """An aware UTC time from ISO 8601; a naive one is taken for UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def count(value: object) -> int:
    """A whole number from 0 to 2^53; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2**53:
        return 0
    return int(value)


def part(document: Document, key: str) -> Document:
    """An object inside a document; empty when there is none."""
    inner = document.get(key)
    return cast("Document", inner) if isinstance(inner, dict) else {}


def objects(value: object) -> list[Document]:
    """The objects of a list, at most MAXIMUM_ENTRIES."""
    if not isinstance(value, list):
        return []
    items = cast("list[object]", value)[:MAXIMUM_ENTRIES]
    return [cast("Document", item) for item in items if isinstance(item, dict)]


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
        spent = _milliseconds(moment(step.get("started_at")), moment(step.get("finished_at")))
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


def _failed_jobs(steps: list[Document]) -> frozenset[str]:
    """Ids of load jobs that failed. A load that gives up names them in its metrics and leaves them among the new."""
    return frozenset(
        str(metric.get("job_id"))
        for step in steps
        for metric in objects(part(step, "load_info").get("job_metrics"))
        if metric.get("state") == "failed"
    )


def _job_state(job: Document, failed_jobs: frozenset[str]) -> str | None:
    if job.get("state") == "failed_jobs" or job.get("job_id") in failed_jobs:
        return "failed"
    return "completed" if job.get("state") == "completed_jobs" else None


def _packages(steps: list[Document], rows: NormalizedRows, failed_jobs: frozenset[str]) -> list[LoadPackageResponse]:
    """Each load package as the latest step that speaks of it saw it."""
    found: dict[str, LoadPackageResponse] = {}
    for step in steps:
        for package in objects(part(step, "step_info").get("load_packages")):
            load_id = text(package.get("load_id"), 128)
            if load_id is not None:
                found[load_id] = _package(load_id, package, rows.get(load_id, {}), failed_jobs)
    return list(found.values())


def _package(
    load_id: str, package: Document, rows: Mapping[str, int], failed_jobs: frozenset[str]
) -> LoadPackageResponse:
    jobs = objects(package.get("jobs"))
    completed = [job for job in jobs if _job_state(job, failed_jobs) == "completed"]
    failed = [job for job in jobs if _job_state(job, failed_jobs) == "failed"]
    state = text(package.get("state"), 32)
    own = [job for job in completed if not _is_dlts_own(text(job.get("table_name")) or "")]
    return LoadPackageResponse(
        load_id=load_id,
        completed_at=moment(package.get("completed_at")),
        completed_job_count=len(completed),
        failed_job_count=len(failed),
        has_failed_load_jobs=bool(failed),
        has_schema_migration=package.get("schema_migrated") is True,
        is_pending=state not in _SETTLED,
        job_count=len(jobs),
        load_status=state,
        schema_hash=text(package.get("schema_hash"), 128),
        schema_name=text(package.get("schema_name")),
        total_bytes_loaded=sum(count(job.get("file_size")) for job in own),
        total_rows_loaded=sum(rows.get(name, 0) for name in {text(job.get("table_name")) or "" for job in own}),
    )


def _rows_by_package(steps: list[Document]) -> dict[str, dict[str, int]]:
    """Normalized rows by load id and table."""
    found: dict[str, dict[str, int]] = {}
    for step in steps:
        for metric in objects(part(step, "normalize_info").get("table_metrics")):
            load_id, table = text(metric.get("load_id"), 128), text(metric.get("table_name"))
            if load_id is not None and table is not None:
                tables = found.setdefault(load_id, {})
                tables[table] = tables.get(table, 0) + count(metric.get("items_count"))
    return found


def _resources(by_name: Mapping[str, Document]) -> list[PipelineRunResourceResponse]:
    info = part(by_name.get("extract", {}), "extract_info")
    schemas = _schemas(by_name)
    parents = {
        str(edge.get("resource_name")): text(edge.get("parent_name"))
        for edge in objects(info.get("dag"))
        if edge.get("parent_name") != edge.get("resource_name")
    }
    dispositions = {
        str(hint.get("resource_name")): hint.get("write_disposition") for hint in objects(info.get("hints"))
    }
    found: dict[str, PipelineRunResourceResponse] = {}
    for metric in objects(info.get("resource_metrics")):
        name = text(metric.get("resource_name"))
        if name is None:
            continue
        before = found.get(name)
        found[name] = PipelineRunResourceResponse(
            resource_name=name,
            schema_name=schemas.get(str(metric.get("load_id")), ""),
            parent_resource_name=parents.get(name),
            bytes_extracted=count(metric.get("file_size")) + ((before.bytes_extracted or 0) if before else 0),
            rows_extracted=count(metric.get("items_count")) + ((before.rows_extracted or 0) if before else 0),
            write_disposition=_disposition(dispositions.get(name)),
        )
    return list(found.values())


def _tables(
    by_name: Mapping[str, Document], rows: NormalizedRows, failed_jobs: frozenset[str]
) -> list[PipelineRunTableResponse]:
    found: dict[str, PipelineRunTableResponse] = {}
    schemas = _schemas(by_name)

    def table(entry: Document) -> PipelineRunTableResponse | None:
        name = text(entry.get("table_name"))
        if name is None or (name not in found and len(found) >= MAXIMUM_ENTRIES):
            return None
        return found.setdefault(name, PipelineRunTableResponse(table_name=name))

    for metric in objects(part(by_name.get("extract", {}), "extract_info").get("table_metrics")):
        if (row := table(metric)) is not None:
            row.rows_extracted = (row.rows_extracted or 0) + count(metric.get("items_count"))
            row.bytes_extracted = (row.bytes_extracted or 0) + count(metric.get("file_size"))
            row.schema_name = schemas.get(str(metric.get("load_id")), row.schema_name)
    for metric in objects(part(by_name.get("normalize", {}), "normalize_info").get("table_metrics")):
        if (row := table(metric)) is not None:
            row.schema_name = row.schema_name or schemas.get(str(metric.get("load_id")), "")
    _add_load_jobs(by_name.get("load", {}), table, rows, failed_jobs)
    return list(found.values())


def _add_load_jobs(load: Document, table: Any, rows: NormalizedRows, failed_jobs: frozenset[str]) -> None:
    for package in objects(part(load, "step_info").get("load_packages")):
        counted: set[str] = set()  # a table's rows are told once for a package, however many files it has
        of_package = rows.get(str(package.get("load_id")), {})
        for job in objects(package.get("jobs")):
            row: PipelineRunTableResponse | None = table(job)
            if row is None:
                continue
            row.file_format = text(job.get("file_format"), 64)
            state = _job_state(job, failed_jobs)
            if state == "completed":
                row.bytes_loaded = (row.bytes_loaded or 0) + count(job.get("file_size"))
                if row.table_name not in counted:
                    row.rows_loaded = (row.rows_loaded or 0) + of_package.get(row.table_name, 0)
                    counted.add(row.table_name)
                row.load_job_state = row.load_job_state or "completed"
            elif state == "failed":
                row.load_job_state = "failed"
        for described in objects(package.get("tables")):
            row = table({"table_name": described.get("name")}) if described.get("name") is not None else None
            if row is not None:
                row.write_disposition = _disposition(described.get("write_disposition"))
    spans: dict[str, tuple[datetime, datetime]] = {}
    for metric in objects(part(load, "load_info").get("job_metrics")):
        row = table(metric)
        start, end = moment(metric.get("started_at")), moment(metric.get("finished_at"))
        if row is None or start is None or end is None:
            continue
        first, last = spans.get(row.table_name, (start, end))
        spans[row.table_name] = (min(first, start), max(last, end))
        row.load_duration_ms = _milliseconds(*spans[row.table_name])


def _schemas(by_name: Mapping[str, Document]) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in by_name.values():
        for package in objects(part(step, "step_info").get("load_packages")):
            name = text(package.get("schema_name"))
            if name is not None:
                found[str(package.get("load_id"))] = name
    return found


def _disposition(value: object) -> str | None:
    if isinstance(value, dict):  # the long form: {"disposition": "merge", "strategy": …}
        value = cast("Document", value).get("disposition")
    return value if isinstance(value, str) and value in _DISPOSITIONS else None


def _milliseconds(start: datetime | None, end: datetime | None) -> int | None:
    return max(0, round((end - start).total_seconds() * 1000)) if start is not None and end is not None else None


def _is_dlts_own(name: str) -> bool:
    return name.startswith(_OWN_TABLES)
