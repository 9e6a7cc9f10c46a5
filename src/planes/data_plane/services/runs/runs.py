"""One leased run, from its lease to its exit.

    accept ─► prepare ─► start ─► watch ─► tidy ─► report
                 │          └─ adopt: after a restart of this process it goes on here
                 └─ cannot start: a sealed log that says why

Each step may run twice; where a run stands is read from its row and its folder. A runner is asked for again only when
none has taken the run, and none can take it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.executor.apps import AppPlace, find_app, wait_healthy
from planes.data_plane.executor.layout import RunPlace
from planes.data_plane.executor.local import (
    Ended,
    EndedBeforeStart,
    LocalExecutor,
    NoRoom,
    NoSuchRun,
    Outcome,
    RunningRun,
    RunNotStarted,
    StartedBefore,
    log_folder,
)
from planes.data_plane.logs import Consolidation
from planes.data_plane.services.alerts.alert_queue import AlertQueue
from planes.data_plane.services.apps import Apps
from planes.data_plane.services.held_runs import Held, HeldRuns
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.outbox import Outbox
from planes.data_plane.services.reporting.reports import build_status
from planes.data_plane.services.reporting.restored import say_again
from planes.data_plane.services.runs.endings import CANCELLED, decide_end
from planes.data_plane.services.runs.preparing import (
    CannotStart,
    Foreseen,
    LeaseLost,
    Preparing,
    Ready,
)
from planes.data_plane.services.runs.run_log import write_end, write_notes
from planes.data_plane.services.scrubbing.hits import Hits
from planes.data_plane.services.telemetry.artifacts import Artifacts
from planes.storage.data import runs
from planes.storage.errors import AlreadyThere
from planes.storage.types import Row
from planes.wire.link import Lease, ReportedStatus

STALE = "stale"
# dlt sends its last report from a thread of the ending process; after this the secret opens nothing.
BEACON_GRACE_SECONDS = 60
_STARTS = 2
# To say that a run has started would take what its first line needs to get to whoever waits for it.
_FIRST_MOMENTS_SECONDS = 0.03
_log = structlog.get_logger("planes.data_plane.runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Who is told of an end: `artifacts` before the run's files go, others in the transaction that writes it down."""

    hits: Hits
    alerts: AlertQueue
    artifacts: Artifacts


