"""One home: its files, the platform that runs for it, and its audit logs."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from anyio import to_thread

from planes.certificates import find_tls_error, trusted, words_of
from planes.control_plane.services.installation import audit_reading
from planes.data_plane.executor.environments.reach import obstacle
from planes.data_plane.services.audit import verify_chain
from planes.host.building import CONTROL, database_url, uid_range
from planes.host.doctor.findings import Finding, State
from planes.host.home import Home, PlatformRecord, name_of_user
from planes.storage.database import Database
from planes.storage.errors import StorageError
from planes.wire.clocks import differ
from planes.wire.well_known import PATH

_LITTLE_ROOM_BYTES = 5 * 1024**3
_FEW_FILES = 50_000
_ANSWER_SECONDS = 3.0
_NONCE = "doctor-looks-whether-it-answers"
_SECRET_FILES = (
    "owner.key", "control/signing.key", "data/*/identity.key", "data/*/identity.key.new", "data/*/master.key",
)  # fmt: skip


async def examine_installation(root: Path, environment: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Everything about one home. A home that is not there is left so."""
    closed = await to_thread.run_sync(_closed, root)
    if closed is not None:
        yield closed
        return
    for finding in await to_thread.run_sync(lambda: list(_files(root))):
        yield finding
    record = await to_thread.run_sync(lambda: Home(root).running())
    for finding in await to_thread.run_sync(lambda: list(_platform(record))):
        yield finding
    for subject, url in await to_thread.run_sync(lambda: list(_databases(root, environment))):
        yield await _audit(subject, url)


def _closed(root: Path) -> Finding | None:
    if not root.is_dir():
        return Finding(
            area="home",
            subject="folder",
            state=State.OFF,
            detail=f"{root} does not exist",
            advice="The first start of dlthub-tui makes it.",
        )
    if os.statvfs(root).f_flag & os.ST_RDONLY:
        return Finding(
            area="home",
            subject="folder",
            state=State.BAD,
            detail=f"{root} is on a disk that is mounted read-only",
            advice="A disk that fails is mounted so by the system, whose log says why.",
        )
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            area="home",
            subject="folder",
            state=State.BAD,
            detail=f"{root} belongs to somebody else",
            advice="Only its owner, or root, can look into it.",
        )
    return None


