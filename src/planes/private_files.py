"""Files that only their owner reads, put in place whole: a process killed in the midst leaves the old one, or none."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Writes a 0600 file: to another name, synced, renamed. Raises: OSError, with the file's name."""
    _written_aside(path, content).replace(path)


def write_for_home(path: Path, content: bytes) -> None:
    """The same, with its folder (0700), for the user whose home the folder is in, also where root writes it.

    An administrator who looked into a home left files in it that its user could no longer read.
    """
    make_for_home(path.parent)
    _written_aside(path, content, is_for_home=True).replace(path)


def make_for_home(folder: Path) -> None:
    """A folder (0700) in a home, of the home's user, also where root makes it."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() == 0:
        owner = folder.parent.stat()
        os.chown(folder, owner.st_uid, owner.st_gid, follow_symlinks=False)


def open_for_home(path: Path, flags: int) -> int:
    """A file (0600) to be written into, of the user whose home its folder is in; no link is followed."""
    make_for_home(path.parent)
    descriptor = os.open(path, flags | os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    _give(descriptor, path.parent)
    return descriptor


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


def _give(descriptor: int, folder: Path) -> None:
    """What root writes in another user's folder is that user's; a file with another name elsewhere may be root's."""
    if os.geteuid() == 0 and os.fstat(descriptor).st_nlink == 1:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _written_aside(path: Path, content: bytes, *, is_for_home: bool = False) -> Path:
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            if is_for_home:
                _give(descriptor, path.parent)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        os.unlink(aside)
        raise OSError(exc.errno, exc.strerror, os.fspath(path)) from exc  # of a write, the system names no file
    return Path(aside)
