"""Lists of runs: the runs of a workspace, a job's recent ones, and those that a run's end started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, func, or_, select

from planes.domain.attention import LONG_SECONDS
from planes.domain.identifiers import WorkspaceId
from planes.domain.runs import Run, RunStatus
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import SHOWN_NAME, jobs
from planes.storage.control.rows import count_up_to_ceiling
from planes.storage.control.runs import RUN_COLUMNS, as_run, runs
from planes.storage.control.summaries import pipeline_runs
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.sums import sum_of

RUN_SORT_KEYS = ("created_at", "duration_seconds", "finished_at", "number", "started_at")
_Recent = TypeVar("_Recent")
_EMPTY_AT_FIRST = frozenset({"duration_seconds", "finished_at", "started_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """What part of the list is asked for; an empty tuple or None asks for nothing in particular.

    `text` is looked for in the job's name and the pipelines' names; digits also match a run's number. `start` and
    `end` bound when the run was created.
    """

    workspace_id: WorkspaceId
    bounds: Bounds
    order: tuple[tuple[str, bool], ...] = ()
    text: str | None = None
    statuses: tuple[str, ...] = ()
    attention_reasons: tuple[str, ...] = ()
    number: int | None = None
    job_id: str | None = None
    previous_job_run_id: str | None = None
    job_types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    trigger_kinds: tuple[str, ...] = ()
    triggered_by: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    minimum_duration_seconds: float | None = None
    maximum_duration_seconds: float | None = None
    start: datetime | None = None
    end: datetime | None = None
    includes_system_runs: bool = False


@dataclass(frozen=True, slots=True)
class DownstreamRun:
    """A run that another run's end started, with what is shown of its job."""

    run: Run
    job_ref: str
    name: str
    category: str | None


class RecentRun(NamedTuple):
    """One of a job's latest runs in short: a list of a thousand jobs has ten thousand of them.

    `rows_loaded` is None where it reported none.
    """

    id: str
    status: str
    started_at: datetime | None
    duration_seconds: float | None
    rows_loaded: int | None


async def list_runs(connection: Connection, wanted: RunFilter) -> Listed[Run]:
    """One page, newest first unless ordered otherwise.

    The ids of the page come first, which an index alone answers; only its own runs are then read.
    """
    of_jobs = wanted.text or wanted.job_types or wanted.categories or wanted.excluded_categories
    looked_at = runs.join(jobs, jobs.c.id == runs.c.job_id) if of_jobs else runs
    ids = select(runs.c.id).select_from(looked_at).where(*_conditions(wanted))
    total = await count_up_to_ceiling(connection, ids)
    keys = [Key(runs.c[key], descending, is_nullable=key in _EMPTY_AT_FIRST) for key, descending in wanted.order]
    # All in one direction, as the indexes have them.
    onward = wanted.order[-1][1] if wanted.order else True
    keys += [Key(runs.c[name], onward) for name in ("created_at", "number", "id")]
    rows, last = await read_page(connection, ids, keys, wanted.bounds)
    places = {row["id"]: place for place, row in enumerate(rows)}
    found = await connection.execute(select(*RUN_COLUMNS).where(runs.c.id.in_(places)))
    page = sorted((as_run(row) for row in found.mappings()), key=lambda run: places[run.id])
    return Listed(page, total, last)


async def recent_runs(connection: Connection, job_ids: Iterable[str], limit: int) -> dict[str, list[RecentRun]]:
    """Up to `limit` runs of each job, newest first."""
    columns = (runs.c.id, runs.c.status, runs.c.started_at, runs.c.duration_seconds, _loaded_rows())
    return await _recent(connection, columns, job_ids, limit, RecentRun._make)


async def recent_bars(connection: Connection, job_ids: Iterable[str], limit: int) -> dict[str, list[Sequence[Any]]]:
    """The same for a list: id, status, duration in seconds and loaded rows of each, as the database gives them."""
    columns = (runs.c.id, runs.c.status, runs.c.duration_seconds, _loaded_rows())
    return await _recent(connection, columns, job_ids, limit, tuple)


def _loaded_rows() -> ColumnElement[Any]:
    loaded = pipeline_runs.c.total_rows
    of_run = select(sum_of(loaded)).where(pipeline_runs.c.run_id == runs.c.id, loaded.is_not(None))
    return of_run.group_by(pipeline_runs.c.run_id).correlate(runs).scalar_subquery()


