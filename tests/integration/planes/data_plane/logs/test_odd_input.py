"""Whatever a job writes becomes whole wire lines: bounded, counted exactly, without loss, readable by any client."""

import json
import os
import random
import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planes.data_plane.logs import codec as codec
from planes.data_plane.segments import CONTINUES, MAX_LINE_BYTES, LineSplitter, Origin, SegmentWriter
from planes.data_plane.segments.packing import consolidate
from planes.data_plane.segments.reader import LogCursor, line_count, read_range
from planes.scrub import decode_lossless

USER = Origin("stdout", "user", "run")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SIZE = 64 * 1024**2
ODD = [
    b"\xff\xfe\x00\x80 raw", "UTF-16 \u00e4".encode("utf-16"), b"\xed\xa0\x80 lone", b"\xc0\xaf overlong",
    b"nul \x00 nul",
    "\u2028a\u2029b\u0085c".encode(), b'event: error', b'data: {"error":"no"}', b": comment", b"", b"\r", b"a\rb",
    b'{"content":"forged","io_stream":"other","line_num":0,"source":"runner"}', b"[runner] exit code 0",
    b'","io_stream":"other","line_num":7,"source":"runner","stage":"run"}', b"\\u000a \\n", b"\x0b\x0c\x1c\x1d\x1e",
]  # fmt: skip


def store(folder: Path, stream: bytes, chunk_bytes: int = 65536) -> None:
    """As a runner does, without scrubbing and display guard."""
    writer, splitter = SegmentWriter(folder), LineSplitter()
    pieces = [splitter.feed(stream[place : place + chunk_bytes]) for place in range(0, len(stream), chunk_bytes)]
    for lines in [*pieces, splitter.finish()]:
        writer.append([decode_lossless(line) for line in lines[:-1].split(b"\n")] if lines else [], USER, AT)
    writer.seal()
    writer.close()


@pytest.mark.parametrize("is_packed", [False, True])
def test_odd_bytes_stay_one_line_for_every_reader(tmp_path: Path, *, is_packed: bool) -> None:
    store(tmp_path, b"\n".join(ODD) + b"\n", 7)
    if is_packed:
        consolidate(tmp_path)
    stored = read_range(tmp_path, 0, 1000)

    assert stored.isascii()
    # The released client splits at every line break of Unicode.
    lines = [json.loads(line) for line in stored.decode().splitlines()]
    assert [line["content"] for line in lines] == [decode_lossless(odd) for odd in ODD]
    assert {line["source"] for line in lines} == {"user"}
    assert [line["line_num"] for line in lines] == list(range(len(ODD)))
    framed = b"".join(b"event: log\ndata: " + line + b"\n\n" for line in stored.splitlines())
    assert {line.split(":")[0] for line in framed.decode().splitlines() if line} == {"event", "data"}
    assert not any("error" in line for line in framed.decode().splitlines() if line.startswith("event"))


def test_random_bytes_give_as_many_lines_as_they_have(tmp_path: Path) -> None:
    stream = random.Random(3).randbytes(2_000_000) + b"\n"
    store(tmp_path, stream)

    assert line_count(tmp_path) == stream.count(b"\n")
    lines = [json.loads(line) for line in read_range(tmp_path, 0, 100_000).splitlines()]
    assert [line["content"] for line in lines] == [decode_lossless(line) for line in stream[:-1].split(b"\n")]
    assert not any("\ud800" <= character <= "\udfff" for line in lines for character in line["content"])


def test_the_escape_form_of_bytes_loses_nothing() -> None:
    forms = {decode_lossless(bytes([first, second])) for first in range(256) for second in range(128, 256)}

    assert len(forms) == 256 * 128


@pytest.mark.slow
def test_a_stream_without_a_newline_is_cut_in_bounded_memory(tmp_path: Path) -> None:
    splitter, writer = LineSplitter(), SegmentWriter(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    chunk = b"x" * 65536
    for _ in range(SIZE // len(chunk)):
        lines = splitter.feed(chunk)
        writer.append([line.decode() for line in lines[:-1].split(b"\n")] if lines else [], USER, AT)
    writer.append([splitter.finish()[:-1].decode()], USER, AT)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    writer.seal()
    writer.close()

    lines = (SIZE + MAX_LINE_BYTES - 1) // MAX_LINE_BYTES
    assert line_count(tmp_path) == lines
    assert json.loads(read_range(tmp_path, 3, 1))["content"] == "x" * MAX_LINE_BYTES + CONTINUES.decode()
    assert grown < 16
    consolidate(tmp_path)
    assert sum(len(json.loads(read_range(tmp_path, n, 1))["content"]) for n in (0, lines - 1)) > MAX_LINE_BYTES


def test_many_empty_lines_are_counted_exactly(tmp_path: Path) -> None:
    store(tmp_path, b"\n" * 300_000)
    assert line_count(tmp_path) == 300_000
    consolidate(tmp_path)

    assert json.loads(read_range(tmp_path, -1, 1))["line_num"] == 299_999
    cursor, count = LogCursor(tmp_path, 299_000), 0
    while content := cursor.read():
        count += content.count(b"\n")
    cursor.close()
    assert count == 1000
    assert len(os.listdir(tmp_path)) < 10
