"""A region tells a workspace's members about its environments, and removes one that no run uses."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WAITS = "import time\nprint('started', flush=True)\nwhile True: time.sleep(0.05)\n"


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    with open_folder("told-") as home:
        async with LeasingControlPlane().serving() as control, running_region(home / "eu1", control) as running:
            yield running


async def ask(place: RunningRegion, method: str, rest: str = "", role: str = "developer") -> Any:
    region = place.region
    path = f"/own/v1/workspaces/{region.workspace_id}/environments{rest}"
    return await region.client.request(method, path, headers=region.headers(role=role))


async def test_an_environment_says_what_uses_it_and_goes_when_nothing_does(place: RunningRegion) -> None:
    lease = await place.lease(WAITS)
    await until(lambda: "running" in place.control.statuses.get(lease.run_id, []))

    listed = (await ask(place, "GET", role="viewer")).json()

    (found,) = listed["items"]
    assert listed["keep_days"] == 30
    assert found["in_use_by"] == [{"run_id": lease.run_id, "job_ref": lease.job_ref, "number": lease.number}]
    assert [(job["job_ref"], job["runs"]) for job in found["jobs"]] == [(lease.job_ref, 1)]
    assert found["is_current"]
    assert found["size_bytes"] > 0
    assert any(line.startswith("dlt") for line in found["requirements"])
    assert (await ask(place, "DELETE", f"/{found['key']}")).json()["code"] == "environment_in_use"
    place.control.cancel(lease)
    await place.control.wait_end(lease)
    assert (await ask(place, "DELETE", f"/{found['key']}", role="viewer")).status_code == 403
    assert (await ask(place, "DELETE", f"/{found['key']}")).status_code == 204
    assert (await ask(place, "GET")).json()["items"] == []
    assert (await ask(place, "DELETE", f"/{found['key']}")).json()["code"] == "environment_not_found"
    assert (await place.run("print('again')\n"))[1] == "completed"


async def test_nothing_is_read_beside_the_environments(place: RunningRegion) -> None:
    await place.run("pass\n")
    (key,) = [each["key"] for each in (await ask(place, "GET")).json()["items"]]
    (folder,) = place.region.folder.glob("orgs/*/workspaces/*/environments")
    outside = place.region.folder / "outside.json"
    outside.write_text(json.dumps({"requirements": ["another's secret"]}))
    (folder / f"{key}.json").unlink()
    (folder / f"{key}.json").symlink_to(outside)

    (found,) = (await ask(place, "GET")).json()["items"]

    assert (found["python_version"], found["requirements"]) == (None, [])
    for content in ("[]", "{", json.dumps({"python_version": 3, "requirements": [1, "x" * 9000]})):
        (folder / f"{key}.json").unlink()
        (folder / f"{key}.json").write_text(content)
        (found,) = (await ask(place, "GET")).json()["items"]
        assert found["python_version"] is None
        assert [len(line) for line in found["requirements"]] in ([], [512])
