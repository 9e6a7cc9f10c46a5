"""What the region stores of a workspace, counted by itself, and whether it stores anything of an organization."""

from __future__ import annotations

import os
from pathlib import Path

from anyio import to_thread

from planes.data_plane.executor.local import log_folder
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.domain.retention import Retention
from planes.storage.data import holdings
from planes.wire.own_residency import RegionHoldings, RegionPresence, Stored, StoredVariables


class Holdings:
    """Counts rows, and the bytes of logs on disk."""

    def __init__(self, parts: Parts, audit: Audit, retention: Retention) -> None:
        self._parts = parts
        self._audit = audit
        self._retention = retention

    async def of_workspace(self, actor: Actor) -> RegionHoldings:
        """Everything that is the actor's workspace's, by kind."""
        async with self._parts.database.reading() as connection:
            rows = await holdings.count_workspace(connection, actor.workspace_id)
        runs = self._parts.workspace_folder(actor.organization_id, actor.workspace_id) / "runs"
        logs = await to_thread.run_sync(_count_logs, runs)
        await self._audit.note(actor, Action.HOLDINGS_READ)
        return RegionHoldings(
            dataplane_id=self._parts.dataplane_id,
            region=self._parts.region,
            counted_at=self._parts.clock.now(),
            serves_since=rows.serves_since,
            code=_stored(rows.code),
            configuration=_stored(rows.configuration),
            variables=StoredVariables(count=rows.variables, secret_count=rows.secret_variables),
            logs=_stored(logs),
            results=_stored(rows.results),
            telemetry=_stored(rows.telemetry),
            artifacts=_stored(rows.artifacts),
            audit_entries=rows.audit_entries,
            keep_log_days=self._retention.log_days,
        )

    async def presence_of(self, organization_id: str) -> RegionPresence:
        """Whether there is a row or a folder of the organization here."""
        async with self._parts.database.reading() as connection:
            has_rows = await holdings.has_anything_of(connection, organization_id)
        has_files = await to_thread.run_sync(self._parts.organization_folder(organization_id).exists)
        return RegionPresence(
            dataplane_id=self._parts.dataplane_id,
            organization_id=organization_id,
            holds_something=has_rows or has_files,
        )


def _stored(counted: tuple[int, int]) -> Stored:
    count, size = counted
    return Stored(count=count, size_bytes=size)


def _count_logs(runs: Path) -> tuple[int, int]:
    """Runs that have a log, and what all logs take. A run may come or go meanwhile."""
    count = size = 0
    for run in _entries(runs):
        sizes = [_size_of(entry) for entry in _entries(log_folder(run))]
        count += bool(sizes)
        size += sum(sizes)
    return count, size


def _entries(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