class Runs:
    """Carries the runs of this plane. `leases` and `active` are what the worker tells the control plane."""

    def __init__(
        self,
        parts: Parts,
        executor: LocalExecutor,
        preparing: Preparing,
        findings: Findings,
        on_end: Callable[[], None],
    ) -> None:
        self.apps = Apps()
        self._parts = parts
        self._hits = findings.hits
        self._alerts = findings.alerts
        self._artifacts = findings.artifacts
        self._on_end = on_end
        self._executor = executor
        self._preparing = preparing
        self.held = HeldRuns()
        self._ready: dict[str, Ready] = {}
        self._beacons_until: list[datetime] = []
        self.outbox = Outbox(parts, self._on_stale)
        self.consolidation = Consolidation(lambda: parts.folder.glob("orgs/*/workspaces/*/runs/*/ctl/segments"))

    async def load(self) -> list[str]:
        """Ids of the runs that were open when this process last ended, each to be carried on."""
        async with self._parts.database.transaction() as connection:
            await runs.close_beacons(connection, self._parts.clock.now())
            rows = await runs.list_open(connection)
        for row in rows:
            held = Held(workspace_id=row["workspace_id"], fence=row["fence"], stop_reason=row["stop_reason"])
            self.held.open(row["id"], held)
            self.apps.begin(Lease.model_validate(row["lease"]))
        return [row["id"] for row in rows]

    async def accept(self, lease: Lease, token: str | None = None) -> bool:
        """Writes a lease down, but not the run's `token` at the control plane, if that came with it.

        False when it is known already: then nothing is to be done.
        """
        if lease.run_id in self.held:
            return False
        row: dict[str, Any] = {
            "id": lease.run_id,
            "organization_id": lease.organization_id,
            "workspace_id": lease.workspace_id,
            "job_ref": lease.job_ref[:512],
            "number": lease.number,
            "profile": lease.profile[:128],
            "fence": lease.fence,
            "lease": lease.model_dump(mode="json"),
            "state": runs.LEASED,
            "leased_at": self._parts.clock.now(),
        }
        held = Held(workspace_id=lease.workspace_id, fence=lease.fence)
        self.held.open(lease.run_id, held)
        try:
            with self.held.arriving(lease.workspace_id, lease.run_id):
                ready = await self._write_or_find(lease, row, token)
        except AlreadyThere:
            self.held.close(lease.run_id)
            _log.warning("lease_repeated", run_id=lease.run_id, fence=lease.fence)
            await self.say_again(lease.run_id, lease.fence)
            return False
        except BaseException:
            self.held.close(lease.run_id)  # not written down, so not held: it may be leased again
            raise
        self.outbox.wake_soon()
        if ready is not None:
            self._ready[lease.run_id] = ready
        held.accepted = lease, token
        held.folder = self._place(lease).root
        self.held.note_arrival()
        self.apps.begin(lease)
        return True

    async def say_again(self, run_id: str, fence: int) -> None:
        """Tells the end of a run once more, if it has ended here. May be called again."""
        if run_id not in self.held and await say_again(self._parts.database, run_id, fence):
            self.outbox.wake()

    async def _write_or_find(self, lease: Lease, row: dict[str, Any], token: str | None) -> Ready | None:
        """Raises: AlreadyThere for a lease that is no news; one whose commit was not answered is, as nobody carries it.

        A database that goes away in a commit may have kept what it was given.
        """
        try:
            return await self._write_with_start(lease, row, token)
        except AlreadyThere:
            async with self._parts.database.reading() as connection:
                found = await runs.find(connection, lease.run_id)
            if found is None or found["state"] == runs.DONE or found["fence"] != lease.fence:
                raise
            return None

    async def _write_with_start(self, lease: Lease, row: dict[str, Any], token: str | None) -> Ready | None:
        """With what the run is made of, where that is at hand: a start waits for one transaction less."""
        foreseen = await self._preparing.foresee(lease, token)
        is_written = False

        async def write_down() -> None:
            nonlocal is_written
            assert foreseen is not None, "asked below"
            await self._write_down(lease, {**row, **foreseen.columns}, foreseen)
            is_written = True

        if foreseen is not None:
            try:
                return await self._preparing.make_ready(lease, foreseen, write_down)
            except AlreadyThere:
                raise
            except Exception as exc:  # noqa: BLE001 - whatever it is: the run is carried, and finds out itself
                _log.warning("start_not_written", run_id=lease.run_id, reason=type(exc).__name__)
        if not is_written:
            await self._write_down(lease, row)
        return None

    async def _write_down(self, lease: Lease, row: dict[str, Any], foreseen: Foreseen | None = None) -> None:
        async with self._parts.database.transaction() as connection:
            await runs.add(connection, row)
            report = build_status(lease.fence, ReportedStatus.STARTING, row["leased_at"])
            await self.outbox.queue(connection, lease.run_id, report)
            if lease.previous_job_run_id is not None:
                await self._alerts.tried_again(connection, lease.previous_job_run_id, lease)
            if foreseen is not None:
                await self._preparing.write_foreseen(connection, lease, foreseen)

    async def leases(self) -> dict[str, int]:
        """Leases to renew (run → fence): runs that go on, and ended ones of which something is still to be said."""
        return {**await self.outbox.unsaid_runs(), **self.held.fences()}

    async def close_beacons(self) -> None:
        """Forgets the secrets of runs that ended a while ago. Costs nothing while there are none."""
        now = self._parts.clock.now()
        if not any(until <= now for until in self._beacons_until):
            return
        self._beacons_until = [until for until in self._beacons_until if until > now]
        async with self._parts.database.transaction() as connection:
            await runs.close_beacons(connection, now)

    @property
    def active(self) -> int:
        """How many slots are taken."""
        return len(self.held)

    async def carry(self, run_id: str) -> RunPlace:
        """Carries one run from where it stands to its end. May be called again after a failure at any point.

        What the job has left is to be removed afterwards: `remove_left`.
        """
        held = self.held[run_id]
        accepted, held.accepted = held.accepted, None
        lease, token = accepted or (await self._read_lease(run_id), None)
        place = self._place(lease)
        try:
            found = await self._find_or_start(lease, place, token)
        except LeaseLost:
            await self._on_stale(run_id)
            found = await self._end_unstarted(lease, place, CANCELLED, ["The run was taken away."])
        outcome = await self._watch(found) if isinstance(found, RunningRun) else found
        await self._finish(lease, place, outcome)
        self.held.close(run_id)
        self.consolidation.add(log_folder(place.root))
        return place

    async def remove_all_left(self, but: Collection[str]) -> None:
        """The same of all runs that an earlier life of this process ended; `but` runs are carried on."""
        for left in await to_thread.run_sync(
            lambda: list(self._parts.folder.glob("orgs/*/workspaces/*/runs/*/work.left"))
        ):
            if left.parent.name not in but:
                await self.remove_left(RunPlace(left.parent))

    async def remove_left(self, place: RunPlace) -> None:
        """Removes what an ended run's job has left, which may take minutes."""
        await _in_steps(place.remove_work)

    async def stop(self, run_id: str, fence: int | None, reason: str = CANCELLED) -> None:
        """Asks for the end of a run, if its lease has this fence (None: whatever it is). May be called again."""
        held = self.held.find(run_id)
        if held is None or (fence is not None and held.fence != fence):
            return
        if held.stop_reason is None:
            held.stop_reason = reason
            async with self._parts.database.transaction() as connection:
                await runs.change(connection, run_id, {"stop_reason": reason})
        if held.running is not None:
            await held.running.stop(held.stop_reason)

    async def wait_told(self, run_id: str, seconds: float) -> None:
        """Returns when the control plane has heard of the run's end; if it does not answer, `seconds` after that."""
        held = self.held.find(run_id)
        if held is not None:
            await held.over.wait()
        with anyio.move_on_after(seconds):
            await self.outbox.wait_said(run_id)

    async def _read_lease(self, run_id: str) -> Lease:
        async with self._parts.database.reading() as connection:
            row = await runs.find(connection, run_id)
        assert row is not None, "a run is written down before it is carried"
        return Lease.model_validate(row["lease"])

    async def _find_or_start(self, lease: Lease, place: RunPlace, token: str | None) -> RunningRun | Outcome:
        ready = self._ready.pop(lease.run_id, None)
        if place.root.exists():
            try:
                found = await self._find(place)
            except NoSuchRun:
                pass
            else:
                if ready is not None:
                    await self._preparing.let_go(ready)
                return found
        return await self._start(lease, place, token, ready)

    async def _find(self, place: RunPlace) -> RunningRun | Outcome:
        found = await self._executor.adopt(place.root)
        return found.outcome if isinstance(found, Ended) else found

    async def _start(
        self, lease: Lease, place: RunPlace, token: str | None, ready: Ready | None
    ) -> RunningRun | Outcome:
        try:
            prepared = await self._preparing.prepare(lease, token, ready)
        except CannotStart as exc:
            return await self._end_unstarted(lease, place, "failed", [str(exc)])
        except LeaseLost:
            raise
        except Exception as exc:  # noqa: BLE001 - the edge of a run: a defect of ours must not leave it hanging
            _log.error("run_not_prepared", run_id=lease.run_id, exc_info=exc)
            words = "The region could not prepare this run: an internal error. Its service log says more."
            return await self._end_unstarted(lease, place, "failed", [words])
        berth = prepared.berth
        self.held[lease.run_id].prepared.set()
        if self.held[lease.run_id].stop_reason is not None:
            if berth is not None:
                await to_thread.run_sync(berth.discard)
            return await self._end_unstarted(lease, place, CANCELLED, ["Stopped before it was started."])
        why, spec = "It may be out of memory or of processes", prepared.spec
        for _ in range(_STARTS):
            try:
                await to_thread.run_sync(write_notes, place.root, prepared.notes, prepared.registered)
            except OSError:
                if berth is not None:
                    await to_thread.run_sync(berth.discard)
                raise
            try:
                taken, berth = berth, None
                return await self._executor.start(spec, prepared.registered, taken)
            except (StartedBefore, RunNotStarted) as exc:
                _log.warning("run_not_started", run_id=lease.run_id, reason=str(exc))
                why = str(exc) if isinstance(exc, NoRoom) else why
            try:
                return await self._find(place)
            except NoSuchRun:
                spec = replace(spec, claim=None)  # no runner has taken it, and none can any more under that claim
        words = f"This region could not start a process for the run. {why}."
        return await self._end_unstarted(lease, place, "failed", [words])

    async def _watch(self, running: RunningRun) -> Outcome:
        held = self.held[running.run_id]
        held.running = running
        held.prepared.set()
        held.taken.set()
        if held.stop_reason is not None:
            await running.stop(held.stop_reason)
        try:
            at = await running.wait_started(_FIRST_MOMENTS_SECONDS)
        except EndedBeforeStart as exc:
            return exc.outcome
        held.begun.set()
        app = await to_thread.run_sync(find_app, running.folder)
        if app is not None:
            return await self._watch_app(running, app)
        await self._note_started(running, at)
        return await running.wait()

    async def _watch_app(self, running: RunningRun, app: AppPlace) -> Outcome:
        """An app is said to run once it answers: until then whoever opens it sees that it starts (Contract: 5.4)."""

        async def tell_when_healthy() -> None:
            await wait_healthy(app)
            with anyio.CancelScope(shield=True):
                self.apps.ready(running.run_id, app)
                await self._note_started(running, self._parts.clock.now())

        outcome: Outcome | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(tell_when_healthy)
            outcome = await running.wait()
            group.cancel_scope.cancel()
        assert outcome is not None, "the wait above has answered or raised"
        return outcome

    async def _note_started(self, running: RunningRun, at: datetime) -> None:
        async with self._parts.database.transaction() as connection:
            row = await runs.find(connection, running.run_id)
            if row is None or row["state"] != runs.LEASED:
                return  # an earlier life of this process has said so
            await runs.change(connection, running.run_id, {"state": runs.STARTED, "started_at": at})
            report = build_status(running.fence, ReportedStatus.RUNNING, at)
            await self.outbox.queue(connection, running.run_id, report)
        self.outbox.wake()

    async def _end_unstarted(self, lease: Lease, place: RunPlace, outcome: str, reasons: list[str]) -> Outcome:
        return await to_thread.run_sync(write_end, place.root, lease.run_id, lease.fence, outcome, reasons)

    async def _finish(self, lease: Lease, place: RunPlace, outcome: Outcome) -> None:
        """The log is sealed: the job's files go out of reach, then the control plane hears of the end."""
        self.apps.end(lease.run_id)
        await self._artifacts.keep(lease.run_id, place)
        self._preparing.ended(lease.run_id)
        await _in_steps(place.remove_configuration, place.remove_artifacts, place.set_work_aside)
        beacon_until = self._parts.clock.now() + timedelta(seconds=BEACON_GRACE_SECONDS)
        values: dict[str, Any] = {
            "state": runs.DONE,
            "ended_at": datetime.fromisoformat(outcome.finished_at),
            # A runner that was killed has told nothing: what its log masks is counted there, later.
            "masked": outcome.hits if outcome.reason != "runner_killed" else None,
            "beacon_until": beacon_until,
        }
        async with self._parts.database.transaction() as connection:
            before = await runs.find(connection, lease.run_id)
            values |= decide_end(lease, outcome, before, self.held[lease.run_id].stop_reason)
            await runs.change(connection, lease.run_id, values)
            row = await runs.find(connection, lease.run_id)
            assert row is not None, "a run is written down before it ends"
            await self._hits.note(connection, row, values["masked"] or {}, values["ended_at"])
            if self.held[lease.run_id].stop_reason != STALE:
                await self._say_started_late(connection, row, outcome)
                report = build_status(lease.fence, ReportedStatus(values["outcome"]), values["ended_at"])
                await self.outbox.queue(connection, lease.run_id, report)
                await self._alerts.run_ended(connection, row)
        self._beacons_until.append(beacon_until)
        self.outbox.wake()
        self._on_end()
        _log.info("run_ended", run_id=lease.run_id, fence=lease.fence, outcome=values["outcome"], reason=outcome.reason,
                  lines=outcome.lines)  # fmt: skip

    async def _say_started_late(self, connection: Any, row: Row, outcome: Outcome) -> None:
        """A run that began and ended while this process was away was running too."""
        if row["started_at"] is None and outcome.user_started_at is not None:
            at = row["started_at"] = datetime.fromisoformat(outcome.user_started_at)
            await runs.change(connection, row["id"], {"started_at": at})
            await self.outbox.queue(connection, row["id"], build_status(row["fence"], ReportedStatus.RUNNING, at))

    async def _on_stale(self, run_id: str) -> None:
        """Nobody takes this plane's word for the run any more: it is ended, and nothing is said of it."""
        held = self.held.find(run_id)
        if held is None:
            return
        held.stop_reason = STALE
        async with self._parts.database.transaction() as connection:
            await runs.change(connection, run_id, {"stop_reason": STALE})
        if held.running is not None:
            await held.running.stop(STALE)

    def _place(self, lease: Lease) -> RunPlace:
        return self._preparing.place_of(lease.organization_id, lease.workspace_id).run(lease.run_id)


async def _in_steps(*steps: Callable[[], None]) -> None:
    """Removes what a run has left. What cannot be removed now is housekeeping's."""
    for step in steps:
        try:
            await to_thread.run_sync(step)
        except OSError as exc:
            _log.error("work_folder_left", reason=exc.strerror)
