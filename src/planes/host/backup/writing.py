"""Backing planes up while they run: the database at one moment, then the files that it speaks of.

Files only come and go by rows of the database: what a row speaks of is written before the row says that it is whole,
and nothing is removed while the plane's folder is held still (`held_still`).
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import secrets
import stat
import tarfile
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from planes.data_plane.executor.layout import opened_below
from planes.data_plane.services.upkeep.stillness import held_still
from planes.host.backup.contents import (
    ABOUT,
    About,
    CannotBackUp,
    database_name,
    files_of,
    filled,
    is_too_deep,
    plane_folder,
    planes_of,
)
from planes.host.building import CONTROL, blobs_url, database_url
from planes.host.holes import written_parts
from planes.storage.errors import StorageError
from planes.storage.sealing import Recipient, seal
from planes.storage.snapshots import copy_database, master_key_ids, sqlite_file

_SNAPSHOT = ".backup-"
_JOBS_DATA = re.compile("orgs/[^/]+/workspaces/[^/]+/data/")
_LARGE_HOLES = 1024 * 1024
_MOST_PARTS, _MOST_OF_PARTS = 100_000, 4 * 1024**3
"""Beyond these a file's zeros are read and compressed; Python misreads the place after one with 8 GiB in its parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One plane's backup. `closed`: what jobs closed to the platform's user, or put too deep; it is not in it.

    With `has_bucket` its archives lie in a bucket and are not in it either.
    """

    plane: str
    path: Path
    size_bytes: int
    entries: int
    closed: tuple[str, ...] = ()
    has_bucket: bool = False


def back_up(
    home: Path,
    folder: Path,
    planes: Sequence[str] | None,
    recipient: Recipient,
    version: str,
    environment: Mapping[str, str],
) -> list[Written]:
    """Writes one sealed file for each of the planes (None: all of this home) into a folder. Blocking.

    Raises: CannotBackUp.
    """
    known = planes_of(home)
    chosen = known if planes is None else [plane for plane in known if plane in planes]
    unknown = sorted(set(planes or ()) - set(known))
    if unknown or not chosen:
        raise CannotBackUp(f"There is no plane {', '.join(unknown)} in {home}." if unknown else f"No plane in {home}.")
    elsewhere = [
        plane for plane in chosen if sqlite_file(database_url(plane, plane_folder(home, plane), environment)) is None
    ]
    if elsewhere:
        raise CannotBackUp(_refusal(home, elsewhere, [plane for plane in chosen if plane not in elsewhere]))
    written: list[Written] = []
    with filled(folder):
        for plane in chosen:
            try:
                written.append(_back_up_plane(home, folder, plane, recipient, version, environment))
            except (StorageError, OSError) as exc:
                raise CannotBackUp(f"{plane} was not backed up: {exc}.") from exc
    return written


def _refusal(home: Path, elsewhere: Sequence[str], others: Sequence[str]) -> str:
    """What to do for planes whose database is on a server, in this order. Addresses hold passwords: none is shown."""
    steps = [
        f"dump its database by pg_dump --format=custom --file={plane}.dump and copy {plane_folder(home, plane)}"
        for plane in elsewhere
    ]
    rest = f" Back up the others by --plane {' --plane '.join(others)}." if others else ""
    return (
        f"Nothing was written: {', '.join(elsewhere)} {'keep' if len(elsewhere) > 1 else 'keeps'} the database on a "
        f"Postgres server. Stop the platform; {'; '.join(steps)}; start it.{rest} docs/backup.md says how to restore."
    )


def _back_up_plane(
    home: Path, folder: Path, plane: str, recipient: Recipient, version: str, environment: Mapping[str, str]
) -> Written:
    place = plane_folder(home, plane)
    source = sqlite_file(database_url(plane, place, environment))
    assert source is not None, "looked at before"
    entries = 0
    closed: list[str] = []

    def write(out: IO[bytes]) -> None:
        nonlocal entries
        with held_still(place), _snapshot(source, place) as snapshot:
            keys = [] if plane == CONTROL else master_key_ids(snapshot)
            about = About(plane=plane, version=version, created_at=datetime.now(UTC), master_key_ids=keys)
            with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                _add_bytes(archive, ABOUT, json.dumps(about.render()).encode())
                add_member(archive, place, snapshot, database_name(plane))
                for root, path in _files(place, plane, environment):
                    name = path.relative_to(place).as_posix()
                    if is_too_deep(path, place):
                        closed.append(name)
                        continue
                    try:
                        entries += add_member(archive, root, path, name)
                    except PermissionError:
                        if not _JOBS_DATA.match(name):
                            raise
                        closed.append(name)

    path = seal(folder, plane, recipient, write)
    size = path.stat().st_size
    return Written(
        plane=plane,
        path=path,
        size_bytes=size,
        entries=entries,
        closed=tuple(closed),
        has_bucket=blobs_url(plane, environment) is not None,
    )


def _files(place: Path, plane: str, environment: Mapping[str, str]) -> Generator[tuple[Path, Path]]:
    """Blobs in a bucket are the bucket's to keep."""
    is_in_bucket = blobs_url(plane, environment) is not None
    for root, path in files_of(place, plane):
        if not (is_in_bucket and path.is_relative_to(place / "blobs")):
            yield root, path


