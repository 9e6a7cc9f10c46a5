"""What `/proc` says of a process, also of one that has just gone."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path


def command_of(pid: int) -> bytes:
    return _read(pid, "cmdline")


def environment_of(pid: int) -> bytes:
    return _read(pid, "environ")


def place_of(pid: int) -> bytes:
    try:
        return os.readlink(f"/proc/{pid}/cwd").encode()
    except OSError:
        return b""


def children_of(pid: int) -> list[int]:
    try:
        return [
            int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
        ]
    except OSError:
        return []


def state_of(pid: int) -> str:
    """`Z` of one that has ended and was not waited for; empty of one that is gone."""
    fields = _fields(pid)
    return fields[0].decode() if fields else ""


def parent_of(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def processor_ticks_of(pid: int) -> int:
    """What it has taken of processors, in its own and in the system's code, in `SC_CLK_TCK` a second."""
    fields = _fields(pid)
    return int(fields[11]) + int(fields[12])


def ancestors_of(pid: int) -> Generator[int]:
    while (pid := parent_of(pid)) > 1:
        yield pid


def memory_of(pid: int) -> int:
    """Bytes that are there."""
    for line in _read(pid, "status").splitlines():
        if line.startswith(b"VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def descriptors_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _fields(pid: int) -> list[bytes]:
    """Of `stat`, from the state on: what is before it may hold anything."""
    return _read(pid, "stat").rpartition(b")")[2].split()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