async def _recent(
    connection: Connection,
    columns: Sequence[ColumnElement[Any]],
    job_ids: Iterable[str],
    limit: int,
    make: Callable[[Iterable[Any]], _Recent],
) -> dict[str, list[_Recent]]:
    """From the number of the oldest of them on, which an index answers job by job, however many runs there are."""
    if not limit:
        return {}
    older = runs.alias()
    numbers = select(older.c.number).where(older.c.job_id == jobs.c.id).order_by(older.c.number.desc())
    oldest = numbers.offset(limit - 1).limit(1).correlate(jobs).scalar_subquery()
    query = (
        select(runs.c.job_id, *columns)
        .join(jobs, jobs.c.id == runs.c.job_id)
        .where(jobs.c.id.in_(sorted(set(job_ids))), runs.c.number >= func.coalesce(oldest, 0))
        .order_by(jobs.c.id, runs.c.number.desc())
    )
    found: dict[str, list[_Recent]] = {}
    for row in await connection.execute(query):
        found.setdefault(row[0], []).append(make(row[1:]))
    return found


async def downstream_runs(
    connection: Connection, run_ids: Iterable[str], limit: int, category: str | None
) -> dict[str, list[DownstreamRun]]:
    """Up to `limit` runs that each run's end started, newest first; of jobs of one category if that is given."""
    order = (runs.c.created_at.desc(), runs.c.id)
    rank = func.row_number().over(partition_by=runs.c.previous_job_run_id, order_by=order).label("rank")
    inner = (
        select(runs.c.id.label("ranked_id"), rank)
        .join(jobs, jobs.c.id == runs.c.job_id)
        .where(runs.c.previous_job_run_id.in_(sorted(set(run_ids))))
    )
    ranked = (inner if category is None else inner.where(jobs.c.category == category)).subquery()
    query = (
        select(*RUN_COLUMNS, jobs.c.job_ref, SHOWN_NAME.label("name"), jobs.c.category)
        .join(ranked, ranked.c.ranked_id == runs.c.id)
        .join(jobs, jobs.c.id == runs.c.job_id)
        .where(ranked.c.rank <= limit)
        .order_by(*order)
    )
    found: dict[str, list[DownstreamRun]] = {}
    for row in (await connection.execute(query)).mappings():
        values = dict(row)
        shown = (values.pop("job_ref"), values.pop("name"), values.pop("category"))
        run = as_run(values)
        found.setdefault(str(run.previous_job_run_id), []).append(DownstreamRun(run, *shown))
    return found


def _conditions(wanted: RunFilter) -> Iterator[ColumnElement[bool]]:
    yield runs.c.workspace_id == wanted.workspace_id
    if wanted.text:
        yield _mentions(wanted.text)
    for column, value in (
        (runs.c.number, wanted.number),
        (runs.c.job_id, wanted.job_id),
        (runs.c.previous_job_run_id, wanted.previous_job_run_id),
    ):
        if value is not None:
            yield column == value
    for column, values in (
        (runs.c.status, wanted.statuses),
        (jobs.c.job_type, wanted.job_types),
        (jobs.c.category, wanted.categories),
        (runs.c.trigger, wanted.triggers),
        (runs.c.trigger_kind, wanted.trigger_kinds),
        (runs.c.triggered_by, wanted.triggered_by),
        (runs.c.profile, wanted.profiles),
    ):
        if values:
            yield column.in_(values)
    if wanted.excluded_categories:
        yield jobs.c.category.is_(None) | jobs.c.category.not_in(wanted.excluded_categories)
    if wanted.attention_reasons:
        yield or_(*(_needs_attention(reason) for reason in wanted.attention_reasons))
    if wanted.minimum_duration_seconds is not None:
        yield runs.c.duration_seconds >= wanted.minimum_duration_seconds
    if wanted.maximum_duration_seconds is not None:
        yield runs.c.duration_seconds <= wanted.maximum_duration_seconds
    if wanted.start is not None:
        yield runs.c.created_at >= wanted.start
    if wanted.end is not None:
        yield runs.c.created_at < wanted.end
    if not (wanted.includes_system_runs or wanted.job_id or wanted.previous_job_run_id):
        yield runs.c.is_system.is_(False)


def _needs_attention(reason: str) -> ColumnElement[bool]:
    """What `planes.domain.attention` says of one run, for a list of them."""
    if reason == "failed":
        return runs.c.status == RunStatus.FAILED.value
    completed = runs.c.status == RunStatus.COMPLETED.value
    if reason == "long_running":
        return completed & (runs.c.duration_seconds > LONG_SECONDS)
    told = select(pipeline_runs.c.id).where(pipeline_runs.c.run_id == runs.c.id).correlate(runs)
    return completed & told.exists() & ~told.where(pipeline_runs.c.total_rows > 0).exists()


def _mentions(text: str) -> ColumnElement[bool]:
    words = text.lower()
    found = func.lower(SHOWN_NAME).contains(words, autoescape=True)
    pipelines = select(pipeline_runs.c.run_id).where(
        func.lower(pipeline_runs.c.pipeline_name).contains(words, autoescape=True)
    )
    found = found | runs.c.id.in_(pipelines) | func.lower(jobs.c.pipeline_name).contains(words, autoescape=True)
    if text.isascii() and text.isdigit() and len(text) < 10:
        found = found | (runs.c.number == int(text))
    return found
