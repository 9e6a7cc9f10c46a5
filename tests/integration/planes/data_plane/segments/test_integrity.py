"""What is damaged is detected; everything else is served, in order, with a line in place of what is lost."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planes.data_plane.logs import codec as codec
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.packing import consolidate
from planes.data_plane.segments.reader import LogCursor, damage_of, line_count, read_range

USER = Origin("stdout", "user", "run")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LINES = 6000
Line = dict[str, object]


@pytest.fixture(params=["plain", "compressed"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A sealed log of some segments, each with several blocks."""
    writer = SegmentWriter(tmp_path / "segments", max_log_bytes=8_000_000)
    for number in range(0, LINES, 20):
        writer.append(
            [f"line {each} {os.urandom(150).hex()}" for each in range(number, number + 20)],
            USER,
            AT + timedelta(0, number),
        )
    writer.seal()
    writer.close()
    if request.param == "compressed":
        consolidate(tmp_path / "segments")
        assert not list((tmp_path / "segments").glob("*.ndjson"))
    return tmp_path / "segments"


def stored_of(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.ndjson"), *folder.glob("*.zst")])


def read_all(folder: Path, limit: int = 10_000) -> list[Line]:
    cursor = LogCursor(folder)
    content = b""
    while piece := cursor.read(limit):
        content += piece
    cursor.close()
    return [json.loads(line) for line in content.splitlines()]


def check_marked(folder: Path, lost: set[int]) -> None:
    """Each line is there but the lost ones; one mark stands for each run of these; ranges and damage agree."""
    lines = read_all(folder)
    marks = [line for line in lines if line["source"] == "runner"]
    numbers = [int(str(line["line_num"])) for line in lines]
    assert [line["line_num"] for line in lines if line["source"] == "user"] == [
        n for n in range(LINES) if n not in lost
    ]
    assert all(
        str(line["content"]).startswith(f"line {line['line_num']} ") for line in lines if line["source"] == "user"
    )
    assert numbers == sorted(numbers)
    runs = sorted(number for number in lost if number - 1 not in lost)
    assert [mark["line_num"] for mark in marks] == runs
    assert all("damaged" in str(mark["content"]) for mark in marks)
    assert line_count(folder) == LINES
    damage = damage_of(folder, 0, LINES)
    assert {number for each in damage for number in range(each.from_line, each.to_line)} == lost
    for number in (0, 1, 2999, LINES - 1, *runs):
        (line,) = [json.loads(line) for line in read_range(folder, number, 1).splitlines()]
        assert line["line_num"] == number
        assert (line["source"] == "runner") == (number in lost)
    assert [line["line_num"] for line in map(json.loads, read_range(folder, -3, 10).splitlines()) if line] == [
        number for number in range(LINES - 3, LINES) if number not in lost or number == LINES - 3
    ] or lost & set(range(LINES - 3, LINES))


def lost_of(folder: Path) -> set[int]:
    there = {line["line_num"] for line in read_all(folder) if line["source"] == "user"}
    return {number for number in range(LINES) if number not in there}


def test_a_whole_log_has_no_damage(folder: Path) -> None:
    assert len(stored_of(folder)) > 2
    check_marked(folder, set())
    assert damage_of(folder, 0, LINES) == []


@pytest.mark.parametrize("part", [0.02, 0.5, 0.97])
def test_a_flipped_bit_loses_its_block_only(folder: Path, part: float) -> None:
    path = stored_of(folder)[1]
    content = bytearray(path.read_bytes())
    content[int(len(content) * part)] ^= 4
    path.write_bytes(content)

    lost = lost_of(folder)
    assert 0 < len(lost) < 1000
    check_marked(folder, lost)


@pytest.mark.parametrize("keep", [0, 1, 40_000, -3])
def test_a_truncated_file_loses_its_end_only(folder: Path, keep: int) -> None:
    path = stored_of(folder)[1]
    size = path.stat().st_size
    os.truncate(path, keep if keep >= 0 else size + keep)

    lost = lost_of(folder)
    if keep >= 0 or path.suffix == ".ndjson":
        assert lost
    check_marked(folder, lost)


@pytest.mark.parametrize("place", [0, 1, -1])
def test_a_missing_segment_is_marked_not_called_dropped(folder: Path, place: int) -> None:
    path = stored_of(folder)[place]
    first = int(path.name.split("-")[0])
    later = [int(each.name.split("-")[0]) for each in stored_of(folder) if each.name > path.name]
    path.unlink()

    check_marked(folder, set(range(first, later[0] if later else LINES)))


def garble(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 - 3)


@pytest.mark.parametrize("harm", [garble, shorten, Path.unlink])
def test_a_garbled_index_loses_nothing(folder: Path, harm: Callable[[Path], None]) -> None:
    for path in folder.glob("*.idx"):
        harm(path)
    for path in folder.glob("*.zst"):
        content = path.read_bytes()
        path.write_bytes(content[:-100] + os.urandom(100) if harm is garble else content[:-30])

    check_marked(folder, set())


@pytest.mark.parametrize("harm", [garble, shorten, Path.unlink])
def test_lines_without_their_checksums_are_served_and_it_is_said(folder: Path, harm: Callable[[Path], None]) -> None:
    paths = sorted(folder.glob("*.sum"))
    for path in paths[1:2]:
        harm(path)

    assert [line["line_num"] for line in read_all(folder)] == list(range(LINES))
    assert len(damage_of(folder, 0, LINES)) == len(paths[1:2])
    assert all("unchecked" in each.why for each in damage_of(folder, 0, LINES))


def test_a_garbled_seal_keeps_the_log_readable(folder: Path) -> None:
    garble(folder / "sealed")

    assert [line["line_num"] for line in read_all(folder)] == list(range(LINES))
    assert line_count(folder) == LINES
    assert damage_of(folder, 0, LINES)


def test_damage_in_one_large_write_costs_a_stride_and_is_not_compressed(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    writer.append([f"line {number}" for number in range(LINES)], USER, AT)
    writer.append(["more"], USER, AT)
    writer.seal()
    writer.close()
    (path,) = tmp_path.glob("*.ndjson")
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)

    assert consolidate(tmp_path) == (0, 1)
    assert path.read_bytes() == content
    kept = [f"line {number}" for number in range(256, LINES)]
    assert [line["content"] for line in read_all(tmp_path)] == ["256 lines are damaged", *kept, "more"]


def test_a_log_whose_seal_and_checksums_are_zeros_is_read_to_its_end(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, max_log_bytes=1_000_000)
    for number in range(0, 3000, 20):
        writer.append([f"line {each}" for each in range(number, number + 20)], USER, AT)
    writer.seal()
    writer.close()
    second = sorted(tmp_path.glob("*.sum"))[1]
    for path in (second, tmp_path / "sealed"):
        path.write_bytes(bytes(path.stat().st_size))

    numbers = [int(str(line["line_num"])) for line in read_all(tmp_path)]

    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert numbers[-1] == 2999
