"""Running on this machine: starts runners, finds them again, waits for them, stops them.

start ──► RunningRun ──wait──► Outcome          adopt ──► RunningRun | Ended
"""

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from anyio import CapacityLimiter, to_thread

from planes.data_plane.executor.launching import NoRoom, RunnerServer, RunNotStarted, launch
from planes.data_plane.executor.runner_link import RunnerUnreachable, RunnerWakes, connect
from planes.data_plane.executor.standing import Berth, StandBy
from planes.data_plane.executor.takeover import NoSuchRun, read_spec, settle, write_spec
from planes.data_plane.runner.folders import Outcome, RunFolder, read_record
from planes.data_plane.runner.groups import prepare_groups
from planes.data_plane.runner.processes import Process, find_process, list_descendants
from planes.data_plane.runner.request import Limits, Request, Step, render_request
from planes.data_plane.runner.usage import Taken, measure
from planes.data_plane.segments import DEFAULT_MAX_LOG_BYTES
from planes.domain.runs import BUILD_LIMIT_SECONDS
from planes.scrub import ScrubSettings

__all__ = [
    "Ended",
    "EndedBeforeStart",
    "Limits",
    "LocalExecutor",
    "NoRoom",
    "NoSuchRun",
    "Outcome",
    "RunNotStarted",
    "RunSpec",
    "RunningRun",
    "StartedBefore",
    "Step",
    "log_folder",
]

_BETWEEN_SOCKET_AND_RECORD_SECONDS = 0.05
_STARTS_AT_ONCE = 8


class StartedBefore(Exception):
    """The folder is claimed for a run already; `adopt` tells how it stands."""


class EndedBeforeStart(Exception):
    """The run ended before its user process started; `outcome` says how."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """A run to start. `time_limit_seconds` counts from the user's step on, `grace_seconds` as in CONTRACT 5.5.

    `folder` is the run's folder; the executor makes its `ctl/`, the caller its `work/` before.
    """

    run_id: str
    folder: Path
    fence: int
    steps: tuple[Step, ...]
    time_limit_seconds: float
    build_limit_seconds: float = BUILD_LIMIT_SECONDS
    grace_seconds: float = 30.0
    max_log_bytes: int = DEFAULT_MAX_LOG_BYTES
    scrub: ScrubSettings | None = None
    claim: str | None = None
    """The word under which the folder was claimed before; else it is claimed when the run is started."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run found to be over."""

    outcome: Outcome


def new_claim() -> str:
    """A word that no other start has."""
    return os.urandom(16).hex()


def claim(folder: Path, run_id: str, fence: int, word: str) -> None:
    """Claims a folder for one start of a run. Blocking. Raises: StartedBefore."""
    spec = {"run_id": run_id, "fence": fence, "claim": word}
    try:
        write_spec(RunFolder(folder), spec)
    except FileExistsError as error:
        raise StartedBefore(run_id) from error


def log_folder(folder: Path) -> Path:
    """Where the log of the run of a folder lies, for `logs`."""
    return RunFolder(folder).segments


class RunningRun:
    """A run whose runner was alive a moment ago. Holds nothing open: its methods may be called at any time.

    Each of them raises NoSuchRun if the runner was lost before it began the run: then it may be started again.
    """

    def __init__(self, folder: RunFolder, run_id: str, fence: int) -> None:
        self.folder = folder.root
        self.run_id = run_id
        self.fence = fence
        self._folder = folder

    @property
    def log_folder(self) -> Path:
        """The log, for `logs`."""
        return self._folder.segments

    def measure(self, among: Sequence[Process]) -> tuple[int, Taken] | None:
        """The pid of its runner, and what that takes with its job, of processes that were listed. Blocking."""
        record = read_record(self._folder.runner_path)
        runner = find_process(record["pid"]) if record is not None else None
        if record is None or runner is None or runner.start_ticks != record["start_ticks"]:
            return None
        return runner.pid, measure([runner, *list_descendants(runner.pid, among)])

    def wakes(self) -> RunnerWakes:
        """The wake-up source for `logs.follow`."""
        return RunnerWakes(self._folder.root)

    async def wait_started(self, and_seconds: float = 0.0) -> datetime:
        """Wait until the user process runs, and so long after that unless it ends: when it started.

        Raises: EndedBeforeStart.
        """
        while True:
            try:
                async with connect(self._folder) as link:
                    states = link.states()
                    async for state in states:
                        if state["user_started_at"] is not None:
                            if and_seconds:
                                await _wait_ended(states, and_seconds)
                            return datetime.fromisoformat(state["user_started_at"])
            except RunnerUnreachable:
                pass
            outcome = await self._settle()
            if outcome is not None and outcome.user_started_at is not None:
                return datetime.fromisoformat(outcome.user_started_at)
            if outcome is not None:
                raise EndedBeforeStart(outcome)

    async def wait(self) -> Outcome:
        """Wait for the end, however long it takes. If the runner is killed, its run is ended and settled here."""
        while True:
            try:
                async with connect(self._folder) as link:
                    async for _ in link.states():
                        pass
            except RunnerUnreachable:
                pass
            outcome = await self._settle()
            if outcome is not None:
                return outcome

    async def stop(self, reason: str = "cancelled") -> None:
        """Ask for the end: TERM, grace period, TERM, KILL. Returns when the runner knows; may be called again."""
        while True:
            try:
                async with connect(self._folder) as link:
                    await link.stop(reason)
                    return
            except RunnerUnreachable:
                if await self._settle() is not None:
                    return

    async def _settle(self) -> Outcome | None:
        """The outcome, if the run is over; else, after a moment, None."""
        outcome = await to_thread.run_sync(settle, self._folder)
        if outcome is None:
            await anyio.sleep(_BETWEEN_SOCKET_AND_RECORD_SECONDS)
        return outcome


