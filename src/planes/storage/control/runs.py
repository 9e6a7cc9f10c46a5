"""Runs: one row for each, and the questions that leasing and triggering ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    exists,
    func,
    select,
    update,
)

from planes.domain.identifiers import DataPlaneId, JobId, WorkspaceId
from planes.domain.runs import ACTIVE, LEASED, Run, RunStatus
from planes.storage.control.changes import note_runs
from planes.storage.control.connection import Connection
from planes.storage.control.data_planes import data_planes
from planes.storage.control.jobs import jobs
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.types import Moment, identifier

runs = Table(
    "runs",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False),
    Column("dataplane_id", String(16), nullable=False),
    Column("job_id", identifier(), ForeignKey("jobs.id"), nullable=False),
    Column("job_version_id", identifier(), ForeignKey("job_versions.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("trigger", String(1024), nullable=False),
    Column("trigger_kind", String(32), nullable=False),
    Column("profile", String(1024), nullable=False),
    Column("deployment_id", identifier(), ForeignKey("deployments.id"), nullable=False),
    Column("configuration_id", identifier(), ForeignKey("configurations.id"), nullable=False),
    Column("is_refresh", Boolean, nullable=False),
    Column("is_system", Boolean, nullable=False),
    Column("interval_start", Moment, nullable=True),
    Column("interval_end", Moment, nullable=True),
    Column("moves_watermark", Boolean, nullable=False),
    Column("triggered_by", identifier(), nullable=True),
    Column("follows_viewer", Boolean, nullable=False),
    Column("previous_job_run_id", identifier(), ForeignKey("runs.id"), nullable=True),
    Column("chain_depth", Integer, nullable=False),
    Column("time_limit_seconds", Integer, nullable=False),
    Column("grace_seconds", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Column("duration_seconds", Float, nullable=True),
    Column("fence", Integer, nullable=False),
    Column("is_acknowledged", Boolean, nullable=False),
    Column("claimed_at", Moment, nullable=True),
    Column("claimed_by", String(36), nullable=True),
    Column("lease_expires_at", Moment, nullable=True),
    Column("unreachable_since", Moment, nullable=True),
    Column("cancel_told_at", Moment, nullable=True),
    Column("is_lost", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("not_before", Moment, nullable=True),
    Column("backfill_id", identifier(), nullable=True),
    Column("webhook_call_id", identifier(), nullable=True),
    Index("ix_runs_dataplane_id_status", "dataplane_id", "status"),
    Index("ix_runs_job_id_status", "job_id", "status"),
    Index("uq_runs_job_id_number", "job_id", "number", unique=True),
    Index("ix_runs_workspace_id_created_at", "workspace_id", "created_at"),
    *(
        Index(f"ix_runs_by_{word}", "workspace_id", "is_system", column, "created_at", "number", "id")
        for word, column in (("start", "started_at"), ("end", "finished_at"), ("duration", "duration_seconds"))
    ),
    Index("ix_runs_listed", "workspace_id", "is_system", "created_at", "number", "id"),
    Index("ix_runs_previous_job_run_id", "previous_job_run_id"),
    Index("ix_runs_webhook_call_id", "webhook_call_id"),
)

_DERIVED = frozenset({"duration_seconds", "trigger_kind"})
RUN_COLUMNS = tuple(column for column in runs.c if column.name not in _DERIVED)
# Made once: to name some forty columns takes longer than SQLite takes to look, and a run is read and written often.
_RUNS = select(*RUN_COLUMNS)
_RUN = _RUNS.where(runs.c.id == bindparam("run_id"))
_LEASED = _RUNS.where(runs.c.status.in_(sorted(status.value for status in LEASED))).order_by(runs.c.id)
_LEASED_OF_PLANE = _LEASED.where(runs.c.dataplane_id == bindparam("plane", type_=String))
_LEASED_LOCKING, _LEASED_OF_PLANE_LOCKING = _LEASED.with_for_update(), _LEASED_OF_PLANE.with_for_update()
_ADDED = runs.insert()
_LATEST = (
    update(jobs)
    .where(jobs.c.id == bindparam("of_job"))
    .values(latest_run_id=bindparam("run_id"), last_run_number=bindparam("run_number"))
)
_ACTIVE_COUNTS = (
    select(runs.c.job_id, func.count())
    .where(
        runs.c.job_id.in_(bindparam("of_jobs", expanding=True)),
        runs.c.status.in_(sorted(status.value for status in ACTIVE)),
    )
    .group_by(runs.c.job_id)
)
_ACTIVE_COUNTS_OF_LIMITS = _ACTIVE_COUNTS.where(runs.c.backfill_id.is_(None))
_SAVED = update(runs).where(runs.c.id == bindparam("run_id"))
_OF_PLANE = bindparam("plane", type_=String)
# A try after a failure waits for its time first, and everything for a plane that is drained.
_IS_RIPE = runs.c.not_before.is_(None) | (runs.c.not_before <= bindparam("now"))
_IS_DRAINED = exists().where(data_planes.c.id == _OF_PLANE, data_planes.c.drained_at.is_not(None))
_IS_WAITING = and_(runs.c.dataplane_id == _OF_PLANE, runs.c.status == RunStatus.PENDING.value, _IS_RIPE, ~_IS_DRAINED)
_WAITING = (
    _RUNS.where(_IS_WAITING)
    .order_by(runs.c.created_at, runs.c.number, runs.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_ANY_WAITING = select(runs.c.id).where(_IS_WAITING).limit(1)


async def find_run(
    connection: Connection, run_id: str, *, workspace_id: WorkspaceId | None = None, for_update: bool = False
) -> Run | None:
    """The run with this id, if it is in the workspace when one is given."""
    query = _RUN
    if workspace_id is not None:
        query = query.where(runs.c.workspace_id == workspace_id)
    if for_update:
        query = query.with_for_update()
    row = (await connection.execute(query, {"run_id": run_id})).mappings().first()
    return None if row is None else as_run(row)


async def runs_by_id(
    connection: Connection, run_ids: Iterable[str], *, workspace_id: WorkspaceId, for_update: bool = False
) -> dict[str, Run]:
    """Those of the ids that are runs of this workspace."""
    wanted = and_(runs.c.workspace_id == workspace_id, runs.c.id.in_(sorted(set(run_ids))))
    query = _RUNS.where(wanted).order_by(runs.c.id)
    rows = (await connection.execute(query.with_for_update() if for_update else query)).mappings()
    return {row["id"]: as_run(row) for row in rows}


async def runs_of_plane(
    connection: Connection, run_ids: Iterable[str], dataplane_id: DataPlaneId, *, for_update: bool = False
) -> dict[str, Run]:
    """Those of the ids that are runs of this data plane, whatever became of them."""
    wanted = and_(runs.c.dataplane_id == dataplane_id, runs.c.id.in_(sorted(set(run_ids))))
    query = _RUNS.where(wanted).order_by(runs.c.id)
    rows = (await connection.execute(query.with_for_update() if for_update else query)).mappings()
    return {row["id"]: as_run(row) for row in rows}


async def insert_runs(connection: Connection, rows: Sequence[Run]) -> None:
    """Adds runs, of each job in the order of their numbers, and makes each its job's latest."""
    if not rows:
        return
    await connection.execute(_ADDED, [_values(run) for run in rows])
    await connection.execute(
        _LATEST,
        [{"of_job": run.job_id, "run_id": run.id, "run_number": run.number} for run in rows],
    )
    await note_runs(connection, rows)


