"""What a dlt trace says of load packages, resources and tables, step by step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from planes.data_plane.services.traces.documents import MAXIMUM_ENTRIES, Document, count, moment, objects, part, text
from planes.wire.telemetry import LoadPackageResponse, PipelineRunResourceResponse, PipelineRunTableResponse

_OWN_TABLES = "_dlt_"
_SETTLED = frozenset({"loaded", "aborted"})
_DISPOSITIONS = frozenset({"append", "merge", "replace"})
# Jobs that finish what others brought, such as the statements of a merge: they carry no data of their own.
_FOLLOW_UPS = frozenset({"reference", "sql"})

# Load id → table → normalized rows.
NormalizedRows = Mapping[str, Mapping[str, int]]


def rows_by_package(steps: list[Document]) -> dict[str, dict[str, int]]:
    """Normalized rows by load id and table."""
    found: dict[str, dict[str, int]] = {}
    for step in steps:
        for metric in objects(part(step, "normalize_info").get("table_metrics")):
            load_id, table = text(metric.get("load_id"), 128), text(metric.get("table_name"))
            if load_id is not None and table is not None:
                tables = found.setdefault(load_id, {})
                tables[table] = tables.get(table, 0) + count(metric.get("items_count"))
    return found


def failed_jobs_of(steps: list[Document]) -> frozenset[str]:
    """Ids of load jobs that failed. A load that gives up names them in its metrics and leaves them among the new."""
    return frozenset(
        job_id
        for step in steps
        for metric in objects(part(step, "load_info").get("job_metrics"))
        if metric.get("state") == "failed" and (job_id := text(metric.get("job_id"))) is not None
    )


def packages_of(steps: list[Document], rows: NormalizedRows, failed_jobs: frozenset[str]) -> list[LoadPackageResponse]:
    """Each load package as the latest step that speaks of it saw it."""
    found: dict[str, LoadPackageResponse] = {}
    for step in steps:
        for package in objects(part(step, "step_info").get("load_packages")):
            load_id = text(package.get("load_id"), 128)
            if load_id is not None:
                found[load_id] = _package(load_id, package, rows.get(load_id, {}), failed_jobs)
    return list(found.values())


def resources_of(by_name: Mapping[str, Document]) -> list[PipelineRunResourceResponse]:
    """What each resource gave, over all packages."""
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


def tables_of(
    by_name: Mapping[str, Document], rows: NormalizedRows, failed_jobs: frozenset[str]
) -> list[PipelineRunTableResponse]:
    """What became of each table: extracted, normalized, loaded."""
    found: dict[str, PipelineRunTableResponse] = {}
    schemas = _schemas(by_name)
    extracted = part(by_name.get("extract", {}), "extract_info")
    dispositions = {
        _extraction(hint): _disposition(hint.get("write_disposition")) for hint in objects(extracted.get("hints"))
    }

    def table(entry: Document) -> PipelineRunTableResponse | None:
        name = text(entry.get("table_name"))
        if name is None or (name not in found and len(found) >= MAXIMUM_ENTRIES):
            return None
        return found.setdefault(name, PipelineRunTableResponse(table_name=name))

    for metric in objects(extracted.get("table_metrics")):
        if (row := table(metric)) is not None:
            row.write_disposition = row.write_disposition or dispositions.get(_extraction(metric))
            row.rows_extracted = (row.rows_extracted or 0) + count(metric.get("items_count"))
            row.bytes_extracted = (row.bytes_extracted or 0) + count(metric.get("file_size"))
            row.schema_name = schemas.get(str(metric.get("load_id")), row.schema_name)
    for metric in objects(part(by_name.get("normalize", {}), "normalize_info").get("table_metrics")):
        if (row := table(metric)) is not None:
            row.schema_name = row.schema_name or schemas.get(str(metric.get("load_id")), "")
    _add_load_jobs(by_name.get("load", {}), table, rows, failed_jobs)
    _inherit_dispositions(found)
    return list(found.values())


def milliseconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Whole milliseconds, never negative; None when a time is missing."""
    return max(0, round((end - start).total_seconds() * 1000)) if start is not None and end is not None else None


