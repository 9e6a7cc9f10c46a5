"""How much of the machine one run may take (Security: 5): enough for any honest load, too little to end the others."""

from __future__ import annotations

import os

from planes.data_plane.runner.request import Limits

OPEN_FILES = 4096
PROCESSES = 4096
FILE_SIZE_BYTES = 64 * 1024**3


def limits_of(uid: int | None) -> Limits:
    """The limits of a run's processes. Without a uid of its own its processes are not counted: the platform's would be.

    Memory is what each process may write to, at most what the machine has: reserved address space costs nothing.
    """
    return Limits(
        open_files=OPEN_FILES,
        processes=PROCESSES if uid is not None else None,
        file_size_bytes=FILE_SIZE_BYTES,
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    )
