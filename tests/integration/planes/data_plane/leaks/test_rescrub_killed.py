"""The process that scrubs stored logs again is killed before each thing that it does to a file."""

from __future__ import annotations

import json
import random
import shutil
import string
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.fakes.chance import SEED

from planes.data_plane.logs.codec import Zstandard
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.codecs import use_codec
from planes.data_plane.segments.reader import damage_of, read_range
from planes.data_plane.services.scrubbing.rescrub_helper import HelperFailed, open_helper
from planes.data_plane.services.scrubbing.rescrub_journal import Found, RescrubJournal, forget_others

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LINES = 900
RESCRUB = "5a2c6b8e-0000-4000-8000-000000000001"
# Ends itself, without a word, before the Nth time that it opens a file for writing, renames or removes one.
DIES = """
import os, signal, sys
left = int(sys.argv[1])
def count(event, args):
    global left
    is_write = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if is_write or event in ("os.rename", "os.remove"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
from planes.data_plane.services.scrubbing.rescrub_process import main
main()
"""


@pytest.fixture
def values() -> dict[str, str]:
    """Two secrets."""
    source = random.Random(SEED)
    return {name: "".join(source.choices(string.ascii_letters, k=24)) for name in ("WAREHOUSE_KEY", "API_KEY")}


@pytest.fixture
def log(tmp_path: Path, values: dict[str, str]) -> Path:
    """A run's folder with a sealed log of some segments; the values stand in all but one of them."""
    use_codec(Zstandard())
    folder = RunFolder(tmp_path / "before")
    folder.segments.mkdir(parents=True)
    writer = SegmentWriter(folder.segments, max_log_bytes=400_000)
    for number in range(0, LINES, 10):
        writer.append([_line(each, values) for each in range(number, number + 10)], Origin("stdout", "user", "run"),
                      AT + timedelta(seconds=number))  # fmt: skip
    writer.seal()
    writer.close()
    return folder.root


def _line(number: int, values: dict[str, str]) -> str:
    if 300 <= number < 660 or number % 3:
        return f"line {number} of a log that is long enough"
    return f"line {number} with {values['WAREHOUSE_KEY' if number % 2 else 'API_KEY']}"


def stored(folder: Path) -> bytes:
    """Every byte below a folder, unpacked."""
    content = b""
    for path in folder.rglob("*"):
        if path.is_file():
            content += path.read_bytes()
            if path.suffix in {".zst", ".new"}:
                unpacked = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True)
                content += unpacked.read()
    return content


def contents(folder: Path) -> list[tuple[int, str]]:
    lines = [json.loads(line) for line in read_range(folder / "ctl" / "segments", 0, LINES + 1).splitlines()]
    return [(line["line_num"], line["content"]) for line in lines]


async def scrub(folder: Path, values: dict[str, str], dies_at: int | None = None) -> None:
    """Raises: HelperFailed."""
    opening: dict[str, Any] = {"registered": list(values.items()), "settings": None}
    command = (sys.executable, "-I", "-B", "-c", DIES, str(dies_at or -1))
    async with open_helper(opening, command) as helper:
        assert await helper.ask({"log": str(folder), "rescrub": RESCRUB}) == {"done": True}


async def test_whatever_is_cut_short_is_completed_and_counted_once(
    tmp_path: Path, log: Path, values: dict[str, str]
) -> None:
    expected = [
        (number, content.replace(values["WAREHOUSE_KEY"], "[masked:WAREHOUSE_KEY]").replace(
            values["API_KEY"], "[masked:API_KEY]"))
        for number, content in contents(log)
    ]  # fmt: skip
    counts = {name: sum(f"[masked:{name}]" in content for _, content in expected) for name in values}
    segments = len(list((log / "ctl" / "segments").glob("*.ndjson")))
    assert segments > 2
    dies_at = 0
    is_killed = True
    while is_killed:
        dies_at += 1
        folder = tmp_path / f"killed-{dies_at}"
        shutil.copytree(log, folder)
        try:
            await scrub(folder, values, dies_at)
            is_killed = False
        except HelperFailed:
            while True:  # it is killed there again and again: it comes further each time, or is not there any more
                before = RescrubJournal(folder / "ctl", RESCRUB).found().segments
                try:
                    await scrub(folder, values, max(dies_at, 6))
                    break
                except HelperFailed:
                    if RescrubJournal(folder / "ctl", RESCRUB).found().segments == before:
                        await scrub(folder, values)
                        break

        found = RescrubJournal(folder / "ctl", RESCRUB).found()
        assert found == Found(segments, LINES, sum(counts.values()), counts), dies_at
        assert contents(folder) == expected, dies_at
        assert not damage_of(folder / "ctl" / "segments", 0, LINES)
        content = stored(folder)
        assert not [name for name, value in values.items() if value.encode() in content], dies_at
        assert not list((folder / "ctl" / "segments").glob("*.new"))
        shutil.rmtree(folder)
    assert dies_at > 6 * segments


async def test_journal_is_kept_for_a_rescrub_that_goes_on_and_removed_for_others(
    log: Path, values: dict[str, str]
) -> None:
    await scrub(log, values)

    forget_others(log / "ctl", [RESCRUB])
    kept = RescrubJournal(log / "ctl", RESCRUB).found()
    forget_others(log / "ctl", [])

    assert kept.hits
    assert not RescrubJournal(log / "ctl", RESCRUB).found().hits
    assert not list((log / "ctl").glob("rescrub-*"))
