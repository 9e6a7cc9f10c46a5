"""What the processes of a run take of the machine, measured by its runner, where the kernel does not count it."""

import contextlib
import functools
import itertools
import os
import stat
import time
from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

from planes.data_plane.runner.kernel import made_at
from planes.data_plane.runner.processes import Process
from planes.data_plane.runner.shared_memory import measure_unattached
from planes.data_plane.runner.trees import descend

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_BLOCK = 512
_ENTRIES_AT_ONCE = 256


class Taken(NamedTuple):
    """Memory of the processes, how many there are (threads count), and their processor time.

    Of memory that forks share each has all. `resident_bytes` is more: there is what they map of programs, libraries and
    files in memory too, which `measure_together` tells apart.
    """

    memory_bytes: int
    resident_bytes: int
    processes: int
    processor_seconds: float


def measure(processes: Iterable[Process]) -> Taken:
    """What these take now; who has ended meanwhile counts nothing."""
    memory = resident = threads = 0
    seconds = 0.0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/statm", "rb") as file:
                pages = file.read().split()
            with open(f"/proc/{process.pid}/stat", "rb") as file:
                told = file.read()
        except OSError:
            continue
        fields = told[told.rindex(b")") + 2 :].split()
        memory += max(0, int(pages[1]) - int(pages[2])) * _PAGE
        resident += int(pages[1]) * _PAGE
        threads += int(fields[17])
        seconds += sum(map(int, fields[11:15])) / _TICKS  # its own, and that of the children it has waited for
    return Taken(memory, resident, threads, seconds)


def measure_together(processes: Sequence[Process]) -> int:
    """Memory that these have together: what several share counts once. The kernel walks all their pages for it.

    Of a process that this one may not look into, all that it has counts. What of files in memory is mapped is told by
    the kernel among the pages, not of which file it is: the greater of both counts, so that nothing counts twice.
    """
    own = mapped = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
                found = dict(line.split()[:2] for line in file.readlines()[1:])
            own += int(found[b"Pss_Anon:"]) * 1024
            mapped += int(found[b"Pss_Shmem:"]) * 1024
        except (OSError, KeyError):
            own += measure([process]).resident_bytes
    return own + max(mapped, measure_files(processes)) + measure_unattached(processes)


def measure_files(processes: Iterable[Process]) -> int:
    """Bytes of files in memory: those without a name that are open, and those in file systems that only these see.

    Not seen is one without a name that nobody has open, and of it what is mapped and was not touched since.
    """
    nameless = {_device_of_nameless()}
    seen: set[tuple[int, int]] = set()
    namespaces: set[int | None] = {None, _namespace_of_mounts("self")}
    devices: set[str] = set()
    total = 0
    for process in processes:
        total += _nameless(process.pid, nameless, seen)
        namespace = _namespace_of_mounts(process.pid)
        if namespace in namespaces:
            continue
        namespaces.add(namespace)
        devices = devices or {device for device, _ in _mounts_in_memory("self")}
        for device, place in _mounts_in_memory(process.pid):
            if device not in devices:
                devices.add(device)
                total += _taken_of(f"/proc/{process.pid}/root{place}")
    return total


@functools.cache
def _device_of_nameless() -> int:
    """Where the kernel keeps files in memory that never had a name."""
    if not hasattr(os, "memfd_create"):
        return -1
    descriptor = os.memfd_create("device")
    try:
        return os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)


def _namespace_of_mounts(pid: int | str) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/mnt").st_ino
    except OSError:
        return None


def _mounts_in_memory(pid: int | str) -> list[tuple[str, str]]:
    """Device and place of each file system in memory that a process sees."""
    found: list[tuple[str, str]] = []
    try:
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                before, _, after = line.partition(" - ")
                if after.startswith("tmpfs "):
                    words = before.split(" ")
                    found.append((words[2], words[4]))
    except OSError:
        return []
    return found


def _taken_of(mount: str) -> int:
    try:
        found = os.statvfs(mount)
    except OSError:
        return 0
    return (found.f_blocks - found.f_bfree) * found.f_frsize


class OnDisk(NamedTuple):
    """Bytes, and how many entries of folders: an empty file takes none of the former, and still one of the latter."""

    bytes: int = 0
    entries: int = 0


def walk_sizes(
    folders: Sequence[str], processes: Iterable[Process], until: float | None = None
) -> Generator[None, None, OnDisk]:
    """What is on the disk below these folders, and of files that are open but have no name any more.

    Stops now and then, to be gone on with. Links are not followed, other file systems not entered. What has been made
    since `until` is left out, where the file system tells.
    """
    walked = _Walked(until)
    devices: set[int] = set()
    for folder in folders:
        with contextlib.suppress(OSError):
            walked.device = os.lstat(folder).st_dev
            devices.add(walked.device)
            yield from descend(folder, walked.look)
    yield
    seen: set[tuple[int, int]] = set()
    nameless = 0
    for process in processes:
        nameless += _nameless(process.pid, devices, seen)
        yield
    return OnDisk(walked.bytes + nameless, walked.entries + len(seen))


def size_below(folder: str) -> OnDisk:
    """What is on the disk below a folder, at one go; nothing when it is not there. Blocking."""
    walk = walk_sizes((folder,), ())
    while True:
        try:
            next(walk)
        except StopIteration as end:
            return end.value


class _Walked:
    """What was counted so far. `device` is the file system that is not left."""

    def __init__(self, until: float | None) -> None:
        self.bytes = self.entries = self.device = 0
        self._until = until

    def look(self, folder: int) -> Generator[None, None, list[str]]:
        """Counts what is in one folder."""
        inner: list[str] = []
        looks = itertools.count(1)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if next(looks) % _ENTRIES_AT_ONCE == 0:
                        yield
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except OSError:
                        self.entries += 1
                        continue
                    if not self._is_later(folder, entry.name, found.st_ctime):
                        self.entries += 1
                        self.bytes += found.st_blocks * _BLOCK
                    if found.st_dev == self.device and stat.S_ISDIR(found.st_mode):
                        inner.append(entry.name)
        except OSError:
            return inner
        return inner

    def _is_later(self, folder: int, name: str, changed_at: float) -> bool:
        """Whether it was made since. A clock that was put back has left files of times to come: they are old."""
        if self._until is None or changed_at < self._until:
            return False
        at = made_at(folder, name)
        return at is not None and self._until <= at <= time.time()


def _nameless(pid: int, devices: set[int], seen: set[tuple[int, int]]) -> int:
    """Of these devices only: on a disk, or in memory."""
    total = 0
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return 0
    for name in names:
        try:
            found = os.stat(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if found.st_nlink == 0 and found.st_dev in devices and (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            total += found.st_blocks * _BLOCK
    return total
