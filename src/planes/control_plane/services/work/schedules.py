"""The clocks of jobs: which they have after a deploy, and how they stop and go on (Design: 10).

Each timed trigger of a job has a clock of its own; `ticking` fires those that are due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from planes.control_plane.services.work import windows
from planes.domain.identifiers import JobId, WorkspaceId
from planes.manifest.facts import JobFacts, trigger_kind
from planes.manifest.schedules import Tick, next_fire
from planes.storage.control import clocks as stored
from planes.storage.control import jobs as stored_jobs
from planes.storage.control.clocks import JobClock
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import VersionedJob

CLOCKS = "clocks"
"""Under this name `News` wakes the scheduler: a clock was set."""


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
        planned.append(wound(clock, definition, now))
    return planned


def upcoming_ticks(definition: Mapping[str, Any], clocks: Sequence[JobClock], now: datetime, count: int) -> list[Tick]:
    """The next moments at which these clocks fire the job, by dlt's arithmetic, earliest first.

    What is overdue counts as now. Loads dlt: call it in a thread.
    """
    going = [clock for clock in clocks if clock.next_fire_at is not None]
    ticks: list[Tick] = []
    while going and len(ticks) < count:
        going.sort(key=lambda clock: (clock.next_fire_at or now, clock.trigger))
        clock = going.pop(0)
        assert clock.next_fire_at is not None, "only clocks that go on are here"
        at = max(clock.next_fire_at, now)
        ticks.append(Tick(at, clock.trigger))
        after = wound(replace(clock, last_fire_at=clock.next_fire_at), definition, at)
        if after.next_fire_at is not None:
            going.append(after)
    return ticks


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


def wound(clock: JobClock, definition: Mapping[str, Any], now: datetime) -> JobClock:
    """The clock with its next moment after `now`."""
    alone = {**definition, "triggers": [clock.trigger], "default_trigger": clock.trigger}
    tick = next_fire(alone, now, last_fire=clock.last_fire_at, since=clock.since)
    return replace(clock, next_fire_at=None if tick is None else tick.at)
