"""The workspace's dashboard, as a deployment brings it: what a real pipeline left on another profile is on its page."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest
from tests.acceptance.marks import search
from tests.fakes.chromium import chromium, needs_chromium
from tests.fakes.workspaces import job_python
from tests.integration.planes.data_plane.running_region import RunningRegion, region_with_index

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]

SECRET = "s3cr3t-of-the-orchard"
# A second, failed run leaves its exception in the trace, with the secret in its words.
PIPELINE = b"""
import os
import dlt

@dlt.resource(write_disposition="merge", primary_key="tree")
def apples(ripe=dlt.sources.incremental("tree", initial_value=0)):
    yield [{"tree": number, "sort": "boskoop"} for number in range(1, 4322)]

@dlt.resource
def broken():
    raise ValueError("the gate opens with " + os.environ["GATE"])
    yield

if __name__ == "__main__":
    pipeline = dlt.pipeline("harvest_report", destination="duckdb", dataset_name="orchard_rows")
    pipeline.run(apples())
    if os.environ.get("BREAKS"):
        dlt.pipeline("broken_gate", destination="duckdb", dataset_name="orchard_rows").run(broken())
"""
# Contract: 3.5, what deploying the module `__deployment__` adds.
DASHBOARD: dict[str, Any] = {
    "engine_version": 2,
    "job_ref": "jobs.workspace.dashboard",
    "entry_point": {
        "module": "dlt._workspace.helpers.dashboard.dlt_dashboard", "function": None, "job_type": "interactive",
        "launcher": "dlt._workspace.deployment.launchers.dashboard",
    },
    "expose": {"interface": "gui", "category": "dashboard", "manual": True},
    "triggers": ["http:"],
    "execute": {"concurrency": 1},
    "require": {"dependency_groups": ["jobs.workspace.dashboard"]},
    "description": "Workspace dashboard",
}  # fmt: skip


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    async with region_with_index() as running:
        yield running


async def deployed(place: RunningRegion) -> dict[str, str]:
    """A workspace with the pipeline; its dashboard is built from the group that every client writes."""
    requirements = {
        "engine_version": 2, "python_version": job_python(),
        "dlt_version": {"name": "dlt", "extras": [], "version": "1.31.0", "mode": "pypi"},
        "default_groups": ["main"],
        "groups": {
            "main": ["dlt[duckdb]==1.31.0"],
            "jobs.workspace.dashboard": ["ibis-framework", "marimo", "pyarrow", "s3fs"],
        },
        "launcher_requirements": {},
    }  # fmt: skip
    return {
        "deployment_id": await place.deploy({"job.py": PIPELINE}, json.dumps(requirements).encode()),
        "configuration_id": await place.configure({"prod.config.toml": b"", "access.config.toml": b"a = 1\n"}),
    }


@needs_chromium
async def test_dashboard_shows_what_a_pipeline_has_left(place: RunningRegion) -> None:
    await place.set_variables(profile="prod", secret=True, GATE=SECRET)
    await place.set_variables(profile="prod", BREAKS="yes")
    versions = await deployed(place)
    loaded = await place.lease("", **versions)
    assert await place.control.wait_end(loaded, seconds=300) == "failed", await place.lines(loaded, None)
    lease = place.control.lease(
        organization_id=place.region.organization_id, workspace_id=place.region.workspace_id, **versions,
        definition=DASHBOARD, job_ref=DASHBOARD["job_ref"], profile="access", trigger="http:", time_limit_seconds=600,
    )  # fmt: skip
    said = await place.control.wait_status(lease, "running", "failed", seconds=300)
    assert said == "running", await place.lines(lease, None)
    try:
        path = f"/own/v1/workspaces/{lease.workspace_id}/job-runs/{lease.run_id}/-open-app"
        viewer = place.region.headers(role="viewer")
        where = (await place.region.client.post(path, headers=viewer)).json()
        async with chromium() as window:
            page = await window.page()
            await page.open(where["url"])
            await page.shows("harvest_report", 90)
            await page.open(
                f"{where['origin']}/?profile=prod&pipeline=harvest_report&sections=overview,schema,state,trace"
            )
            await page.shows("orchard_rows", 90)
            for word in ("apples", "bigint", "merge", "completed"):
                await page.shows(word)
            harvest = await page.text()
            await page.open(f"{where['origin']}/?profile=prod&pipeline=broken_gate&sections=overview,trace")
            await page.shows("the gate opens with", 90)
            broken = await page.text()
    finally:
        with anyio.CancelScope(shield=True):
            place.control.cancel(lease)
            await place.control.wait_end(lease)

    assert "[masked:GATE]" in broken
    assert SECRET not in harvest + broken
    assert search(place.region.folder, {"secret": SECRET}) == {}
