"""R11: a region's disk fills while a run goes on, and is emptied again: nothing half is left, nothing is restarted."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx
import pytest
from tests.fakes.archives import pack
from tests.fakes.disks import small_tmpfs
from tests.fakes.leasing import LeasingControlPlane
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until
from tests.reliability.sizes import tell

from planes.data_plane.segments import Origin, SegmentWriter
from planes.storage.data.tables import deployments

pytestmark = pytest.mark.anyio

FILLS = """
import os, time
print("before", flush=True)
with open("fill", "wb", buffering=0) as file:
    try:
        while True: file.write(b"x" * 4096)
    except OSError as error:
        print("full", error.errno, flush=True)
number = 0
while not os.path.exists(".dlt/data/prod/go"):
    print("line", number, "y" * 3000, flush=True)
    number += 1
    time.sleep(0.01)
print("after", flush=True)
"""
FAILS = """
kept = []
try:
    file = open("fill", "wb", buffering=0)
    while True: file.write(b"x" * 4096)
except OSError:
    open("more", "wb").write(b"x" * (1 << 20))
"""


async def set_variable(place: RunningRegion) -> httpx.Response:
    upserts = [{"name": "PLAIN", "type": "plain", "value": os.urandom(2048).hex()}]
    region = place.region
    return await region.client.patch(
        region.path("/variables"), json={"profile": None, "upserts": upserts}, headers=region.headers()
    )


async def upload(place: RunningRegion) -> httpx.Response:
    return await place.region.upload_deployment(pack({"job.py": os.urandom(1_000_000)}))


async def stored(place: RunningRegion) -> tuple[int, int, int]:
    """Versions, archives and what is half received."""
    folder = place.region.folder
    async with place.region.plane.services.parts.database.reading() as connection:
        versions = len((await connection.execute(deployments.select())).all())
    archives = sum(path.is_file() for path in (folder / "blobs").rglob("*"))
    return versions, archives, len(os.listdir(folder / "incoming"))


async def taken_within(seconds: float, ask: Callable[[], Awaitable[httpx.Response]]) -> float:
    """Asks until it is taken: how long that took."""
    began = time.monotonic()
    with anyio.fail_after(seconds):
        while (await ask()).status_code >= 400:
            await anyio.sleep(0.05)
    return time.monotonic() - began


async def test_a_full_disk_harms_nothing_and_is_over_when_there_is_room() -> None:
    with small_tmpfs(48) as disk:
        disk.chmod(0o711)
        async with (
            LeasingControlPlane().serving() as control,
            running_region(disk / "eu1", control) as place,
        ):
            warm, outcome = await place.run("print('warm')")
            assert outcome == "completed", await place.lines(warm, None)
            lease = await place.lease(FILLS)
            work = place.run_folder(lease) / "work"
            with anyio.fail_after(240):
                while os.statvfs(disk).f_bavail > 0 or not (work / "fill").exists():
                    await anyio.sleep(0.02)
            before = await stored(place)

            refused, unwritten = await upload(place), await set_variable(place)

            assert refused.status_code in {413, 507}, refused.text
            assert unwritten.status_code in {503, 507}, unwritten.text
            assert await stored(place) == before
            assert before[2] == 0

            os.truncate(work / "fill", 0)
            seconds = max(
                await taken_within(5, lambda: upload(place)), await taken_within(5, lambda: set_variable(place))
            )
            (work / ".dlt/data/prod").resolve().joinpath("go").touch()
            assert await control.wait_end(lease) == "completed"
            lines = await place.lines(lease, None)
            again, outcome = await place.run("print('again')")

            assert outcome == "completed", await place.lines(again, None)
            assert {"before", "after"} <= set(lines)
            assert any(re.fullmatch(r"\d+ lines are missing here: they could not be stored", line) for line in lines)
            tell(
                "R11", f"refused {refused.status_code} and {unwritten.status_code}; {seconds:.2f} s until all is taken"
            )


async def test_the_end_of_a_run_that_has_filled_the_disk_is_told() -> None:
    """Nobody makes room but the run's own end, which removes its files."""
    with small_tmpfs(32) as disk:
        disk.chmod(0o711)
        async with (
            LeasingControlPlane().serving() as control,
            running_region(disk / "eu1", control) as place,
        ):
            lease, outcome = await place.run(FAILS)
            await until(lambda: not (place.run_folder(lease) / "work").exists())
            told = json.loads((place.run_folder(lease) / "ctl/exit.json").read_bytes())
            taken = await upload(place)

            assert (outcome, told["reason"]) == ("failed", "disk_full")
            assert any(text.startswith("Disk full: ") for text in await place.lines(lease, "setup"))
            assert taken.status_code == 200, taken.text


def test_a_log_goes_on_after_a_full_disk() -> None:
    with small_tmpfs(2) as disk:
        writer = SegmentWriter(disk / "log", max_log_bytes=4 * 2**20)  # segments of half a MiB
        fill = disk / "fill"
        lost = 0
        for number in range(60):
            if number == 20:
                fill.write_bytes(b"x" * _free(disk))
            if number == 40:
                fill.unlink()
            lost += _is_lost(writer, f"{number} " + "y" * 30_000)

        assert 0 < lost <= 20
        assert _numbers(writer, disk / "log") == list(range(60 - lost))


def test_a_log_goes_on_after_a_segment_that_could_not_be_made(tmp_path: Path) -> None:
    """One descriptor is left, so the first of the next segment's three files can be opened and the second cannot."""
    writer = SegmentWriter(tmp_path / "log", max_log_bytes=2**20)
    while writer.total_bytes < 2**17:
        assert not _is_lost(writer, "y" * 10_000)
    before, taken = resource.getrlimit(resource.RLIMIT_NOFILE), list[int]()
    nothing = os.open(os.devnull, os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 8, before[1]))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(nothing))
        os.close(taken.pop())
        lost = [_is_lost(writer, "not stored") for _ in range(3)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in (*taken, nothing):
            os.close(descriptor)
    stored = [_is_lost(writer, "stored") for _ in range(3)]

    assert (lost, stored) == ([True] * 3, [False] * 3)
    assert _numbers(writer, tmp_path / "log") == list(range(writer.next_line))


def _is_lost(writer: SegmentWriter, text: str) -> bool:
    try:
        writer.append([text], Origin("stdout", "user", "run"), datetime.now(UTC))
    except OSError:
        return True
    return False


def _numbers(writer: SegmentWriter, folder: Path) -> list[int]:
    writer.seal()
    writer.close()
    kept = b"".join(path.read_bytes() for path in sorted(folder.glob("*.ndjson"))).splitlines()
    return [json.loads(line)["line_num"] for line in kept]


def _free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_bsize
