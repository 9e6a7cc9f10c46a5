"""What a step adds to the disk is seen wherever it puts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.fakes.disks import small_tmpfs
from tests.integration.planes.data_plane.runner.test_trees import deep

from planes.data_plane.runner import limiting
from planes.data_plane.runner.groups import RunGroup
from planes.data_plane.runner.limiting import StepLimits
from planes.data_plane.runner.reasons import Reason
from planes.data_plane.runner.request import BYTES_OF_A_FILE, Limits, Step


def watching(folder: Path, bound: Limits, began: datetime | None = None) -> StepLimits:
    """The limits of a step that works in a folder."""
    step = Step("job", "user", "run", ("true",), str(folder), {}, limits=bound)
    return StepLimits(RunGroup({}), step, began or datetime.now(UTC))


def look_through(limits: StepLimits) -> Reason | None:
    """One look at all that there is, which is made in slices."""
    found = limits.look(limits._walk_at)
    while found is None and limits._walk is not None:
        found = limits.look(limits._walk_at)
    return found


def hundred_empty(folder: Path) -> None:
    for number in range(100):
        (folder / str(number)).touch()


@pytest.mark.parametrize(
    ("add", "disk_bytes", "word"),
    [
        pytest.param(hundred_empty, 99 * BYTES_OF_A_FILE, "Too many files", id="files without content"),
        pytest.param(deep, 8191, "Too much disk", id="below what a path can name"),
    ],
)
def test_what_is_added_counts(tmp_path: Path, add: Callable[[Path], None], disk_bytes: int, word: str) -> None:
    limits = watching(tmp_path, Limits(disk_bytes=disk_bytes))
    before = look_through(limits)
    add(tmp_path)
    found = look_through(limits)

    assert before is None
    assert found is not None
    assert found.text.startswith(word)
    assert "free" not in found.text
    assert found.word == "disk_limit"


NAMELESS = """
import os, sys
kept = open("gone", "wb")
os.unlink("gone")
kept.write(bytes(1 << 20))
kept.flush()
print(flush=True)
sys.stdin.read()
"""


def test_a_file_without_a_name_counts_that_was_there_at_the_first_look(tmp_path: Path) -> None:
    bound = Limits(disk_bytes=2**19)
    limits = watching(tmp_path, bound)
    with subprocess.Popen(
        [sys.executable, "-c", NAMELESS], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as job:
        assert job.stdout is not None
        job.stdout.readline()
        before = look_through(limits)
        found = look_through(limits)
        job.communicate()

    assert before is None
    assert found is not None
    assert found.word == "disk_limit"


def test_what_a_step_made_before_the_first_look_is_its_own(tmp_path: Path) -> None:
    """Unlike what it moved, which was there: its bound holds although it was quicker."""
    old = tmp_path / "old"
    old.write_bytes(bytes(1 << 20))
    began = later(tmp_path, old.stat().st_ctime)
    limits = watching(tmp_path, Limits(disk_bytes=3 << 19), began)
    (tmp_path / "folder").mkdir()
    old.rename(tmp_path / "folder" / "old")
    (tmp_path / "new").write_bytes(bytes(1 << 20))
    before = [look_through(limits), look_through(limits)]
    (tmp_path / "newer").write_bytes(bytes(1 << 20))
    found = look_through(limits)

    assert before == [None, None]
    assert found is not None
    assert found.word == "disk_limit"


def later(folder: Path, at: float) -> datetime:
    """A moment after `at`, and before the next file, by the file system's clock, which goes in ticks."""
    probe = folder / "probe"
    while True:
        probe.touch()
        if probe.stat().st_ctime > at + 0.002:
            return datetime.fromtimestamp(at + 0.001, UTC)


def test_on_a_disk_with_little_room_some_is_left_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "_LEAST_SHARE_BYTES", 0)
    with small_tmpfs(2) as disk:
        bound = Limits(disk_bytes=2**30, disk_percent=90)
        limits = watching(disk, bound)
        before = look_through(limits)
        (disk / "large").write_bytes(bytes(19 * 2**20 // 10))
        found = look_through(limits)

    assert before is None
    assert found is not None
    assert "(1 MiB, 90 % of what was free when it began)" in found.text
    assert "dlthub-tui admin gc" in found.text
    assert (found.word, "RUN_DISK_MB" in found.text) == ("disk_limit", True)
