"""Finding and signalling processes by more than a bare pid."""

import os
import signal
import sys
from collections.abc import Iterable
from typing import NamedTuple

_PROC = "/proc"
_LONGEST_STAT = 4096


class Process(NamedTuple):
    """A process as `/proc/<pid>/stat` shows it; pid and `start_ticks` together name it for good."""

    pid: int
    is_dead: bool
    parent: int
    group: int
    session: int
    start_ticks: int


def find_process(pid: int) -> Process | None:
    """A process by its pid, or None if there is none (or no `/proc`)."""
    try:
        # Without what `open` makes besides: this is asked about every process of the machine.
        descriptor = os.open(f"{_PROC}/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.read(descriptor, _LONGEST_STAT)
        finally:
            os.close(descriptor)
    except OSError:
        return None
    # The name may hold anything, blanks and brackets too: the fields are counted from its last bracket.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return Process(pid, fields[0] in b"ZX", int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def list_processes() -> list[Process]:
    """Every process of the system; empty where there is no `/proc`."""
    try:
        names = os.listdir(_PROC)
    except OSError:
        return []
    found = [find_process(int(name)) for name in names if name.isdigit()]
    return [process for process in found if process is not None]


def list_descendants(ancestor: int, among: Iterable[Process] | None = None) -> list[Process]:
    """Children, their children and so on, parents first; `among` processes that were listed before."""
    children: dict[int, list[Process]] = {}
    for process in list_processes() if among is None else among:
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [ancestor]
    while waiting:
        for process in children.get(waiting.pop(0), []):
            found.append(process)
            waiting.append(process.pid)
    return found


def signal_processes(processes: Iterable[Process], signal_number: int) -> int:
    """Signal exactly these processes, never one that took over a pid; return how many were there."""
    return sum(_signal_process(process, signal_number) for process in processes)


def signal_group(group: int, signal_number: int) -> None:
    """Signal a process group; nothing happens if it is gone."""
    try:
        os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):
        return


def _signal_process(process: Process, signal_number: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        now = find_process(process.pid)
        if now is None or now.start_ticks != process.start_ticks:
            return False
        signal.pidfd_send_signal(descriptor, signal_number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(descriptor)
    return True
