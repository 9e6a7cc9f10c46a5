"""The strict level: a step runs inside bubblewrap, where nothing of the machine's files is but what it may reach.

    runner ──fork──► bwrap, as the step's uid ──► first process of its namespaces ──► the step's program
                     (dies with the runner)       (dies with bwrap)                  the filter of calls

Landlock is not needed there, and bubblewrap could not mount below it. The first process has the job's uid, so the
filter refuses tracing, too: a job that stops it would not end. What bubblewrap says on its stderr before the
program runs is why it could not.
"""

import json
import os
import select
import stat
from collections.abc import Iterator

from planes.data_plane.runner.containment.calls import assemble
from planes.data_plane.runner.containment.namespaces import MEMORY_BYTES, SHARED_MEMORY, TEMPORARY
from planes.data_plane.runner.request import Confinement, Step

READY_DESCRIPTOR = 3
"""Written to by the sandbox's shell just before it becomes the program; a shell takes one digit only."""

_STARTS = 'printf r >&3; exec "$@" 3>&-'
_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_OWN_DEVICES = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
_NEEDED = "--ro-bind-fd"
_READY_SECONDS = 20.0
_SIGNALLED = 128


class NoBubblewrap(Exception):
    """It could not make the sandbox; the message says why."""


def find_bubblewrap() -> str | None:
    """A bubblewrap that can be used: one that binds by descriptor, so that no swapped link leads it elsewhere."""
    # Not at the top: a runner never asks, and each would weigh more for it.
    import shutil
    import subprocess

    path = shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")
    if path is None:
        return None
    try:
        said = subprocess.run([path, "--help"], check=False, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return path if _NEEDED in said.stdout + said.stderr else None


def become(step: Step, confinement: Confinement, ready: int, info: int) -> None:
    """In the child, as the step's uid: turn into bubblewrap. Raises: OSError."""
    assert confinement.bubblewrap is not None, "asked for before"
    if info == READY_DESCRIPTOR:
        info = os.dup(info)
    os.dup2(ready, READY_DESCRIPTOR)
    for descriptor in (READY_DESCRIPTOR, info):
        os.set_inheritable(descriptor, True)
    calls = os.memfd_create("calls", 0)
    os.write(calls, assemble(keeps_apart=True))
    os.lseek(calls, 0, os.SEEK_SET)
    words = [
        confinement.bubblewrap, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        *([] if confinement.has_network else ["--unshare-net"]),
        "--die-with-parent", "--new-session", "--info-fd", str(info), "--seccomp", str(calls),
        *_mounts(confinement), "--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/",
        "--chdir", step.cwd, "--", "/bin/sh", "-c", _STARTS, "sh", *step.argv,
    ]  # fmt: skip
    os.execve(words[0], words, dict(step.environment))  # noqa: S606 - no shell is wanted


def await_start(ready: int, info: int, stderr: int) -> int:
    """Waits until the program begins: the process, as the runner sees it, whose group it is in.

    Raises: NoBubblewrap.
    """
    if select.select([ready], [], [], _READY_SECONDS)[0] and os.read(ready, 1):
        with open(info, "rb", closefd=False) as told:
            return int(json.loads(told.read(4096))["child-pid"])
    os.set_blocking(stderr, False)
    try:
        said = os.read(stderr, 4096).decode(errors="replace").strip()
    except BlockingIOError:
        said = ""
    raise NoBubblewrap(said.removeprefix("bwrap: ") or "it ended at once")


def status_of(code: int) -> int:
    """The status, as `wait` gives it, of the program that bubblewrap answers for: it adds 128 to a signal's number."""
    exit_code = os.waitstatus_to_exitcode(code)
    return exit_code - _SIGNALLED if _SIGNALLED < exit_code <= _SIGNALLED + 64 else code


def _mounts(confinement: Confinement) -> Iterator[str]:
    """What is bound, outer folders first. A path that is not there, or is a link by now, is left out."""
    for path in _LINKS:
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
    yield from ("--proc", "/proc", "--dev", "/dev")
    for path in (SHARED_MEMORY, TEMPORARY):
        yield from ("--perms", "1777", "--size", str(MEMORY_BYTES), "--tmpfs", path)
    places = {path: "--ro-bind-fd" for path in confinement.read if path not in {"/proc", "/"}}
    places |= dict.fromkeys(confinement.write, "--bind-fd")
    for path, how in sorted(places.items()):
        place = _opened(path)
        if place is not None:
            yield from (how, str(place), path)
    for path in confinement.use:
        if path not in _OWN_DEVICES:
            yield from ("--dev-bind-try", path, path)
    temporary = confinement.temporary
    is_below = any(path.startswith(f"{TEMPORARY}/") for path in places)
    if temporary is not None and not is_below:
        place = _opened(temporary)
        if place is not None:
            yield from ("--bind-fd", str(place), TEMPORARY)


def _opened(path: str) -> int | None:
    try:
        place = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return None
    if stat.S_ISLNK(os.fstat(place).st_mode):
        os.close(place)
        return None
    os.set_inheritable(place, True)
    return place
