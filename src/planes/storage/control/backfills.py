"""Backfills and their slices: the state of each, which every end of a run moves on (`planes.domain.backfills`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, and_, bindparam, func, select, update

from planes.domain.backfills import DONE, OPEN, UNDER_WAY, BackfillState, SliceState, Stretch, Taken
from planes.domain.identifiers import (
    ConfigurationId,
    DeploymentId,
    JobId,
    JobVersionId,
    MembershipId,
    RunId,
    WorkspaceId,
)
from planes.domain.retries import RetryPolicy
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.types import Moment, identifier

backfills = Table(
    "backfills",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False),
    Column("job_id", identifier(), ForeignKey("jobs.id"), nullable=False),
    Column("job_version_id", identifier(), ForeignKey("job_versions.id"), nullable=False),
    Column("deployment_id", identifier(), ForeignKey("deployments.id"), nullable=False),
    Column("configuration_id", identifier(), ForeignKey("configurations.id"), nullable=False),
    Column("profile", String(1024), nullable=False),
    Column("state", String(16), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("slice_size", String(16), nullable=False),
    Column("parallel", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wait_seconds", Integer, nullable=False),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
    Index("ix_backfills_job_id", "job_id", "created_at"),
    Index("ix_backfills_workspace_id_state", "workspace_id", "state"),
)

# `is_ahead`: it lies ahead of the job's watermark, so that the schedule must leave it alone.
slices = Table(
    "backfill_slices",
    metadata,
    Column("backfill_id", identifier(), ForeignKey("backfills.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("job_id", identifier(), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("is_ahead", Boolean, nullable=False),
    Column("run_id", identifier(), nullable=True),
    Column("updated_at", Moment, nullable=False),
    Index("ix_backfill_slices_job_id_is_ahead", "job_id", "is_ahead"),
    Index("ix_backfill_slices_run_id", "run_id"),
)

_TAKEN = select(slices).where(
    slices.c.job_id.in_(bindparam("of_jobs", expanding=True)),
    slices.c.is_ahead.is_(True),
    slices.c.state.in_(sorted(state.value for state in OPEN | DONE)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """One backfill: what it loads, with which versions, how many slices at a time, how often each is tried."""

    id: str
    workspace_id: WorkspaceId
    job_id: JobId
    job_version_id: JobVersionId
    deployment_id: DeploymentId
    configuration_id: ConfigurationId
    profile: str
    state: BackfillState
    starts_at: datetime
    ends_at: datetime
    slice_size: str
    parallel: int
    attempts: int
    wait_seconds: int
    created_by: MembershipId
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One slice; `run_id` is its newest run."""

    backfill_id: str
    position: int
    job_id: JobId
    starts_at: datetime
    ends_at: datetime
    state: SliceState
    is_ahead: bool
    updated_at: datetime
    run_id: RunId | None = None

    @property
    def stretch(self) -> Stretch:
        """Its time."""
        return Stretch(self.starts_at, self.ends_at)


async def add(connection: Connection, backfill: Backfill, rows: Sequence[Slice]) -> None:
    """A new backfill with its slices."""
    await connection.execute(backfills.insert().values(_values(backfill)))
    await connection.execute(slices.insert(), [_values(row) for row in rows])


async def find(
    connection: Connection, backfill_id: str, *, workspace_id: WorkspaceId | None = None, for_update: bool = False
) -> Backfill | None:
    """The backfill with this id, if it is in the workspace when one is given."""
    query = select(backfills).where(backfills.c.id == backfill_id)
    if workspace_id is not None:
        query = query.where(backfills.c.workspace_id == workspace_id)
    row = (await connection.execute(query.with_for_update() if for_update else query)).mappings().first()
    return None if row is None else _backfill(row)


async def list_of_job(connection: Connection, job_id: str, limit: int) -> list[Backfill]:
    """The newest first."""
    query = select(backfills).where(backfills.c.job_id == job_id)
    query = query.order_by(backfills.c.created_at.desc(), backfills.c.id).limit(limit)
    return [_backfill(row) for row in (await connection.execute(query)).mappings()]


async def find_under_way(connection: Connection, job_id: str) -> Backfill | None:
    """The job's backfill that has not ended; there is one at most."""
    under_way = backfills.c.state.in_(sorted(UNDER_WAY))
    query = select(backfills).where(backfills.c.job_id == job_id, under_way).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _backfill(row)


