"""Leased runs, and what is still to be said about them to the control plane.

    leased ──a runner took it──► started ──ended, tidied, last report queued──► done
       └────────could not be started───────────────────────────────────────────┘

A row's `lease` is the lease as it came; `outcome` is null until `done`. Reports are kept until they are delivered, in
order, so that neither a restart nor a control plane that is away loses one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.metadata import metadata
from planes.storage.types import Moment, Row, document, identifier

LEASED = "leased"
STARTED = "started"
DONE = "done"

# `registered` holds the values to scrub from what the run sends by its beacon, sealed; it is emptied with the beacon.
# `secrets_used` names what was registered, with scope and version and no value; `examined_at` is when an ended run's
# log was looked at for leaks. `environment` is the key of the environment it runs in; `log_removed_why` is in words.
runs = Table(
    "runs",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), nullable=False),
    Column("workspace_id", identifier(), nullable=False, index=True),
    Column("job_ref", String(512), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("profile", String(128), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("lease", document(), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("outcome", String(16)),
    Column("stop_reason", String(32)),
    Column("beacon_hash", String(64), unique=True),
    Column("beacon_until", Moment),
    Column("registered", LargeBinary),
    Column("leased_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("masked", document()),
    Column("secrets_used", document()),
    Column("examined_at", Moment),
    Column("environment", String(24)),
    Column("log_removed_at", Moment),
    Column("log_removed_why", String(64)),
    Index("ix_runs_workspace_environment", "workspace_id", "environment"),
)

run_reports = Table(
    "run_reports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", identifier(), ForeignKey("runs.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("target_id", identifier()),
    Column("body", document(), nullable=False),
)

# Made once: to name all columns takes longer than SQLite takes to look, and each run is read and written ten times.
_ADDED = insert(runs)
_RUN = select(runs).where(runs.c.id == bindparam("of_run"))
_CHANGED = update(runs).where(runs.c.id == bindparam("of_run"))
_QUEUED = insert(run_reports)
_REPORTS = select(run_reports).order_by(run_reports.c.id).limit(bindparam("most", type_=Integer))
_SAID = delete(run_reports).where(run_reports.c.id == bindparam("report"))


async def add(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Adds a leased run.

    Raises: AlreadyThere (at the end of the transaction) when the run is known.
    """
    await connection.execute(_ADDED, row)


async def find(connection: AsyncConnection, run_id: str) -> Row | None:
    """The run, whosesoever it is."""
    return _row(await connection.execute(_RUN, {"of_run": run_id}))


async def find_in_workspace(connection: AsyncConnection, workspace_id: str, run_id: str) -> Row | None:
    """The run if it is this workspace's."""
    query = select(runs).where(runs.c.id == run_id, runs.c.workspace_id == workspace_id)
    return _row(await connection.execute(query))


async def find_by_beacon(connection: AsyncConnection, beacon_hash: str, now: datetime) -> Row | None:
    """The run whose beacon has this secret and still takes reports."""
    query = select(runs).where(
        runs.c.beacon_hash == beacon_hash, (runs.c.beacon_until.is_(None)) | (runs.c.beacon_until > now)
    )
    return _row(await connection.execute(query))


async def list_open(connection: AsyncConnection) -> list[Row]:
    """Every run that is not done, oldest first."""
    query = select(runs).where(runs.c.state != DONE).order_by(runs.c.leased_at, runs.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def change(connection: AsyncConnection, run_id: str, values: Mapping[str, Any]) -> None:
    """Sets columns of a run."""
    await connection.execute(_CHANGED, {**values, "of_run": run_id})


async def register_late(connection: AsyncConnection, run_id: str, sealed: bytes) -> None:
    """Replaces the values of a run whose beacon is not closed yet."""
    chosen = (runs.c.id == run_id, runs.c.registered.is_not(None))
    await connection.execute(update(runs).where(*chosen).values(registered=sealed))


async def close_beacons(connection: AsyncConnection, now: datetime) -> None:
    """Forgets the secrets and the values of beacons whose time is over."""
    over = (runs.c.beacon_until.is_not(None), runs.c.beacon_until <= now, runs.c.beacon_hash.is_not(None))
    await connection.execute(update(runs).where(*over).values(beacon_hash=None, registered=None))


async def queue_report(
    connection: AsyncConnection, run_id: str, kind: str, body: Mapping[str, Any], target_id: str | None = None
) -> None:
    """Adds something to say about a run."""
    values = {"run_id": run_id, "kind": kind, "body": dict(body), "target_id": target_id}
    await connection.execute(_QUEUED, values)


async def list_reports(connection: AsyncConnection, limit: int) -> list[Row]:
    """What is to be said, oldest first."""
    return [dict(row) for row in (await connection.execute(_REPORTS, {"most": limit})).mappings()]


async def remove_report(connection: AsyncConnection, report_id: int) -> None:
    """It was said. May run twice."""
    await connection.execute(_SAID, {"report": report_id})


async def remove_reports_of(connection: AsyncConnection, run_id: str) -> None:
    """Nobody wants to hear of this run any more. May run twice."""
    await connection.execute(delete(run_reports).where(run_reports.c.run_id == run_id))


def _row(result: Any) -> Row | None:
    found = result.mappings().one_or_none()
    return dict(found) if found else None
