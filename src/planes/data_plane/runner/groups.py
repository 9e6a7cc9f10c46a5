"""Control groups of Linux: what all processes of a run take together, bounded and counted by the kernel.

    the runner makes a group ─► the first process of each step joins it before all else ─► the run is over: removed

The second version of the kernel's interface where it offers the controller to us, else the first; where neither does,
there is no group, and the runner watches by itself (`usage`).
"""

import contextlib
import os
import select
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.runner.request import Limits

MEMORY, PROCESSES, PROCESSOR = "memory", "pids", "cpuacct"
_MOUNTS = Path("/proc/self/mountinfo")
_OWN = Path("/proc/self/cgroup")
_PREFIX = "dlthub-tui-run-"
_PLATFORM = "dlthub-tui-platform"
_SECOND = "cgroup2"
_REMOVE_TRIES, _BETWEEN_TRIES_SECONDS = 40, 0.005


class _Place(NamedTuple):
    """Where groups of a controller can be made."""

    folder: Path
    is_second: bool


class RunGroup:
    """One run's group: a folder per controller, or one for all of them. Counts nothing where it has no controller."""

    def __init__(self, folders: dict[str, _Place]) -> None:
        self._folders = folders

    @property
    def paths(self) -> list[str]:
        """The folders, for who has to remove them after the runner was killed."""
        return sorted({str(place.folder) for place in self._folders.values()})

    @property
    def bounds_memory(self) -> bool:
        """Whether the kernel keeps the run's memory."""
        return MEMORY in self._folders

    @property
    def bounds_processes(self) -> bool:
        """Whether the kernel keeps the number of its processes."""
        return PROCESSES in self._folders

    def join(self) -> None:
        """Puts the calling process in, and with it all that it will start. Raises: OSError."""
        for path in self.paths:
            with open(f"{path}/cgroup.procs", "wb", buffering=0) as file:
                file.write(b"0")

    def memory_kills(self) -> int:
        """How many processes the kernel has ended because the group had no more memory."""
        return self._event(MEMORY, ("memory.oom_control", "memory.events"), "oom_kill")

    def refused_processes(self) -> int:
        """How often a process could not be started because there were too many."""
        return self._event(PROCESSES, ("pids.events", "pids.events"), "max")

    def processor_seconds(self) -> float | None:
        """Processor time of all that ever ran in it; None where nobody counts."""
        place = self._folders.get(PROCESSOR)
        if place is None:
            return None
        if place.is_second:
            return _member(place.folder / "cpu.stat", "usage_usec") / 1e6
        return _number(place.folder / "cpuacct.usage") / 1e9

    def close(self) -> None:
        """Removes it; whatever is still in it is killed. May run again."""
        remove_groups(self.paths)

    def _event(self, controller: str, files: tuple[str, str], name: str) -> int:
        place = self._folders.get(controller)
        return _member(place.folder / files[place.is_second], name) if place is not None else 0


def offered_controllers() -> set[str]:
    """What the system lets us bound by groups."""
    return set(_parents((MEMORY, PROCESSES, PROCESSOR)))


def machine_memory_bytes() -> int:
    """What this machine has, or, where we are kept to less, the share of it that we have ourselves."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    second, first = _own_second(), _own_first(MEMORY)
    if second is not None:
        found += [int(word) for word in _words(second / "memory.max") if word.isdecimal()]
    if first is not None:
        found += [_number(first / "memory.limit_in_bytes")]
    return min(bytes_ for bytes_ in found if bytes_)


def open_group(limits: Limits, controllers: Sequence[str] = (MEMORY, PROCESSES, PROCESSOR)) -> RunGroup:
    """A group for this process's run, with these bounds; one that has no controller where the system offers none."""
    name = f"{_PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
    found: dict[str, _Place] = {}
    for controller, parent in _parents(controllers).items():
        folder = parent.folder / name
        try:
            folder.mkdir(exist_ok=True)
            _bound(_Place(folder, parent.is_second), controller, limits)
        except OSError:
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        found[controller] = _Place(folder, parent.is_second)
    return RunGroup(found)


def remove_groups(paths: Sequence[str]) -> None:
    """Removes groups of runs by their folders, with what is still in them. Others' folders are left alone."""
    for path in paths:
        folder = Path(path)
        if not folder.name.startswith(_PREFIX):
            continue
        for _ in range(_REMOVE_TRIES):
            try:
                folder.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                _kill(folder)
                select.select([], [], [], _BETWEEN_TRIES_SECONDS)