def _files(root: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(root.stat().st_mode)
    closed = mode & 0o066 == 0
    yield Finding(
        area="home",
        subject="folder",
        state=State.GOOD if closed else State.BAD,
        detail=f"{root}, mode {mode:04o}",
        advice=None if closed else f"Others can read it: chmod go-rw {root}",
    )
    open_files = [
        str(path.relative_to(root))
        for pattern in _SECRET_FILES
        for path in root.glob(pattern)
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    yield Finding(
        area="home",
        subject="keys",
        state=State.BAD if open_files else State.GOOD,
        detail=f"open to others: {', '.join(open_files)}" if open_files else "closed to others",
        advice=f"chmod 600 {' '.join(open_files)}" if open_files else None,
    )
    owner = root.joinpath("owner.key")
    whose = owner.stat().st_uid if owner.exists() else root.stat().st_uid
    strange = [str(path.relative_to(root)) for path in _first_floors(root) if path.lstat().st_uid != whose]
    if strange:
        yield Finding(
            area="home",
            subject="owner",
            state=State.BAD,
            detail=f"not of {name_of_user(whose)}, whose home it is: {', '.join(strange)}",
            advice=f"Some command was run as another user. Stop the platform; chown -R {name_of_user(whose)} {root}",
        )
    if os.geteuid() == 0:
        problem = obstacle(root, *[uid_range("us1")[0]] * 2)
        yield Finding(
            area="home",
            subject="way for jobs",
            state=State.BAD if problem else State.GOOD,
            detail=problem or "the users of jobs can pass through to their own folders",
            advice="Choose a home that is below no closed folder: --home" if problem else None,
        )
    yield _room(root)


def _room(root: Path) -> Finding:
    disk = os.statvfs(root)
    free = disk.f_bavail * disk.f_frsize
    # A disk may hold no more files while there is room in it; one that counts none says 0 of 0.
    has_files = disk.f_files == 0 or disk.f_favail >= _FEW_FILES
    has_room = free >= _LITTLE_ROOM_BYTES
    advice = "Environments take about 0.5 GiB each, a log up to 1 GiB."
    if not has_files:
        advice = "The disk takes no more files than that (df -i), and an environment has some 10,000."
    return Finding(
        area="home",
        subject="room",
        state=State.GOOD if has_room and has_files else State.WARNING,
        detail=f"{free / 1024**3:.1f} GiB free" + ("" if has_files else f", and room for {disk.f_favail:,} files"),
        advice=None if has_room and has_files else advice,
    )


def _first_floors(root: Path) -> Iterator[Path]:
    """What planes themselves keep in a home, down to the folders of regions; below those are jobs of other users."""
    for pattern in ("*", "control/*", "data/*", "data/*/*"):
        yield from root.glob(pattern)


def _platform(record: PlatformRecord | None) -> Iterator[Finding]:
    if record is None:
        yield Finding(
            area="platform",
            subject="process",
            state=State.OFF,
            detail="no platform runs for this home",
            advice="dlthub-tui opens one; dlthub-tui serve runs one without the terminal app.",
        )
        return
    # The record of a region alone names its control plane, which runs elsewhere and has no socket here.
    is_one_process = len(record.data_planes) + (record.socket is not None) > 1
    separation = "code only, all its planes are one process" if is_one_process else "a process of its own"
    yield Finding(
        area="platform",
        subject="process",
        state=State.GOOD,
        detail=f"pid {record.pid}, version {record.version}; separation: {separation}",
    )
    if record.control_plane is not None:
        yield _answers("control", record.control_plane, "/.well-known/control-plane")
    for name, url in record.data_planes.items():
        yield _answers(name, url, f"{PATH}?nonce={_NONCE}")


def _answers(name: str, url: str, path: str) -> Finding:
    """Whether a plane of this machine answers at its address."""
    address = urlsplit(url)
    host = address.hostname or ""
    connection = (
        HTTPSConnection(host, address.port, timeout=_ANSWER_SECONDS, context=trusted())
        if address.scheme == "https"
        else HTTPConnection(host, address.port, timeout=_ANSWER_SECONDS)
    )
    apart = ""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        status, apart = answer.status, differ(answer.getheader("date"), datetime.now(UTC))
        detail = f"{url} answers" if status == HTTPStatus.OK else f"{url} answers {status}"
    except (OSError, HTTPException) as exc:
        found = find_tls_error(exc)
        status, detail = 0, f"{url} does not answer ({words_of(found) if found else type(exc).__name__})"
    finally:
        connection.close()
    is_good = status == HTTPStatus.OK
    if is_good and apart:
        return Finding(
            area="platform",
            subject=name,
            state=State.BAD,
            detail=f"{detail}, and the clock here is {apart} the one there",
            advice="Planes refuse what is a minute old. Let both machines ask a time server.",
        )
    return Finding(
        area="platform",
        subject=name,
        state=State.GOOD if is_good else State.BAD,
        detail=detail,
        advice=None if is_good else "Its service log says more; starting the platform again loses no run.",
    )


def _databases(root: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    folders = {CONTROL: root / "control", **{path.name: path for path in sorted((root / "data").glob("*"))}}
    for name, folder in folders.items():
        url = database_url(name, folder, environment)
        _, is_file, path = url.partition(":///")
        if folder.is_dir() and (not url.startswith("sqlite") or (is_file and Path(path).exists())):
            yield name, url


async def _audit(subject: str, url: str) -> Finding:
    database = Database.attach(url)
    try:
        if subject == CONTROL:
            broken = None if await audit_reading.is_intact(database) else "its chain of hashes is broken"
            detail = "the chain of hashes is whole"
        else:
            chain = await verify_chain(database)
            broken = f"entry {chain.broken_at} does not fit the chain" if chain.broken_at is not None else None
            detail = f"{chain.entries} entries, the chain of hashes is whole, head {chain.head[:12]}"
    except (StorageError, OSError) as exc:
        broken, detail = f"it cannot be read: {exc}", ""
    finally:
        await database.close()
    return Finding(
        area="audit",
        subject=subject,
        state=State.BAD if broken else State.GOOD,
        detail=broken or detail,
        advice="Somebody changed what must only grow. Compare it with a backup before you go on." if broken else None,
    )
