"""Firing what the clocks of jobs say is due: the scheduler's work (Design: 10).

A tick fires once: whoever moves its clock on fires it, in the same transaction. What was due while nobody looked fires
once, and its window covers the gap. The due clocks of one workspace go together, so that many ticks at one moment cost
one commit; when one of them fails, each is tried alone, so that a broken job stops no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.schedules import wound
from planes.control_plane.services.work.triggers import FireRequest, find_scene, fire, hold_work
from planes.domain.clock import Clock
from planes.domain.identifiers import JobId, WorkspaceId
from planes.domain.triggers import Declined, Source
from planes.storage.control import clocks as stored
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import retries as stored_retries
from planes.storage.control.clocks import DueClock, JobClock
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import VersionedJob

_MOST_AT_ONCE = 100
"""Ticks in one transaction: the workspace's other starts wait for it."""

_REST_SECONDS = 5.0

_log = structlog.get_logger("planes.control_plane.ticking")


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at the clocks: when to look again, and how many could not be fired and stay due."""

    next_due_at: datetime | None
    failed: int


class Resting:
    """Clocks that could not be fired, left alone for a while so that they are in nobody's way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def add(self, clock: JobClock) -> None:
        """From now on."""
        self._until[clock.job_id, clock.trigger] = self._clock.monotonic() + _REST_SECONDS

    def awake(self, due: Sequence[DueClock]) -> list[DueClock]:
        """Those that may be tried."""
        now = self._clock.monotonic()
        self._until = {key: until for key, until in self._until.items() if until > now}
        return [item for item in due if (item.clock.job_id, item.clock.trigger) not in self._until]


async def fire_due(parts: Parts, resting: Resting | None = None) -> Pass:
    """Fires clocks that are due now, the longest waiting first; those beyond a bound at the next call.

    One that fails is logged and stays due: a later pass tries it again.
    """
    resting = Resting(parts.clock) if resting is None else resting
    now = parts.clock.now()
    limit = _MOST_AT_ONCE + len(resting)
    async with parts.database.reading() as connection:
        found = await stored.due_clocks(connection, now, limit)
        ripe = await stored_retries.planes_with_ripe_runs(connection, now)
    for dataplane_id in ripe:
        parts.news.tell(dataplane_id)
    due = resting.awake(found)
    if due:
        await windows.prepare()
    by_workspace: dict[WorkspaceId, list[DueClock]] = {}
    for item in due:
        by_workspace.setdefault(item.workspace_id, []).append(item)
    failed: list[DueClock] = []
    for items in by_workspace.values():
        failed += await _fire_together(parts, items, now)
        done_at = parts.clock.now()
        parts.lateness.note([_lag(item.clock, done_at) for item in items])
    for item in failed:
        resting.add(item.clock)
    looks_again_at = await _looks_again_at(parts, now, has_more=len(found) == limit, rests=len(resting) > 0)
    return Pass(looks_again_at, len(failed))


async def _looks_again_at(parts: Parts, now: datetime, *, has_more: bool, rests: bool) -> datetime | None:
    if has_more:
        return now
    async with parts.database.reading() as connection:
        next_due_at = await stored.next_due_after(connection, now)
        next_ripe_at = await stored_retries.next_ripe_after(connection, now)
    again = [now + timedelta(seconds=_REST_SECONDS)] if rests else []
    moments = [at for at in (next_due_at, next_ripe_at) if at is not None]
    return min([*again, *moments], default=None)


def _lag(clock: JobClock, done_at: datetime) -> float:
    assert clock.next_fire_at is not None, "a clock that is due has a moment"
    return (done_at - clock.next_fire_at).total_seconds()


async def _fire_together(parts: Parts, items: Sequence[DueClock], now: datetime) -> list[DueClock]:
    """Those that failed."""
    try:
        await _fire_in_one(parts, items, now)
    except Exception:  # noqa: BLE001 - one broken job must not stop the clocks of all others
        if len(items) == 1:
            _log.exception("tick_failed", job_id=items[0].clock.job_id)
            return list(items)
    else:
        return []
    return [item for each in items for item in await _fire_together(parts, [each], now)]


async def _fire_in_one(parts: Parts, items: Sequence[DueClock], now: datetime) -> None:
    async with parts.database.transaction() as connection:
        dataplane_id = await _advance_and_fire(parts, connection, items, now)
    if dataplane_id is not None:
        parts.news.tell(dataplane_id)


async def _advance_and_fire(
    parts: Parts, connection: Connection, items: Sequence[DueClock], now: datetime
) -> str | None:
    """The data plane to wake when a run came of it."""
    workspace_id = items[0].workspace_id
    await hold_work(parts, connection, workspace_id)
    job_ids = [item.clock.job_id for item in items]
    found: dict[JobId, VersionedJob] = {
        job.job.id: job for job in await stored_jobs.jobs_by_id(connection, workspace_id, job_ids)
    }
    scene = await find_scene(connection, workspace_id)
    known = [(item.clock, found[item.clock.job_id]) for item in items]
    assert scene is not None, "a workspace with jobs is never removed"
    after = await windows.in_thread(lambda: [_moved_on(clock, job, now) for clock, job in known])
    moved = await stored.advance_clocks(connection, list(zip((clock for clock, _ in known), after, strict=True)))
    await stored.refresh_next_fire(connection, job_ids)
    requests = [
        FireRequest(job=job, trigger=clock.trigger, source=Source.CLOCK)
        for (clock, job), is_ours in zip(known, moved, strict=True)
        if is_ours
    ]
    fired = await fire(parts, connection, scene, requests, at=now)
    for item in fired:
        if isinstance(item.decision, Declined):
            _log.info("tick_declined", job_id=item.request.job.job.id, status=str(item.decision.status))
    return scene.dataplane_id if any(item.run is not None for item in fired) else None


def _moved_on(clock: JobClock, job: VersionedJob, now: datetime) -> JobClock:
    return wound(replace(clock, last_fire_at=clock.next_fire_at), job.version.definition, now)
