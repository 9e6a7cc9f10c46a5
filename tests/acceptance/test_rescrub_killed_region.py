"""A region and its helper are killed while stored logs are scrubbed again: the end is as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
import zstandard
from tests.acceptance.killable import Killable, region_process
from tests.acceptance.leaks import random_word
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import until

from planes.domain.identifiers import new_id
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance]

HELPER = "planes.data_plane.services.scrubbing.rescrub_process"
LINES = 240_000
# About three segments of 16 MiB.
PRINTS = f"""
import os
key = os.environ['WAREHOUSE_KEY']
for number in range({LINES}):
    print('row', number, 'of a table of a load of a pipeline', key if number % 1000 == 0 else 'and nothing more')
"""


def segments_noted(region: Killable, lease: Lease) -> int:
    """How far the helper says it is."""
    for path in (region.place.run_folder(lease) / "ctl").glob("rescrub-*.json"):
        with suppress(ValueError, OSError):
            return len(json.loads(path.read_bytes())["segments"])
    return 0


async def kill_helper(region: Killable, condition: Callable[[], bool]) -> None:
    """Kills the helper that runs as soon as the condition holds."""
    await until(lambda: bool(region.children(HELPER)) and condition(), 60)
    for pid in region.children(HELPER):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def ask(region: Killable, rest: str) -> Any:
    place = region.place.region
    answer = await place.client.get(
        f"/own/v1/workspaces/{place.workspace_id}{rest}", headers=place.headers(role="owner")
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ask_until(region: Killable, rest: str, is_right: Callable[[Any], bool]) -> Any:
    with anyio.fail_after(240):
        while True:
            found = await ask(region, rest)
            if is_right(found):
                return found
            await anyio.sleep(0.05)


def files_with(folder: Path, value: bytes) -> list[Path]:
    """Files of a region that hold the value, compressed ones unpacked."""
    found: list[Path] = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix in {".zst", ".new"}:
                content += zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()
            if value in content:
                found.append(path)
    return found


async def test_leak_that_a_killed_rescrub_had_found_is_there_once() -> None:
    value = random_word()
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control:
            ids = (new_id(), new_id())
            async with region_process(folder / "eu1", control, *ids) as region:
                await region.place.set_variables(WAREHOUSE_KEY=value)
                lease, outcome = await region.place.run(PRINTS)
                assert outcome == "completed"
                before = await region.place.lines(lease, None)
                assert sum(value in line for line in before) == LINES // 1000
                await region.place.set_variables(secret=True, WAREHOUSE_KEY=value)
                await kill_helper(region, lambda: True)
                await kill_helper(region, lambda: segments_noted(region, lease) >= 1)
                await until(lambda: segments_noted(region, lease) >= 2, 60)
                region.kill()
            async with region_process(folder / "eu1", control, *ids) as again:
                rescrubs = await ask_until(again, "/rescrubs", lambda found: found["items"][0]["state"] == "done")
                again.kill()  # what was found is written down, and may not be made a leak yet
            async with region_process(folder / "eu1", control, *ids) as last:
                leaks = await ask_until(last, f"/job-runs/{lease.run_id}/leaks", lambda found: found["items"])
                await ask_until(last, f"/job-runs/{lease.run_id}/hits", lambda found: found["is_final"])
                hits = await ask(last, f"/job-runs/{lease.run_id}/hits")
                events = await ask(last, "/events")
                detail = await ask(last, f"/leaks/{leaks['items'][0]['id']}")
                after = await last.place.lines(lease, None)

        held = files_with(folder, value.encode())

    assert after == [line.replace(value, "[masked:WAREHOUSE_KEY]") for line in before]
    assert held == []
    (rescrub,) = rescrubs["items"]
    assert (rescrub["runs_done"], rescrub["runs_failed"], rescrub["lines_changed"]) == (1, 0, LINES // 1000)
    (leak,) = leaks["items"]
    numbers = [number for number, line in enumerate(before) if value in line]
    assert (leak["name"], leak["scope"], leak["version"], leak["count"]) == (
        "WAREHOUSE_KEY", "workspace", 2, LINES // 1000,
    )  # fmt: skip
    assert leak["lines"] == numbers[: len(leak["lines"])]
    assert leak["more_lines"]
    assert Counter({each["rule"]: each["count"] for each in hits["hits"]})["WAREHOUSE_KEY"] == LINES // 1000
    assert [(each["rule"], each["count"]) for each in events["items"] if each["rule_kind"] == "secret"] == [
        ("WAREHOUSE_KEY", LINES // 1000)
    ]
    assert [reader["count"] for reader in detail["readers"]] == [1]
