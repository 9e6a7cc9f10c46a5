"""Jobs, their versions, and the triggers that find them.

Columns of `jobs` beside the identity repeat what lists filter and sort by; the definition itself is in the version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)

from planes.domain.identifiers import JobId, JobVersionId, MembershipId, RunId, WorkspaceId
from planes.storage.control.changes import note_jobs
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import row_of
from planes.storage.types import Moment, document, identifier

jobs = Table(
    "jobs",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), nullable=False),
    Column("job_ref", String(1024), nullable=False),
    Column("name", String(1024), nullable=True),
    Column("job_type", String(16), nullable=False),
    Column("category", String(32), nullable=True),
    Column("profile", String(1024), nullable=False),
    Column("pipeline_name", String(1024), nullable=True),
    Column("module", String(1024), nullable=True),
    Column("version", Integer, nullable=False),
    Column("version_id", identifier(), nullable=False),
    Column("public_secret", identifier(), nullable=True),
    Column("is_archived", Boolean, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("paused_at", Moment, nullable=True),
    Column("is_self_firing", Boolean, nullable=False),
    Column("is_system", Boolean, nullable=False),
    Column("last_run_number", Integer, nullable=False),
    Column("latest_run_id", identifier(), nullable=True),
    Column("completed_end", Moment, nullable=True),
    Column("next_fire_at", Moment, nullable=True),
    Column("deferred", document(), nullable=True),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("workspace_id", "job_ref"),
)

job_versions = Table(
    "job_versions",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("job_id", identifier(), ForeignKey("jobs.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", document(), nullable=False),
    Column("definition_hash", String(64), nullable=False),
    Column("engine_version", Integer, nullable=False),
    Column("module", String(1024), nullable=True),
    Column("profile", String(1024), nullable=False),
    Column("triggers", document(), nullable=False),
    Column("default_trigger", Text, nullable=True),
    Column("created_by", identifier(), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("job_id", "version"),
)

job_triggers = Table(
    "job_triggers",
    metadata,
    Column("job_id", identifier(), ForeignKey("jobs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("trigger", String(1024), nullable=False),
    Column("kind", String(32), nullable=False),
    Index("ix_job_triggers_trigger", "trigger"),
)

_BEFORE_NAME = func.rtrim(jobs.c.job_ref, func.replace(jobs.c.job_ref, ".", ""))
# The name that lists show, search and sort by: the display name, else what stands behind the last dot of the ref.
SHOWN_NAME = func.coalesce(jobs.c.name, func.replace(jobs.c.job_ref, _BEFORE_NAME, ""))

# Made once: to name all columns takes longer than SQLite takes to look, and each start of a run asks for them.
_VERSIONS = select(job_versions).where(job_versions.c.id.in_(bindparam("wanted", expanding=True)))
_VERSIONED = (
    select(jobs, job_versions).join(job_versions, job_versions.c.id == jobs.c.version_id).order_by(jobs.c.job_ref)
)
_BY_ID = _VERSIONED.where(
    jobs.c.workspace_id == bindparam("workspace"), jobs.c.id.in_(bindparam("wanted", expanding=True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job of a workspace. `module` is the deployment module it last came from; None for ad-hoc deploys only.

    `completed_end` is the watermark. `deferred` is a start that waits for upstream jobs, as `fire` was asked for it,
    and `otherwise` in it the one that waits on when a person's is given up.
    """

    id: JobId
    workspace_id: WorkspaceId
    job_ref: str
    name: str | None
    job_type: str
    category: str | None
    profile: str
    pipeline_name: str | None
    module: str | None
    version: int
    version_id: JobVersionId
    is_self_firing: bool
    is_system: bool
    created_by: MembershipId
    created_at: datetime
    updated_at: datetime
    public_secret: str | None = None
    is_archived: bool = False
    is_paused: bool = False
    paused_at: datetime | None = None
    last_run_number: int = 0
    latest_run_id: RunId | None = None
    completed_end: datetime | None = None
    next_fire_at: datetime | None = None
    deferred: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobVersion:
    """One version of a job's definition. `triggers` is the expanded list."""

    id: JobVersionId
    job_id: JobId
    version: int
    definition: Mapping[str, Any] = field(repr=False)
    definition_hash: str
    engine_version: int
    module: str | None
    profile: str
    triggers: tuple[str, ...]
    default_trigger: str | None
    created_by: MembershipId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class VersionedJob:
    """A job with its current version."""

    job: Job
    version: JobVersion


async def find_job(connection: Connection, workspace_id: WorkspaceId, job_id: str) -> VersionedJob | None:
    """The job with this id in this workspace."""
    found = await jobs_by_id(connection, workspace_id, [job_id])
    return found[0] if found else None


async def find_published_job(connection: Connection, secret: str) -> Job | None:
    """The job with this secret address; an archived one has none."""
    query = select(jobs).where(jobs.c.public_secret == secret, jobs.c.is_archived.is_(False))
    row = (await connection.execute(query)).mappings().first()
    return Job(**row) if row else None


async def jobs_by_id(connection: Connection, workspace_id: WorkspaceId, job_ids: Iterable[str]) -> list[VersionedJob]:
    """Those of the ids that are jobs of this workspace, in no order."""
    return await _versioned(connection, _BY_ID, {"workspace": workspace_id, "wanted": sorted(set(job_ids))})


