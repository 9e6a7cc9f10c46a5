"""One run from its first step to its exit record."""

import contextlib
import errno
import json
import os
import select
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from planes.data_plane.runner.control import ControlSocket
from planes.data_plane.runner.folders import Outcome, RunFolder, app_socket, remove_sockets, write_record
from planes.data_plane.runner.groups import open_group
from planes.data_plane.runner.limiting import StepLimits
from planes.data_plane.runner.output import Masks, RunLog
from planes.data_plane.runner.processes import find_process, list_descendants, signal_group, signal_processes
from planes.data_plane.runner.reasons import (
    LIMIT_REASONS,
    OUT_OF_MEMORY,
    Evidence,
    Reason,
    find_reason,
    of_fork_wait,
    of_grace,
)
from planes.data_plane.runner.request import Limits, Request, Step
from planes.data_plane.runner.spawning import StepNotStarted, StepProcess, spawn
from planes.data_plane.runner.stalls import QUIET_SECONDS, ForkWait
from planes.data_plane.runner.standing import Standing
from planes.data_plane.runner.steps import StepEnd, StepWatcher
from planes.data_plane.runner.stopping import IDLE, TIME_LIMIT, StopPlan
from planes.data_plane.runner.watch import Watch
from planes.data_plane.segments import SegmentWriter, write_synced

LIMIT_GRACE_SECONDS = 5.0
"""A run that has taken more than its share has so long to end by itself."""


FULL_DISK_RETRY_SECONDS = 0.5


class _End(NamedTuple):
    outcome: str
    reason: str
    step: str | None = None
    exit_code: int | None = None
    signal: int | None = None


