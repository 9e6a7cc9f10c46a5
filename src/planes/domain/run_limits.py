"""How much of the machine one run may take, as whoever keeps the region has set it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """The share of all processes of a run together, but for `open_files`, which is each process's; 0: without a limit.

    `memory_bytes` None is nine tenths of what the machine has. `disk_bytes` is what a run adds to the folders that it
    may change, and no single file grows larger; None is 64 GiB, and nine tenths of what is free at most.
    """

    memory_bytes: int | None = None
    processes: int = 4096
    disk_bytes: int | None = None
    open_files: int = 4096
    processor_seconds: int = 0
