"""The home: one folder with everything a platform keeps, one platform at a time (Borders: 3).

<home>/owner.key        who can read it is the owner (with the socket's peer uid)
<home>/platform.lock    held by the running platform
<home>/platform.json    where it is; written when ready
<home>/ports.json       the ports it took, since clients store the URL
<home>/region.json      of a data plane alone: its id and its control plane, once it has joined
<home>/control.sock     the control plane for this machine
<home>/control/         the control plane's own
<home>/data/<id>/       each data plane's own
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from planes.domain.errors import Conflict
from planes.private_files import create_private, write_private
from planes.unix_sockets.listening import socket_place

_PRIVATE = 0o700
# A platform that is root runs each workspace's jobs as another uid, which has to pass through to its own folders.
_PASSED_THROUGH = 0o711

# The system's limit is 107 bytes; some of it is kept for the name of a temporary file beside it.
_LOG_BYTES = 16 * 1024 * 1024


class HomeInUse(Exception):
    """Another platform runs for this home; `record` says where, when it is ready."""

    def __init__(self, home: Path, record: PlatformRecord | None) -> None:
        where = f" (process {record.pid}, {record.control_plane})" if record else ""
        super().__init__(f"A platform already runs for {home}{where}. Stop it first, or use it.")
        self.record = record


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRecord:
    """Where a running platform is: what `platform.json` and the ready line say."""

    pid: int
    version: str
    control_plane: str | None
    data_planes: dict[str, str] = field(default_factory=dict[str, str])
    socket: str | None = None

    def ready_line(self) -> str:
        """The one JSON line that `serve` prints."""
        return json.dumps(
            {"ready": True, "pid": self.pid, "control_plane": self.control_plane, "data_planes": self.data_planes}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedRegion:
    """What `region.json` says. `control_plane` has no trailing slash."""

    dataplane_id: str
    control_plane: str


def check_ours(root: Path) -> None:
    """That the user whose home it is can read what this process writes there: another one's files are closed to them.

    Raises: Conflict (`home_of_another`).
    """
    key = root / "owner.key"
    try:
        owner = key.stat().st_uid
    except FileNotFoundError:
        return  # nobody's yet
    except PermissionError:
        owner = root.stat().st_uid
    if owner != os.geteuid():
        name = name_of_user(owner)
        raise Conflict(
            "home_of_another",
            f"{root} is the home of {name}, who could not read what {name_of_user(os.geteuid())} writes there. "
            f"Run this as {name}: sudo -u {name} …, or User={name} in a unit of systemd.",
        )


def name_of_user(uid: int) -> str:
    """Their name; the number of a user whom this system does not know."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


