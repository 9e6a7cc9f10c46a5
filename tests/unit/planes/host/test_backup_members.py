"""Of files with holes what is in them is saved.

What a job exchanges while a region is backed up leads to nothing of the platform's, and holds nothing up.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyrage  # pyright: ignore[reportMissingTypeStubs] - there are none
import pytest
from tests.contract.client_environment import as_uid
from tests.fakes.platform_uids import ORDINARY_UID, ROOT
from tests.fakes.workspaces import open_folder

from planes.host.backup.contents import files_of, is_too_deep
from planes.host.backup.restoring import extract
from planes.host.backup.writing import add_member
from planes.host.proof.searching import search_folder

KEY = b"the key"
AGE: Any = pyrage


def to_the_platform(data: Path, plane: Path) -> None:
    (data / "folder").rename(data / "aside")
    (data / "folder").symlink_to(plane)


def to_a_link(data: Path, plane: Path) -> None:
    (data / "folder/master.key").unlink()
    (data / "folder/master.key").symlink_to(plane / "master.key")


def to_a_pipe(data: Path, _plane: Path) -> None:
    (data / "folder/master.key").unlink()
    os.mkfifo(data / "folder/master.key")


@pytest.mark.parametrize("exchange", [to_the_platform, to_a_link, to_a_pipe])
def test_what_is_exchanged_after_the_look_is_left_out(tmp_path: Path, exchange: Callable[[Path, Path], None]) -> None:
    data = tmp_path / "orgs/organization/workspaces/workspace/data"
    (data / "prod/folder").mkdir(parents=True)
    (data / "prod/kept").write_bytes(b"kept")
    (data / "prod/folder/master.key").write_bytes(b"mine")
    (tmp_path / "master.key").write_bytes(KEY)
    listed = list(files_of(tmp_path, "eu1"))
    exchange(data / "prod", tmp_path)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for root, path in listed:
            add_member(archive, root, path, path.relative_to(tmp_path).as_posix())

    content.seek(0)
    with tarfile.open(fileobj=content) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        found = {name.rpartition("/")[2]: file.read() for name, file in files.items() if file is not None}
    assert found == {"kept": b"kept"}
    assert KEY not in content.getvalue()


LONG = 2**40
PARTS = {0: b"first", 5 * 2**20: b"middle" * 1000, LONG // 2: b"far"}


def with_holes(path: Path, *, size: int = LONG) -> Path:
    with path.open("wb") as file:
        for start, content in PARTS.items():
            file.seek(start)
            file.write(content)
        file.truncate(size)
    if path.stat().st_blocks * 512 > 2**20:
        pytest.skip("this file system has no holes")
    return path


def packed(path: Path, root: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for each in (path, root / "after"):
            add_member(archive, root, each, each.name)
    return content.getvalue()


def parts_of(path: Path) -> dict[int, bytes]:
    with path.open("rb") as file:
        return {start: os.pread(file.fileno(), len(content), start) for start, content in PARTS.items()}


@pytest.mark.parametrize("how", ["restored", "tar"])
def test_a_file_with_holes_is_saved_and_restored_with_them(tmp_path: Path, how: str) -> None:
    root, fresh = tmp_path / "root", tmp_path / "fresh"
    for folder in (root, fresh):
        folder.mkdir()
    (root / "after").write_bytes(b"kept")
    content = packed(with_holes(root / "long"), root)
    if how == "restored":
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|") as archive:
            extract(archive, fresh)
    else:
        subprocess.run(["tar", "-x", "-C", str(fresh)], input=content, check=True)
    found = (fresh / "long").stat()

    assert len(content) < 2**18
    assert found.st_size == LONG
    assert found.st_blocks * 512 < 2**20
    assert parts_of(fresh / "long") == PARTS
    assert (fresh / "after").read_bytes() == b"kept"


def test_a_file_of_nothing_but_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.touch()
    os.truncate(path, LONG)
    (tmp_path / "after").touch()
    (tmp_path / "fresh").mkdir()
    with tarfile.open(fileobj=io.BytesIO(packed(path, tmp_path)), mode="r|") as archive:
        extract(archive, tmp_path / "fresh")

    assert (tmp_path / "fresh/long").stat().st_size == LONG


def test_a_search_reads_what_was_written(tmp_path: Path) -> None:
    with_holes(tmp_path / "long")
    found = search_folder(tmp_path, ["middle", "first", "far"])

    assert all(found.hits.values())
    assert found.bytes < 2**20


BACKS_UP = """
import json, sys
from pathlib import Path
from planes.host.backup import Recipient, back_up
home, folder, key = sys.argv[1:]
(written,) = back_up(Path(home), Path(folder), ["eu1"], Recipient(public_key=key), "1", {})
print(json.dumps({"entries": written.entries, "closed": written.closed}))
"""


def test_what_a_job_closes_holds_nothing_up_and_is_named() -> None:
    with open_folder("closed-") as home:
        place = home / "home/data/eu1"
        data = place / "orgs/organization/workspaces/workspace/data/prod"
        for name in ("folder/inner", "other"):
            (data / name).mkdir(parents=True)
        for name in ("folder/inner/file", "other/closed", "other/kept"):
            (data / name).write_bytes(b"content")
        (place / "identity.key").write_bytes(b"key")
        with closing(sqlite3.connect(place / "region.db")) as database:
            database.execute("create table data_keys (master_key_id text)")
        if os.geteuid() == 0:
            for path in (home, *home.rglob("*")):
                os.chown(path, ORDINARY_UID, ORDINARY_UID)
        for name in ("folder", "other/closed"):
            (data / name).chmod(0)
        done = subprocess.run(
            [*as_uid(ORDINARY_UID if os.geteuid() == 0 else None), sys.executable, "-c", BACKS_UP,
             str(home / "home"), str(home / "backup"), str(AGE.x25519.Identity.generate().to_public())],
            check=False, capture_output=True, text=True, cwd=ROOT, timeout=240,
        )  # fmt: skip
        (data / "folder").chmod(0o700)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [name.rpartition("/data/prod/")[2] for name in told["closed"]] == ["folder", "other/closed"]
    assert told["entries"] >= 3


def test_what_lies_too_deep_for_a_name_holds_nothing_up(tmp_path: Path) -> None:
    place = tmp_path / "eu1"
    data = place / "orgs/organization/workspaces/workspace/data"
    (data / "zzz").mkdir(parents=True)
    folder = os.open(data, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 100, dir_fd=folder)
        above, folder = folder, os.open("d" * 100, os.O_RDONLY, dir_fd=folder)
        os.close(above)
    os.close(folder)

    found = [path for _, path in files_of(place, "eu1")]

    assert data / "zzz" in found
    assert sum(is_too_deep(path, place) for path in found) == 1, "the outermost is told, and nothing below it"
