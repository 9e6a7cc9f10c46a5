"""Starting a step's process: from a fork of the runner to the step's own program, with nothing of the platform's."""

import contextlib
import fcntl
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, NoReturn

from planes.data_plane.runner import kernel
from planes.data_plane.runner.containment import calls, landlock, namespaces
from planes.data_plane.runner.containment.first_process import GO, be_first
from planes.data_plane.runner.groups import RunGroup
from planes.data_plane.runner.request import Confinement, Limits, Step
from planes.data_plane.runner.telling import hear, open_line

PIPE_BYTES = 256 * 1024
_CPU_GRACE_SECONDS = 5
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


class _Ends(NamedTuple):
    """The descriptors that the child keeps. `stdin` is None for an empty one."""

    stdout: int
    stderr: int
    failure: int
    status: int
    telling: int
    stdin: int | None = None


class _NoNamespaces(Exception):
    """This system does not let us have them; the message says what failed."""


def spawn(step: Step, stdin: int | None = None, group: RunGroup | None = None) -> StepProcess:
    """Start a step in its run's group. Returns when its program runs. `stdin` is its standard input, else empty.

    Raises: StepNotStarted.
    """
    if os.geteuid() == 0 and not (step.uid and step.gid):
        raise StepNotStarted("refused: the platform runs as root and has no other uid for this run")
    group = group or RunGroup({})
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
            raise StepNotStarted(_refusal([gap])) from error
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
        ends = _Ends(stdout_end, stderr_end, failure_end, info_end, ready_end, stdin)
        _be_bubblewrap(step, confinement, runner, ends, group.join)
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


def _be_bubblewrap(
    step: Step, confinement: Confinement, runner: int, ends: _Ends, join: Callable[[], None]
) -> NoReturn:
    """In the child of the runner. A failure is written to its descriptor, which exec closes."""
    from planes.data_plane.runner.containment.bubblewrap import become

    doing = "start"
    try:
        os.setsid()
        _keep_only(ends)
        join()
        _take_streams(ends)
        _restore_signals()
        _give_up(step, counts_alone=True)
        if os.getppid() != runner:
            os._exit(127)
        doing = "bubblewrap"
        become(step, confinement, ends.telling, ends.status)
    except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on as a second runner
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        os.write(ends.failure, f"{doing}: {reason}".encode(errors="replace"))
    os._exit(127)


def _spawn_apart(step: Step, confinement: Confinement, stdin: int | None, group: RunGroup) -> StepProcess:
    """In namespaces of its own; where they cannot be, without them, and said. Raises: StepNotStarted."""
    try:
        return _start(step, stdin, group, is_apart=True)
    except _NoNamespaces as error:
        gap = f"no process namespace ({error})"
        if confinement.is_required:
            raise StepNotStarted(_refusal([gap])) from error
        started = _start(step, stdin, group, is_apart=False)
        return started._replace(gaps=(gap, *started.gaps))


def _refusal(gaps: Sequence[str]) -> str:
    return f"refused: it would be uncontained here: {'; '.join(gaps)}"


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
        ends = _Ends(stdout_end, stderr_end, failure_end, status_end, their_line.detach(), stdin)
        _be_child(step, runner, ends, group.join, install_binds, is_apart=is_apart)
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


def _be_child(
    step: Step,
    runner: int,
    ends: _Ends,
    join: Callable[[], None],
    install_binds: Callable[[], int] | None,
    *,
    is_apart: bool,
) -> NoReturn:
    """In the child of the runner: the step's program, or what stands between it and the first process."""
    try:
        os.setsid()
        _keep_only(ends)
        join()  # while this process may still: its uid and what it sees of the files change
        telling = socket.socket(fileno=ends.telling)
        become = partial(_become, step, None if is_apart else runner, ends, telling, install_binds)
        if is_apart:
            _stand_between(step, ends, telling, become)
        become()
    except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on as a second runner
        os.write(ends.failure, f"start: {type(error).__name__}".encode())
    os._exit(127)


def _stand_between(step: Step, ends: _Ends, telling: socket.socket, become: "partial[NoReturn]") -> NoReturn:
    try:
        namespaces.enter()
        first = os.fork()
    except OSError as error:
        telling.send(b"!" + f"{error.filename or 'fork'}: {error.strerror}".encode(errors="replace"))
        os._exit(0)
    if first == 0:
        be_first(telling, ends.status, step.confinement or Confinement((), ()), become)
    os._exit(0)