class Home:
    """Paths of one home. Creating it makes the folder (0700; as root 0711) and the owner's key (0600)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._way = _PASSED_THROUGH if os.geteuid() == 0 else _PRIVATE
        root.mkdir(parents=True, exist_ok=True, mode=self._way)
        # An existing folder may be wider; what is in it is not. One on a disk that is read-only is left as it is.
        found = root.stat()
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != self._way:
            root.chmod(self._way)
        self.owner_key_file = root / "owner.key"
        if not self.owner_key_file.exists():
            create_private(self.owner_key_file, secrets.token_hex(32).encode())

    @property
    def control_folder(self) -> Path:
        return _folder(self.root / "control", _PRIVATE)

    def data_folder(self, dataplane_id: str) -> Path:
        """The folder of one data plane."""
        _folder(self.root / "data", self._way)
        return _folder(self.root / "data" / dataplane_id, self._way)

    def check_control_plane(self) -> None:
        """That one may run here: beside a new one the regions of another could not work.

        Raises: Conflict (`home_of_regions`).
        """
        control = self.root / "control"
        regions = sorted(path.parent.name for path in (self.root / "data").glob("[!.]*/identity.key"))
        if regions and not (control.is_dir() and any(control.iterdir())):
            told = "" if self.read_region() else f"--region {regions[0]} --control-plane URL "
            raise Conflict(
                "home_of_regions",
                f"{self.root} holds {' and '.join(regions)} of a control plane elsewhere, so none is started here. "
                f"The region: dlthub-tui serve data {told}--home {self.root}",
            )

    @property
    def lock_file(self) -> Path:
        return self.root / "platform.lock"

    @property
    def log_file(self) -> Path:
        """Where a platform without a terminal writes its service log."""
        return self.root / "platform.log"

    def begin_log(self) -> Path:
        """The same, before a process begins to write: what earlier ones wrote makes way when it is large, once."""
        with suppress(FileNotFoundError):
            if self.log_file.stat().st_size > _LOG_BYTES:
                self.log_file.replace(self.root / "platform.log.1")
        return self.log_file

    def socket_path(self) -> Path:
        """Where the control plane listens for this machine. Raises: OSError."""
        return socket_place(self.root / "control.sock")

    def read_ports(self) -> dict[str, int]:
        """The ports of earlier starts by part (`control`, or a data plane's id)."""
        stored = _read_json(self.root / "ports.json")
        return {str(key): int(port) for key, port in stored.items()} if stored else {}

    def write_ports(self, ports: dict[str, int]) -> None:
        """Keeps the ports, since clients store the URL."""
        write_private(self.root / "ports.json", json.dumps(ports).encode())

    def read_region(self) -> JoinedRegion | None:
        """The data plane of this home and its control plane, once it has joined one from here."""
        stored = _read_json(self.root / "region.json")
        try:
            return JoinedRegion(**stored) if stored else None
        except TypeError:
            return None

    def write_region(self, region: JoinedRegion) -> None:
        """Keeps what the next start need not be told."""
        write_private(self.root / "region.json", json.dumps(asdict(region)).encode())

    def read_record(self) -> PlatformRecord | None:
        """What `platform.json` says, or None when there is none to read."""
        stored = _read_json(self.root / "platform.json")
        try:
            return PlatformRecord(**stored) if stored else None
        except TypeError:
            return None

    def write_record(self, record: PlatformRecord) -> None:
        """Announces the platform."""
        write_private(self.root / "platform.json", json.dumps(asdict(record)).encode())

    def clear_record(self) -> None:
        """Takes the announcement back. May run twice."""
        (self.root / "platform.json").unlink(missing_ok=True)

    def running(self) -> PlatformRecord | None:
        """The platform that runs for this home now, if one does and is ready."""
        return self.read_record() if self.is_held() else None

    def lock_id(self) -> str | None:
        """Which lock a platform of this home holds: in a copy of the home it is another one. None: there never was one.

        Nobody changes the file, and a system that copies it cannot keep when its copy came to be.
        """
        try:
            found = self.lock_file.stat()
        except FileNotFoundError:
            return None
        return hashlib.blake2s(f"{found.st_ino} {found.st_ctime_ns}".encode(), digest_size=16).hexdigest()

    def is_held(self) -> bool:
        """Whether a process has this home's platform: one that runs, starts or ends."""
        try:
            descriptor = os.open(self.lock_file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


class HomeLock:
    """The right to run the platform of a home, held until `release` or the end of the process.

    `descriptor` can be handed to another process, which goes on holding it.
    """

    def __init__(self, home: Home, inherited: int | None = None) -> None:
        """Raises: HomeInUse."""
        self.descriptor = inherited if inherited is not None else os.open(home.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        if not _take_alone(self.descriptor):
            os.close(self.descriptor)
            raise HomeInUse(home.root, home.read_record())

    def release(self) -> None:
        """Lets the home go, unless another process holds the same descriptor."""
        os.close(self.descriptor)


def _folder(path: Path, mode: int) -> Path:
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    return path


def _take_alone(descriptor: int) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            pass
        try:
            # Shared works only beside others who look whether a platform runs; they are gone in microseconds.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        os.sched_yield()


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
