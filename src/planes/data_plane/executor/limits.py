"""How much of the machine one run may take (Security: 5): enough for any honest load, too little to end the others."""

from __future__ import annotations

import os

from planes.data_plane.runner.groups import machine_memory_bytes
from planes.data_plane.runner.request import Limits
from planes.domain.run_limits import RunLimits

_USUAL_DISK_BYTES, _USUAL_DISK_PERCENT = 64 * 1024**3, 90
_MORE_FOR_A_PROCESS = 1024**3
"""A process may reserve more than it uses: the stacks of threads, pools of allocators."""


def limits_of(share: RunLimits) -> Limits:
    """The limits of a run's processes. Looks at the machine.

    What each process may write to is bounded besides by what the machine has: reserved address space costs nothing.
    """
    disk = _USUAL_DISK_BYTES if share.disk_bytes is None else share.disk_bytes
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Limits(
        open_files=share.open_files or None,
        processes=share.processes or None,
        file_size_bytes=disk or None,
        memory_bytes=min(whole, share.memory_bytes + _MORE_FOR_A_PROCESS) if share.memory_bytes else whole,
        total_memory_bytes=total_memory_bytes(share),
        disk_bytes=disk or None,
        disk_percent=_USUAL_DISK_PERCENT if share.disk_bytes is None else None,
        processor_seconds=share.processor_seconds or None,
    )


def total_memory_bytes(share: RunLimits) -> int | None:
    """What all processes of a run may have together; None without a limit."""
    if share.memory_bytes is None:
        return machine_memory_bytes() * 9 // 10
    return share.memory_bytes or None
