"""Watching one step from its start until nothing it started is left.

Where the step has a process namespace the runner's only child is the first process there: it tells how the program
ended, ends when nothing is left, and its end by a signal ends all the rest.

spawn ─► running ──main process ended──► sweeping ──no descendant left──► done
            │                               │
            └── stop: TERM, grace, TERM, KILL (StopPlan) ; sweeping: TERM at once, KILL after the grace period
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from planes.data_plane.runner.containment.first_process import STATUS
from planes.data_plane.runner.control import ControlSocket
from planes.data_plane.runner.output import OutputStream, RunLog
from planes.data_plane.runner.processes import list_descendants, signal_group, signal_processes
from planes.data_plane.runner.reasons import of_left_processes
from planes.data_plane.runner.request import Step
from planes.data_plane.runner.spawning import StepProcess
from planes.data_plane.runner.stopping import StopPlan
from planes.data_plane.runner.watch import Watch
from planes.data_plane.segments import Origin

KILL_AGAIN_SECONDS = 0.05
GIVE_UP_SECONDS = 60.0
TELL_LEFT_AFTER_SECONDS = 1.0
"""What goes on so long after its program has ended is told to the user, who sees a run that does not end."""

CLIENT_RETRY_SECONDS = 0.1
# The first look takes milliseconds, by which its first line would be late: to be stored and, where all cores are
# taken, to get to whoever follows.
FIRST_LOOK_SECONDS = 0.02
FIRST_LINE_SECONDS = 0.005


class StepEnd(NamedTuple):
    """How a step's main process ended: by exit code or by signal, and whether a stop had been asked for before.

    `said` are the last bytes of its stderr, scrubbed.
    """

    exit_code: int | None
    signal: int | None
    was_stopped: bool
    said: bytes = b""


class StepWatcher:
    """Runs the loop for one step."""

    def __init__(self, watch: Watch, control: ControlSocket, log: RunLog, plan: StopPlan) -> None:
        self._watch = watch
        self._control = control
        self._log = log
        self._plan = plan
        self._end: StepEnd | None = None
        self._has_children = True
        self._status: int | None = None
        self._sweep_kill_at: float | None = None
        self._tell_left_at: float | None = None
        self._killing_since: float | None = None
        self._next_kill_at = 0.0

    def run(self, step: Step, process: StepProcess, tick: Callable[[], float], grace_seconds: float) -> StepEnd:
        """Read and wait until the step is over; `tick` is called each round and answers when it wants the next one."""
        before = self._log.lines
        streams = [
            self._log.open_stream(process.stdout, Origin("stdout", step.source, step.stage)),
            self._log.open_stream(process.stderr, Origin("stderr", step.source, step.stage)),
        ]
        for stream in streams:
            self._watch.add(stream.descriptor, self._reader(stream))
        self._status = process.status
        if self._status is not None:
            self._watch.add(self._status, lambda: self._read_status(process, grace_seconds))
        self._watch.on_signal(signal.SIGCHLD, lambda: self._reap(process, grace_seconds))
        self._reap(process, grace_seconds)
        self._watch.wait(0)  # whoever waits for the start is told first
        self._control.flush()
        self._log.prepare()  # while the step's program loads
        self._await_line(before)
        while self._end is None or (self._has_children and not self._is_given_up()):
            look_at = tick()
            self._tell()  # also what the look has said: nothing else may happen for long
            self._watch.wait(self._timeout(look_at))
            self._signal_due(process.pid)
            self._tell_left(process)
            self._tell()
        self._drain(streams)
        return self._end._replace(said=streams[1].said)

    def _await_line(self, before: int) -> None:
        """For a moment, what it prints comes before the first look at its limits; so many lines there were before."""
        until, is_there = time.monotonic() + FIRST_LOOK_SECONDS, False
        self._tell()
        while self._end is None and (left := until - time.monotonic()) > 0:
            self._watch.wait(left)
            self._tell()
            if self._log.lines > before and not is_there:
                until, is_there = time.monotonic() + FIRST_LINE_SECONDS, True

    def _tell(self) -> None:
        """Whoever follows hears of what was stored since."""
        self._control.state["lines"] = self._log.lines
        self._control.flush()

    def _reader(self, stream: OutputStream) -> Callable[[], None]:
        descriptor = stream.descriptor

        def read() -> None:
            stream.read()
            if stream.descriptor < 0:
                self._watch.remove(descriptor)

        return read

    def _drain(self, streams: list[OutputStream]) -> None:
        """Take what is left in the pipes. One that somebody outside still holds open is not waited for."""
        for stream in streams:
            self._watch.remove(stream.descriptor)
            while stream.read():
                pass
            stream.finish()
        self._tell()

    def _read_status(self, process: StepProcess, grace_seconds: float) -> None:
        """What the first process says of the program's end, once."""
        if self._status is None:
            return
        content = os.read(self._status, STATUS.size)
        self._watch.remove(self._status)
        os.close(self._status)
        self._status = None
        if content:
            self._note_end(process.pid, STATUS.unpack(content)[0], grace_seconds)

    def _reap(self, process: StepProcess, grace_seconds: float) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._has_children = False
                return
            if pid == 0:
                return
            if pid == process.first:
                self._read_status(process, grace_seconds)
            if pid == (process.first or process.pid) and self._end is None:
                if process.adds_to_signals:
                    from planes.data_plane.runner.containment.bubblewrap import status_of

                    status = status_of(status)
                self._note_end(process.pid, status, grace_seconds)

    def _note_end(self, main: int, status: int, grace_seconds: float) -> None:
        code = os.waitstatus_to_exitcode(status)
        was_stopped = self._plan.reason is not None
        self._end = StepEnd(None, -code, was_stopped) if code < 0 else StepEnd(code, None, was_stopped)
        now = time.monotonic()
        self._sweep_kill_at = now + grace_seconds
        self._tell_left_at = now + TELL_LEFT_AFTER_SECONDS
        self._signal_all(main, signal.SIGTERM)

    def _tell_left(self, process: StepProcess) -> None:
        now, kill_at = time.monotonic(), self._kill_at()
        if self._tell_left_at is None or now < self._tell_left_at or not self._has_children:
            return
        self._tell_left_at = None
        left = [found for found in list_descendants(os.getpid()) if found.pid != process.first and not found.is_dead]
        if left and kill_at is not None and kill_at > now:
            self._log.explain(of_left_processes(len(left), kill_at - now))

    def _signal_due(self, group: int) -> None:
        now = time.monotonic()
        if self._plan.take_due_term(now):
            if self._end is None:
                signal_group(group, signal.SIGTERM)
            else:
                self._signal_all(group, signal.SIGTERM)
        kill_at = self._kill_at()
        if kill_at is not None and now >= max(kill_at, self._next_kill_at):
            self._killing_since = self._killing_since or now
            self._next_kill_at = now + KILL_AGAIN_SECONDS
            self._signal_all(group, signal.SIGKILL)

    def _signal_all(self, group: int, number: int) -> None:
        """The group and whoever left it. Once its first process is reaped, a group's number may belong to another."""
        if self._end is None or sys.platform != "linux":
            signal_group(group, number)
        signal_processes(list_descendants(os.getpid()), number)

    def _kill_at(self) -> float | None:
        times = [at for at in (self._plan.kill_at, self._sweep_kill_at) if at is not None]
        return min(times) if times else None

    def _is_given_up(self) -> bool:
        """A process that SIGKILL does not end (stuck in the kernel) must not keep the run from ending."""
        return self._killing_since is not None and time.monotonic() > self._killing_since + GIVE_UP_SECONDS

    def _timeout(self, tick_at: float) -> float:
        now = time.monotonic()
        times = [tick_at]
        if self._tell_left_at is not None:
            times.append(self._tell_left_at)
        if self._control.has_waiting_clients:
            times.append(now + CLIENT_RETRY_SECONDS)
        if self._killing_since is not None:
            times.append(self._next_kill_at)
        else:
            times += [at for at in (self._plan.next_at(), self._kill_at()) if at is not None]
        return min(times) - now
