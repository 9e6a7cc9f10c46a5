"""Measuring and removing what runs left on the disk. Blocking; every function may run twice, and after a death.

    environments/KEY ──rename──► environments/KEY.gone ──► nothing        KEY.json, KEY.lock go after it
    trees/SHA256     ──rename──► trees/.SHA256.gone    ──► nothing

What is renamed is nobody's any more: the next pass removes what a killed one left of it.
"""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

from planes.data_plane.runner.trees import remove_tree
from planes.data_plane.runner.usage import size_below

GONE = ".gone"
_BUILDING = ".building"
_OF_AN_ENVIRONMENT = (".json", ".lock")
_KEY_DIGITS = 24


def size_of(path: Path) -> int:
    """Bytes on the disk below a path, links not followed; what vanishes meanwhile counts nothing."""
    return size_below(str(path)).bytes


def changed_at(path: Path) -> datetime:
    """When the entry itself was last changed; the beginning of time when it is not there."""
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)


def remove(path: Path) -> None:
    """Removes a file, a link or a folder, also one whose permissions a job took away. Links are never followed.

    Raises: OSError.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    with contextlib.suppress(FileNotFoundError):
        remove_tree(str(path))


def names_in(folder: Path) -> list[str]:
    """The entries of a folder, sorted; none when there is none."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def environments_in(folder: Path) -> list[str]:
    """The keys of the whole environments in a workspace's `environments/`."""
    return [name for name in names_in(folder) if _is_key(name)]


def leftovers_in(folder: Path, *, is_building: bool) -> list[Path]:
    """What killed builds and killed removals left there; what may belong to a build only when none `is_building`."""
    found: list[Path] = []
    for name in names_in(folder):
        key, dot, rest = name.partition(".")
        suffix = f"{dot}{rest}"
        is_lonely = suffix in _OF_AN_ENVIRONMENT and not (folder / key).exists()
        if suffix == GONE or (not is_building and (suffix == _BUILDING or is_lonely or name.startswith("."))):
            found.append(folder / name)
    return found


def set_aside(path: Path, hidden: bool = False) -> Path:
    """Renames what is to be removed, so that nobody finds it any more; answers its new name.

    Raises: OSError.
    """
    aside = path.with_name(f"{'.' if hidden else ''}{path.name}{GONE}")
    if aside.exists() or aside.is_symlink():
        remove(aside)
    path.rename(aside)
    return aside


def _is_key(name: str) -> bool:
    return len(name) == _KEY_DIGITS and set(name) <= set("0123456789abcdef")