async def live_jobs(
    connection: Connection, workspace_id: WorkspaceId, refs: Iterable[str] | None = None
) -> list[VersionedJob]:
    """Every job of the workspace that is not archived, or those of these refs, by ref."""
    live = _VERSIONED.where(jobs.c.workspace_id == workspace_id, jobs.c.is_archived.is_(False))
    return await _versioned(connection, live if refs is None else live.where(jobs.c.job_ref.in_(sorted(set(refs)))))


async def has_jobs(connection: Connection) -> bool:
    """Whether anything was ever deployed, in any workspace."""
    return (await connection.execute(select(jobs.c.id).limit(1))).first() is not None


async def all_jobs(connection: Connection, workspace_id: WorkspaceId) -> list[VersionedJob]:
    """Every job of the workspace, archived ones too, by ref."""
    return await _versioned(connection, _VERSIONED.where(jobs.c.workspace_id == workspace_id))


async def listening_jobs(
    connection: Connection, workspace_id: WorkspaceId, triggers: Sequence[str]
) -> list[VersionedJob]:
    """Jobs that are not archived and have one of these triggers, word for word, by ref."""
    having = select(job_triggers.c.job_id).where(job_triggers.c.trigger.in_(triggers))
    mine = and_(jobs.c.workspace_id == workspace_id, jobs.c.is_archived.is_(False), jobs.c.id.in_(having))
    return await _versioned(connection, _VERSIONED.where(mine))


async def deferred_jobs(connection: Connection, workspace_id: WorkspaceId) -> list[VersionedJob]:
    """Jobs with a start that waits for upstream jobs, by ref."""
    waiting = and_(jobs.c.workspace_id == workspace_id, jobs.c.is_archived.is_(False), jobs.c.deferred.is_not(None))
    return await _versioned(connection, _VERSIONED.where(waiting))


async def versions_by_id(connection: Connection, version_ids: Iterable[str]) -> dict[str, JobVersion]:
    """Versions by their id."""
    rows = (await connection.execute(_VERSIONS, {"wanted": sorted(set(version_ids))})).mappings()
    return {row["id"]: _version(row) for row in rows}


async def versions_of_job(connection: Connection, job_id: str, limit: int) -> list[JobVersion]:
    """The newest first."""
    query = select(job_versions).where(job_versions.c.job_id == job_id)
    query = query.order_by(job_versions.c.version.desc()).limit(limit)
    return [_version(row) for row in (await connection.execute(query)).mappings()]


async def insert_jobs(connection: Connection, rows: Sequence[Job]) -> None:
    """Raises: AlreadyThere (at the transaction's edge) when a ref is taken."""
    if rows:
        await connection.execute(jobs.insert(), [row_of(row) for row in rows])
        await note_jobs(connection, [(row.workspace_id, row.id) for row in rows])


async def insert_versions(connection: Connection, rows: Sequence[JobVersion]) -> None:
    """Adds versions; the jobs must be there."""
    values = [{**row_of(row), "triggers": list(row.triggers), "definition": dict(row.definition)} for row in rows]
    if values:
        await connection.execute(job_versions.insert(), values)


async def versions_of_workspace(connection: Connection, workspace_id: WorkspaceId) -> list[JobVersion]:
    """Every version of every job of the workspace."""
    query = select(job_versions).join(jobs, jobs.c.id == job_versions.c.job_id)
    rows = (await connection.execute(query.where(jobs.c.workspace_id == workspace_id))).mappings()
    return [_version(row) for row in rows]


async def rewrite_version(
    connection: Connection, version_id: str, definition: Mapping[str, Any], definition_hash: str
) -> None:
    """Stores another definition in place of a version's, which is what the job runs by from now on."""
    query = update(job_versions).where(job_versions.c.id == version_id)
    await connection.execute(query.values(definition=dict(definition), definition_hash=definition_hash))


async def save_job(connection: Connection, job: Job) -> None:
    """Writes every column of a job that is there."""
    values = row_of(job)
    del values["id"]
    await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
    await note_jobs(connection, [(job.workspace_id, job.id)])


async def workspaces_with_watermarks_beyond(connection: Connection, moment: datetime) -> list[WorkspaceId]:
    """Where a live job has loaded up to later than that."""
    query = select(jobs.c.workspace_id).where(jobs.c.completed_end > moment, jobs.c.is_archived.is_(False))
    return list((await connection.execute(query.distinct())).scalars())


async def change_job(connection: Connection, job_id: str, **values: Any) -> None:
    """Writes some columns of a job."""
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


async def replace_triggers(connection: Connection, triggers_by_job: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Sets the (trigger, kind) pairs by which the jobs are found."""
    if not triggers_by_job:
        return
    await connection.execute(delete(job_triggers).where(job_triggers.c.job_id.in_(list(triggers_by_job))))
    values = [
        {"job_id": job_id, "position": position, "trigger": trigger, "kind": kind}
        for job_id, pairs in triggers_by_job.items()
        for position, (trigger, kind) in enumerate(pairs)
    ]
    if values:
        await connection.execute(job_triggers.insert(), values)


async def _versioned(
    connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None
) -> list[VersionedJob]:
    return [_with_version(row) for row in await connection.execute(query, values)]


def _with_version(row: Sequence[Any]) -> VersionedJob:
    """A row of `_VERSIONED`: the job's columns, and behind them its version's."""
    job = Job(**dict(zip(jobs.c.keys(), row, strict=False)))
    return VersionedJob(job, _version(dict(zip(job_versions.c.keys(), row[len(jobs.c) :], strict=True))))


def _version(row: Any) -> JobVersion:
    values: dict[str, Any] = {**row, "triggers": tuple(row["triggers"])}
    return JobVersion(**values)
