"""From sealed files to a home: whole planes or none, each beside its place first, then renamed into it.

A restore that is killed begins again: what lies in place and came from the same backup stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import anyio

from planes.data_plane.services.reporting.restored import make_ready
from planes.host.backup.contents import ABOUT, About, CannotBackUp, database_name, filled, plane_folder
from planes.host.building import CONTROL, PREFIX, database_url
from planes.storage.database import Database
from planes.storage.errors import StorageError
from planes.storage.master_keys import MasterKey
from planes.storage.sealing import CONTENT, Opener, unsealed
from planes.storage.snapshots import check_file, sqlite_file

_RESTORED = "restored.json"
_MOST_ABOUT_BYTES = 1024 * 1024
_PIECE_BYTES = 1024 * 1024
_WAY = 0o711


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """One plane. `said_again`: runs of which a region tells its control plane once more how they ended."""

    plane: str
    backed_up_at: str
    entries: int
    said_again: int


def restore(
    home: Path,
    folder: Path,
    planes: Sequence[str] | None,
    opener: Opener,
    master_keys: Mapping[str, str],
    environment: Mapping[str, str],
) -> list[Restored]:
    """Puts planes (None: all that the folder has) into a home that lacks them. Blocking.

    `master_keys`: for each region the content of its `master.key`, unless its variable is set.

    Raises: CannotBackUp.
    """
    found = sorted(path.name.removesuffix(CONTENT) for path in folder.glob(f"*{CONTENT}"))
    chosen = [plane for plane in sorted(found, key=lambda name: name != CONTROL) if planes is None or plane in planes]
    missing = sorted(set(planes or ()) - set(found))
    if missing or not chosen:
        raise CannotBackUp(f"There is no backup of {', '.join(missing) or 'any plane'} in {folder}.")
    restored: list[Restored] = []
    with filled(home):
        for plane in chosen:
            try:
                restored.append(_restore_plane(home, folder, plane, opener, master_keys.get(plane), environment))
            except (StorageError, OSError, tarfile.TarError) as exc:
                raise CannotBackUp(f"{plane} was not restored: {exc}.") from exc
    return restored


def _restore_plane(
    home: Path, folder: Path, plane: str, opener: Opener, master_key: str | None, environment: Mapping[str, str]
) -> Restored:
    place = plane_folder(home, plane)
    if sqlite_file(database_url(plane, place, environment)) != place / database_name(plane):
        raise CannotBackUp(
            f"{plane} is set to another database ({PREFIX}{plane.upper()}_DATABASE_URL): unset it first."
        )
    before = _read_restored(place)
    if place.exists() and any(place.iterdir()) and before is None:
        raise CannotBackUp(f"{place} is not empty. Restore into an empty home.")
    for parent in (place.parent.parent, place.parent):
        if parent.is_relative_to(home):
            parent.mkdir(exist_ok=True, mode=_WAY if parent != home else 0o700)
    fresh = place.with_name(f".{place.name}.restoring")
    if fresh.exists():
        shutil.rmtree(fresh)
    with unsealed(folder, plane, opener) as content:
        with tarfile.open(fileobj=content, mode="r|") as archive:
            about = _read_about(archive, plane)
            if before is not None:
                if before["created_at"] != about.created_at.isoformat():
                    raise CannotBackUp(f"{place} comes from another backup. Restore into an empty home.")
                return Restored(plane=plane, backed_up_at=before["created_at"], entries=0, said_again=0)
            raw_key = _check_master_key(plane, about, master_key, environment)
            fresh.mkdir(mode=0o700)
            entries = extract(archive, fresh)
        while content.read(_PIECE_BYTES):
            pass  # what follows the archive's end: only then is it known that nothing was cut off
    database = fresh / database_name(plane)
    check_file(database)
    _check_archives(fresh)
    said_again = 0
    if plane != CONTROL:
        if raw_key is not None:
            _write(fresh / "master.key", raw_key.encode() + b"\n")
        said_again = anyio.run(_make_ready, database, about)
    _write(fresh / _RESTORED, json.dumps({**about.render(), "said_again": said_again}).encode())
    os.sync()
    if place.exists():
        place.rmdir()
    fresh.rename(place)
    return Restored(plane=plane, backed_up_at=about.created_at.isoformat(), entries=entries, said_again=said_again)


async def _make_ready(path: Path, about: About) -> int:
    database = await Database.open(f"sqlite+aiosqlite:///{path}", "planes.storage.data.migrations")
    try:
        return await make_ready(database, about.created_at)
    finally:
        await database.close()


def _read_about(archive: tarfile.TarFile, plane: str) -> About:
    member = archive.next()
    file = archive.extractfile(member) if member is not None and member.name == ABOUT else None
    if file is None:
        raise CannotBackUp(f"The file of {plane} is no backup.")
    try:
        about = About.parse(json.loads(file.read(_MOST_ABOUT_BYTES)))
    except (ValueError, KeyError, TypeError) as exc:
        raise CannotBackUp(f"The backup of {plane} cannot be read by this version.") from exc
    if about.plane != plane:
        raise CannotBackUp(f"The file of {plane} is a backup of {about.plane}.")
    return about


def _check_master_key(plane: str, about: About, given: str | None, environment: Mapping[str, str]) -> str | None:
    """The key to write down; None when it comes from the environment, or nothing was ever sealed."""
    from_environment = environment.get(f"{PREFIX}{plane.upper()}_MASTER_KEY")
    if plane == CONTROL or not about.master_key_ids:
        return None
    text = (from_environment or given or "").strip()
    if not text:
        raise CannotBackUp(
            f"The secrets of {plane} need its master key, which no backup holds: give the master.key that was kept "
            f"apart (--master-key {plane}=FILE)."
        )
    key_id = MasterKey.parse(text).id
    if key_id not in about.master_key_ids:
        raise CannotBackUp(
            f"This is not the master key of {plane} from then: its id is {key_id}, "
            f"needed is {' or '.join(about.master_key_ids)}."
        )
    return None if from_environment else text


def extract(archive: tarfile.TarFile, root: Path) -> int:
    """Files and folders only, below `root`, which is new: so nothing in it leads elsewhere. Owners as they were (root).

    Raises: StorageError for a name that leads out.
    """
    count = 0
    modes: list[tuple[Path, tarfile.TarInfo]] = []
    while (member := archive.next()) is not None:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or "\0" in member.name or not name.parts:
            raise StorageError("a name in the backup leads out of it")
        path = root.joinpath(*name.parts)
        if member.isdir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            modes.append((path, member))
        elif member.isfile():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            source = archive.extractfile(member)
            assert source is not None, "a file has content"
            _copy(source, path, member)
            _take_over(path, member)
        else:
            continue
        count += 1
    for path, member in reversed(modes):
        _take_over(path, member)
    for parent in root.glob("orgs/*/workspaces/*/runs/*"):
        # Folders on the way are made, not told: jobs' uids pass through them again when a run is prepared.
        parent.chmod(0o700)
    return count


def _copy(source: IO[bytes], path: Path, member: tarfile.TarInfo) -> None:
    path.unlink(missing_ok=True)  # told twice: the later one is what the plane had when it was looked at again
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if not member.issparse():
            shutil.copyfileobj(source, file, _PIECE_BYTES)
            return
        parts = cast("Any", source).raw  # its buffer would ask whether a stream goes back
        for start, length in cast("Any", member).sparse:  # between them nothing is written: holes again
            parts.seek(start)
            file.seek(start)
            for at in range(0, length, _PIECE_BYTES):
                file.write(parts.read(min(_PIECE_BYTES, length - at)))
        file.truncate(member.size)


def _take_over(path: Path, member: tarfile.TarInfo) -> None:
    if os.geteuid() == 0:
        os.chown(path, member.uid, member.gid, follow_symlinks=False)
    path.chmod(member.mode & 0o777)


def _check_archives(root: Path) -> None:
    """Code archives are named by their content."""
    for path in root.glob("blobs/organizations/*/deployments/*"):
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                raise StorageError("an archive of code in the backup is damaged")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _read_restored(place: Path) -> dict[str, str] | None:
    try:
        return json.loads((place / _RESTORED).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
