"""When the machine's clock ran ahead and is put back: the clocks of jobs go on from the time that it is.

    tick 03:00 ── machine says next week ──► fired at once, its clock stands at next week's 03:00
                  machine says today again ─► its next tick is tomorrow's 03:00, not next week's

A step back of up to a day repeats and overlaps nothing: clocks stand until time has caught up (Reliability: R3).
A larger one is a correction, as cron calls it: what fires then is what is due then. A `once:` that fired stays fired.
Nothing of the time to come was loaded, so no watermark stays there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.schedules import wound
from planes.control_plane.services.work.triggers import hold_work
from planes.domain.clock import Clock
from planes.domain.identifiers import JobId, WorkspaceId
from planes.manifest.facts import JobFacts
from planes.manifest.schedules import last_elapsed
from planes.storage.control import clocks as stored
from planes.storage.control import jobs as stored_jobs
from planes.storage.control.clocks import JobClock
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import VersionedJob

_CORRECTION = timedelta(hours=25)
"""A day, one with a change of summer time too: what a smaller step makes stand stands no longer than that."""

_NOTICED = timedelta(minutes=1)
"""A step back of less is none: time servers move clocks, and two machines differ."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_log = structlog.get_logger("planes.control_plane.time")


class WallTime:
    """Compares the wall clock with the one that never goes back, from look to look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.now(), clock.monotonic()

    def was_put_back(self) -> bool:
        """Since the last look."""
        (wall, going), self._last = self._last, (self._clock.now(), self._clock.monotonic())
        return self._last[0] - wall < timedelta(seconds=self._last[1] - going) - _NOTICED


async def go_on_from_now(parts: Parts) -> None:
    """Sets clocks that stand further ahead than their next tick, and watermarks ahead of time. May run many times.

    It costs dlt's arithmetic for each clock that fires in more than a day, half a millisecond: call it at a start and
    after a step.
    """
    now = parts.clock.now()
    async with parts.database.reading() as connection:
        far = await stored.workspaces_with_clocks_beyond(connection, now + _CORRECTION)
        ahead = await stored_jobs.workspaces_with_watermarks_beyond(connection, now + _CORRECTION)
    if far or ahead:
        await windows.prepare()
    for workspace_id in sorted({*far, *ahead}):
        await _go_on(parts, workspace_id, now)


async def _go_on(parts: Parts, workspace_id: WorkspaceId, now: datetime) -> None:
    # As a rule there is nothing to set, and to find that out takes seconds where thousands of clocks stand far ahead:
    # nobody who writes is to wait for it.
    async with parts.database.reading() as connection:
        is_right = not any(await _find_changes(connection, workspace_id, now))
    if is_right:
        return
    async with parts.database.transaction() as connection:
        await hold_work(parts, connection, workspace_id)
        moves, ends = await _find_changes(connection, workspace_id, now)
        await stored.advance_clocks(connection, moves)
        await stored.refresh_next_fire(connection, sorted({clock.job_id for clock, _ in moves}))
        for job_id, end in ends:
            await stored_jobs.change_job(connection, job_id, completed_end=end)
    _log.warning("time_was_put_back", workspace_id=workspace_id, clocks=len(moves), watermarks=len(ends))


async def _find_changes(
    connection: Connection, workspace_id: WorkspaceId, now: datetime
) -> tuple[list[tuple[JobClock, JobClock]], list[tuple[JobId, datetime]]]:
    """Clocks before and after, and the watermarks of jobs."""
    jobs = {found.job.id: found for found in await stored_jobs.live_jobs(connection, workspace_id)}
    clocks = [
        clock
        for clock in await stored.clocks_of_workspace(connection, workspace_id)
        if clock.job_id in jobs and clock.next_fire_at is not None and clock.next_fire_at > now + _CORRECTION
    ]
    early = [found for found in jobs.values() if (found.job.completed_end or now) > now + _CORRECTION]
    return await windows.in_thread(
        lambda: (
            [(clock, new) for clock in clocks if (new := _tried(rewound, clock, jobs[clock.job_id], now)) is not None],
            [(found.job.id, end) for found in early if (end := _tried(_loaded_until, found, now)) is not None],
        )
    )


def rewound(clock: JobClock, job: VersionedJob, now: datetime) -> JobClock | None:
    """The clock with the tick that is next at `now`; None when that is the one it has.

    Where it has passed over ticks of the time to come, it fired then for the first of them, which may be due in an
    hour: that one is due again.
    """
    assert clock.next_fire_at is not None, "only clocks that go on are set"
    fired, limit = clock.last_fire_at, now + _CORRECTION
    passed = wound(clock, job.version.definition, limit).next_fire_at
    was_then = fired is None or fired > limit or (passed is not None and passed < clock.next_fire_at)
    again = wound(clock, job.version.definition, now if was_then else max(now, fired or now))
    is_sooner = again.next_fire_at is not None and again.next_fire_at < clock.next_fire_at
    return again if is_sooner else None


def _loaded_until(job: VersionedJob, now: datetime) -> datetime:
    facts = JobFacts.from_definition(job.version.definition)
    return last_elapsed(job.version.definition, facts.interval_trigger or "", now)


def _tried(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result | None:
    try:
        return function(*arguments, **named)
    except Exception:  # noqa: BLE001 - one broken job must not stop the clocks of all others
        _log.exception("time_not_put_back")
        return None
