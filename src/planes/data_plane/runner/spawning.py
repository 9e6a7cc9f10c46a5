"""Starting a step's process: from a fork of the runner to the step's own program, with nothing of the platform's."""

import contextlib
import fcntl
import os
import resource
import signal
import socket
import sys
from typing import NamedTuple, NoReturn

from planes.data_plane.runner import kernel
from planes.data_plane.runner.request import Limits, Step

PIPE_BYTES = 256 * 1024
_RESET_SIGNALS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGCHLD,
)


class StepNotStarted(Exception):
    """A step's process could not be started; the message is for the run's log."""


class StepProcess(NamedTuple):
    """A started step: the pid is also its process group and session; the descriptors are read ends, non-blocking.

    `binds` hears of the listening sockets of an app (`runner.binds`); None for any other step, and where the system
    cannot tell.
    """

    pid: int
    stdout: int
    stderr: int
    binds: int | None = None


def spawn(step: Step) -> StepProcess:
    """Start a step. Returns when its program runs. Raises: StepNotStarted."""
    if os.geteuid() == 0 and not (step.uid and step.gid):
        raise StepNotStarted("refused: the platform runs as root and has no other uid for this run")
    stdout, stdout_end = os.pipe()
    stderr, stderr_end = os.pipe()
    failure, failure_end = os.pipe()
    telling, telling_end = socket.socketpair() if step.app_port is not None else (None, None)
    runner = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(step, runner, (stdout_end, stderr_end, failure_end), telling_end)
    for descriptor in (stdout_end, stderr_end, failure_end):
        os.close(descriptor)
    if telling_end is not None:
        telling_end.close()
    with open(failure, "rb") as pipe:
        message = pipe.read().decode(errors="replace")
    if message:
        os.close(stdout)
        os.close(stderr)
        os.waitpid(pid, 0)
        raise StepNotStarted(message)
    for descriptor in (stdout, stderr):
        os.set_blocking(descriptor, False)
        _widen(descriptor)
    return StepProcess(pid, stdout, stderr, _take_told(telling))


def _take_told(telling: socket.socket | None) -> int | None:
    """What the child sent before its program began."""
    if telling is None:
        return None
    with telling:
        _, descriptors, _, _ = socket.recv_fds(telling, 1, 1)
    return descriptors[0] if descriptors else None


def _widen(pipe: int) -> None:
    """Let a job that prints much run ahead, instead of waking and stopping it and us in turn for every 64 KiB.

    Not more: what is in the pipe is lost if the runner is killed.
    """
    if sys.platform == "linux":
        # Refused where the uid's pipes hold too much already; then the usual size does.
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _become(step: Step, runner: int, ends: tuple[int, int, int], telling: socket.socket | None) -> NoReturn:
    """In the child: turn into the step's program. A failure is written to the last descriptor, which exec closes."""
    stdout_end, stderr_end, failure_end = ends
    doing = "session"
    try:
        os.setsid()
        kept = {failure_end} if telling is None else {failure_end, telling.fileno()}
        _take_descriptors(stdout_end, stderr_end, kept)
        _restore_signals()
        doing = "limits"
        _limit(step.limits)
        os.umask(0o077)
        doing = f"uid {step.uid}"
        if os.geteuid() == 0 and step.uid and step.gid:
            os.setgroups([])
            os.setresgid(step.gid, step.gid, step.gid)
            os.setresuid(step.uid, step.uid, step.uid)
        kernel.forbid_new_privileges()
        kernel.end_with_parent(signal.SIGKILL)
        if os.getppid() != runner:
            os._exit(127)
        if telling is not None:
            _tell_of_binds(telling)
        doing = step.cwd
        os.chdir(step.cwd)
        doing = step.argv[0]
        os.execvpe(step.argv[0], step.argv, dict(step.environment))  # noqa: S606 - no shell is wanted
    except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on as a second runner
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        os.write(failure_end, f"{doing}: {reason}".encode(errors="replace"))
    os._exit(127)


def _tell_of_binds(telling: socket.socket) -> None:
    """Where this is not possible the runner hears nothing, and says so."""
    from planes.data_plane.runner import binds

    with contextlib.suppress(OSError):
        listener = binds.install()
        socket.send_fds(telling, [b"+"], [listener])
        os.close(listener)


def _take_descriptors(stdout_end: int, stderr_end: int, kept: set[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(stdout_end, 1)
    os.dup2(stderr_end, 2)
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _RESET_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _limit(limits: Limits) -> None:
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.file_size_bytes,
        resource.RLIMIT_AS: limits.address_space_bytes,
        resource.RLIMIT_DATA: limits.memory_bytes,
    }
    if sys.platform == "linux":
        wanted[resource.RLIMIT_NPROC] = limits.processes
    for number, value in wanted.items():
        if value is None:
            continue
        hard = resource.getrlimit(number)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError):
            resource.setrlimit(number, (allowed, allowed))
    kernel.end_first_when_memory_is_short()
