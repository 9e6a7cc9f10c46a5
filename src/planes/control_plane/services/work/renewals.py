"""How a poll begins: which process of the region asks, and what it holds goes on."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import timedelta

import structlog

from planes.control_plane.services.parts import Parts
from planes.domain import leases
from planes.domain.errors import Conflict
from planes.domain.identifiers import DataPlaneId
from planes.domain.leases import LeaseRules
from planes.domain.region_processes import ANOTHER_PROCESS, RegionProcess, is_refused
from planes.domain.runs import RunStatus
from planes.storage.control import data_planes
from planes.storage.control import runs as stored_runs
from planes.storage.control.connection import Connection
from planes.storage.control.data_planes import DataPlane
from planes.wire.link import PollRequest

# Well within the silence after which a plane is called unreachable (`data_planes.is_reachable`).
_SEEN_EVERY = timedelta(seconds=10)
_log = structlog.get_logger("planes.control_plane.leases")


def process_of(request: PollRequest) -> RegionProcess | None:
    """None of a region of a version that does not say."""
    if request.instance is None or request.numbers is None:
        return None
    return RegionProcess(request.numbers.started_at, request.instance)


async def renew(
    parts: Parts, dataplane_id: DataPlaneId, request: PollRequest, process: RegionProcess | None, rules: LeaseRules
) -> DataPlane | None:
    """Prolongs the leases that the plane names, and keeps its address; answers what was known of it.

    Writes only when there is something to write.

    Raises: Conflict when another process is the region.
    """
    now = parts.clock.now()
    held = {item.run_id: item.fence for item in request.held}
    async with parts.database.reading() as connection:
        plane = await data_planes.find_data_plane(connection, dataplane_id)
        leased = await stored_runs.leased_runs(connection, dataplane_id) if held else []
        forgotten = await _waiting_of(connection, dataplane_id, held.keys() - {run.id for run in leased})
    known = plane.process if plane is not None else None
    if plane is not None and is_refused(process, known, plane.last_seen_at, now, rules.lease_seconds):
        await _acknowledge(parts, dataplane_id, held)
        parts.regions.refuse(dataplane_id, now)
        raise another_process(request.url, plane.url)
    is_due = bool(forgotten) or any(
        run.id in held and leases.is_renewal_due(run, held[run.id], now, rules) for run in leased
    )
    is_same = plane is not None and plane.url == request.url and known == process
    seen_every = min(_SEEN_EVERY, timedelta(seconds=rules.lease_seconds / 2))
    is_recent = plane is not None and plane.last_seen_at is not None and abs(now - plane.last_seen_at) < seen_every
    if is_same and is_recent and not is_due:
        return plane
    async with parts.database.transaction() as connection:
        await data_planes.saw(connection, dataplane_id, request.url, process, now)
        named = [*forgotten, *(run.id for run in leased if run.id in held)]
        if named:
            # In one go, as everybody takes runs in the order of their ids: else each could wait for the other.
            found = await stored_runs.runs_of_plane(connection, named, dataplane_id, for_update=True)
            for run_id, run in found.items():
                if run.status is RunStatus.PENDING:
                    found[run_id] = leases.claim_held(run, held[run_id], request.home, now, rules)
                    await stored_runs.save_run(connection, found[run_id])
                    _log.warning("claim_was_forgotten", run_id=run_id, dataplane_id=dataplane_id)
            renewed = [run.id for run in found.values() if leases.renew(run, held[run.id], now, rules) is not None]
            await stored_runs.renew_leases(connection, renewed, rules.expiry(now))
    if known is not None and known != process:
        _log.info("region_process_changed", dataplane_id=dataplane_id)
        parts.news.tell(dataplane_id)  # the other's polls that wait end now
    return plane


def another_process(url: str, other_url: str | None) -> Conflict:
    """The refusal of a process that is not its region's newest."""
    where = f"at {other_url}" if other_url and other_url != url else "from a copy of this home"
    return Conflict(
        ANOTHER_PROCESS,
        f"A newer process runs as this region {where}. This one gets no runs and reports none until the other is gone: "
        "stop the one that should not run.",
    )


async def _waiting_of(connection: Connection, dataplane_id: DataPlaneId, run_ids: AbstractSet[str]) -> list[str]:
    """Those of these runs that wait for a lease, though the plane says that it has one."""
    if not run_ids:
        return []
    known = await stored_runs.runs_of_plane(connection, run_ids, dataplane_id)
    return sorted(run.id for run in known.values() if run.status is RunStatus.PENDING)


async def _acknowledge(parts: Parts, dataplane_id: DataPlaneId, held: dict[str, int]) -> None:
    """What the refused process runs was delivered: the other must not be given it as if an answer had been lost."""
    if not held:
        return
    async with parts.database.transaction() as connection:
        leased = await stored_runs.leased_runs(connection, dataplane_id, for_update=True)
        known = [run.id for run in leased if held.get(run.id) == run.fence and not run.is_acknowledged]
        await stored_runs.acknowledge(connection, known)
