"""Temporary folders that a process holds: what one that was killed has left is known by its free lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

# Held (flock) for life by the process whose folder it is.
_LOCK = "held.lock"
_UNNAMED = f"{_LOCK}.new"
# From the folder to the lock's name takes no time, however busy the machine is.
_BEGINS_SECONDS = 600


def make_held(prefix: str) -> tuple[Path, int]:
    """A new folder of this user alone, and its lock: who closes that gives the folder up."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    return folder, _hold(folder)


def find_left(prefix: str) -> Generator[Path]:
    """Folders of this user whose process is gone, each locked meanwhile."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):  # another's, one that is held, or one that has just gone
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            if not (folder / _LOCK).exists():
                _remove_begun(folder)
                continue
            lock = os.open(folder / _LOCK, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield folder
            finally:
                os.close(lock)


def _remove_begun(folder: Path) -> None:
    """One whose process was killed before it held it; nothing stands in it yet.

    Raises: OSError where something does.
    """
    if time.time() - folder.stat().st_mtime > _BEGINS_SECONDS:
        (folder / _UNNAMED).unlink(missing_ok=True)
        folder.rmdir()


def remove_left(prefix: str) -> None:
    """Removes them."""
    for folder in find_left(prefix):
        shutil.rmtree(folder, ignore_errors=True)


def _hold(folder: Path) -> int:
    """The lock, which gets its name as it is held: who finds it free finds a process that is over."""
    unnamed = folder / _UNNAMED
    lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    unnamed.rename(folder / _LOCK)
    return lock
