"""Writes verified archives to disk, and copies trees for runs. Never follows a link that it did not just make.

Blocking: call from a thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import BinaryIO

from planes.data_plane.services.uploads.archive_manifest import FileFact
from planes.data_plane.services.uploads.archives import ArchiveReader, Contents
from planes.data_plane.services.uploads.tar_stream import Limits

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(source: BinaryIO, root: Path, limits: Limits) -> Contents:
    """Writes an archive's tree into the new folder `root`: files 0400 or 0500, folders 0700, links last.

    When this raises, what was written is gone.
    Raises: InvalidRequest, TooLarge, OSError.
    """
    root.mkdir(mode=0o700)
    try:
        reader = ArchiveReader(source, limits)
        links: list[tuple[str, str]] = []
        with _opened(root) as root_descriptor:
            for entry, content in reader.entries():
                if entry.target is not None:
                    links.append((entry.path, entry.target))
                    continue
                mode = 0o500 if entry.is_executable else 0o400
                with _folder_of(root_descriptor, entry.path) as (folder, name):
                    descriptor = os.open(name, _NEW_FLAGS, mode, dir_fd=folder)
                    with os.fdopen(descriptor, "wb") as file:
                        for piece in content:
                            file.write(piece)
            # Only now, when the whole archive is known to be good, can anything be reached through a link.
            for path, target in links:
                with _folder_of(root_descriptor, path) as (folder, name):
                    os.symlink(target, name, dir_fd=folder)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return reader.contents


def copy_tree(tree: Path, destination: Path) -> None:
    """Copies a tree into an existing folder for a run to work in: files 0600 or 0700, folders 0700, links as they are.

    Blocks are shared where the file system can (reflink), never as hard links (Security: 7).
    """
    with _opened(tree) as source, _opened(destination) as target:
        _copy_folder(source, target)


def tree_matches(root: Path, facts: Sequence[FileFact]) -> bool:
    """Whether the tree holds exactly these files: after a loss of power, one that was renamed may be incomplete."""
    with _opened(root) as root_descriptor:
        return all(_file_matches(root_descriptor, fact) for fact in facts)


def _file_matches(root: int, fact: FileFact) -> bool:
    digest = hashlib.sha3_256()
    try:
        with _folder_of(root, fact.path, make=False) as (folder, name):
            if fact.target is not None:
                return os.readlink(name, dir_fd=folder) == fact.target
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                while piece := file.read(1024 * 1024):
                    digest.update(piece)
    except OSError:
        return False
    return digest.digest() == fact.sha3_256


def _copy_folder(source: int, target: int) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_symlink():
                os.symlink(os.readlink(entry.name, dir_fd=source), entry.name, dir_fd=target)
            elif entry.is_dir(follow_symlinks=False):
                os.mkdir(entry.name, 0o700, dir_fd=target)
                with _opened(entry.name, source) as below, _opened(entry.name, target) as new:
                    _copy_folder(below, new)
            else:
                _copy_file(entry.name, source, target)


def _copy_file(name: str, source: int, target: int) -> None:
    reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
    try:
        status = os.fstat(reading)
        mode = 0o700 if status.st_mode & 0o100 else 0o600
        writing = os.open(name, _NEW_FLAGS, mode, dir_fd=target)
        try:
            _copy_bytes(reading, writing, status.st_size)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_bytes(reading: int, writing: int, size: int) -> None:
    """`copy_file_range` shares blocks where it can; where it does not work at all, plain copying."""
    copied = 0
    with contextlib.suppress(OSError):
        while copied < size:
            step = os.copy_file_range(reading, writing, size - copied)
            if step == 0:
                break
            copied += step
    if copied < size:
        os.lseek(reading, copied, os.SEEK_SET)
        os.lseek(writing, copied, os.SEEK_SET)
        while piece := os.read(reading, 1024 * 1024):
            while piece:
                piece = piece[os.write(writing, piece) :]


@contextlib.contextmanager
def _opened(path: Path | str, folder: int | None = None) -> Generator[int]:
    descriptor = os.open(path, _FOLDER_FLAGS, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _folder_of(root: int, path: str, *, make: bool = True) -> Generator[tuple[int, str]]:
    """Opens the folder that the path lies in, step by step and never through a link."""
    *parents, name = path.split("/")
    descriptor = os.dup(root)
    try:
        for part in parents:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=descriptor)
            below = os.open(part, _FOLDER_FLAGS, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor, name
    finally:
        os.close(descriptor)