async def save_run(connection: Connection, run: Run) -> None:
    """Writes every column of a run that is there. The caller read it for update in this transaction."""
    values = _values(run)
    del values["id"]
    await connection.execute(_SAVED, {**values, "run_id": run.id})
    await note_runs(connection, [run])


async def clear_watermarks(connection: Connection, workspace_id: WorkspaceId, job_refs: Sequence[str]) -> None:
    """These jobs begin anew; runs of them that are under way do not move their watermark either."""
    if not job_refs:
        return
    these = and_(jobs.c.workspace_id == workspace_id, jobs.c.job_ref.in_(list(job_refs)))
    under_way = and_(runs.c.job_id.in_(select(jobs.c.id).where(these)), runs.c.status.in_(_words(ACTIVE)))
    # In the order in which a look for a data plane takes its runs: else each could wait for the other.
    in_order = select(runs.c.id).where(under_way).order_by(runs.c.id).with_for_update()
    await connection.execute(update(jobs).where(these).values(completed_end=None))
    await connection.execute(update(runs).where(runs.c.id.in_(in_order)).values(moves_watermark=False))


async def active_counts(connection: Connection, job_ids: Iterable[str], *, of_backfills: bool = True) -> dict[str, int]:
    """How many runs of each job have not ended; jobs without one are left out.

    Without those `of_backfills` where the job's own limit is asked about: how many slices of a backfill are loaded side
    by side is said where it is started.
    """
    query = _ACTIVE_COUNTS if of_backfills else _ACTIVE_COUNTS_OF_LIMITS
    rows = await connection.execute(query, {"of_jobs": sorted(set(job_ids))})
    return {str(row[0]): int(row[1]) for row in rows}


