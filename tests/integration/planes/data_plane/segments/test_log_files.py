"""What a log's folder gives back: the lines, any range, after rotation, loss of the middle, and crashes."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planes.data_plane.segments import Origin, SegmentWriter, is_sealed
from planes.data_plane.segments import list_segments as list_segments_of
from planes.data_plane.segments.reader import LogCursor, line_count, read_range
from planes.data_plane.segments.recovery import recover

USER = Origin("stdout", "user", "run")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SegmentWriter]:
    opened = SegmentWriter(tmp_path / "segments")
    yield opened
    opened.close()


def read_all(folder: Path, step: int = 1000) -> list[dict[str, object]]:
    cursor = LogCursor(folder)
    pieces = b""
    while content := cursor.read(step):
        pieces += content
    cursor.close()
    return [json.loads(line) for line in pieces.split(b"\n")[:-1]]


def test_a_line_has_the_shape_of_the_wire(writer: SegmentWriter, tmp_path: Path) -> None:
    writer.append(['say "hi"\tä\u2028'], Origin("stderr", "setup", "build"), AT)

    stored = next((tmp_path / "segments").glob("*.ndjson")).read_bytes()
    assert stored.isascii()
    assert json.loads(stored) == {
        "content": 'say "hi"\tä\u2028',
        "io_stream": "stderr",
        "line_num": 0,
        "reported_at": "2026-03-01T12:00:00+00:00",
        "source": "setup",
        "stage": "build",
    }


@pytest.mark.parametrize("content", ['"}\n{"content":"forged"', "a\nb", "\u2028\u2029\x85\r", "\x00\x1b]0;t\x07"])
def test_no_content_can_begin_another_line(writer: SegmentWriter, tmp_path: Path, content: str) -> None:
    writer.append([content, "next"], USER, AT)

    stored = next((tmp_path / "segments").glob("*.ndjson")).read_bytes().decode()
    assert [json.loads(line)["content"] for line in stored.splitlines()] == [content, "next"]


@pytest.mark.parametrize("batch", [1, 7, 255, 256, 257, 1000])
def test_every_line_is_found_by_its_number(tmp_path: Path, batch: int) -> None:
    folder = tmp_path / "segments"
    writer = SegmentWriter(folder, max_log_bytes=10**7)
    for first in range(0, 3000, batch):
        writer.append([f"line {number}" for number in range(first, min(first + batch, 3000))], USER, AT)
    writer.close()

    for number in (0, 1, 254, 255, 256, 257, 511, 512, 1023, 2047, 2999):
        found = [json.loads(line) for line in read_range(folder, number, 2).splitlines()]
        assert [line["content"] for line in found] == [f"line {n}" for n in (number, number + 1) if n < 3000]
        assert found[0]["line_num"] == number
    assert [line["line_num"] for line in read_all(folder)] == list(range(3000))
    assert json.loads(read_range(folder, -1, 5))["line_num"] == 2999
    assert read_range(folder, 3000, 5) == b""


def test_a_cursor_follows_while_it_is_written_and_rotated(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    writer, cursor = SegmentWriter(folder, max_log_bytes=80_000), LogCursor(folder)
    seen: list[int] = []
    for number in range(600):
        writer.append([f"line {number}"], USER, AT)
        if number % 5 == 0:
            while content := cursor.read(300):
                seen += [json.loads(line)["line_num"] for line in content.splitlines()]
    while content := cursor.read(300):
        seen += [json.loads(line)["line_num"] for line in content.splitlines()]
    writer.close()
    cursor.close()

    assert len(list_segments_of(folder)) > 3
    assert seen == list(range(600))


def test_a_reader_past_the_end_waits_for_its_line(writer: SegmentWriter, tmp_path: Path) -> None:
    cursor = LogCursor(tmp_path / "segments", 2)
    writer.append(["zero"], USER, AT)
    assert cursor.read() == b""
    writer.append(["one", "two"], USER, AT)

    assert json.loads(cursor.read())["content"] == "two"
    cursor.close()


def test_the_middle_goes_and_a_line_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    writer = SegmentWriter(folder, max_log_bytes=64_000)
    for number in range(3000):
        writer.append([f"line {number}"], USER, AT)
    writer.seal()
    writer.close()

    lines = read_all(folder)
    numbers = [line["line_num"] for line in lines]
    (marker,) = [line for line in lines if line["source"] == "runner"]
    dropped = 3000 - (len(lines) - 1)
    place = lines.index(marker)
    assert sum(path.stat().st_size for path in folder.glob("*.ndjson")) <= 64_000
    assert str(marker["content"]).startswith(f"{dropped} lines (0.")
    assert numbers[:place] == list(range(place))
    assert marker["line_num"] == place
    assert numbers[place + 1 :] == list(range(place + dropped, 3000))
    assert place > 150
    assert len(lines) - place > 150
    assert json.loads(read_range(folder, place + 5, 1))["source"] == "runner"


def fill(folder: Path) -> Path:
    writer = SegmentWriter(folder)
    for first in range(0, 1000, 10):
        writer.append([f"line {number}" for number in range(first, first + 10)], USER, AT)
    writer.close()
    return next(folder.glob("*.ndjson"))


@pytest.mark.parametrize("keep", [0, 1, 200, 500, 1001, 100_000 // 7, 130_000])
def test_a_torn_tail_is_cut_to_the_last_whole_record(tmp_path: Path, keep: int) -> None:
    folder = tmp_path / "segments"
    stored = fill(folder)
    os.truncate(stored, keep)

    recovered = recover(folder)

    lines = read_all(folder)
    assert recovered.lines == len(lines)
    assert [line["line_num"] for line in lines] == list(range(len(lines)))
    assert recovered.lines % 10 == 0
    assert recovered.cut_bytes < 1500
    assert recover(folder) == (len(lines), 0)


@pytest.mark.parametrize("damage", [b"\0" * 64, b'{"content":"x","line_num":'])
def test_a_damaged_record_ends_the_log(tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "segments"
    stored = fill(folder)
    with stored.open("r+b") as file:
        file.seek(50_000)
        file.write(damage)

    recovered = recover(folder)

    assert 300 < recovered.lines < 400
    assert line_count(folder) == recovered.lines == len(read_all(folder))


def test_lines_whose_checksum_was_not_yet_written_stay(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    stored = fill(folder)
    sums = stored.with_suffix(".sum")
    os.truncate(sums, sums.stat().st_size - 8)
    with stored.open("ab") as file:
        file.write(b'{"content":"half a li')

    recovered = recover(folder)

    assert recovered == (1000, len(b'{"content":"half a li'))
    assert recover(folder) == (1000, 0)


def test_writing_goes_on_after_recovery_and_the_index_is_right(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    stored = fill(folder)
    os.truncate(stored, stored.stat().st_size - 3)
    stored.with_suffix(".idx").unlink()
    recover(folder)
    writer = SegmentWriter(folder)
    writer.append(["the end"], USER, AT)
    writer.seal()
    writer.close()

    assert is_sealed(folder)
    assert json.loads(read_range(folder, -1, 1))["content"] == "the end"
    assert json.loads(read_range(folder, 777, 1))["line_num"] == 777
    assert line_count(folder) == 991


def test_a_write_that_fails_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    import resource
    import signal

    folder = tmp_path / "segments"
    writer = SegmentWriter(folder)
    writer.append(["kept"], USER, AT)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, old[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            writer.append(["x" * 9000], USER, AT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    writer.append(["after"], USER, AT)
    writer.close()

    assert [line["content"] for line in read_all(folder)] == ["kept", "after"]
    assert recover(folder) == (2, 0)