class RunOwner:
    """Owns a run: its log, its socket, its processes. The folder's lock must be held by this process.

    Raises: OSError when the folder cannot be written to; then nothing of the run has begun.
    """

    def __init__(
        self, request: Request, folder: RunFolder, standing: Standing | None = None, masks: Masks | None = None
    ) -> None:
        self._request = request
        self._standing = standing
        self._group = standing.group if standing is not None else open_group(_widest(request))
        self._excess: Reason | None = None
        self._folder = folder
        self._started_at = datetime.now(UTC)
        self._deadline = float("inf")
        self._when_over = ""
        self._is_job = False
        self._user_started_at: str | None = None
        self._network: object = None
        self._plan = StopPlan(request.grace_seconds)
        self._watch = Watch()
        self._writer = SegmentWriter(folder.segments, request.max_log_bytes)
        self._log = RunLog(self._writer, request.registered, request.scrub, masks)
        self._control = ControlSocket(folder.socket_path(), self._watch, self._stop)
        self._watch.on_signal(signal.SIGTERM, lambda: self._stop("runner_terminated"))
        process = find_process(os.getpid())
        self.record = {
            "run_id": request.run_id,
            "fence": request.fence,
            "pid": os.getpid(),
            "start_ticks": process.start_ticks if process is not None else None,
            "socket": str(self._control.path),
            "started_at": self._started_at.isoformat(),
            "groups": self._group.paths,
        }
        folder.take_room()
        # Synced: a machine that crashes must not forget that this run was begun.
        write_synced(folder.runner_path, json.dumps(self.record).encode())

    def run(self) -> None:
        """Run every step, seal the log, record the end. Raises: OSError if the log or the record cannot be synced.

        A full disk is waited for: the end is told in the room that was set aside, else when there is room again.
        """
        try:
            end = self._run_steps()
        except Exception as error:  # noqa: BLE001 - the edge of the process: a defect here must end as a recorded end
            end = self._fail(error)
        self._group.close()
        self._folder.release_room()
        self._log.say(_last_words(end))
        _with_room(self._log.catch_up)
        _with_room(self._writer.seal)
        outcome = Outcome(
            run_id=self._request.run_id,
            fence=self._request.fence,
            outcome=end.outcome,
            reason=end.reason,
            step=end.step,
            exit_code=end.exit_code,
            signal=end.signal,
            started_at=self._started_at.isoformat(),
            user_started_at=self._user_started_at,
            finished_at=datetime.now(UTC).isoformat(),
            hits=dict(self._log.hits),
            lines=self._log.lines,
        )
        _with_room(partial(self._folder.write_outcome, outcome))
        self._control.state.update(lines=self._log.lines, ended=True)
        remove_sockets(self._control.path)
        self._control.close()
        self._writer.close()

    def _run_steps(self) -> _End:
        for step in self._request.steps:
            self._log.stage = step.stage
            self._limit_time(step)
            if self._plan.reason is not None:
                return self._stopped(step)
            words = "preparing workspace" if step.source == "setup" else "starting"
            began = datetime.now(UTC)
            try:
                process = self._start(step)
            except StepNotStarted as error:
                self._log.say(f"{words}: {step.name}")
                self._log.say(f"{step.name} could not be started: ", foreign=str(error))
                return _End("failed", "not_started", step.name)
            self._note_started(step, process)
            # Nothing has been read of it yet, so this line still comes first.
            self._log.say(f"{words}: {step.name}")
            for gap in process.gaps:
                self._log.say("uncontained: ", foreign=gap)
            if step.app_port is not None:
                self._guard_app(process, step.app_port)
            watcher = StepWatcher(self._watch, self._control, self._log, self._plan)
            limits = StepLimits(self._group, step, began)
            tick = partial(self._tick, limits, ForkWait(process.pid) if self._is_job else None)
            end = self._judge(step, watcher.run(step, process, tick, self._request.grace_seconds), limits)
            if end is not None:
                return end
        return _End("completed", "completed", exit_code=0)

    def _start(self, step: Step) -> StepProcess:
        """By the interpreter that stands by for it, else cold. Raises: StepNotStarted."""
        standing, self._standing = self._standing, None
        return (standing.begin(step) if standing is not None else None) or spawn(step, group=self._group)

    def _guard_app(self, process: StepProcess, port: int) -> None:
        """Until then the app waits where it wants to listen."""
        from planes.data_plane.runner.app_network import AppNetwork

        try:
            # Kept: the forwarder ends when nobody holds it any more.
            self._network = network = AppNetwork(app_socket(self._control.path), port, process.binds)
        except OSError as error:
            self._log.say("the way to this app could not be opened: ", foreign=str(error.strerror))
            signal_group(process.pid, signal.SIGKILL)
            return
        gap = network.guard(self._watch)
        if gap is not None:
            self._log.say(f"uncontained: {gap}")

    def _note_started(self, step: Step, process: StepProcess) -> None:
        found = find_process(process.pid)
        if step.source == "user" and self._user_started_at is None:
            self._user_started_at = datetime.now(UTC).isoformat()
        write_record(
            self._folder.step_path,
            {
                "name": step.name,
                "stage": step.stage,
                "pid": process.pid,
                "start_ticks": found.start_ticks if found else None,
                "user_started_at": self._user_started_at,
                "contained": self._containment(step, process),
            },
        )
        self._control.state.update(step=step.name, user_started_at=self._user_started_at, lines=self._log.lines)
        self._control.flush()

    def _containment(self, step: Step, process: StepProcess) -> dict[str, Any]:
        """What the run's page says of it."""
        group = self._group
        return {
            "gaps": list(process.gaps),
            "own_user": step.uid is not None,
            "limits": step.limits._asdict(),
            "by_kernel": {"memory": group.bounds_memory, "processes": group.bounds_processes},
        }

    def _tick(self, limits: StepLimits, fork_wait: ForkWait | None) -> float:
        """Stop the run if its time is over, or its share of the machine; the moment to look again."""
        at = self._note_deadline()
        if self._excess is not None:
            return at
        now = time.monotonic()
        if fork_wait is not None and self._plan.reason is None:
            if fork_wait.is_told(now, self._log.lines):
                self._log.explain(of_fork_wait(QUIET_SECONDS))
            at = min(at, fork_wait.next_at)
        found = limits.look(now)
        if found is None:
            return min(at, limits.next_at())
        grace = 0.0 if found.word == OUT_OF_MEMORY else LIMIT_GRACE_SECONDS
        if self._plan.request(found.word, now, grace):
            self._excess = found
        return at

    def _limit_time(self, step: Step) -> None:
        """A job's limit is for its own code: a build that takes longer would end every one of its runs anew."""
        is_job = step.source == "user"
        seconds = self._request.time_limit_seconds if is_job else self._request.build_limit_seconds
        self._deadline = time.monotonic() + seconds
        said = f"time limit of {seconds:g} s reached: stopping"
        sets = "`execute` timeout" if step.app_port is None else "`idle_timeout`, or `execute` timeout,"
        self._when_over = f"{said}; the job's {sets} sets it" if is_job else f"{step.name}: {said}"
        self._is_job = is_job

    def _note_deadline(self) -> float:
        """Stop the run if its time is over; the moment to look again."""
        now = time.monotonic()
        if now < self._deadline:
            return self._deadline
        if self._plan.request(TIME_LIMIT, now):
            self._log.explain(self._when_over)
            self._tell_grace()
        return now + 3600

    def _stop(self, reason: str) -> None:
        if self._plan.request(reason, time.monotonic()):
            if reason == IDLE:
                self._log.explain("nobody has used this app for a while: stopping")
            else:
                self._log.say("stop requested: ", foreign=reason)
                self._tell_grace()
            self._control.state["stopping"] = reason

    def _tell_grace(self) -> None:
        """A program may go on for a while: dlt's launcher takes the first signal for its own code (Contract: 5.5)."""
        if self._is_job and self._request.grace_seconds > 0:
            self._log.explain(of_grace(self._request.grace_seconds))

    def _judge(self, step: Step, end: StepEnd, limits: StepLimits) -> _End | None:
        """What a step's end means for the run; None: go on."""
        if end.was_stopped:
            return self._stopped(step, end)
        if end.exit_code == 0:
            if step.app_port is not None:
                self._log.explain("this app has ended by itself")
            return None
        evidence = Evidence(
            exit_code=end.exit_code,
            signal=end.signal,
            said=end.said,
            memory_kills=limits.memory_kills,
            machine_kills=limits.machine_kills,
            refused_processes=self._group.refused_processes(),
            is_user=step.source == "user",
        )
        found = find_reason(evidence, step.limits)
        if found is not None:
            self._log.explain(found.text)
        reason = found.word if found is not None else "signal" if end.signal is not None else "exit_code"
        return _End("failed", reason, step.name, end.exit_code, end.signal)

    def _stopped(self, step: Step, end: StepEnd | None = None) -> _End:
        reason = self._plan.reason or "cancelled"
        outcome = "failed" if reason in {TIME_LIMIT, "runner_terminated", *LIMIT_REASONS} else "cancelled"
        if self._excess is not None and self._excess.word == reason:
            self._log.explain(self._excess.text)
        return _End(outcome, reason, step.name, end.exit_code if end else None, end.signal if end else None)

    def _fail(self, error: Exception) -> _End:
        """End what runs. The message of the error may hold text of the job, so only its place is told."""
        signal_processes(list_descendants(os.getpid()), signal.SIGKILL)
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "?"
        with contextlib.suppress(OSError):
            self._log.say(f"the runner failed: {type(error).__name__} at {place}")
        return _End("failed", "runner_error")


def _with_room(write: Callable[[], object]) -> None:
    """Until it is written; while the disk is full it is tried again. Raises: OSError for any other reason."""
    while True:
        try:
            write()
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            select.select([], [], [], FULL_DISK_RETRY_SECONDS)
        else:
            return


def _widest(request: Request) -> Limits:
    """The group is the run's: it has the share of its last step, which is the job's."""
    return request.steps[-1].limits if request.steps else Limits()


def _last_words(end: _End) -> str:
    if end.reason == "completed":
        return "exit code 0"
    if end.signal is not None:
        how = f"ended by signal {end.signal}"
    elif end.exit_code is not None:
        how = f"exit code {end.exit_code}"
    else:
        how = "not started" if end.reason != "runner_error" else "not finished"
    if end.reason in {"exit_code", "signal"}:
        return how
    return f"{how}; {end.outcome}" + ("" if end.reason == end.outcome else f": {end.reason}")