async def event_run_counts(connection: Connection, job_ids: Sequence[str], since: datetime) -> dict[str, int]:
    """How many runs of each job events of other jobs started since then; jobs without one are left out."""
    if not job_ids:
        return {}
    of_these = and_(runs.c.job_id.in_(sorted(set(job_ids))), runs.c.chain_depth > 0, runs.c.created_at > since)
    query = select(runs.c.job_id, func.count()).where(of_these).group_by(runs.c.job_id)
    return {str(row[0]): int(row[1]) for row in await connection.execute(query)}


async def active_runs(connection: Connection, job_id: str) -> list[Run]:
    """The job's runs that have not ended."""
    wanted = and_(runs.c.job_id == job_id, runs.c.status.in_(_words(ACTIVE)))
    query = _RUNS.where(wanted).order_by(runs.c.number)
    return [as_run(row) for row in (await connection.execute(query)).mappings()]


async def first_run_of_call(connection: Connection, workspace_id: WorkspaceId, call_id: str) -> str | None:
    """The id of the run that was created for a call of a webhook; tries and reruns of it came later."""
    wanted = and_(runs.c.webhook_call_id == call_id, runs.c.workspace_id == workspace_id)
    return (await connection.execute(select(runs.c.id).where(wanted).order_by(runs.c.number).limit(1))).scalar()


async def newest_active_run(connection: Connection, job_id: JobId) -> Run | None:
    """The newest run of the job that has not ended."""
    wanted = and_(runs.c.job_id == job_id, runs.c.status.in_(_words(ACTIVE)))
    query = _RUNS.where(wanted).order_by(runs.c.number.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else as_run(row)


async def pending_runs(connection: Connection, dataplane_id: DataPlaneId, limit: int, now: datetime) -> list[Run]:
    """Runs that wait for this data plane, oldest first. Those that another claimer looks at are passed over."""
    wanted = {"plane": dataplane_id, "now": now, "most": limit}
    return [as_run(row) for row in (await connection.execute(_WAITING, wanted)).mappings()]


async def has_pending_run(connection: Connection, dataplane_id: DataPlaneId, now: datetime) -> bool:
    """Whether a run waits for this data plane."""
    return (await connection.execute(_ANY_WAITING, {"plane": dataplane_id, "now": now})).first() is not None


async def leased_runs(
    connection: Connection, dataplane_id: DataPlaneId | None = None, *, for_update: bool = False
) -> list[Run]:
    """Runs in the hands of this data plane, or of any."""
    query, locking = (
        (_LEASED, _LEASED_LOCKING) if dataplane_id is None else (_LEASED_OF_PLANE, _LEASED_OF_PLANE_LOCKING)
    )
    of_plane = {} if dataplane_id is None else {"plane": dataplane_id}
    rows = (await connection.execute(locking if for_update else query, of_plane)).mappings()
    return [as_run(row) for row in rows]


async def renew_leases(connection: Connection, run_ids: Sequence[str], expires_at: datetime) -> None:
    """Prolongs leases of runs that the caller read for update."""
    values = {"lease_expires_at": expires_at, "unreachable_since": None, "is_acknowledged": True}
    await connection.execute(update(runs).where(runs.c.id.in_(list(run_ids))).values(values))


async def acknowledge(connection: Connection, run_ids: Sequence[str]) -> None:
    """The data plane has shown that it knows of these runs; their leases stay as they are."""
    await connection.execute(update(runs).where(runs.c.id.in_(list(run_ids))).values(is_acknowledged=True))


async def note_cancels_told(connection: Connection, run_ids: Sequence[str], now: datetime) -> None:
    """Remembers when a data plane was last told to cancel."""
    # In the order in which a look takes its runs, as two control planes may look at once.
    in_order = select(runs.c.id).where(runs.c.id.in_(list(run_ids))).order_by(runs.c.id).with_for_update()
    await connection.execute(update(runs).where(runs.c.id.in_(in_order)).values(cancel_told_at=now))


async def has_active_run(connection: Connection, workspace_id: WorkspaceId) -> bool:
    """Whether any run of the workspace has not ended."""
    query = select(runs.c.id).where(runs.c.workspace_id == workspace_id, runs.c.status.in_(_words(ACTIVE)))
    return (await connection.execute(query.limit(1))).first() is not None


def as_run(row: Any) -> Run:
    """A row of `RUN_COLUMNS` as a record."""
    values: dict[str, Any] = {**row, "status": RunStatus(row["status"])}
    return Run(**values)


def _values(run: Run) -> dict[str, Any]:
    derived = {"duration_seconds": run.duration_seconds, "trigger_kind": run.trigger.partition(":")[0]}
    return {**row_of(run), "status": run.status.value, **derived}


def _words(statuses: frozenset[RunStatus]) -> list[str]:
    return sorted(status.value for status in statuses)