async def change(connection: Connection, backfill_id: str, **values: Any) -> None:
    """Writes some columns."""
    await connection.execute(update(backfills).where(backfills.c.id == backfill_id).values(values))


async def slices_of(connection: Connection, backfill_id: str) -> list[Slice]:
    """All of them, earliest first."""
    query = select(slices).where(slices.c.backfill_id == backfill_id).order_by(slices.c.position)
    return [_slice(row) for row in (await connection.execute(query)).mappings()]


async def find_slice_of_run(connection: Connection, backfill_id: str, run_id: str) -> Slice | None:
    """The slice whose newest run this is."""
    query = select(slices).where(slices.c.backfill_id == backfill_id, slices.c.run_id == run_id)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _slice(row)


async def change_slice(connection: Connection, row: Slice, **values: Any) -> None:
    """Writes some columns of a slice."""
    this = and_(slices.c.backfill_id == row.backfill_id, slices.c.position == row.position)
    await connection.execute(update(slices).where(this).values(values))


async def change_waiting(connection: Connection, backfill_id: str, state: SliceState, now: datetime) -> None:
    """Every slice that waits gets another state."""
    these = and_(slices.c.backfill_id == backfill_id, slices.c.state == SliceState.WAITING.value)
    await connection.execute(update(slices).where(these).values(state=state.value, updated_at=now))


async def counts_of(connection: Connection, backfill_ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """Backfill → state → how many slices have it."""
    wanted = slices.c.backfill_id.in_(sorted(set(backfill_ids)))
    query = select(slices.c.backfill_id, slices.c.state, func.count()).where(wanted)
    counts: dict[str, dict[str, int]] = {}
    for backfill_id, state, count in await connection.execute(query.group_by(slices.c.backfill_id, slices.c.state)):
        counts.setdefault(backfill_id, {})[state] = count
    return counts


async def policies_of(connection: Connection, backfill_ids: Iterable[str]) -> dict[str, RetryPolicy]:
    """How a slice of each is tried again."""
    rows = await connection.execute(select(backfills).where(backfills.c.id.in_(sorted(set(backfill_ids)))))
    return {row.id: RetryPolicy(attempts=row.attempts, wait_seconds=row.wait_seconds) for row in rows}


async def taken_by_job(connection: Connection, job_ids: Iterable[str]) -> dict[str, Taken]:
    """What backfills hold of each job's time ahead of its watermark; jobs of which they hold nothing are left out."""
    held: dict[str, tuple[list[Stretch], list[Stretch]]] = {}
    for row in (await connection.execute(_TAKEN, {"of_jobs": sorted(set(job_ids))})).mappings():
        found = _slice(row)
        held.setdefault(found.job_id, ([], []))[found.state in DONE].append(found.stretch)
    return {job_id: Taken(tuple(sorted(open_)), tuple(sorted(done))) for job_id, (open_, done) in held.items()}


async def leave_behind(connection: Connection, job_id: str, watermark: datetime) -> None:
    """Loaded slices that the watermark has passed: it has counted them."""
    done = slices.c.state.in_(sorted(state.value for state in DONE))
    these = and_(slices.c.job_id == job_id, slices.c.is_ahead.is_(True), done, slices.c.ends_at <= watermark)
    await connection.execute(update(slices).where(these).values(is_ahead=False))


async def forget_loaded(connection: Connection, job_ids: Sequence[str]) -> None:
    """The jobs begin anew: what was loaded ahead is loaded once more."""
    done = slices.c.state.in_(sorted(state.value for state in DONE))
    these = and_(slices.c.job_id.in_(list(job_ids)), slices.c.is_ahead.is_(True), done)
    await connection.execute(update(slices).where(these).values(is_ahead=False))


def _values(record: Any) -> dict[str, Any]:
    return {**row_of(record), "state": record.state.value}


def _backfill(row: Mapping[Any, Any]) -> Backfill:
    values: dict[str, Any] = {**row, "state": BackfillState(row["state"])}
    return Backfill(**values)


def _slice(row: Mapping[Any, Any]) -> Slice:
    values: dict[str, Any] = {**row, "state": SliceState(row["state"])}
    return Slice(**values)
