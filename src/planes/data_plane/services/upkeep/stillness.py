"""Holding a plane's folder still: while a backup reads it, nothing that its database speaks of is removed.

An exclusive lock for the backup, shared ones for those who remove. A removal that finds it held waits for its next
turn: all of them may run twice.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_LOCK = "still.lock"


@contextmanager
def held_still(folder: Path) -> Generator[None]:
    """Waits for removals that are under way, and for another backup. Blocking."""
    descriptor = _open(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def may_remove(folder: Path) -> Generator[bool]:
    """Whether something may be removed in the block; False while somebody holds the folder still."""
    descriptor = _open(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        yield False
        return
    try:
        yield True
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    return os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
