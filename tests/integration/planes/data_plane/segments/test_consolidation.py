"""A log is compressed while it is read, and whatever happens to the process that does it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planes.data_plane.logs import codec as codec
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.packing import LogIsOpen, consolidate
from planes.data_plane.segments.reader import LogCursor, damage_of, read_range

USER = Origin("stdout", "user", "run")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LINES = 1500
# Ends the process, as SIGKILL would, at the n-th call that changes something on the disk.
DYING = """
import os, sys
from pathlib import Path
from planes.data_plane.logs import codec
from planes.data_plane.segments.packing import consolidate
from planes.data_plane.segments.rewriting import rewrite_lines

left = int(sys.argv[2])
CHANGES = {"open", "os.rename", "os.remove", "os.truncate"}

def count(event, arguments):
    global left
    is_read = event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    if event in CHANGES and not is_read:
        left -= 1
        if left < 0:
            os._exit(9)

sys.addaudithook(count)
if sys.argv[3] == "consolidate":
    consolidate(Path(sys.argv[1]))
else:
    rewrite_lines(Path(sys.argv[1]), lambda lines: (content.replace("tomato", "fruit") for content in lines))
"""


def make_log(folder: Path) -> Path:
    writer = SegmentWriter(folder, max_log_bytes=1_000_000)
    for number in range(0, LINES, 20):
        writer.append([f"line {each} tomato" for each in range(number, number + 20)], USER, AT)
    writer.seal()
    writer.close()
    return folder


def numbers(content: bytes) -> list[int]:
    return [json.loads(line)["line_num"] for line in content.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["consolidate", "rewrite"])
def test_death_between_any_two_steps_leaves_a_readable_log(tmp_path: Path, what: str) -> None:
    for step in range(100):
        folder = make_log(tmp_path / str(step))
        code = subprocess.run([sys.executable, "-c", DYING, folder, str(step), what], check=False).returncode
        assert code in {0, 9}
        assert numbers(read_range(folder, 0, LINES + 1)) == list(range(LINES))
        assert damage_of(folder, 0, LINES) == []

        consolidate(folder)

        assert numbers(read_range(folder, 0, LINES + 1)) == list(range(LINES))
        assert {path.suffix for path in folder.iterdir()} == {".zst", ""}
        if code == 0:
            assert step > 5
            return
    pytest.fail("it never came to its end")


def test_bytes_and_places_are_the_same_afterwards(tmp_path: Path) -> None:
    folder = make_log(tmp_path / "segments")
    before = read_range(folder, 0, LINES)
    size = sum(path.stat().st_size for path in folder.iterdir())

    done = consolidate(folder)

    assert done.packed > 1
    assert read_range(folder, 0, LINES) == before
    assert [numbers(read_range(folder, number, 2)) for number in (0, 777, 1498, -1)] == [
        [0, 1], [777, 778], [1498, 1499], [1499],
    ]  # fmt: skip
    assert sum(path.stat().st_size for path in folder.iterdir()) < size / 5
    assert consolidate(folder) == (0, 0)


def test_the_dropped_middle_is_still_called_so(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, max_log_bytes=64_000)
    for number in range(3000):
        writer.append([f"line {number}"], USER, AT)
    writer.seal()
    writer.close()
    before = read_range(tmp_path, 0, LINES)

    consolidate(tmp_path)

    assert read_range(tmp_path, 0, LINES) == before
    assert b"its size limit" in before
    assert damage_of(tmp_path, 0, LINES) == []


def test_readers_do_not_notice(tmp_path: Path) -> None:
    folder = make_log(tmp_path / "segments")
    cursors = [LogCursor(folder) for _ in range(4)]
    seen: list[list[int]] = [[] for _ in cursors]
    for place, cursor in enumerate(cursors):
        for _ in range(place * 3):
            seen[place] += numbers(cursor.read(20_000))

    consolidate(folder)

    for place, cursor in enumerate(cursors):
        while content := cursor.read(20_000):
            seen[place] += numbers(content)
        cursor.close()
    assert seen == [list(range(LINES))] * 4


def test_an_open_log_is_left_alone(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    writer.append(["x"], USER, AT)

    with pytest.raises(LogIsOpen):
        consolidate(tmp_path)
    writer.close()
    assert len(os.listdir(tmp_path)) == 3


def test_any_zstandard_program_unpacks_it(tmp_path: Path) -> None:
    import zstandard

    folder = make_log(tmp_path / "segments")
    plain = b"".join(path.read_bytes() for path in sorted(folder.glob("*.ndjson")))
    consolidate(folder)
    unpacked = b""
    for path in sorted(folder.glob("*.zst")):
        with path.open("rb") as file:
            unpacked += zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()

    assert unpacked == plain
