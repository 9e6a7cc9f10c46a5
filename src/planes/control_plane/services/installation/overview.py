"""How the control plane is, for who runs the platform: its database and disk, what regions hold, what falls due."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread

from planes.control_plane.services.access import authorize_administrator
from planes.control_plane.services.memory.regions import Heard
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.storage.control import clocks, data_planes, organizations
from planes.storage.control import overview as stored
from planes.storage.control.data_planes import DataPlane
from planes.storage.control.overview import Counts, HeldRun
from planes.storage.sizes import database_size

MOST_HELD = 200
SOON = timedelta(hours=1)
# A process that is refused asks every few seconds.
_DOUBLED_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A data plane that has enrolled. `polled_at` is when it last asked for work, as far as is known here.

    `organizations` are locked to it. `is_doubled`: another process of it was refused lately.
    """

    id: str
    polled_at: datetime | None
    organizations: int
    heard: Heard | None
    is_doubled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`counts.due` are clocks that fire within `SOON`; `held` are at most `MOST_HELD` of the runs that are held."""

    now: datetime
    database: str
    database_bytes: int
    answer_seconds: float
    disk_total_bytes: int
    disk_free_bytes: int
    signing_key_at: datetime
    counts: Counts
    next_due_at: datetime | None
    held: Sequence[HeldRun]
    regions: Sequence[Region]


async def read(parts: Parts, principal: Principal) -> Overview:
    """Now. `answer_seconds` is how long the database took for the counts. Raises: NotAllowed."""
    now = parts.clock.now()
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
        begin = time.perf_counter()
        counts = await stored.count(connection, now, now + SOON)
        answer_seconds = time.perf_counter() - begin
        held = await stored.held_runs(connection, MOST_HELD)
        next_due_at = await clocks.next_due_after(connection, now)
        locked = await organizations.count_by_dataplane(connection)
        size = await database_size(connection)
        planes = await data_planes.list_data_planes(connection, enrolled_only=True)
    disk = await to_thread.run_sync(shutil.disk_usage, parts.owner_key_file.parent)
    return Overview(
        now=now,
        database=parts.database.dialect,
        database_bytes=size,
        answer_seconds=answer_seconds,
        disk_total_bytes=disk.total,
        disk_free_bytes=disk.free,
        signing_key_at=await to_thread.run_sync(parts.signing_keys.signs_since, now),
        counts=counts,
        next_due_at=next_due_at,
        held=held,
        regions=[_region(parts, plane, locked.get(plane.id, 0)) for plane in planes],
    )


def _region(parts: Parts, plane: DataPlane, locked: int) -> Region:
    # The database is told of a poll now and then, of any control plane's.
    heard = parts.regions.find(plane.id)
    times = [at for at in (plane.last_seen_at, heard.at if heard else None) if at is not None]
    refused_at = parts.regions.refused_at(plane.id)
    return Region(
        id=plane.id,
        polled_at=max(times, default=None),
        organizations=locked,
        heard=heard,
        is_doubled=refused_at is not None and abs(parts.clock.now() - refused_at) < _DOUBLED_FOR,
    )