def prepare_groups() -> None:
    """Before the first run of a plane: room for groups of runs, and none of runners that were killed."""
    _step_aside()
    for parent in set(_parents((MEMORY, PROCESSES, PROCESSOR)).values()):
        for folder in parent.folder.glob(f"{_PREFIX}*"):
            owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
            if not Path(f"/proc/{owner}").exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()  # refused while a process is in it: that run's takeover ends it


def _step_aside() -> None:
    """Moves this process and its children into a group below its own, so that groups of runs can lie beside it.

    The second version bounds groups below one that holds no process only. It is done where the group is ours to
    change and nobody else's process is in it; otherwise nothing happens. May run again.
    """
    place = _own_second()
    if place is None or place.name == _PLATFORM or not os.access(place / "cgroup.subtree_control", os.W_OK):
        return
    wanted = {MEMORY, PROCESSES} & set(_words(place / "cgroup.controllers"))
    if not wanted or wanted <= set(_words(place / "cgroup.subtree_control")):
        return
    try:
        if place != _mount_of(_SECOND, None):  # the root of all groups may hold processes
            ours = _family(os.getpid())
            here = set(_words(place / "cgroup.procs"))
            if not here <= ours:
                return
            leaf = place / _PLATFORM
            leaf.mkdir(exist_ok=True)
            for pid in here:
                with contextlib.suppress(ProcessLookupError):
                    (leaf / "cgroup.procs").write_text(pid)
        (place / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(wanted)))
    except OSError:
        return


def _parents(controllers: Sequence[str]) -> dict[str, _Place]:
    """Where a group of each controller can be made by us."""
    found: dict[str, _Place] = {}
    second = _own_second()
    if second is not None and second.name == _PLATFORM:
        second = second.parent
    offered = set(_words(second / "cgroup.subtree_control")) if second is not None else set[str]()
    for controller in controllers:
        # The second version counts processor time in every group, whatever is offered.
        is_there = controller in offered or (controller == PROCESSOR and MEMORY in offered)
        if second is not None and is_there and os.access(second, os.W_OK):
            found[controller] = _Place(second, is_second=True)
            continue
        first = _own_first(controller)
        if first is not None and os.access(first, os.W_OK):
            found[controller] = _Place(first, is_second=False)
    return found


def _bound(place: _Place, controller: str, limits: Limits) -> None:
    memory = limits.total_memory_bytes
    if controller == MEMORY and memory is not None:
        name = "memory.max" if place.is_second else "memory.limit_in_bytes"
        (place.folder / name).write_text(str(memory))
        if place.is_second:
            # What one of them is ended for all of them are: a run without one of its processes only hangs.
            (place.folder / "memory.oom.group").write_text("1")
        with contextlib.suppress(OSError):  # where the kernel does not count swap
            (place.folder / ("memory.swap.max" if place.is_second else "memory.memsw.limit_in_bytes")).write_text(
                "0" if place.is_second else str(memory)
            )
    if controller == PROCESSES and limits.processes is not None:
        (place.folder / "pids.max").write_text(str(limits.processes))


def _own_second() -> Path | None:
    mount = _mount_of(_SECOND, None)
    own = next((path for number, _, path in _own_groups() if number == "0"), None)
    return _below(mount, own)


def _own_first(controller: str) -> Path | None:
    mount = _mount_of("cgroup", controller)
    own = next((path for _, names, path in _own_groups() if controller in names.split(",")), None)
    return _below(mount, own)


def _below(mount: Path | None, own: str | None) -> Path | None:
    """A container may see less of the tree than its own path says: then its root is what is mounted."""
    if mount is None or own is None:
        return None
    folder = mount / own.lstrip("/")
    return folder if folder.is_dir() else mount


def _own_groups() -> list[tuple[str, str, str]]:
    try:
        lines = _OWN.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = [line.split(":", 2) for line in lines]
    return [(number, names, path) for number, names, path in found]


def _mount_of(kind: str, controller: str | None) -> Path | None:
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        told = after.split(" ")
        if told[0] == kind and (controller is None or controller in told[2].split(",")):
            return Path(before.split(" ")[4])
    return None


def _family(pid: int) -> set[str]:
    from planes.data_plane.runner.processes import list_descendants

    return {str(pid), *(str(process.pid) for process in list_descendants(pid))}


def _kill(folder: Path) -> None:
    try:
        (folder / "cgroup.kill").write_text("1")
    except OSError:
        for pid in _words(folder / "cgroup.procs"):
            with contextlib.suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _member(path: Path, name: str) -> int:
    """A number by its name in a file of names and numbers; 0 when it is not there."""
    words = _words(path)
    for at in range(0, len(words) - 1, 2):
        if words[at] == name:
            return int(words[at + 1])
    return 0


def _number(path: Path) -> int:
    words = _words(path)
    return int(words[0]) if words else 0
