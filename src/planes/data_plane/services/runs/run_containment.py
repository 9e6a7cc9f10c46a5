"""What keeps a run in and what it may take of the machine, in words, as its runner wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planes.data_plane.runner.folders import RunFolder, read_record
from planes.data_plane.runner.request import Limits

_MIB, _GIB = 1024**2, 1024**3


@dataclass(frozen=True, slots=True)
class RunContainment:
    """Of the step that ran last, or runs now."""

    gaps: tuple[str, ...]
    has_own_user: bool
    limits: Limits

    def rows(self) -> list[tuple[str, str]]:
        """Name and words."""
        return [("Contained", self._contained()), ("May take", words_of(self.limits))]

    def _contained(self) -> str:
        if self.gaps:
            return f"not wholly: {'; '.join(self.gaps)}"
        user = "a user of its own, " if self.has_own_user else ""
        return f"{user}its own files and processes only (Landlock, seccomp, namespaces)"


def find_containment(folder: Path) -> RunContainment | None:
    """What the run of a folder was started with; None before its start, and of runs of an earlier version. Blocking."""
    step = read_record(RunFolder(folder).step_path)
    told: dict[str, Any] | None = step.get("contained") if step is not None else None
    if told is None:
        return None
    limits = {name: value for name, value in told["limits"].items() if name in Limits._fields}
    return RunContainment(tuple(told["gaps"]), bool(told["own_user"]), Limits(**limits))


def words_of(limits: Limits) -> str:
    """The share of the machine that all processes of a run have together, and each process's."""
    together = [
        (limits.total_memory_bytes, "memory", _size),
        (limits.processes, "processes and threads", _count),
        (limits.disk_bytes, f"of new data on the disk{_of_free(limits.disk_percent)}", _size),
        (limits.processor_seconds, "seconds of processor time", _count),
        (limits.open_files, "open files a process", _count),
    ]
    found = [f"{words(value)} {what}" for value, what, words in together if value is not None]
    return ", ".join(found) or "no limit is set"


def _of_free(percent: int | None) -> str:
    return f" (at most {percent} % of what is free at its start)" if percent is not None else ""


def _size(count: int) -> str:
    return f"{count / _GIB:,.1f} GiB" if count >= _GIB else f"{count // _MIB:,} MiB"


def _count(count: int) -> str:
    return f"{count:,}"
