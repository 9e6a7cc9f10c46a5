"""Files that only their owner reads, put in place whole: a process killed in the midst leaves the old one, or none."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Writes a 0600 file: to another name, synced, renamed. Raises: OSError, with the file's name."""
    with _opened(path.parent) as folder:
        _put_in_place(folder, path, _written_aside(folder, path, content))


def write_for_home(path: Path, content: bytes) -> None:
    """The same, with its folder (0700), for the user whose home the folder is in, also where root writes it.

    An administrator who looked into a home left files in it that its user could no longer read.
    """
    make_for_home(path.parent)
    with _opened(path.parent) as folder:
        _put_in_place(folder, path, _written_aside(folder, path, content, is_for_home=True))


def make_for_home(folder: Path) -> None:
    """A folder (0700) in a home, of the home's user, also where root makes it."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _opened(folder.parent) as parent:
        try:
            os.mkdir(folder.name, 0o700, dir_fd=parent)
        except FileExistsError:
            return
        made = os.open(folder.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            _give(made, parent)
        finally:
            os.close(made)


def open_for_home(path: Path, flags: int) -> int:
    """A file (0600) to be written into, of the user whose home its folder is in; no link is followed.

    Root writes into none that is somebody else's, which the home's user may have linked there, and nobody into a pipe,
    which waits for whoever reads it: a new file takes its place.
    """
    make_for_home(path.parent)
    flags |= os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with _opened(path.parent) as folder:
        with suppress(FileNotFoundError):
            descriptor = _open_there(path.name, flags, folder)
            if descriptor is not None:
                return descriptor
            os.unlink(path.name, dir_fd=folder)
        descriptor = os.open(path.name, flags | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        _give(descriptor, folder)
        return descriptor


def create_private(path: Path, content: bytes) -> None:
    """The same, once, with its folder (0700): a key is never replaced, what was sealed with it would be lost.

    Of processes that create a file at the same moment, all use what the first has written. On the disk when this
    returns, with its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _opened(path.parent) as folder:
        aside = _written_aside(folder, path, content)
        try:
            with suppress(FileExistsError):
                os.link(aside, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.unlink(aside, dir_fd=folder)
        os.fsync(folder)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


def _open_there(name: str, flags: int, folder: int) -> int | None:
    """The file that is there; None for one that must not be written into. Raises: OSError, where there is none."""
    try:
        descriptor = os.open(name, (flags & ~os.O_TRUNC) | os.O_NONBLOCK, dir_fd=folder)
    except OSError as exc:
        if exc.errno != errno.ENXIO:  # a pipe without a reader, or a socket
            raise
        return None
    found = os.fstat(descriptor)
    is_its_users = os.geteuid() != 0 or found.st_uid == os.fstat(folder).st_uid
    if is_its_users and stat.S_ISREG(found.st_mode):
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
        return descriptor
    os.close(descriptor)
    return None


@contextmanager
def _opened(folder: Path) -> Generator[int]:
    """The folder itself, whatever its user puts at its path meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _give(made: int, folder: int) -> None:
    """What root has made in another user's folder is that user's."""
    if os.geteuid() == 0:
        owner = os.fstat(folder)
        os.fchown(made, owner.st_uid, owner.st_gid)


def _put_in_place(folder: int, path: Path, aside: str) -> None:
    os.replace(aside, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _written_aside(folder: int, path: Path, content: bytes, *, is_for_home: bool = False) -> str:
    aside = f".{path.name}.{secrets.token_hex(8)}"
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if is_for_home:
                    _give(descriptor, folder)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            os.unlink(aside, dir_fd=folder)
            raise
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, os.fspath(path)) from exc  # of a write, the system names no file
    return aside
