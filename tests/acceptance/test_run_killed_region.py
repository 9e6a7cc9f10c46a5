"""A region is killed at any moment: its runs go on, and are told of when it is back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest
from tests.acceptance.killable import region_process
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, until

from planes.domain.identifiers import new_id
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance]

COUNTS = (
    "import os, time\n"
    "number = 0\n"
    "while not os.path.exists('.dlt/data/prod/go'):\n"
    "    print('line', number, flush=True)\n"
    "    number += 1\n"
    "    time.sleep(0.002)\n"
    "print('end', number)\n"
)


def lines_so_far(place: RunningRegion, lease: Lease) -> int:
    segments = place.run_folder(lease) / "ctl" / "segments"
    return sum(path.read_bytes().count(b"\n") for path in segments.glob("*.ndjson"))


async def kill_when(condition: Callable[[RunningRegion, Lease], bool], code: str) -> tuple[list[str], list[str]]:
    """Kills a region when the condition holds and starts it again: the log's contents and the reported statuses."""
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control:
            ids = (new_id(), new_id())
            async with region_process(folder / "eu1", control, *ids) as region:
                lease = await region.place.lease(code)
                await until(lambda: condition(region.place, lease))
                region.kill()
            go = region.place.run_folder(lease).parents[1] / "data" / "prod" / "go"
            if not go.parent.exists():
                async with region_process(folder / "eu1", control, *ids) as again:
                    await until(go.parent.exists)
                    go.touch()
                    await control.wait_end(lease)
                    return await again.place.lines(lease, None), control.statuses[lease.run_id]
            before = lines_so_far(region.place, lease)
            if before:
                await until(lambda: lines_so_far(region.place, lease) > before + 20 or go.exists())
            go.touch()
            async with region_process(folder / "eu1", control, *ids) as again:
                await control.wait_end(lease)
                return await again.place.lines(lease, None), control.statuses[lease.run_id]


async def test_run_goes_on_without_a_lost_or_doubled_line() -> None:
    contents, statuses = await kill_when(lambda place, lease: lines_so_far(place, lease) > 100, COUNTS)

    numbers = [int(line.split()[1]) for line in contents if line.startswith("line ")]
    assert numbers == list(range(len(numbers)))
    assert f"end {len(numbers)}" in contents
    assert statuses[-1] == "completed"
    assert statuses.count("completed") == 1


@pytest.mark.parametrize("made", [".", "work/job.py", "ctl", "ctl/spec.json", "ctl/lock", "ctl/runner.json"])
async def test_kill_while_the_run_is_prepared_starts_it_once(made: str) -> None:
    contents, statuses = await kill_when(lambda place, lease: (place.run_folder(lease) / made).exists(), COUNTS)

    assert sum(line.startswith("starting: jobs.job") for line in contents) == 1, (contents, statuses)
    assert statuses[-1] == "completed"


@pytest.mark.parametrize("is_late", [False, True], ids=["no-runner", "late-runner"])
async def test_kill_while_the_runner_is_asked_for_starts_the_run_once(is_late: bool) -> None:
    """What is to fork the runner hangs when the region is killed; then it dies too, or comes late."""
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control:
            ids = (new_id(), new_id())
            async with region_process(folder / "eu1", control, *ids) as region:
                server = region.runner_server()
                os.kill(server, signal.SIGSTOP)
                try:
                    lease = await region.place.lease("print('once')\n")
                    await until((region.place.run_folder(lease) / "ctl" / "spec.json").exists)
                    region.kill()
                finally:
                    os.kill(server, signal.SIGCONT if is_late else signal.SIGKILL)
            async with region_process(folder / "eu1", control, *ids) as again:
                outcome = await control.wait_end(lease)
                contents = await again.place.lines(lease)

    assert outcome == "completed"
    assert contents == ["once"]


async def test_kill_as_soon_as_the_lease_is_written_down() -> None:
    contents, statuses = await kill_when(
        lambda place, lease: "starting" in place.control.statuses.get(lease.run_id, []), COUNTS
    )

    assert sum(line.startswith("starting: jobs.job") for line in contents) == 1, (contents, statuses)
    assert json.dumps(statuses).count("completed") == 1
