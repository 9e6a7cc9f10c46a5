"""Folders in which a run leaves what the workspace's dashboard reads, and in which that finds it (Contract: 5.3).

    <run>/work/.dlt/artifacts/<pipeline>/{trace.pickle,state.json,schemas/*}            the job's, read when it is over
    <run>/artifacts/<profile>/pipelines/<pipeline>/…                                    the platform's, the job reads

What a job has left is read by descriptors: a link, a pipe or a folder of a million files is no way out of here.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Generator, Mapping
from datetime import datetime
from pathlib import Path

from planes.data_plane.executor.layout import Owner, RunPlace, opened_below, opened_folder, read_plain

Files = Mapping[str, bytes]

MOST_PIPELINES = 100
MOST_BYTES = 16 * 1024 * 1024
_MOST_ENTRIES = 1_000
_MOST_FILES = 200
_TOP = frozenset({"trace.pickle", "state.json"})
_SCHEMAS = "schemas"
# As what is said of pipelines to the control plane (Security: 2), so that one name means one pipeline everywhere.
_NAME = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")


def read_sent(place: RunPlace) -> Generator[tuple[str, Files]]:
    """(pipeline, its files) of what a run has left, at most MOST_PIPELINES; what is larger than MOST_BYTES is none."""
    with opened_below(place.work, place.sent_artifacts.relative_to(place.work).parts) as sent:
        if sent is None:
            return
        for number, name in enumerate(_names(sent)):
            if number == MOST_PIPELINES:
                return
            with opened_folder(name, sent) as pipeline:
                files = {} if pipeline is None else _files_of(pipeline)
            if files:
                yield name, files


def prepare_found(place: RunPlace, owner: Owner) -> None:
    """Makes an empty folder for a dashboard to read from."""
    shutil.rmtree(place.found_artifacts, ignore_errors=True)
    _folder(place.found_artifacts, owner)


def write_found(place: RunPlace, owner: Owner, profile: str, pipeline: str, files: Files, at: datetime) -> None:
    """Puts a pipeline's files where a dashboard reads; each is there whole or not at all. Needs `prepare_found`.

    Raises: FileNotFoundError when the dashboard has ended.
    """
    folder = place.found_artifacts
    for name in (profile, "pipelines", pipeline):
        folder = folder / name
        _folder(folder, owner)
    for path, content in files.items():
        if "/" in path:
            _folder((folder / path).parent, owner)
        _write(place.root, folder / path, content, owner, at)


def _files_of(pipeline: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    room = MOST_BYTES
    with opened_folder(_SCHEMAS, pipeline) as schemas:
        places = [(pipeline, name, name) for name in sorted(_TOP)]
        if schemas is not None:
            places += [(schemas, name, f"{_SCHEMAS}/{name}") for name in _names(schemas) if name.endswith(".json")]
        for folder, name, path in places[:_MOST_FILES]:
            content = read_plain(folder, name, room)
            if content is None:
                continue
            room -= len(content)
            if room < 0:
                return {}
            found[path] = content
    return found


def _names(folder: int) -> list[str]:
    names: list[str] = []
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number == _MOST_ENTRIES:
                break
            if _NAME.fullmatch(entry.name) and not entry.name.startswith("."):
                names.append(entry.name)
    return sorted(names)


def _folder(folder: Path, owner: Owner) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    _show(folder, owner, 0o750)


def _write(beside: Path, path: Path, content: bytes, owner: Owner, at: datetime) -> None:
    """Outside of the folder that is read until it is whole: who lists that meanwhile sees no other name."""
    descriptor, made = tempfile.mkstemp(dir=beside, prefix=".artifact-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        _show(Path(made), owner, 0o640)
        os.utime(made, (at.timestamp(), at.timestamp()))
        os.replace(made, path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _show(path: Path, owner: Owner, mode: int) -> None:
    """Lets the job read it, by its group, and change nothing."""
    if owner.uid is not None:
        os.chown(path, -1, owner.uid)
        path.chmod(mode)
