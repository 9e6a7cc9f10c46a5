"""What of a folder no archive takes along: it stays on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from planes.packing.archives import LOCAL_PROFILES, SETTINGS_FOLDER, PackedFile

# Found in every folder; named once.
EVERYWHERE = ("__pycache__",)


def left_behind(folder: Path, code: Sequence[PackedFile], configuration: Sequence[PackedFile]) -> list[dict[str, str]]:
    """Each `path`, a folder with a slash at its end, and `why`: `profile`, `settings` or `ignored`.

    A folder of which nothing goes along is named, and not looked into.
    """
    packed = {file.path for file in code} | {f"{SETTINGS_FOLDER}/{file.path}" for file in configuration}
    entered = {str(parent) for path in packed for parent in PurePosixPath(path).parents}
    found = {path: _why(path) for path in _walk(folder, "", packed, entered)}
    return [{"path": path, "why": why} for path, why in sorted(found.items())]


def _walk(folder: Path, under: str, packed: set[str], entered: set[str]) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{under}{entry.name}"
            if entry.name in EVERYWHERE:
                yield f"{entry.name}/"
            elif entry.is_dir(follow_symlinks=False):
                if path in entered or path == SETTINGS_FOLDER:
                    yield from _walk(folder / entry.name, f"{path}/", packed, entered)
                else:
                    yield f"{path}/"
            elif path not in packed:
                yield path


def _why(path: str) -> str:
    first, _, rest = path.partition("/")
    if first != SETTINGS_FOLDER:
        return "ignored"
    return "profile" if rest.partition(".")[0] in LOCAL_PROFILES else "settings"
