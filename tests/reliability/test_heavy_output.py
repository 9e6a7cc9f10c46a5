# ruff: noqa: E501 - sentences with figures, and lines of logs, are as long as they are
"""R14 and R15: output that is too long, too much, or no text; through the runner's path into a real log."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop.loop
from tests.reliability.sizes import IS_FULL, sized, tell

from planes.data_plane.segments import CONTINUES
from planes.data_plane.segments.reader import LogCursor

MIB = 1024 * 1024
LONGEST_LINE = 256 * 1024
# The runner's own path, alone in a process: what it takes can be measured. Its log has room for all that is sent.
RUNNER = """
import json, sys, time
from pathlib import Path
from planes.data_plane.runner.output import RunLog
from planes.data_plane.segments import Origin, SegmentWriter

def memory():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])

writer = SegmentWriter(Path(sys.argv[1]), 1 << 40)
log = RunLog(writer, [(f"VALUE{number}", f"registered-{number}-{number * 7919:09d}") for number in range(20)])
stream = log.open_stream(0, Origin("stdout", "user", "run"))
stream.read()
before, most, count = memory(), 0, 0
while stream.read():
    count += 1
    if count % 64 == 0:
        most = max(most, memory())
writer.close()
print(json.dumps({"lines": log.lines, "kib": max(most, memory()) - before, "seconds": time.process_time()}))
"""

pytestmark = [pytest.mark.slow] if IS_FULL else []


@dataclass(frozen=True)
class Taken:
    """What became of a flood: lines, KiB of memory more than at its beginning, MB per second of processor time."""

    lines: int
    kib: int
    rate: float
    seconds: float


def run(folder: Path, pieces: Iterable[bytes]) -> Taken:
    """Send the pieces through; ends when all is stored."""
    size = 0
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"first\n")
        for piece in pieces:
            process.stdin.write(piece)
            size += len(piece)
        process.stdin.close()
        told = json.loads(process.stdout.read())
        assert process.wait(240) == 0
    return Taken(told["lines"], told["kib"], size / 1e6 / told["seconds"], time.monotonic() - began)


def contents(folder: Path) -> Iterable[str]:
    """The stored lines, checked to be wire lines in order."""
    cursor = LogCursor(folder)
    rest = b""
    number = 0
    while piece := cursor.read(4 * MIB):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            assert line.isascii()
            document = json.loads(line)
            assert document["line_num"] == number
            yield document["content"]
            number += 1
    cursor.close()
    assert rest == b""


@pytest.mark.timeout(1800)
def test_a_line_without_end_is_cut_and_takes_no_memory(tmp_path: Path) -> None:
    """R14: target ≤ 16 MiB more."""
    size = sized(32, 1024)
    unit = b"0123456789abcdef" * (MIB // 16)
    taken = run(tmp_path / "log", (unit for _ in range(size)))

    length = 0
    mark = CONTINUES.decode()
    for number, content in enumerate(contents(tmp_path / "log")):
        assert len(content) <= LONGEST_LINE + len(mark)
        length += len(content.removesuffix(mark)) if number else 0
    assert length == size * MIB
    assert taken.kib <= 16 * 1024
    tell(
        "R14",
        f"{size} MiB without a newline: {taken.lines} lines, +{taken.kib / 1024:.1f} MiB, {taken.rate:.0f} MB/s of one core",
    )


@pytest.mark.timeout(1800)
def test_empty_lines_are_all_there(tmp_path: Path) -> None:
    """R14."""
    count = sized(500_000, 10_000_000)
    taken = run(tmp_path / "log", (b"\n" * 50_000 for _ in range(count // 50_000)))

    assert taken.lines == count + 1
    assert sum(1 for content in contents(tmp_path / "log") if not content) == count
    assert taken.kib <= 16 * 1024
    tell("R14", f"{count:,} empty lines: all stored, +{taken.kib / 1024:.1f} MiB, {count / taken.seconds:,.0f} lines/s")


@pytest.mark.timeout(1800)
def test_a_burst_is_taken_whole_or_held_back(tmp_path: Path) -> None:
    """R14: the pipe holds the job back, nothing is dropped."""
    line = b"2026-01-02 03:04:05,678|[INFO]|4711|dlt|load.py|complete_jobs:412|loaded row %09d into table orders\n"
    block = 20_000
    blocks = sized(10, 500)
    given = (b"".join(line % number for number in range(first * block, (first + 1) * block)) for first in range(blocks))
    taken = run(tmp_path / "log", given)

    numbers = [int(content.split("row ")[1][:9]) for content in contents(tmp_path / "log") if "row " in content]
    assert numbers == list(range(block * blocks))
    assert taken.kib <= 16 * 1024
    tell(
        "R14",
        f"burst of {block * blocks:,} lines: complete and ordered, +{taken.kib / 1024:.1f} MiB, {taken.rate:.0f} MB/s of one core",
    )


def bad_bytes() -> list[bytes]:
    """Lines that are no text, or no text of ours."""
    source = random.Random(15)
    fixed = [
        b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf", b"\xed\xa0\x80 \xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80 \xf8\x88\x80\x80\x80",
        b"\x00" * 100, "UTF-16 text".encode("utf-16"), "UTF-16 text".encode("utf-16-be"), b"\xff\xfe\xfd", b"\x80" * 50, b"cut \xe2\x82", b"\\xff \\u0000 \\",
        "valid é漢😀".encode(), b"",
    ]  # fmt: skip
    noise = [source.randbytes(source.randrange(200)) for _ in range(sized(20_000, 1_000_000))]
    return [line.replace(b"\n", b"\x0b") for line in [*fixed, *noise]]


@pytest.mark.timeout(1800)
def test_bytes_that_are_no_text_become_as_many_readable_lines(tmp_path: Path) -> None:
    """R15."""
    lines = bad_bytes()
    binary = Path(uvloop.loop.__file__).read_bytes()[: sized(2, 64) * MIB]
    printed = b"".join(line + b"\n" for line in lines)
    taken = run(tmp_path / "log", [*(printed[place : place + MIB] for place in range(0, len(printed), MIB)), binary])

    stored = list(contents(tmp_path / "log"))
    assert taken.lines == len(stored) == 1 + len(lines) + binary.count(b"\n") + (not binary.endswith(b"\n"))
    for content in stored:
        content.encode("utf-8")  # no lone surrogate
        assert not any(sign < " " and sign not in "\t\x1b" for sign in content)
    assert stored[1] == r"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf"
    assert stored[12] == "valid é漢😀"
    tell(
        "R15",
        f"{len(lines):,} bad lines and {len(binary) / MIB:.0f} MiB of a program: {len(stored):,} lines, exact, all ASCII JSON",
    )
