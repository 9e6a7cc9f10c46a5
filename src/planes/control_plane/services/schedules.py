"""The clocks of jobs: which they have after a deploy, and the one loop's work of firing what is due (Design: 10).

Each timed trigger of a job has a clock of its own. A tick fires once: whoever moves the clock on fires it, in the same
transaction. What was due while nobody looked fires once, and its window covers the gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from planes.control_plane.services import windows
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.triggers import FireRequest, find_scene, fire, hold_work
from planes.domain.identifiers import JobId, WorkspaceId
from planes.domain.triggers import Declined, Source
from planes.manifest.facts import JobFacts, trigger_kind
from planes.manifest.schedules import next_fire
from planes.storage.control import clocks as stored
from planes.storage.control import jobs as stored_jobs
from planes.storage.control.clocks import DueClock, JobClock
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import VersionedJob

CLOCKS = "clocks"
"""Under this name `News` wakes the scheduler: a clock was set."""

_BATCH = 200
_log = structlog.get_logger("planes.control_plane.schedules")


def plan_clocks(
    job_id: JobId, definition: Mapping[str, Any], before: Sequence[JobClock], now: datetime
) -> list[JobClock]:
    """The clocks of a job that is live from now on with this definition.

    A trigger that stays keeps its clock; an `every:` whose period changes goes on from its last tick, so that deploying
    again does not shift it (Contract: 4.3). Loads dlt: call it in a thread.
    """
    known = {clock.trigger: clock for clock in before}
    every = next((clock for clock in before if trigger_kind(clock.trigger) == "every"), None)
    planned: list[JobClock] = []
    for trigger in dict.fromkeys(JobFacts.from_definition(definition).timed_triggers):
        old = known.get(trigger) or (every if trigger_kind(trigger) == "every" else None)
        clock = JobClock(
            job_id=job_id,
            trigger=trigger,
            since=old.since if old else now,
            last_fire_at=old.last_fire_at if old else None,
        )
        planned.append(_wound(clock, definition, now))
    return planned


def clear_clocks(before: Sequence[JobClock]) -> list[JobClock]:
    """The same clocks, standing still: what an archived job has."""
    return [replace(clock, next_fire_at=None) for clock in before]


async def restart_workspace(connection: Connection, workspace_id: WorkspaceId, now: datetime) -> None:
    """Sets every live job's clocks going from now: for a workspace that comes back.

    What was due meanwhile is not made up.
    """
    jobs = await stored_jobs.live_jobs(connection, workspace_id)
    before = await stored.clocks_of(connection, [found.job.id for found in jobs])
    await _set_clocks(connection, jobs, before, now)


async def stop_workspace(connection: Connection, workspace_id: WorkspaceId) -> None:
    """Stops every clock of the workspace: for one that is archived."""
    before = await stored.clocks_of_workspace(connection, workspace_id)
    job_ids = sorted({clock.job_id for clock in before})
    await stored.replace_clocks(connection, job_ids, clear_clocks(before))


async def restart_job(connection: Connection, job: VersionedJob, now: datetime) -> None:
    """Sets a job's clocks going from now: for one that comes back from the archive."""
    await _set_clocks(connection, [job], await stored.clocks_of(connection, [job.job.id]), now)


async def stop_job(connection: Connection, job_id: JobId) -> None:
    """Stops a job's clocks: for one that is archived."""
    before = await stored.clocks_of(connection, [job_id])
    await stored.replace_clocks(connection, [job_id], clear_clocks(before))


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at the clocks: when the next is due, and how many could not be fired and stay due."""

    next_due_at: datetime | None
    failed: int


async def fire_due(parts: Parts) -> Pass:
    """Fires every clock that is due now. One that fails is logged and stays due: the next pass tries it again."""
    now = parts.clock.now()
    async with parts.database.reading() as connection:
        due = await stored.due_clocks(connection, now, _BATCH)
    if due:
        await windows.prepare()
    failed = 0
    for item in due:
        if not await _fire_one(parts, item, now):
            failed += 1
    async with parts.database.reading() as connection:
        return Pass(await stored.next_due_at(connection), failed)


async def _fire_one(parts: Parts, due: DueClock, now: datetime) -> bool:
    try:
        async with parts.database.transaction() as connection:
            dataplane_id = await _advance_and_fire(parts, connection, due, now)
    except Exception:  # noqa: BLE001 - one broken job must not stop the clocks of all others
        _log.exception("tick_failed", job_id=due.clock.job_id)
        return False
    if dataplane_id is not None:
        parts.news.tell(dataplane_id)
    return True


async def _advance_and_fire(parts: Parts, connection: Connection, due: DueClock, now: datetime) -> str | None:
    """The data plane to wake when a run came of it."""
    await hold_work(parts, connection, due.workspace_id)
    job = await stored_jobs.find_job(connection, due.workspace_id, due.clock.job_id)
    scene = await find_scene(connection, due.workspace_id)
    if job is None or scene is None:
        await stored.advance_clock(connection, due.clock, replace(due.clock, next_fire_at=None))
        return None
    fired_clock = replace(due.clock, last_fire_at=due.clock.next_fire_at)
    definition = job.version.definition
    after = await windows.in_thread(lambda: _wound(fired_clock, definition, now))
    if not await stored.advance_clock(connection, due.clock, after):
        return None
    await stored.refresh_next_fire(connection, [due.clock.job_id])
    request = FireRequest(job=job, trigger=due.clock.trigger, source=Source.CLOCK)
    (fired,) = await fire(parts, connection, scene, [request])
    if isinstance(fired.decision, Declined):
        _log.info("tick_declined", job_id=due.clock.job_id, status=str(fired.decision.status))
    return None if fired.run is None else scene.dataplane_id


async def _set_clocks(
    connection: Connection, jobs: Sequence[VersionedJob], before: Sequence[JobClock], now: datetime
) -> None:
    by_job: dict[str, list[JobClock]] = {}
    for clock in before:
        by_job.setdefault(clock.job_id, []).append(clock)

    def plan() -> list[JobClock]:
        return [
            clock
            for found in jobs
            for clock in plan_clocks(found.job.id, found.version.definition, by_job.get(found.job.id, ()), now)
        ]

    planned = await windows.in_thread(plan)
    await stored.replace_clocks(connection, [found.job.id for found in jobs], planned)


def _wound(clock: JobClock, definition: Mapping[str, Any], now: datetime) -> JobClock:
    """The clock with its next moment after `now`."""
    alone = {**definition, "triggers": [clock.trigger], "default_trigger": clock.trigger}
    tick = next_fire(alone, now, last_fire=clock.last_fire_at, since=clock.since)
    return replace(clock, next_fire_at=None if tick is None else tick.at)
