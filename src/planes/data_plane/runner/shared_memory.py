"""Shared memory of System V that no process is attached to: it is in no process's pages, and stays until its run ends.

The kernel tells of it only to who is in the same namespace, so a process is forked that goes there, looks and ends.
"""

import os
from collections.abc import Iterable
from typing import NoReturn

from planes.data_plane.runner.kernel import libc
from planes.data_plane.runner.processes import Process

_LIST = "/proc/sysvipc/shm"
_ATTACHED, _IN_MEMORY = 6, 14


def measure_unattached(processes: Iterable[Process]) -> int:
    """Bytes of it in the namespaces of these processes, ours left out; where we may not look, nothing."""
    seen = {_namespace("self", "ipc"), None}
    total = 0
    for process in processes:
        namespace = _namespace(process.pid, "ipc")
        if namespace not in seen:
            seen.add(namespace)
            total += _ask_inside(process.pid)
    return total


def _namespace(pid: int | str, kind: str) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/{kind}").st_ino
    except OSError:
        return None


def _ask_inside(pid: int) -> int:
    kinds = [kind for kind in ("user", "ipc") if _namespace(pid, kind) != _namespace("self", kind)]
    told, telling = os.pipe()
    helper = os.fork()
    if helper == 0:
        _tell(pid, kinds, telling)
    os.close(telling)
    with open(told, "rb") as file:
        said = file.read()
    os.waitpid(helper, 0)
    return int(said or b"0")


def _tell(pid: int, kinds: Iterable[str], telling: int) -> NoReturn:
    """In the helper, which is to leave nothing but a number."""
    try:
        places = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in kinds]
        if libc is not None and all(libc.setns(place, 0) == 0 for place in places):
            os.write(telling, str(_unattached()).encode())
    finally:
        os._exit(0)


def _unattached() -> int:
    with open(_LIST, encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return sum(int(row[_IN_MEMORY]) for row in rows if row[_ATTACHED] == "0")
