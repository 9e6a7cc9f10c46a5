"""What is set aside for the end of a run, on a disk that has nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.disks import small_tmpfs

from planes.data_plane.runner.folders import Outcome, RunFolder
from planes.data_plane.segments import SegmentWriter, is_sealed


def take_every_file(disk: Path) -> None:
    number = 0
    while True:
        (disk / str(number)).touch()
        number += 1


def test_the_end_is_told_on_a_disk_that_is_full_of_files() -> None:
    with small_tmpfs(2, files=60) as disk:
        folder = RunFolder(disk / "run")
        folder.segments.mkdir(parents=True)
        folder.take_room()
        writer = SegmentWriter(folder.segments, 2**20)
        with pytest.raises(OSError, match="No space left"):
            take_every_file(disk)

        folder.release_room()
        writer.seal()
        folder.write_outcome(Outcome("run-1", 1, "failed", "disk_full", "job", 1, None, "", None, "", {}, 0))
        writer.close()
        outcome, sealed = folder.find_outcome(), is_sealed(folder.segments)

    assert sealed
    assert outcome is not None
    assert outcome.reason == "disk_full"