def _become(
    step: Step, runner: int | None, ends: _Ends, telling: socket.socket, install_binds: Callable[[], int] | None
) -> NoReturn:
    """Turn into the step's program. A failure is written to its descriptor, which exec closes.

    `runner` is the parent that it must not outlive; None where the first process sees to that.
    """
    doing = "session"
    try:
        if os.getpid() != os.getsid(0):
            os.setsid()
        _take_streams(ends)
        _restore_signals()
        doing = f"limits, uid {step.uid}"
        _give_up(step, counts_alone=runner is None)
        if runner is not None and os.getppid() != runner:
            os._exit(127)
        doing = step.cwd
        os.chdir(step.cwd)
        doing = "containment"
        gaps = _confine(step.confinement, is_apart=runner is None) if step.confinement is not None else []
        if gaps and step.confinement is not None and step.confinement.is_required:
            os.write(ends.failure, _refusal(gaps).encode(errors="replace"))
            os._exit(127)
        _tell_started(telling, gaps, install_binds)
        doing = step.argv[0]
        os.execvpe(step.argv[0], step.argv, dict(step.environment))  # noqa: S606 - no shell is wanted
    except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on as a second runner
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        os.write(ends.failure, f"{doing}: {reason}".encode(errors="replace"))
    os._exit(127)


def _give_up(step: Step, *, counts_alone: bool) -> None:
    """What the step's program must not have: more than its limits, the platform's uid, ways to more privileges."""
    _limit(step.limits, counts_alone=bool(step.uid) or counts_alone)
    os.umask(0o077)
    if os.geteuid() == 0 and step.uid and step.gid:
        os.setgroups([])
        os.setresgid(step.gid, step.gid, step.gid)
        os.setresuid(step.uid, step.uid, step.uid)
    kernel.leave_capabilities_behind()
    kernel.forbid_new_privileges()
    kernel.end_with_parent(signal.SIGKILL)


def _confine(confinement: Confinement, *, is_apart: bool) -> list[str]:
    """Closes what is not granted. The parts that this system lacks, as words for the log.

    Without a `/tmp` of its own a step has none; locks between processes need the shared memory all the same.
    """
    gaps: list[str] = []
    grants = [(os.path.realpath(namespaces.SHARED_MEMORY), landlock.WRITE)]
    if is_apart:
        grants += [(os.path.realpath(namespaces.TEMPORARY), landlock.WRITE)]
        terminals = (namespaces.TERMINALS, namespaces.NEW_TERMINAL)
        grants += [(os.path.realpath(path), landlock.USE) for path in terminals]
    grants += [
        *((path, landlock.READ) for path in confinement.read),
        *((path, landlock.WRITE) for path in confinement.write),
        *((path, landlock.USE) for path in confinement.use),
    ]
    for name, part in (("files", partial(landlock.restrict, grants)), ("system calls", calls.refuse_calls)):
        try:
            part()
        except OSError as error:
            gaps.append(f"{name} are not confined ({error.strerror})")
    return gaps


def _installer_of_binds() -> Callable[[], int]:
    from planes.data_plane.runner import binds

    return binds.install


def _tell_started(telling: socket.socket, gaps: list[str], install: Callable[[], int] | None) -> None:
    """The last word before the program. Where a listener is not possible the runner hears of none, and says so."""
    text = ("\n".join(gaps) or "\n").encode()
    if install is not None:
        with contextlib.suppress(OSError):
            listener = install()
            socket.send_fds(telling, [text], [listener])
            os.close(listener)
            return
    telling.send(text)


def _keep_only(ends: _Ends) -> None:
    low = 3
    for descriptor in sorted(end for end in ends if end is not None):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _take_streams(ends: _Ends) -> None:
    """The three standard streams; all others close at exec."""
    os.dup2(ends.stdin if ends.stdin is not None else os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(ends.stdout, 1)
    os.dup2(ends.stderr, 2)


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _RESET_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _limit(limits: Limits, *, counts_alone: bool) -> None:
    """`counts_alone`: its uid's processes are the job's only, by a uid of its own or a user namespace."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.file_size_bytes,
        resource.RLIMIT_AS: limits.address_space_bytes,
        resource.RLIMIT_DATA: limits.memory_bytes,
    }
    if sys.platform == "linux" and counts_alone:
        wanted[resource.RLIMIT_NPROC] = limits.processes
    for number, value in wanted.items():
        if value is None:
            continue
        hard = resource.getrlimit(number)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError):
            resource.setrlimit(number, (allowed, allowed))
    if limits.processor_seconds is not None:
        # The signal that says why comes first.
        bounds = (limits.processor_seconds, limits.processor_seconds + _CPU_GRACE_SECONDS)
        with contextlib.suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, bounds)
    kernel.end_first_when_memory_is_short()
