"""Which uid a workspace's code runs as."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from planes.data_plane.segments import write_synced


class UidRange(NamedTuple):
    """The uids that a plane may hand out: from `first` to `last`, both included. Never 0."""

    first: int
    last: int


class UidsExhausted(Exception):
    """Every uid of the range belongs to a workspace already."""


class WorkspaceUids:
    """Hands each workspace one uid of a range, for good, and remembers it in the plane's folder.

    No two workspaces share one, so no job can read, signal or trace a job of another workspace.
    """

    def __init__(self, folder: Path, uids: UidRange) -> None:
        if not 0 < uids.first <= uids.last:
            raise ValueError("a range of uids begins above 0 and is not empty")
        self._path = folder / "uids.json"
        self._uids = uids

    def find_uid(self, workspace_id: str) -> int | None:
        """The workspace's uid (its gid is the same number); None where the platform may not switch.

        Blocks on the disk the first time. Raises: UidsExhausted.
        """
        if os.geteuid() != 0:
            return None
        with self._locked():
            known: dict[str, int] = json.loads(self._path.read_bytes()) if self._path.exists() else {}
            if workspace_id in known:
                return known[workspace_id]
            taken = set(known.values())
            for uid in range(self._uids.first, self._uids.last + 1):
                if uid not in taken:
                    known[workspace_id] = uid
                    write_synced(self._path, json.dumps(known, indent=1).encode())
                    return uid
        raise UidsExhausted(f"all uids from {self._uids.first} to {self._uids.last} are taken")

    @contextmanager
    def _locked(self) -> Generator[None]:
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