@contextmanager
def _snapshot(source: Path, place: Path) -> Generator[Path]:
    """Lies in the plane's own folder, so that nothing of a region is ever anywhere else in the clear."""
    for left in place.glob(f"{_SNAPSHOT}*"):
        left.unlink(missing_ok=True)
    path = place / f"{_SNAPSHOT}{secrets.token_hex(8)}.db"
    try:
        copy_database(source, path)
        yield path
    finally:
        path.unlink(missing_ok=True)


def add_member(archive: tarfile.TarFile, root: Path, path: Path, name: str) -> int:
    """One file or folder as it is now; a file that grows meanwhile as long as it was. 0 when it has gone.

    Below `root` nothing is followed: jobs go on, and may put a link to what is the platform's in the place of a folder.
    """
    with opened_below(Path(os.path.realpath(root)), path.relative_to(root).parent.parts) as folder:
        if folder is None:
            return 0
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(path.name, flags, dir_fd=folder)
        except OSError as exc:
            if exc.errno in {errno.ENOENT, errno.ELOOP}:
                return 0
            raise
    try:
        found = os.fstat(descriptor)
        member = tarfile.TarInfo(name)
        member.mode, member.mtime = stat.S_IMODE(found.st_mode), found.st_mtime
        member.uid, member.gid = found.st_uid, found.st_gid
        if stat.S_ISDIR(found.st_mode):
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
        elif stat.S_ISREG(found.st_mode):
            _add_content(archive, member, descriptor, found.st_size)
        else:
            return 0
        return 1
    finally:
        os.close(descriptor)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def _add_content(archive: tarfile.TarFile, member: tarfile.TarInfo, descriptor: int, size: int) -> None:
    """A file with large holes as GNU tar tells one (pax, 1.0): a list of its parts, then these."""
    parts = list(islice(written_parts(descriptor, size), _MOST_PARTS + 1))
    written = sum(length for _, length in parts)
    head = b""
    if size - written > _LARGE_HOLES and len(parts) <= _MOST_PARTS and written < _MOST_OF_PARTS:
        parts.append((size, 0))
        numbers = [len(parts), *(number for part in parts for number in part)]
        head = b"".join(b"%d\n" % number for number in numbers)
        head += bytes(-len(head) % tarfile.BLOCKSIZE)
        told = {"major": "1", "minor": "0", "name": member.name, "realsize": str(size)}
        member.pax_headers = {f"GNU.sparse.{name}": value for name, value in told.items()}
        member.size = len(head) + written
    else:
        parts = [(0, size)]
        member.size = size
    archive.addfile(member, _Parts(descriptor, head, parts))


class _Parts(io.RawIOBase):
    """As many bytes as were promised, of these parts of a file: where it was cut meanwhile, zeros."""

    def __init__(self, descriptor: int, head: bytes, parts: Sequence[tuple[int, int]]) -> None:
        self._descriptor = descriptor
        self._head = head
        self._parts = deque(parts)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Of `size` bytes, which is what an archive asks for."""
        content = bytearray(self._head[:size])
        self._head = self._head[len(content) :]
        while len(content) < size and self._parts:
            start, length = self._parts.popleft()
            wanted = min(length, size - len(content))
            content += os.pread(self._descriptor, wanted, start).ljust(wanted, b"\0")
            if wanted < length:
                self._parts.appendleft((start + wanted, length - wanted))
        return bytes(content)
