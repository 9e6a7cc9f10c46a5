"""What of a plane is in its backup, and where it lies.

    backup.json        what this is: plane, kind, version, when, which master key its secrets need
    DATABASE.db        the database at one moment
    the plane's files  keys of its own; of a region also blobs, logs of runs, uids, what jobs loaded into local places

Left out: the master key (Security: 8), and what is made again: environments, caches, unpacked code.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from planes.host.building import CONTROL

FORMAT = 1
ABOUT = "backup.json"
DATABASES = {True: "control.db", False: "region.db"}
_PATTERNS = {
    True: ("signing.key", "signing/*"),
    # The key before its changes: those that lead to one not there yet are passed over.
    False: (
        "identity.key", "identity-changes.json", "uids.json", "blobs", "orgs/*/workspaces/*/runs/*/ctl",
        "orgs/*/workspaces/*/data",
    ),
}  # fmt: skip
# Of a run's folder: what only means something to the process that holds it.
_LEFT_OUT = frozenset({"lock"})
_WALKS = 5
_LONGEST_NAME_BYTES = 3072
"""A path has 4096 on Linux, with the home that it is restored to."""


class CannotBackUp(Exception):
    """Nothing more was written, or nothing was restored; the message says why and what to do."""


@contextmanager
def filled(folder: Path) -> Generator[None]:
    """Makes the folder, which goes again when nothing has come into it but an error."""
    was_there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        yield
    except BaseException:
        if not was_there:
            with suppress(OSError):  # it holds something
                folder.rmdir()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The first member of a backup."""

    plane: str
    version: str
    created_at: datetime
    master_key_ids: list[str]

    def render(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": FORMAT,
            "plane": self.plane,
            "version": self.version,
            "created_at": self.created_at.isoformat(),
            "master_key_ids": self.master_key_ids,
        }

    @staticmethod
    def parse(document: dict[str, Any]) -> About:
        """Raises: ValueError, KeyError for what is none, or a newer one."""
        if document["format"] != FORMAT:
            raise ValueError("made by a newer version")
        return About(
            plane=str(document["plane"]),
            version=str(document["version"]),
            created_at=datetime.fromisoformat(document["created_at"]),
            master_key_ids=[str(each) for each in document["master_key_ids"]],
        )


def plane_folder(home: Path, plane: str) -> Path:
    """Where a plane of a home lies."""
    return home / CONTROL if plane == CONTROL else home / "data" / plane


def planes_of(home: Path) -> list[str]:
    """The control plane first: whatever a region knows, it has heard of before or will hear of again."""
    regions = sorted(path.parent.name for path in home.glob("data/[!.]*/identity.key"))
    return [*([CONTROL] if (home / CONTROL / "signing.key").exists() else []), *regions]


def database_name(plane: str) -> str:
    """Of the member, and of the file in the plane's folder."""
    return DATABASES[plane == CONTROL]


def files_of(folder: Path, plane: str) -> Generator[tuple[Path, Path]]:
    """Every file and folder of the plane that belongs into its backup; a parent before what is in it. No links.

    Each with the folder of the platform's that it lies in: below that a job may exchange what a name stands for.
    """
    for pattern in _PATTERNS[plane == CONTROL]:
        for root in sorted(folder.glob(pattern)):
            for path in _walk(root, folder):
                yield root.parent if path == root else root, path


def is_too_deep(path: Path, folder: Path) -> bool:
    """Whether its name in the plane's folder is longer than any home could take up again."""
    return len(os.fsencode(path)) - len(os.fsencode(folder)) > _LONGEST_NAME_BYTES


def _walk(root: Path, folder: Path) -> Generator[Path]:
    """A folder is looked through again when something went between the look and the reading (a log compressed).

    Of what lies too deep only the outermost is told: the system has no name for what is below.
    """
    told: set[Path] = set()
    for _ in range(_WALKS):
        is_same = True
        for path in [root, *sorted(root.rglob("*"))] if root.is_dir() else [root]:
            if path in told or path.name in _LEFT_OUT or is_too_deep(path.parent, folder):
                continue
            is_named = not is_too_deep(path, folder)
            if is_named and (not (path.is_file() or path.is_dir()) or path.is_symlink()):
                continue
            told.add(path)
            yield path
            is_same = is_same and (not is_named or path.exists())
        if is_same:
            return
