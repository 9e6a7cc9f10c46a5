"""R2: the power goes at any moment. What was told as kept is there, and nothing is there in half.

A process of ours keeps rows, a log, records and blobs; each call to the system is recorded, and what the disk may hold
is made up for many moments: what was not synced is there in part, in any order, cut into sectors.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from tests.reliability import failing_sync_work
from tests.reliability import power_cut_work as work
from tests.reliability.power_cuts import Disk, missing, record
from tests.reliability.sizes import sized, tell

from planes.data_plane.segments import is_sealed
from planes.data_plane.segments.reader import LogCursor
from planes.data_plane.segments.recovery import recover

STEPS = sized(60, 240)
CUTS = sized(60, 1000)
pytestmark = [
    pytest.mark.slow, pytest.mark.timeout(sized(1200, 3600)),
    pytest.mark.skipif(missing() is not None, reason=f"no calls can be recorded: {missing()}"),
]  # fmt: skip


def test_power_cut_at_any_moment_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    home, traces = tmp_path / "plane", tmp_path / "traces"
    home.mkdir()
    traces.mkdir()
    calls = record(home, work.__name__, [str(STEPS)], traces)
    chance = random.Random(2)
    moments = Counter(chance.randrange(len(calls)) for _ in range(CUTS))
    disk, kept, found = Disk(str(home)), dict[str, int](), Counter[str]()

    for place, call in enumerate(calls):
        if call.kind == "said":
            for said in call.content.decode().splitlines():
                kind, number = said.split()
                kept[kind] = int(number)
        disk.take(call)
        for _ in range(moments[place]):
            target = tmp_path / "cut"
            disk.cut(target, chance)
            found += _check(target, kept)
            shutil.rmtree(target)

    assert kept["closed"] == STEPS
    tell("R2 power cut", f"{CUTS} cuts of {len(calls)} calls: {dict(found)}")


def test_a_disk_that_did_not_sync_is_not_asked_again(tmp_path: Path) -> None:
    """One sync fails, and all after it would go well, as they do when a disk has forgotten what it was given."""
    failing = "fsync,fdatasync:error=EIO:when=40"
    done = subprocess.run(
        ["strace", "-f", "-o", os.devnull, "-e", "trace=fsync,fdatasync", "-e", f"inject={failing}", sys.executable,
         "-m", failing_sync_work.__name__, str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=240, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    said = json.loads(done.stdout)
    with closing(sqlite3.connect(tmp_path / "plane.db")) as connection:
        rows = connection.execute("select count(*) from kept").fetchone()[0]

        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert 0 < said["kept"] < failing_sync_work.MOST
    assert said["refused"] == failing_sync_work.MOST - said["kept"]
    assert len(said["told"]) == 1
    assert rows >= said["kept"]


def _check(disk: Path, kept: dict[str, int]) -> Counter[str]:
    found = Counter(cuts=1)
    found["rows"] += _check_rows(disk / "plane.db", kept)
    found["lines"] += _check_log(disk / "log", kept)
    if "record" in kept or (disk / "record").exists():
        assert json.loads((disk / "record").read_bytes())["number"] >= kept.get("record", 0)
        found["records"] += 1
    for number in range(0, STEPS, 7):
        place = disk / "blobs" / work.blob_key(number)
        if number <= kept.get("blob", -1):
            assert place.read_bytes() == work.content_of(number, 20_000), f"blob {number}, kept {kept}"
            found["blobs"] += 1
    return found


def _check_rows(database: Path, kept: dict[str, int]) -> int:
    if not database.exists():
        assert "row" not in kept
        return 0
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
        rows = connection.execute("select number, content from kept order by number") if "kept" in tables else []
        numbers = [number for number, content in rows if content == work.content_of(number)]

    assert numbers == list(range(len(numbers)))
    assert len(numbers) > kept.get("row", -1), kept
    return len(numbers)


def _check_log(folder: Path, kept: dict[str, int]) -> int:
    if not folder.exists():
        assert "line" not in kept
        return 0
    if not is_sealed(folder):
        assert "sealed" not in kept
        recover(folder)
    lines = [json.loads(line) for line in _read(folder)]
    told = [line["content"] for line in lines if line["source"] == "user"]
    numbers = [line["line_num"] for line in lines if line["source"] == "user"]

    assert told == [work.line_of(number) for number in numbers]
    assert numbers[: kept.get("line", -1) + 1] == list(range(kept.get("line", -1) + 1)), kept
    if "sealed" in kept:
        assert len(numbers) == kept["sealed"]
    return len(numbers)


def _read(folder: Path) -> list[bytes]:
    cursor, pieces = LogCursor(folder), list[bytes]()
    while piece := cursor.read():
        pieces.append(piece)
    return b"".join(pieces).splitlines()
