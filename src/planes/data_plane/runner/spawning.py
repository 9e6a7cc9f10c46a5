"""Starting a step's process, as the runner sees it: what its fork does is in `becoming`."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import NamedTuple

from planes.data_plane.runner.becoming import Ends, be_bubblewrap, be_child, refusal
from planes.data_plane.runner.containment.first_process import GO
from planes.data_plane.runner.groups import RunGroup
from planes.data_plane.runner.request import Confinement, Step
from planes.data_plane.runner.telling import hear, open_line

PIPE_BYTES = 256 * 1024


class StepNotStarted(Exception):
    """A step's process could not be started; the message is for the run's log."""


class StepProcess(NamedTuple):
    """A started step: the pid is also its process group and session; the descriptors are read ends, non-blocking.

    `first` is the first process of its namespace, and `status` where that says how the program ended: None where the
    program is a child of the runner's. `binds` hears of the listening sockets of an app (`runner.binds`); None for any
    other step, and where the system cannot tell. `gaps` are the parts of its containment that this system lacks.
    `adds_to_signals`: `first` is bubblewrap, which answers with a signal's number as an exit code.
    """

    pid: int
    stdout: int
    stderr: int
    first: int | None = None
    status: int | None = None
    binds: int | None = None
    gaps: tuple[str, ...] = ()
    adds_to_signals: bool = False


class _NoNamespaces(Exception):
    """This system does not let us have them; the message says what failed."""


def spawn(step: Step, stdin: int | None = None, group: RunGroup | None = None) -> StepProcess:
    """Start a step in its run's group. Returns when its program runs. `stdin` is its standard input, else empty.

    Raises: StepNotStarted.
    """
    if os.geteuid() == 0 and not (step.uid and step.gid):
        raise StepNotStarted("refused: the platform runs as root and has no other uid for this run")
    group = group or RunGroup({})
    if group.bounds_processes:
        # The limit of its uid would count what other runs of its workspace have, and refuse before the group does.
        step = step._replace(limits=step.limits._replace(processes=None))
    if step.confinement is None:
        return _start(step, stdin, group, is_apart=False)
    # An app's listening socket is replaced by the runner, who would have to be asked from inside the sandbox.
    if step.confinement.is_strict and step.app_port is None:
        return _spawn_strict(step, step.confinement, stdin, group)
    return _spawn_apart(step, step.confinement, stdin, group)


def _spawn_strict(step: Step, confinement: Confinement, stdin: int | None, group: RunGroup) -> StepProcess:
    """Inside bubblewrap; where that cannot be, on the floor, and said. Raises: StepNotStarted."""
    from planes.data_plane.runner.containment.bubblewrap import NoBubblewrap

    try:
        if confinement.bubblewrap is None:
            raise NoBubblewrap("it is not on this machine, or too old")
        return _start_strict(step, confinement, stdin, group)
    except NoBubblewrap as error:
        gap = f"not in bubblewrap ({error})"
        if confinement.is_required:
            raise StepNotStarted(refusal([gap])) from error
        started = _spawn_apart(step, confinement, stdin, group)
        return started._replace(gaps=(gap, *started.gaps))


def _start_strict(step: Step, confinement: Confinement, stdin: int | None, group: RunGroup) -> StepProcess:
    from planes.data_plane.runner.containment.bubblewrap import await_start

    (stdout, stdout_end), (stderr, stderr_end), (failure, failure_end), (ready, ready_end), (info, info_end) = (
        os.pipe() for _ in range(5)
    )
    runner = os.getpid()
    pid = os.fork()
    if pid == 0:
        ends = Ends(stdout_end, stderr_end, failure_end, info_end, ready_end, stdin)
        be_bubblewrap(step, confinement, runner, ends, group.join)
    _close(stdout_end, stderr_end, failure_end, ready_end, info_end)
    try:
        with open(failure, "rb") as failing:
            message = failing.read().decode(errors="replace")
        if message:
            raise StepNotStarted(message)
        process_group = await_start(ready, info, stderr)
    except BaseException:
        _close(stdout, stderr, ready, info)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    _close(ready, info)
    for descriptor in (stdout, stderr):
        os.set_blocking(descriptor, False)
        _widen(descriptor)
    return StepProcess(process_group, stdout, stderr, first=pid, adds_to_signals=True)


def _spawn_apart(step: Step, confinement: Confinement, stdin: int | None, group: RunGroup) -> StepProcess:
    """In namespaces of its own; where they cannot be, without them, and said. Raises: StepNotStarted."""
    try:
        return _start(step, stdin, group, is_apart=True)
    except _NoNamespaces as error:
        gap = f"no process namespace ({error})"
        if confinement.is_required:
            raise StepNotStarted(refusal([gap])) from error
        started = _start(step, stdin, group, is_apart=False)
        return started._replace(gaps=(gap, *started.gaps))


def _start(step: Step, stdin: int | None, group: RunGroup, *, is_apart: bool) -> StepProcess:
    (stdout, stdout_end), (stderr, stderr_end), (failure, failure_end), (status, status_end) = (
        os.pipe() for _ in range(4)
    )
    line, their_line = open_line()
    # Loaded here: our code may be out of sight, or closed, in the child.
    install_binds = _installer_of_binds() if step.app_port is not None else None
    runner = os.getpid()
    pid = os.fork()
    if pid == 0:
        ends = Ends(stdout_end, stderr_end, failure_end, status_end, their_line.detach(), stdin)
        be_child(step, runner, ends, group.join, install_binds, is_apart=is_apart)
    _close(stdout_end, stderr_end, failure_end, status_end)
    their_line.close()
    with line, open(failure, "rb") as failing:
        try:
            first = _meet_first(line, pid) if is_apart else None
            message = failing.read().decode(errors="replace")
            started = hear(line)
        except BaseException:
            _close(stdout, stderr, status)
            raise
    if message or not started.text:
        _close(stdout, stderr, status)
        os.waitpid(first or pid, 0)
        raise StepNotStarted(message or "it ended before its program began")
    for descriptor in (stdout, stderr):
        os.set_blocking(descriptor, False)
        _widen(descriptor)
    if first is None:
        _close(status)
    gaps = tuple(filter(None, started.text.split("\n")))
    return StepProcess(
        pid=(started.pid if first is not None else None) or pid,
        stdout=stdout,
        stderr=stderr,
        first=first,
        status=status if first is not None else None,
        binds=started.descriptor,
        gaps=gaps,
    )


def _meet_first(line: socket.socket, between: int) -> int:
    """The pid of the first process, which goes on now that nobody stands between. Raises: _NoNamespaces."""
    heard = hear(line)
    os.waitpid(between, 0)
    if heard.pid is None or heard.text.startswith("!"):
        if heard.pid is not None and heard.pid != between:
            os.waitpid(heard.pid, 0)
        raise _NoNamespaces(heard.text.removeprefix("!") or "it ended at once")
    line.send(GO)
    return heard.pid


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _widen(pipe: int) -> None:
    """Let a job that prints much run ahead, instead of waking and stopping it and us in turn for every 64 KiB.

    Not more: what is in the pipe is lost if the runner is killed.
    """
    if sys.platform == "linux":
        # Refused where the uid's pipes hold too much already; then the usual size does.
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _installer_of_binds() -> Callable[[], int]:
    from planes.data_plane.runner import binds

    return binds.install
