"""Files with holes: long ones of which little is on the disk. What is on it is found without reading the rest."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator


def written_parts(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Where of the first `size` bytes something was written: start and length, in order; between them are zeros.

    All of it where the file system does not say. Moves the descriptor's place. Raises: OSError.
    """
    if sys.platform != "linux":
        yield 0, size
        return
    at = 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as exc:
            if exc.errno == errno.ENXIO:  # nothing more
                return
            if exc.errno != errno.EINVAL or at:
                raise
            start, end = 0, size
        if start >= size:
            return
        yield start, min(end, size) - start
        at = end
