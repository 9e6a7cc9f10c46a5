"""Keeping a step within its share of the machine: what the kernel counts for its group, what the runner measures."""

import functools
import os
import time
from collections.abc import Callable, Generator
from datetime import datetime

from planes.data_plane.runner.groups import RunGroup
from planes.data_plane.runner.processes import Process, list_descendants
from planes.data_plane.runner.reasons import Reason, of_disk, of_files, of_memory, of_processes, of_processor
from planes.data_plane.runner.request import BYTES_OF_A_FILE, Limits, Step
from planes.data_plane.runner.shared_memory import measure_unattached
from planes.data_plane.runner.usage import OnDisk, measure, measure_files, measure_together, walk_sizes

LOOK_SECONDS = 1.0
_WALK_SECONDS = 2.0
_WALK_SHARE = 20
"""A walk through the files is followed by so many times its own length without one."""

_SLICE_SECONDS, _BETWEEN_SLICES_SECONDS = 0.005, 0.05
_LEAST_SHARE_BYTES = 64 * 1024**2
_LOOKS_AT_ITS_PROCESSES = 3
"""A run that is refused more, or stands at its bound, for so many looks does not get on any more."""


class StepLimits:
    """Watches one step. Times are of the monotonic clock, but for `began`: before the step's program was started."""

    def __init__(self, group: RunGroup, step: Step, began: datetime) -> None:
        self._group = group
        self._limits, self._most_files = _within_room(step.limits, step.cwd)
        places = step.confinement.write if step.confinement is not None else ()
        self._folders = _outermost({step.cwd, *places, *_temporary(step)}) if self._limits.disk_bytes else []
        self._walk: Generator[None, None, OnDisk] | None = None
        self._walked_seconds = 0.0
        self._began = began.timestamp()
        self._before: OnDisk | None = None
        self._on_disk = OnDisk()
        self._look_at = 0.0
        self._walk_at = 0.0
        self._refused = group.refused_processes()
        self._looks_refused = 0
        self._looks_full = 0
        self._kills_before = group.memory_kills()
        self._machine_before = machine_kills()

    @property
    def memory_kills(self) -> int:
        """Processes of this step that the kernel has ended for want of memory."""
        return self._group.memory_kills() - self._kills_before

    @property
    def machine_kills(self) -> int:
        """Processes of this machine that it has ended since the step began."""
        return machine_kills() - self._machine_before

    def next_at(self) -> float:
        """When `look` wants to be called again."""
        return min(self._look_at, self._walk_at) if self._folders else self._look_at

    def look(self, now: float) -> Reason | None:
        """What is used up; None while the step is within its share. Takes some milliseconds at most."""
        found = None
        descendants = functools.cache(lambda: list_descendants(os.getpid()))  # listed once a look
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            found = self._look_at_processes(descendants)
        if found is None and self._folders and now >= self._walk_at:
            found = self._look_at_disk(now, descendants)
        return found

    def _look_at_processes(self, descendants: Callable[[], list[Process]]) -> Reason | None:
        limits, group = self._limits, self._group
        if group.bounds_memory and self.memory_kills:
            return of_memory(limits)
        refused = group.refused_processes()
        self._looks_refused = self._looks_refused + 1 if refused > self._refused else 0
        self._refused = refused
        if self._looks_refused >= _LOOKS_AT_ITS_PROCESSES:
            return of_processes(limits)
        seconds = group.processor_seconds()
        if seconds is not None and _is_over(seconds, limits.processor_seconds):
            return of_processor(limits)
        is_counted = group.bounds_memory and group.bounds_processes and seconds is not None
        return None if is_counted else self._measure(descendants, seconds is None)

    def _measure(self, descendants: Callable[[], list[Process]], is_processor_open: bool) -> Reason | None:
        """Where the kernel does not count: looked up for each process."""
        limits, group = self._limits, self._group
        # Of its own time: among very many busy processes of the job a look lasts far longer than it takes.
        began = time.thread_time()
        taken = measure(descendants())
        # By its uid or its user namespace it is kept from more; where neither is its own, from nothing.
        is_full = not group.bounds_processes and limits.processes is not None and taken.processes >= limits.processes
        self._looks_full = self._looks_full + 1 if is_full else 0
        if self._looks_full >= _LOOKS_AT_ITS_PROCESSES:
            return of_processes(limits)
        most = limits.total_memory_bytes
        is_too_much = (
            not group.bounds_memory
            and most is not None
            and taken.resident_bytes + measure_files(descendants()) + measure_unattached(descendants()) > most
            and measure_together(descendants()) > most
        )
        self._look_at += _WALK_SHARE * (time.thread_time() - began)
        if is_too_much:
            return of_memory(limits)
        is_over = is_processor_open and _is_over(taken.processor_seconds, limits.processor_seconds)
        return of_processor(limits) if is_over else None

    def _look_at_disk(self, now: float, descendants: Callable[[], list[Process]]) -> Reason | None:
        """A slice of the walk; at its end, whether that is too much."""
        if self._walk is None:
            # What is new at the first look, and what has no name, is the step's own: it was quicker.
            is_first = self._before is None
            self._walk = walk_sizes(
                self._folders, () if is_first else descendants(), until=self._began if is_first else None
            )
            self._walked_seconds = 0.0
        began = time.monotonic()
        try:
            while time.monotonic() < began + _SLICE_SECONDS:
                next(self._walk)
        except StopIteration as end:
            self._walk = None
            self._on_disk = end.value
        self._walked_seconds += time.monotonic() - began
        if self._walk is not None:
            self._walk_at = now + _BETWEEN_SLICES_SECONDS
            return None
        self._walk_at = now + max(_WALK_SECONDS, _WALK_SHARE * self._walked_seconds)
        before = self._before = self._before or self._on_disk
        limits = self._limits
        if _is_over(self._on_disk.bytes - before.bytes, limits.disk_bytes):
            return of_disk(limits)
        is_over = _is_over(self._on_disk.entries - before.entries, self._most_files)
        return of_files(self._most_files) if is_over else None


def _is_over(taken: float, most: int | None) -> bool:
    return most is not None and taken > most


def _within_room(limits: Limits, folder: str) -> tuple[Limits, int | None]:
    """With bounds that leave others something of a disk that has little room. A full one tells by itself.

    `disk_percent` stays where it is what bounds.
    """
    files = limits.most_files
    if limits.disk_bytes is None or limits.disk_percent is None or files is None:
        return limits, files
    try:
        found = os.statvfs(folder)
    except OSError:
        return limits._replace(disk_percent=None), files
    share = max(found.f_bavail * found.f_frsize * limits.disk_percent // 100, _LEAST_SHARE_BYTES)
    if found.f_favail:  # some file systems have no such number
        files = min(files, max(found.f_favail * limits.disk_percent // 100, _LEAST_SHARE_BYTES // BYTES_OF_A_FILE))
    if share >= limits.disk_bytes:
        return limits._replace(disk_percent=None), files
    return limits._replace(disk_bytes=share), files


def _temporary(step: Step) -> tuple[str, ...]:
    place = step.confinement.temporary if step.confinement is not None else None
    return (place,) if place is not None else ()


def _outermost(folders: set[str]) -> list[str]:
    """Without those that lie in another, which would be counted twice."""
    return sorted(folder for folder in folders if not any(folder.startswith(other + "/") for other in folders))


def machine_kills() -> int:
    """How many processes this machine's kernel has ended for want of memory since it started."""
    try:
        with open("/proc/vmstat", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0
