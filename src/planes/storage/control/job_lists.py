"""The jobs list: filters, order, page (Contract: 1.5, operation 32)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from planes.domain.identifiers import WorkspaceId
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import SHOWN_NAME, Job, VersionedJob, job_triggers, jobs, versions_by_id
from planes.storage.control.rows import count_up_to_ceiling
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
    joined = jobs.outerjoin(runs, runs.c.id == jobs.c.latest_run_id)
    query = select(jobs).select_from(joined).where(*_conditions(wanted))
    total = await count_up_to_ceiling(connection, query)
    keys = [Key(_SORTABLE[key], descending, is_nullable=key in _MAYBE_EMPTY) for key, descending in wanted.order]
    keys += [Key(runs.c.created_at, descending=True, is_nullable=True), Key(jobs.c.created_at, descending=True)]
    keys += [Key(jobs.c.job_ref), Key(jobs.c.id)]
    rows, last = await read_page(connection, query, keys, wanted.bounds)
    found = [Job(**row) for row in rows]
    versions = await versions_by_id(connection, [job.version_id for job in found])
    return Listed([VersionedJob(job, versions[job.version_id]) for job in found], total, last)


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
