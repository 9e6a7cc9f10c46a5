"""Telling a job that waits for a process of its own which will not end.

dlt's launcher takes the first SIGTERM for the job's own code, and what the job forks inherits that: a pool that is
forked ends its workers by this signal, and waits for one that only took note of it (docs/security.md). Nothing is done
about it, since nobody else can tell whether the signal was sent; who reads the log is told what it may be.
"""

import os
import signal
from collections.abc import Sequence
from typing import NamedTuple

from planes.data_plane.runner.processes import Process, list_descendants
from planes.data_plane.runner.usage import measure

QUIET_SECONDS = 60.0
_LOOK_SECONDS = 10.0
_WAITING_CALLS = {"x86_64": ("61", "247"), "aarch64": ("260", "95")}
"""wait4 and waitid, by their numbers."""

_MOST_WORDS = 4096


class _Standstill(NamedTuple):
    """What does not change while nothing happens."""

    lines: int
    waiting_for: tuple[Process, ...]
    processor_seconds: float


class ForkWait:
    """Watches one step's main process. Times are of the monotonic clock."""

    def __init__(self, main: int, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._main = main
        self._quiet_seconds = quiet_seconds
        self._look_seconds = min(_LOOK_SECONDS, quiet_seconds / 3)
        self._since = 0.0
        self._before: _Standstill | None = None
        self.next_at = 0.0

    def is_told(self, now: float, lines: int) -> bool:
        """Whether it has waited for long enough to be told; once. `lines` is what the step has printed so far."""
        if now < self.next_at:
            return False
        self.next_at = now + self._look_seconds
        found = self._look(lines)
        if found is None or found != self._before:
            self._before, self._since = found, now
            return False
        if now - self._since < self._quiet_seconds:
            return False
        self.next_at = float("inf")
        return True

    def _look(self, lines: int) -> _Standstill | None:
        if not _waits(self._main):
            return None
        descendants = list_descendants(self._main)
        forked = tuple(_forked(self._main, descendants))
        return _Standstill(lines, forked, measure(descendants).processor_seconds) if forked else None


def _waits(pid: int) -> bool:
    """Whether its main thread waits for a process to end."""
    return _read(pid, "syscall").split(" ", 1)[0] in _WAITING_CALLS.get(os.uname().machine, ())


def _forked(main: int, descendants: Sequence[Process]) -> list[Process]:
    """Its own children that run the same program, and take SIGTERM as it does: nothing was started in their place."""
    words = _read(main, "cmdline")
    return [
        found
        for found in descendants
        if found.parent == main
        and not found.is_dead
        and _read(found.pid, "cmdline") == words
        and _takes_term(found.pid)
    ]


def _takes_term(pid: int) -> bool:
    status = _read(pid, "status")
    _, _, rest = status.partition("\nSigCgt:")
    words = rest.split(None, 1)
    return bool(words) and bool(int(words[0], 16) >> (signal.SIGTERM - 1) & 1)


def _read(pid: int, name: str) -> str:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read(_MOST_WORDS).decode(errors="replace")
    except OSError:
        return ""
