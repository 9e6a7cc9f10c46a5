"""What the processes of a run take of the machine, measured by its runner, where the kernel does not count it."""

import os
from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

from planes.data_plane.runner.processes import Process

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_BLOCK = 512
_ENTRIES_AT_ONCE = 256


class Taken(NamedTuple):
    """Memory of the processes, how many there are (threads count), and their processor time.

    What forks share until one of them writes is counted for each of them: `measure_together` counts it once.
    """

    memory_bytes: int
    processes: int
    processor_seconds: float


def measure(processes: Iterable[Process]) -> Taken:
    """What these take now; who has ended meanwhile counts nothing."""
    memory = threads = 0
    seconds = 0.0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/statm", "rb") as file:
                pages = file.read().split()
            with open(f"/proc/{process.pid}/stat", "rb") as file:
                stat = file.read()
        except OSError:
            continue
        fields = stat[stat.rindex(b")") + 2 :].split()
        memory += max(0, int(pages[1]) - int(pages[2])) * _PAGE
        threads += int(fields[17])
        seconds += sum(map(int, fields[11:15])) / _TICKS  # its own, and that of the children it has waited for
    return Taken(memory, threads, seconds)


def measure_together(processes: Iterable[Process]) -> int:
    """Memory that these have together: what several share counts once. The kernel walks all their pages for it.

    Of a process that this one may not look into, all that it has counts.
    """
    total = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
                found = dict(line.split()[:2] for line in file.readlines()[1:])
            total += (int(found[b"Pss_Anon:"]) + int(found[b"Pss_Shmem:"])) * 1024
        except (OSError, KeyError):
            total += measure([process]).memory_bytes
    return total


def walk_sizes(folders: Sequence[str], processes: Iterable[Process]) -> Generator[None, None, int]:
    """Bytes on the disk below these folders, and of files that are open but have no name any more.

    Stops now and then, to be gone on with. Links are not followed, other file systems not entered.
    """
    total = 0
    devices: set[int] = set()
    for folder in folders:
        try:
            devices.add(os.lstat(folder).st_dev)
        except OSError:
            continue
        total += yield from _walk(folder)
    yield
    seen: set[tuple[int, int]] = set()
    for process in processes:
        total += _nameless(process.pid, devices, seen)
        yield
    return total


def _walk(folder: str) -> Generator[None, None, int]:
    try:
        device = os.lstat(folder).st_dev
    except OSError:
        return 0
    total = passed = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    passed += 1
                    if passed % _ENTRIES_AT_ONCE == 0:
                        yield
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    total += found.st_blocks * _BLOCK
                    if found.st_dev == device and entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue
    return total


def _nameless(pid: int, devices: set[int], seen: set[tuple[int, int]]) -> int:
    """Of these devices only: files in memory are the memory's."""
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