async def _wait_ended(states: AsyncIterator[dict[str, Any]], seconds: float) -> None:
    with anyio.move_on_after(seconds):
        async for state in states:
            if state["ended"]:
                return


class LocalExecutor:
    """Starts runs on this machine. An async context manager; its end does not end a run.

    With `use_server` False every runner starts cold. At most `most_standing` interpreters stand by. Runners hold the
    descriptors `kept_ports` as long as they live.
    """

    def __init__(self, *, use_server: bool = True, most_standing: int = 0, kept_ports: tuple[int, ...] = ()) -> None:
        self._kept_ports = kept_ports
        self._server = RunnerServer(kept_ports) if use_server else None
        self.stand_by = StandBy(self._server, most_standing)
        self._limiter = CapacityLimiter(_STARTS_AT_ONCE)

    async def __aenter__(self) -> Self:
        await to_thread.run_sync(prepare_groups, limiter=self._limiter)
        if self._server is not None:
            await to_thread.run_sync(self._server.start, limiter=self._limiter)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._server.stop)

    @property
    def server_pid(self) -> int | None:
        """The pid of the runner server, for `doctor`."""
        return self._server.pid if self._server is not None else None

    async def start(
        self, spec: RunSpec, registered: Sequence[tuple[str, str]], berth: Berth | None = None
    ) -> RunningRun:
        """Start a run; returns when a runner has taken it.

        `registered` are the (name, value) pairs to scrub. The `berth` whose folder the run has is asked first, and
        spent. Raises: StartedBefore, RunNotStarted.
        """
        folder = RunFolder(spec.folder)
        request = Request(
            run_id=spec.run_id,
            folder=str(spec.folder.absolute()),
            claim=spec.claim or new_claim(),
            fence=spec.fence,
            steps=spec.steps,
            time_limit_seconds=spec.time_limit_seconds,
            build_limit_seconds=spec.build_limit_seconds,
            grace_seconds=spec.grace_seconds,
            max_log_bytes=spec.max_log_bytes,
            registered=tuple(registered),
            scrub=spec.scrub,
        )
        with anyio.CancelScope(shield=True):  # ends by its own deadline; half a start would leave a run nobody knows
            try:
                is_claimed = spec.claim is not None
                await to_thread.run_sync(self._start, folder, request, is_claimed, berth, limiter=self._limiter)
            finally:
                if berth is not None:
                    self.stand_by.leave(berth)
        return RunningRun(folder, spec.run_id, spec.fence)

    async def adopt(self, folder: Path) -> RunningRun | Ended:
        """Find a run again after a restart; settle it if its runner is gone. Raises: NoSuchRun."""
        found = RunFolder(folder)
        outcome = await to_thread.run_sync(settle, found, limiter=self._limiter)
        if outcome is not None:
            return Ended(outcome)
        spec = await to_thread.run_sync(read_spec, found)
        return RunningRun(found, spec["run_id"], spec["fence"])

    def _start(self, folder: RunFolder, request: Request, is_claimed: bool, berth: Berth | None) -> None:
        if not is_claimed:
            claim(folder.root, request.run_id, request.fence, request.claim)
        asked = berth.request if berth is not None else None
        launch(self._server, render_request(request), asked, self._kept_ports)