def is_dlts_own(name: str) -> bool:
    """Whether a table or resource is one that dlt keeps for itself."""
    return name.startswith(_OWN_TABLES)


def _job_state(job: Document, failed_jobs: frozenset[str]) -> str | None:
    if job.get("state") == "failed_jobs" or text(job.get("job_id")) in failed_jobs:
        return "failed"
    return "completed" if job.get("state") == "completed_jobs" else None


def _follows_up(job: Document) -> bool:
    return text(job.get("file_format"), 64) in _FOLLOW_UPS


def _data_bytes(job: Document) -> int:
    return 0 if _follows_up(job) else count(job.get("file_size"))


def _package(
    load_id: str, package: Document, rows: Mapping[str, int], failed_jobs: frozenset[str]
) -> LoadPackageResponse:
    jobs = objects(package.get("jobs"))
    completed = [job for job in jobs if _job_state(job, failed_jobs) == "completed"]
    failed = [job for job in jobs if _job_state(job, failed_jobs) == "failed"]
    state = text(package.get("state"), 32)
    own = [job for job in completed if not is_dlts_own(text(job.get("table_name")) or "")]
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
        total_bytes_loaded=sum(map(_data_bytes, own)),
        total_rows_loaded=sum(rows.get(name, 0) for name in {text(job.get("table_name")) or "" for job in own}),
    )


def _add_load_jobs(load: Document, table: Any, rows: NormalizedRows, failed_jobs: frozenset[str]) -> None:
    for package in objects(part(load, "step_info").get("load_packages")):
        counted: set[str] = set()  # a table's rows are told once for a package, however many files it has
        of_package = rows.get(str(package.get("load_id")), {})
        for job in objects(package.get("jobs")):
            row: PipelineRunTableResponse | None = table(job)
            if row is None:
                continue
            row.file_format = row.file_format if _follows_up(job) else text(job.get("file_format"), 64)
            state = _job_state(job, failed_jobs)
            if state == "completed":
                row.bytes_loaded = (row.bytes_loaded or 0) + _data_bytes(job)
                if row.table_name not in counted:
                    row.rows_loaded = (row.rows_loaded or 0) + of_package.get(row.table_name, 0)
                    counted.add(row.table_name)
                row.load_job_state = row.load_job_state or "completed"
            elif state == "failed":
                row.load_job_state = "failed"
        for described in objects(package.get("tables")):
            row = table({"table_name": described.get("name")}) if described.get("name") is not None else None
            if row is not None:
                row.write_disposition = _disposition(described.get("write_disposition")) or row.write_disposition
    spans: dict[str, tuple[datetime, datetime]] = {}
    for metric in objects(part(load, "load_info").get("job_metrics")):
        row = table(metric)
        start, end = moment(metric.get("started_at")), moment(metric.get("finished_at"))
        if row is None or start is None or end is None:
            continue
        first, last = spans.get(row.table_name, (start, end))
        spans[row.table_name] = (min(first, start), max(last, end))
        row.load_duration_ms = milliseconds_between(*spans[row.table_name])


def _extraction(entry: Document) -> tuple[str, str]:
    """What a hint of a resource and the tables that it filled have in common."""
    return str(entry.get("load_id")), str(entry.get("extract_idx"))


def _inherit_dispositions(tables: Mapping[str, PipelineRunTableResponse]) -> None:
    """A load names a table's disposition when it changes the schema; nested ones have that of their root."""
    for name, row in tables.items():
        above = name
        while row.write_disposition is None and not is_dlts_own(name) and (above := above.rpartition("__")[0]):
            row.write_disposition = tables[above].write_disposition if above in tables else None


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
