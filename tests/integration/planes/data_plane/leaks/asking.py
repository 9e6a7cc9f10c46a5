"""What tests of leaks ask a region, and the jobs that they run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.wire.link import Lease

SECRET = "s3cr3t-of-the-warehouse"
PRINTS = "import os\nprint('first')\nfor _ in range(3): print('key is', os.environ['WAREHOUSE_KEY'])\n"
WAITS = (
    "import os, time\n"
    "print('key is', os.environ['WAREHOUSE_KEY'], flush=True)\n"
    "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.01)\n"
)


def own(place: RunningRegion, rest: str) -> str:
    """The address of one of our own routes."""
    return f"/own/v1/workspaces/{place.region.workspace_id}{rest}"


def owner(place: RunningRegion) -> dict[str, str]:
    """The headers of somebody who may see everything."""
    return place.region.headers(role="owner")


async def lines_of(place: RunningRegion, lease: Lease) -> list[str]:
    """The contents of the stored log, with the names in masks."""
    answer = await place.region.client.get(place.log_path(lease), headers=owner(place))
    assert answer.status_code == 200, answer.text
    return [json.loads(line)["content"] for line in answer.text.splitlines()]


async def ask(place: RunningRegion, rest: str, **headers: str) -> Any:
    """What one of our own routes answers."""
    answer = await place.region.client.get(own(place, rest), headers=headers or owner(place))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ask_until(place: RunningRegion, rest: str, is_right: Any) -> Any:
    """The first answer that is right."""
    with anyio.fail_after(240):
        while True:
            found = await ask(place, rest)
            if is_right(found):
                return found
            await anyio.sleep(0.02)


async def leak_of(place: RunningRegion, lease: Lease) -> Any:
    """The first leak of a run."""
    found = await ask_until(place, f"/job-runs/{lease.run_id}/leaks", lambda answer: answer["items"])
    return found["items"][0]


async def finished_rescrub(place: RunningRegion, *, states: tuple[str, ...] = ("done", "failed")) -> Any:
    """The newest rescrub, when it is in one of these states."""

    def newest_is_over(answer: Any) -> bool:
        return bool(answer["items"]) and answer["items"][0]["state"] in states

    return (await ask_until(place, "/rescrubs", newest_is_over))["items"][0]


def files_with(folder: Path, text: str) -> list[Path]:
    """Files below a folder that hold it."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def stored_lines(place: RunningRegion, lease: Lease) -> str:
    """The wire lines of a run that are stored plain."""
    return "\n".join(
        line
        for path in (place.run_folder(lease) / "ctl" / "segments").rglob("*.ndjson")
        for line in path.read_text().splitlines()
    )
