"""The jobs list: filters, order, page (Contract: 1.5, operation 32)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from planes.domain.identifiers import WorkspaceId
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import (
    SHOWN_NAME,
    Job,
    VersionedJob,
    job_triggers,
    job_versions,
    jobs,
    versions_by_id,
)
from planes.storage.control.rows import count_up_to_ceiling
from planes.storage.control.run_lists import recent_bars
from planes.storage.control.runs import runs
from planes.storage.keyset import Bounds, Key, Listed, read_page

_SORTABLE: dict[str, ColumnElement[Any]] = {
    "created_at": jobs.c.created_at,
    "last_run_at": runs.c.created_at,
    "last_run_ended_at": runs.c.finished_at,
    "name": SHOWN_NAME,
    "next_scheduled_run_at": jobs.c.next_fire_at,
}
JOB_SORT_KEYS = tuple(_SORTABLE)
_MAYBE_EMPTY = frozenset({"last_run_at", "last_run_ended_at", "next_scheduled_run_at"})

_LATEST = {
    name: f"latest_{name}"
    for name in (
        "id", "number", "status", "trigger", "profile", "created_at", "started_at", "finished_at", "duration_seconds",
        "interval_start", "interval_end",
    )
}  # fmt: skip
_SHORT = select(
    jobs.c.id, jobs.c.workspace_id, jobs.c.job_ref, jobs.c.job_type, jobs.c.profile, jobs.c.version,
    jobs.c.version_id, jobs.c.pipeline_name, jobs.c.is_archived, jobs.c.is_paused, jobs.c.next_fire_at,
    jobs.c.public_secret, jobs.c.updated_at, *(runs.c[name].label(label) for name, label in _LATEST.items()),
)  # fmt: skip
_DEFINED = select(job_versions.c.id, job_versions.c.definition, job_versions.c.triggers).where(
    job_versions.c.id.in_(bindparam("wanted", expanding=True))
)


class ShortJob(NamedTuple):
    """What a list shows of a job: some columns of it, of its version, of its latest run and of the recent ones."""

    job: Mapping[str, Any]
    definition: Mapping[str, Any]
    triggers: Sequence[str]
    latest_run: Mapping[str, Any] | None
    recent: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What part of the list is asked for; an empty tuple or None asks for nothing in particular.

    `start` and `end` bound the moment of the latest run, `statuses` its status. `trigger_kinds` are the kinds of a
    job's triggers, `tags` the names in its `tag:` triggers.
    """

    workspace_id: WorkspaceId
    bounds: Bounds
    order: tuple[tuple[str, bool], ...] = ()
    text: str | None = None
    job_ref: str | None = None
    job_types: tuple[str, ...] = ()
    is_archived: bool | None = None
    is_paused: bool | None = None
    profiles: tuple[str, ...] = ()
    pipeline_names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    trigger_kinds: tuple[str, ...] = ()
    is_self_firing: bool | None = None
    categories: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None


async def list_jobs(connection: Connection, wanted: JobFilter) -> Listed[VersionedJob]:
    """One page, newest run first unless ordered otherwise."""
    page = await _page(connection, select(jobs), wanted)
    found = [Job(**row) for row in page.items]
    versions = await versions_by_id(connection, [job.version_id for job in found])
    return page.carrying([VersionedJob(job, versions[job.version_id]) for job in found])


async def list_short_jobs(connection: Connection, wanted: JobFilter, recent_limit: int) -> Listed[ShortJob]:
    """As `list_jobs`, each with its latest run and up to `recent_limit` recent ones: what a list shows, no more."""
    page = await _page(connection, _SHORT, wanted)
    version_ids = [row["version_id"] for row in page.items]
    defined = {row[0]: row for row in await connection.execute(_DEFINED, {"wanted": version_ids})}
    recent = await recent_bars(connection, [row["id"] for row in page.items], recent_limit)
    found: list[ShortJob] = []
    for row in page.items:
        _, definition, triggers = defined[row["version_id"]]
        run = {name: row.pop(label) for name, label in _LATEST.items()}
        latest = None if run["id"] is None else run
        found.append(ShortJob(row, definition, triggers, latest, recent.get(row["id"], [])))
    return page.carrying(found)


async def _page(connection: Connection, columns: Select[*tuple[Any, ...]], wanted: JobFilter) -> Listed[dict[str, Any]]:
    joined = jobs.outerjoin(runs, runs.c.id == jobs.c.latest_run_id)
    query = columns.select_from(joined).where(*_conditions(wanted))
    total = await count_up_to_ceiling(connection, query.with_only_columns(jobs.c.id))
    keys = [Key(_SORTABLE[key], descending, is_nullable=key in _MAYBE_EMPTY) for key, descending in wanted.order]
    keys += [Key(runs.c.created_at, descending=True, is_nullable=True), Key(jobs.c.created_at, descending=True)]
    keys += [Key(jobs.c.job_ref), Key(jobs.c.id)]
    rows, last = await read_page(connection, query, keys, wanted.bounds)
    return Listed(rows, total, last)


def _conditions(wanted: JobFilter) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.workspace_id == wanted.workspace_id
    if wanted.text:
        yield func.lower(SHOWN_NAME).contains(wanted.text.lower(), autoescape=True)
    if wanted.job_ref is not None:
        yield jobs.c.job_ref == wanted.job_ref
    for column, value in (
        (jobs.c.is_archived, wanted.is_archived),
        (jobs.c.is_paused, wanted.is_paused),
        (jobs.c.is_self_firing, wanted.is_self_firing),
    ):
        if value is not None:
            yield column.is_(value)
    for column, values in (
        (jobs.c.job_type, wanted.job_types),
        (jobs.c.profile, wanted.profiles),
        (jobs.c.pipeline_name, wanted.pipeline_names),
        (jobs.c.category, wanted.categories),
        (runs.c.status, wanted.statuses),
    ):
        if values:
            yield column.in_(values)
    if wanted.excluded_categories:
        yield jobs.c.category.is_(None) | jobs.c.category.not_in(wanted.excluded_categories)
    if wanted.trigger_kinds:
        yield _has_trigger(job_triggers.c.kind.in_(wanted.trigger_kinds))
    if wanted.tags:
        yield _has_trigger(job_triggers.c.trigger.in_([f"tag:{tag}" for tag in wanted.tags]))
    if wanted.start is not None:
        yield runs.c.created_at >= wanted.start
    if wanted.end is not None:
        yield runs.c.created_at < wanted.end


def _has_trigger(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return jobs.c.id.in_(select(job_triggers.c.job_id).where(condition))
