"""Files that only their owner reads, put in place whole: a process killed in the midst leaves the old one, or none."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Writes a 0600 file: to another name, synced, renamed. Raises: OSError, with the file's name."""
    _written_aside(path, content).replace(path)


def create_private(path: Path, content: bytes) -> None:
    """The same, once, with its folder (0700): a key is never replaced, what was sealed with it would be lost.

    Of processes that create a file at the same moment, all use what the first has written. On the disk when this
    returns, with its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = _written_aside(path, content)
    try:
        with suppress(FileExistsError):
            path.hardlink_to(aside)
    finally:
        aside.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written_aside(path: Path, content: bytes) -> Path:
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        os.unlink(aside)
        raise OSError(exc.errno, exc.strerror, os.fspath(path)) from exc  # of a write, the system names no file
    return Path(aside)
