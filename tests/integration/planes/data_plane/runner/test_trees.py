"""Folders in which a job did what it liked: of any depth, with links, moved while they are gone through."""

from __future__ import annotations

import os
import resource
from collections.abc import Generator
from pathlib import Path

import pytest

from planes.data_plane.runner.trees import descend, remove_tree
from planes.data_plane.runner.usage import OnDisk, size_below

DEPTH = 300
LONG = "a-name-that-is-long" * 2
"""Together three times what a path may have."""


@pytest.fixture
def few_descriptors() -> Generator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(map(int, os.listdir("/proc/self/fd"))) + 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def deep(folder: Path) -> None:
    """Folders in folders, with a file of a block in the innermost one."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir(LONG, dir_fd=here)
        inner = os.open(LONG, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    file = os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here)
    os.write(file, b"x" * 8192)
    os.close(file)
    os.close(here)


@pytest.mark.usefixtures("few_descriptors")
def test_no_depth_is_too_deep(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    deep(folder)
    found = size_below(str(folder))
    remove_tree(str(folder))

    assert found.entries == DEPTH + 1
    assert found.bytes >= 8192
    assert not folder.exists()


def test_links_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others/file").write_bytes(b"x" * 8192)
    folder = tmp_path / "work"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner/link").symlink_to(tmp_path / "others")
    os.mkfifo(folder / "pipe")
    (tmp_path / "to-work").symlink_to(folder)
    found = size_below(str(folder))

    assert found == OnDisk(bytes=sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")), entries=3)
    with pytest.raises(OSError):
        remove_tree(str(tmp_path / "to-work"))
    remove_tree(str(folder))
    assert (tmp_path / "others/file").exists()


def test_what_is_moved_meanwhile_is_passed_over_and_the_rest_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    for name in ("1", "2", "3"):
        (folder / name / "inner/more").mkdir(parents=True)
    (tmp_path / "elsewhere/secret").mkdir(parents=True)
    seen: list[str] = []
    moved: list[str] = []

    def look(here: int) -> Generator[None, None, list[str]]:
        yield from ()
        path = os.readlink(f"/proc/self/fd/{here}")
        seen.append(path)
        if path.endswith("inner/more") and not moved:
            moved.append(path)
            Path(path).parent.rename(tmp_path / "elsewhere/inner")
        return os.listdir(here)

    for _ in descend(str(folder), look):
        pass

    assert len([path for path in seen if path.endswith("/more")]) == 3
    assert not [path for path in seen if "secret" in path]
    assert len(seen) == 1 + 3 * 3


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_what_was_closed_goes_too(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    (folder / "inner/more").mkdir(parents=True)
    (folder / "inner/more/file").touch()
    for path in (folder / "inner/more", folder / "inner", folder):
        path.chmod(0)
    remove_tree(str(folder))

    assert not folder.exists()
