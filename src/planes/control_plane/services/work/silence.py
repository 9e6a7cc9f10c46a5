"""What the silence of a data plane means for the runs that it holds (Borders: 1)."""

from __future__ import annotations

from datetime import datetime

import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.leases import rules_of
from planes.control_plane.services.work.run_reports import finish
from planes.control_plane.services.work.triggers import hold_work
from planes.domain import leases
from planes.domain.leases import LeaseRules
from planes.domain.runs import Run
from planes.storage.control import runs as stored_runs

_log = structlog.get_logger("planes.control_plane.silence")


async def settle(parts: Parts) -> None:
    """Gives every leased run one lease from now: for a control plane that starts. May run twice."""
    rules, now = rules_of(parts), parts.clock.now()
    async with parts.database.transaction() as connection:
        for run in await stored_runs.leased_runs(connection, for_update=True):
            after = leases.settle(run, now, rules)
            if after is not None:
                await stored_runs.save_run(connection, after)


async def reap(parts: Parts) -> float | None:
    """Marks silent runs unreachable and gives up those whose grace is over; returns in how many seconds to look again.

    None: nothing is leased.
    """
    rules = rules_of(parts)
    now = parts.clock.now()
    async with parts.database.reading() as connection:
        held = await stored_runs.leased_runs(connection)
    for run in held:
        if leases.decide_silence(run, now, rules) is not None:
            await _silence(parts, run, now, rules)
    async with parts.database.reading() as connection:
        held = await stored_runs.leased_runs(connection)
    ends = [run.lease_expires_at for run in held if run.lease_expires_at is not None]
    steady = rules.steady(parts.clock.now())
    return (min(ends) - steady).total_seconds() if ends else None


async def _silence(parts: Parts, seen: Run, now: datetime, rules: LeaseRules) -> None:
    await windows.prepare()
    has_started = False
    async with parts.database.transaction() as connection:
        await hold_work(parts, connection, seen.workspace_id)
        run = await stored_runs.find_run(connection, seen.id, for_update=True)
        after = None if run is None else leases.decide_silence(run, now, rules)
        if after is None:
            return
        await stored_runs.save_run(connection, after)
        if after.is_lost:
            has_started = await finish(parts, connection, after, fires_events=True)
    _log.warning("run_lost" if after.is_lost else "run_unreachable", run_id=after.id, dataplane_id=after.dataplane_id)
    if has_started:
        parts.news.tell(after.dataplane_id)
