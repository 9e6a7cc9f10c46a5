"""Which uid a workspace's code runs as.

Two records: the plane's own (`uids.json`), which says what a workspace has, and the machine's, which says who has a
uid. Planes of several homes draw from the same range, and a uid of two workspaces would open each to the other's jobs.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import structlog

from planes.data_plane.segments import write_synced

MACHINE_RECORD = Path("/var/lib/dlthub-tui-uids")
_RECORD = "uids.json"
_log = structlog.get_logger("planes.data_plane.uids")


class UidRange(NamedTuple):
    """The uids that a plane may hand out: from `first` to `last`, both included. Never 0."""

    first: int
    last: int


class UidsExhausted(Exception):
    """Every uid of the range belongs to a workspace already."""


class WorkspaceUids:
    """Hands each workspace one uid of a range, for good, and remembers it in the plane's folder.

    No two workspaces share one, whichever plane of this machine they are of, so no job can read, signal or trace a job
    of another workspace.
    """

    def __init__(self, folder: Path, uids: UidRange, machine: Path = MACHINE_RECORD) -> None:
        if not 0 < uids.first <= uids.last:
            raise ValueError("a range of uids begins above 0 and is not empty")
        self._path = folder / _RECORD
        self._uids = uids
        self._machine = machine
        self._claimed: set[str] = set()

    def find_uid(self, workspace_id: str) -> int | None:
        """The workspace's uid (its gid is the same number); None where the platform may not switch.

        Blocks on the disk the first time. Raises: UidsExhausted, OSError when the machine's record cannot be kept.
        """
        if os.geteuid() != 0:
            return None
        with _locked(self._path.with_suffix(".lock")):
            known: dict[str, int] = _read(self._path)
            if workspace_id in known and workspace_id in self._claimed:
                return known[workspace_id]
            with _machine_record(self._machine) as owners:
                if workspace_id not in known:
                    known[workspace_id] = self._choose(set(known.values()), owners)
                    # Before the machine's: what was cut short in between is claimed when it is asked for next.
                    write_synced(self._path, json.dumps(known, indent=1).encode())
                self._claim(workspace_id, known[workspace_id], owners)
            return known[workspace_id]

    def _choose(self, taken: set[int], owners: dict[str, list[str]]) -> int:
        for uid in range(self._uids.first, self._uids.last + 1):
            if uid not in taken and (str(uid) not in owners or not _is_kept(uid, owners[str(uid)])):
                return uid
        raise UidsExhausted(f"all uids from {self._uids.first} to {self._uids.last} are taken")

    def _claim(self, workspace_id: str, uid: int, owners: dict[str, list[str]]) -> None:
        """Notes whose the uid is. One that another home's workspace has had all along stays; the log says so."""
        mine = [os.path.realpath(self._path), workspace_id]
        other = owners.get(str(uid))
        if other is not None and other[1] != workspace_id and other[0] != mine[0] and _is_kept(uid, other):
            _log.warning("uid_of_two_workspaces", uid=uid, workspace_id=workspace_id, other=other[0])
        else:
            owners[str(uid)] = mine
        self._claimed.add(workspace_id)


def _is_kept(uid: int, owner: list[str]) -> bool:
    """Whether who is said to have it still does: a home that was removed keeps nothing."""
    path, workspace_id = owner
    try:
        return _read(Path(path)).get(workspace_id) == uid
    except (OSError, ValueError):
        return False


def _read(path: Path) -> dict[str, int]:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}


@contextmanager
def _machine_record(folder: Path) -> Generator[dict[str, list[str]]]:
    """Who has which uid, as [path of the plane's record, workspace], to be changed, and held meanwhile."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _RECORD
    with _locked(folder / "lock"):
        try:
            before = path.read_bytes()
        except FileNotFoundError:
            before = b"{}"
        owners: dict[str, list[str]] = json.loads(before)
        yield owners
        after = json.dumps(owners, indent=1).encode()
        if after != before:
            write_synced(path, after)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
