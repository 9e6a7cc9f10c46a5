"""What a region measures of itself, and tells with its polls."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.planes.data_plane.running_region import RunningRegion, until

from planes.data_plane.runner.processes import find_process
from planes.data_plane.services.reporting.measuring import Kind

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WAITS = """
import pathlib, time
print("begun", flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.02)
"""


async def test_polls_tell_what_runs_and_what_lies_on_the_disk(place: RunningRegion) -> None:
    measuring = place.region.plane.measuring
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")
    await until(lambda: any(poll.numbers and poll.numbers.runners for poll in place.control.polls))
    await measuring.look()
    await measuring.look()
    (use,) = measuring.latest.runs
    assert use.run_id == lease.run_id
    assert find_process(use.pid) is not None
    assert use.memory_bytes > 1_000_000
    assert use.processor_percent is not None
    (place.run_folder(lease) / "work" / "go").touch()
    await place.control.wait_end(lease)
    big = place.region.folder / "orgs" / lease.organization_id / "workspaces" / lease.workspace_id / "data" / "prod"
    big.mkdir(parents=True, exist_ok=True)
    (big / "planted.duckdb").write_bytes(b"x" * 300_000)

    await measuring.look()
    await measuring.measure_folders()
    told = len(place.control.polls)
    await place.run("pass")
    await until(lambda: len(place.control.polls) > told + 1)
    numbers = place.control.polls[-1].numbers

    assert numbers is not None
    assert (numbers.slots, numbers.version) == (8, "0")
    assert numbers.environments == 1
    assert numbers.environments_bytes
    assert numbers.environments_used_at
    assert numbers.data_bytes is not None
    assert 300_000 <= numbers.data_bytes < 400_000
    assert numbers.runs_bytes
    assert numbers.code_bytes
    assert numbers.blobs_bytes
    assert numbers.database_bytes
    assert numbers.disk_total_bytes is not None
    assert 0 < (numbers.disk_free_bytes or 0) < numbers.disk_total_bytes
    assert numbers.master_key_at is not None
    said = numbers.model_dump_json()
    assert not [name for name in (lease.organization_id, lease.workspace_id, "planted", "eu1") if name in said]


async def test_an_environment_is_measured_once(place: RunningRegion) -> None:
    lease, _ = await place.run("pass")
    measuring = place.region.plane.measuring
    await measuring.measure_folders()
    first = measuring.latest.folders
    folder: Path = place.run_folder(lease).parents[1] / "environments"
    (environment,) = [path for path in folder.iterdir() if path.is_dir() and "." not in path.name]
    (inside := next(path for path in environment.rglob("*.py"))).chmod(0o644)
    inside.write_bytes(b"#" * 500_000)

    await measuring.measure_folders()
    second = measuring.latest.folders

    assert first is not None
    assert second is not None
    assert second.sizes[Kind.ENVIRONMENTS] == first.sizes[Kind.ENVIRONMENTS] > 0
    assert second.measured_at >= first.measured_at
