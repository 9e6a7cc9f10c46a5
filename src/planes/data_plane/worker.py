"""The worker of a region: asks for leases, carries runs, passes on what the control plane says.

    poll ─► leases ─► carry, one task each          ─► news: revocations, keys, cancels
      ▲                    │
      └── a free slot ◄────┘

A poll is never cut off: what it answers with would be lost. When slots become free while one waits that asked for too
few, a second one asks for the rest.
"""

from __future__ import annotations

from datetime import datetime

import anyio
import anyio.abc
import structlog

from planes.data_plane.services.access.absence import Absence
from planes.data_plane.services.access.enrolment import Enrolment
from planes.data_plane.services.access.revocations import Revocations
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.measuring import Measuring
from planes.data_plane.services.reporting.reports import build_numbers, build_poll
from planes.data_plane.services.runs.runs import Runs
from planes.data_plane.services.upkeep.housekeeping import Housekeeping
from planes.domain.errors import PlaneError
from planes.domain.identifiers import new_id
from planes.domain.region_processes import ANOTHER_PROCESS
from planes.wire.link import PollResponse

_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 5.0
_MOST_POLLS = 2
# Below the time after which a lease of which nothing was heard is delivered again: by these polls the control plane
# hears of what this process was still given.
_ANOTHER_PROCESS_SECONDS = 2.0
# A run that was just leased goes before the next question, which costs both planes as much as a step of its start.
_STARTS_FIRST_SECONDS = 0.1
_log = structlog.get_logger("planes.data_plane.worker")


class Worker:
    """`run` is one task of the plane. Its end leaves runs going: their runners are processes of their own."""

    def __init__(
        self,
        parts: Parts,
        enrolment: Enrolment,
        revocations: Revocations,
        runs: Runs,
        measuring: Measuring,
        housekeeping: Housekeeping,
        home: str | None = None,
    ) -> None:
        self._parts = parts
        self._enrolment = enrolment
        self._revocations = revocations
        self._runs = runs
        self._measuring = measuring
        self._housekeeping = housekeeping
        self._asked_for: list[int] = []
        self._changed = anyio.Event()
        self._instance = new_id()
        self._home = home
        self._absence = Absence(parts.clock)
        self._full_at: datetime | None = None
        self.failures = 0

    def full_at(self) -> datetime | None:
        """When the last slot was taken last: now, while it is; None if it never was in this life."""
        self._note_full(self._runs.active)
        return self._full_at

    def _note_full(self, active: int) -> None:
        if active >= max(1, self._measuring.slots):
            self._full_at = self._parts.clock.now()

    async def run(self) -> None:
        """Adopts what an earlier life left, then works until it is cancelled."""
        async with anyio.create_task_group() as group:
            loaded = await self._runs.load()
            for run_id in loaded:
                group.start_soon(self._carry, run_id)
            group.start_soon(self._runs.remove_all_left, loaded)
            group.start_soon(self._runs.outbox.run)
            await self._enrolment.wait()  # as long as it takes: without it nothing may be asked
            await self._poll_for_ever(group)

    async def _poll_for_ever(self, group: anyio.abc.TaskGroup) -> None:
        while True:
            self._changed = anyio.Event()
            free = max(0, self._measuring.slots - self._runs.active - sum(self._asked_for))
            if not self._asked_for or (free and len(self._asked_for) < _MOST_POLLS):
                self._asked_for.append(free)
                group.start_soon(self._poll, free, group)
            await self._changed.wait()  # a poll has ended, or a run has

    async def _poll(self, free: int, group: anyio.abc.TaskGroup) -> None:
        """One poll, with a pause after it when the control plane does not answer."""
        try:
            answer = await self._ask(free)
            if answer is not None:
                await self._take(answer, group)
                await self._runs.held.wait_begun([lease.run_id for lease in answer.leases], _STARTS_FIRST_SECONDS)
            await self._runs.close_beacons()
        except Exception as exc:  # noqa: BLE001 - the edge of the loop: one bad answer must not end the worker
            self.failures += 1
            _log.error("poll_failed", failures=self.failures, exc_info=exc)
            await anyio.sleep(_FIRST_WAIT_SECONDS)
        finally:
            self._asked_for.remove(free)
            self._wake()

    async def _ask(self, free: int) -> PollResponse | None:
        leases = await self._runs.leases()
        numbers = build_numbers(self._measuring.latest)
        epoch = self._revocations.epoch
        url, which = self._parts.public_url, (self._instance, self._home)
        request = build_poll(free, leases.items(), url, epoch, numbers, *which)
        asked_at = self._parts.clock.monotonic()
        try:
            answer = await self._parts.link.poll(request)
        except PlaneError as exc:
            self._absence.note(exc)
            if exc.code == ANOTHER_PROCESS:
                self._runs.outbox.hold()
                await anyio.sleep(_ANOTHER_PROCESS_SECONDS)
            else:
                await anyio.sleep(_pause(self._absence.tries))
            return None
        self._absence.end(asked_at)
        self._runs.outbox.go_on()
        await self._revocations.apply(answer, epoch)
        return answer

    async def _take(self, answer: PollResponse, group: anyio.abc.TaskGroup) -> None:
        for lease in answer.leases:
            if await self._runs.accept(lease, answer.run_tokens.get(lease.run_id)):
                _log.info("run_leased", run_id=lease.run_id, fence=lease.fence)
                group.start_soon(self._carry, lease.run_id)
        for cancel in answer.cancels:
            group.start_soon(self._stop, cancel.run_id, cancel.fence)
        for unheard in answer.unheard:
            await self._runs.say_again(unheard.run_id, unheard.fence)
        if answer.clean_before is not None:
            group.start_soon(self._clean, answer.clean_before)

    async def _clean(self, before: datetime) -> None:
        try:
            if await self._housekeeping.clean(before):
                await self._measuring.measure_folders()
        except Exception as exc:  # noqa: BLE001 - the edge of a cleaning: it is asked for again, or by hand
            self.failures += 1
            _log.error("cleaning_failed", failures=self.failures, exc_info=exc)

    async def _stop(self, run_id: str, fence: int | None) -> None:
        try:
            await self._runs.stop(run_id, fence)
        except Exception as exc:  # noqa: BLE001 - the edge of a cancel: the control plane asks for it again
            self.failures += 1
            _log.error("stop_stumbled", run_id=run_id, failures=self.failures, exc_info=exc)

    async def _carry(self, run_id: str) -> None:
        """Until it is done: what fails here (a full disk, a locked database) fails the platform, not the run."""
        tries = 0
        with structlog.contextvars.bound_contextvars(run_id=run_id):
            while True:
                try:
                    place = await self._runs.carry(run_id)
                    break
                except Exception as exc:  # noqa: BLE001 - the edge of a run: the others go on
                    self.failures += 1
                    _log.error("run_stumbled", failures=self.failures, exc_info=exc)
                await anyio.sleep(_pause(tries))
                tries += 1
        self._note_full(self._runs.active + 1)  # until this run ended
        self._wake()
        await self._runs.remove_left(place)

    def _wake(self) -> None:
        self._changed.set()


def _pause(tries: int) -> float:
    """Seconds to wait after so many failures."""
    return min(_FIRST_WAIT_SECONDS * 2 ** min(tries, 10), _LONGEST_WAIT_SECONDS)
