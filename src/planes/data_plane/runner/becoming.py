"""What the runner's fork does on its way to the step's program: it leaves all behind that is the platform's."""

import contextlib
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
from planes.data_plane.runner.containment.first_process import be_first
from planes.data_plane.runner.request import Confinement, Limits, Step

_CPU_GRACE_SECONDS = 5
_RESET_SIGNALS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGCHLD,
)


class Ends(NamedTuple):
    """The descriptors that the child keeps. `stdin` is None for an empty one."""

    stdout: int
    stderr: int
    failure: int
    status: int
    telling: int
    stdin: int | None = None


def be_bubblewrap(step: Step, confinement: Confinement, runner: int, ends: Ends, join: Callable[[], None]) -> NoReturn:
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


def be_child(
    step: Step,
    runner: int,
    ends: Ends,
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


def _stand_between(step: Step, ends: Ends, telling: socket.socket, become: "partial[NoReturn]") -> NoReturn:
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
    step: Step, runner: int | None, ends: Ends, telling: socket.socket, install_binds: Callable[[], int] | None
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
            os.write(ends.failure, refusal(gaps).encode(errors="replace"))
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


def refusal(gaps: Sequence[str]) -> str:
    return f"refused: it would be uncontained here: {'; '.join(gaps)}"


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


def _keep_only(ends: Ends) -> None:
    low = 3
    for descriptor in sorted(end for end in ends if end is not None):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _take_streams(ends: Ends) -> None:
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
