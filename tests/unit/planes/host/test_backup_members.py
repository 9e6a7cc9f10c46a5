"""What a job exchanges while a region is backed up leads to nothing of the platform's, and holds nothing up."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from planes.host.backup.contents import files_of
from planes.host.backup.writing import add_member

KEY = b"the key"


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
