"""How this region is, in numbers, for whoever runs the platform: what it runs, and what lies on its disk.

    every some seconds: interpreters, disk, database ──┐
    every ten minutes: each folder, a little at a time ┴─► what a poll tells, which looks at nothing itself

Counts, sizes and times (docs/adr/0010). Looked at in threads: a folder on a disk that hangs holds up no poll.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.executor import disposal
from planes.data_plane.executor.local import RunningRun
from planes.data_plane.executor.standing import StandBy
from planes.data_plane.runner.processes import list_processes
from planes.data_plane.services.held_runs import HeldRuns
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.upkeep.old_environments import CACHES
from planes.storage.data import retention as stored
from planes.storage.sizes import database_size

_LOOK_SECONDS = 10.0
_FOLDERS_SECONDS = 600.0
# Not while the plane starts.
_FIRST_FOLDERS_SECONDS = 5.0
# So long at a time: who waits for the interpreter or the disk goes first.
_AT_ONCE_SECONDS = 0.02
_REST_SECONDS = 0.1
_log = structlog.get_logger("planes.data_plane.measuring")


class Kind(StrEnum):
    """What takes room in a region's folder. `runs` are logs and working folders, `data` what jobs loaded locally."""

    ENVIRONMENTS = "environments"
    CACHES = "caches"
    RUNS = "runs"
    DATA = "data"
    CODE = "code"
    BLOBS = "blobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """What lay in the region's folder at a moment, in bytes on the disk."""

    measured_at: datetime
    environments: int
    environments_used_at: datetime | None
    sizes: Mapping[Kind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUse:
    """What a run takes, its runner with it. `processor_percent` is since the look before, None at the first one."""

    run_id: str
    pid: int
    memory_bytes: int
    processor_percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The numbers. None is what was not looked at yet."""

    version: str
    started_at: datetime
    slots: int
    runners: int
    warm: int = 0
    warm_bytes: int = 0
    disk_total_bytes: int | None = None
    disk_free_bytes: int | None = None
    database_bytes: int | None = None
    master_key_at: datetime | None = None
    folders: Folders | None = None
    runs: Sequence[RunUse] = ()


class Measuring:
    """`run` is one task of the plane; what it found last is `latest`."""

    def __init__(self, parts: Parts, held: HeldRuns, stand_by: StandBy, slots: int, version: str) -> None:
        self._parts = parts
        self._held = held
        self._processor: dict[str, tuple[float, float]] = {}
        self._stand_by = stand_by
        self.slots = slots
        self._found = Measured(version=version, started_at=parts.clock.now(), slots=slots, runners=0)
        self._known: dict[tuple[Path, datetime], int] = {}

    @property
    def latest(self) -> Measured:
        """What was found last, and the runs that there are now. Looks at nothing."""
        return replace(self._found, runners=len(self._held))

    async def run(self) -> None:
        """Until it is cancelled."""
        folders_at = time.monotonic() + _FIRST_FOLDERS_SECONDS
        while True:
            try:
                await self.look()
                if time.monotonic() >= folders_at:
                    await self.measure_folders()
                    folders_at = time.monotonic() + _FOLDERS_SECONDS
            except Exception as exc:  # noqa: BLE001 - the edge of the loop: without numbers a region works as well
                _log.error("measuring_failed", exc_info=exc)
            await anyio.sleep(min(_LOOK_SECONDS, max(0.0, folders_at - time.monotonic())))

    async def look(self) -> None:
        """Interpreters that stand by, runs, the disk, the database."""
        warm, warm_bytes = await self._stand_by.measure()
        uses = await to_thread.run_sync(self._look_at_runs, self._held.running())
        key_at = await to_thread.run_sync(self._parts.vault.master_key_written_at)
        disk = await to_thread.run_sync(shutil.disk_usage, self._parts.folder)
        async with self._parts.database.reading() as connection:
            size = await database_size(connection)
        self._found = replace(
            self._found,
            warm=warm,
            warm_bytes=warm_bytes,
            disk_total_bytes=disk.total,
            disk_free_bytes=disk.free,
            database_bytes=size,
            master_key_at=key_at,
            runs=uses,
        )

    def _look_at_runs(self, running: Sequence[RunningRun]) -> list[RunUse]:
        """Processor time is told as a share of the time since the look before. Blocking."""
        before, self._processor = self._processor, {}
        processes = list_processes() if running else []
        uses: list[RunUse] = []
        for run in running:
            found = run.measure(processes)
            if found is None:
                continue
            pid, taken = found
            now = time.monotonic()
            percent = None
            if run.run_id in before:
                then, seconds = before[run.run_id]
                percent = round(100 * max(0.0, taken.processor_seconds - seconds) / max(now - then, 0.001))
            self._processor[run.run_id] = (now, taken.processor_seconds)
            uses.append(RunUse(run_id=run.run_id, pid=pid, memory_bytes=taken.memory_bytes, processor_percent=percent))
        return uses

    async def measure_folders(self) -> None:
        """Walks the region's folder, resting in between."""
        pieces = await to_thread.run_sync(lambda: iter(list(_pieces(self._parts.folder))))
        sizes: Counter[Kind] = Counter(dict.fromkeys(Kind, 0))
        seen: dict[tuple[Path, datetime], int] = {}
        while not await to_thread.run_sync(self._measure_some, pieces, sizes, seen):  # noqa: ASYNC110 - it rests
            await anyio.sleep(_REST_SECONDS)
        self._known = seen
        async with self._parts.database.reading() as connection:
            used_at = await stored.environments_last_used(connection)
        folders = Folders(
            measured_at=self._parts.clock.now(),
            environments=len(seen),
            environments_used_at=used_at,
            sizes=sizes,
        )
        self._found = replace(self._found, folders=folders)

    def _measure_some(
        self, pieces: Iterator[tuple[Kind, Path]], sizes: Counter[Kind], seen: dict[tuple[Path, datetime], int]
    ) -> bool:
        """Goes on for a while; whether that was all. Blocking."""
        deadline = time.monotonic() + _AT_ONCE_SECONDS
        for kind, path in pieces:
            if kind is Kind.ENVIRONMENTS:
                # A whole environment is read-only: it is measured once.
                key = (path, disposal.changed_at(path))
                seen[key] = size = self._known[key] if key in self._known else disposal.size_of(path)
            else:
                size = disposal.size_of(path)
            sizes[kind] += size
            if time.monotonic() >= deadline:
                return False
        return True


def _pieces(plane: Path) -> Iterator[tuple[Kind, Path]]:
    """The folders to be measured, small enough to rest between them. Blocking."""
    for organization in plane.glob("orgs/*"):
        for tree in disposal.names_in(organization / "trees"):
            yield Kind.CODE, organization / "trees" / tree
        for workspace in organization.glob("workspaces/*"):
            for key in disposal.environments_in(workspace / "environments"):
                yield Kind.ENVIRONMENTS, workspace / "environments" / key
            for name in CACHES:
                yield Kind.CACHES, workspace / name
            for kind in (Kind.RUNS, Kind.DATA):
                for name in disposal.names_in(workspace / kind):
                    yield kind, workspace / kind / name
    for folder in plane.glob("blobs/organizations/*/*"):
        yield Kind.BLOBS, folder
