"""A small dlt workspace in a region: real packages from the index, duckdb, beacon, results."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from tests.fakes.workspaces import definition, requirements
from tests.integration.planes.data_plane.running_region import RunningRegion, region_with_index, until

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance]

JOBS = b'''"""Fruit."""
import os
import dlt
from dlt.hub import run

@dlt.resource(name="fruit", write_disposition="append")
def fruit():
    yield [{"name": "apple", "colors": ["red", "green"]}, {"name": "pear", "colors": []}]

@run.job
def load():
    pipeline = dlt.pipeline("orchard", destination="duckdb", dataset_name="harvest")
    print(pipeline.run(fruit()))
    print("password is", dlt.secrets["orchard.password"])
    return run.result({"rows": 2})

@run.job
def count():
    pipeline = dlt.pipeline("orchard", destination="duckdb", dataset_name="harvest")
    with pipeline.sql_client() as client:
        print("rows", client.execute_sql("select count(*) from fruit")[0][0])

@run.job
def fail():
    dlt.pipeline("broken", destination="duckdb").run([{"a": 1 / 0}])
'''
PASSWORD = "harvest-moon-77"


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    async with region_with_index() as running:
        yield running


async def test_rows_land_are_found_again_and_are_told(place: RunningRegion) -> None:
    deployment = await place.deploy({"fruit_jobs.py": JOBS}, requirements("dlt[duckdb]==1.31.0"))
    configuration = await place.configure(
        {"prod.secrets.toml": f'[orchard]\npassword = "{PASSWORD}"\n'.encode(), "config.toml": b""}
    )

    async def run(function: str) -> tuple[str, list[str], str]:
        lease = place.control.lease(
            organization_id=place.region.organization_id,
            workspace_id=place.region.workspace_id,
            deployment_id=deployment,
            configuration_id=configuration,
            definition=definition("fruit_jobs", function),
            job_ref=f"jobs.fruit_jobs.{function}",
            time_limit_seconds=300,
        )
        outcome = await place.control.wait_end(lease, seconds=300)
        return outcome, await place.lines(lease), lease.run_id

    outcome, lines, run_id = await run("load")
    assert outcome == "completed", lines
    assert "password is [masked:ORCHARD__PASSWORD]" in lines
    counted = await run("count")
    failed = await run("fail")

    assert "rows 2" in counted[1]
    assert failed[0] == "failed"
    assert any("ZeroDivisionError" in line for line in failed[1])
    await until(lambda: place.control.pipeline_runs.get(run_id))
    summary = place.control.pipeline_runs[run_id][0]
    assert (summary.pipeline_name, summary.dataset_name, summary.destination_name) == ("orchard", "harvest", "duckdb")
    assert summary.total_rows == 4
    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}/job-runs/{run_id}/result"
    result = (await place.region.client.get(path, headers=place.region.headers())).json()
    assert result["result"] == {"rows": 2}
    held = [path for path in place.region.files_on_disk() if PASSWORD.encode() in path.read_bytes()]
    assert held == []
