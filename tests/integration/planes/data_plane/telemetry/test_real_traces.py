"""Reports of the real dlt, in every way a pipeline can go, taken over HTTP and read back by the telemetry routes.

The region's run only lends its address to report to; dlt runs in this interpreter's environment, since it needs no
index there.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until

from planes.domain.access import Grant
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WAITS = (
    "import os, time\n"
    "open('.dlt/data/prod/dsn', 'w').write(os.environ['RUNTIME__DLTHUB_DSN'])\n"
    "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.01)\n"
)
PIPELINES = """
import sys
import dlt

lake = dlt.destinations.filesystem("file://" + sys.argv[2], destination_name="lake")
breaks = dlt.destinations.dummy(completed_prob=0.0, fail_prob=1.0, destination_name="breaks")

def rows(count):
    for number in range(count):
        yield {"id": number, "kids": [{"age": number}]}

@dlt.source
def orchard():
    return dlt.resource(rows(5), name="apple"), dlt.resource(rows(3), name="pear", write_disposition="replace")

@dlt.resource
def broken():
    yield {"a": 1}
    raise ValueError("no such orchard")

def succeeds():
    dlt.pipeline("harvest", destination=lake, dataset_name="fruit").run(orchard())

def fails():
    dlt.pipeline("harvest", destination=lake, dataset_name="fruit").run(broken())

def fails_to_load():
    dlt.pipeline("unloaded", destination=breaks, dataset_name="fruit").run(orchard())

def goes_step_by_step():
    pipeline = dlt.pipeline("steps", destination=lake, dataset_name="fruit_steps")
    pipeline.extract(orchard())
    pipeline.normalize()
    pipeline.load()

def loads_what_was_left():
    pipeline = dlt.pipeline("left", destination=lake, dataset_name="fruit_left")
    pipeline.extract(orchard())
    pipeline.run(orchard())

def runs_several():
    for name in ("one", "two", "three"):
        dlt.pipeline(name, destination=lake, dataset_name="shared").run(orchard())

globals()[sys.argv[1]]()
"""


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
            yield running


@asynccontextmanager
async def reporting(place: RunningRegion) -> AsyncGenerator[tuple[Lease, str]]:
    """A run that goes on until the block ends, and the address that it reports to."""
    lease = await place.lease(WAITS)
    shared = place.run_folder(lease).parents[1] / "data" / "prod"
    await place.control.wait_status(lease, "running")
    await until(lambda: (shared / "dsn").exists() and (shared / "dsn").read_text())
    try:
        yield lease, (shared / "dsn").read_text()
    finally:
        (shared / "go").touch()
        assert await place.control.wait_end(lease) == "completed"
        (shared / "dsn").unlink()
        (shared / "go").unlink()


async def report(place: RunningRegion, folder: Path, function: str, *, ends: int = 0) -> Lease:
    """Runs one of PIPELINES to its end: the run that it reported as."""
    (folder / "pipelines.py").write_text(PIPELINES)
    async with reporting(place) as (lease, dsn):
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "DLT_DATA_DIR": str(folder / "dlt"),
            "RUNTIME__DLTHUB_DSN": dsn,
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        command = [sys.executable, "pipelines.py", function, str(folder / "lake")]
        done = await anyio.run_process(command, cwd=folder, env=environment, check=False)
        assert done.returncode == ends, done.stderr.decode()
    return lease


async def read(place: RunningRegion, rest: str, status: int = 200) -> Any:
    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}{rest}"
    answer = await place.region.client.get(path, headers=place.region.headers(Grant.READ))
    assert answer.status_code == status, answer.text
    return answer.json()


async def runs_of(place: RunningRegion, lease: Lease) -> list[dict[str, Any]]:
    """The pipeline runs of a run, oldest first, each with its details."""
    query = f"/pipeline-runs?job_run_id={lease.run_id}&sort=started_at&order=asc"
    return [await read(place, f"/pipeline-runs/{item['id']}") for item in (await read(place, query))["items"]]


async def test_success_and_failure(place: RunningRegion, tmp_path: Path) -> None:
    worked = await report(place, tmp_path, "succeeds")
    failed = await report(place, tmp_path, "fails", ends=1)

    (good,) = await runs_of(place, worked)
    assert (good["status"], good["destination_name"], good["dataset_name"]) == ("succeeded", "lake", "fruit")
    assert (good["total_rows_extracted"], good["total_rows_loaded"], good["has_schema_migration"]) == (8, 16, True)
    assert good["duration_ms"] >= good["extract_duration_ms"] + good["normalize_duration_ms"] > 0
    assert {table["table_name"]: table["rows_loaded"] for table in good["tables"]}["apple__kids"] == 5
    assert {each["resource_name"]: each["write_disposition"] for each in good["resources"]}["pear"] == "replace"
    (bad,) = await runs_of(place, failed)
    assert (bad["status"], bad["error_step"], bad["error_message"]) == ("failed", "extract", "no such orchard")
    assert "ValueError: no such orchard" in bad["error_traceback"]
    trace = await read(place, f"/pipeline-runs/{bad['id']}/trace")
    assert [step["step"] for step in trace["steps"]] == ["extract", "run"]
    assert trace["execution_context"]["library"]["name"] == "dlt"
    pipelines = (await read(place, "/pipelines/-/stats"))["items"]
    assert [(row["pipeline_name"], row["total_pipeline_run_count"]) for row in pipelines] == [("harvest", 2)]
    assert (pipelines[0]["success_ratio"], pipelines[0]["latest_status"]) == (0.5, "failed")
    datasets = (await read(place, "/datasets/-/stats"))["items"]
    assert [(row["dataset_name"], row["table_count"], row["schema_migration_count"]) for row in datasets] == [
        ("fruit", 4, 1)
    ]
    await until(lambda: place.control.pipeline_runs.get(failed.run_id))
    told = place.control.pipeline_runs[failed.run_id][0].model_dump_json()
    assert "orchard" not in told
    assert "ValueError" not in told


async def test_failed_load_jobs_are_counted(place: RunningRegion, tmp_path: Path) -> None:
    lease = await report(place, tmp_path, "fails_to_load", ends=1)

    (row,) = await runs_of(place, lease)
    assert (row["status"], row["error_step"], row["has_failed_load_jobs"]) == ("failed", "load", True)
    assert (row["has_pending_packages"], row["total_rows_loaded"]) == (True, 0)
    assert row["load_packages"][0]["failed_job_count"] > 0
    assert {table["table_name"]: table["load_job_state"] for table in row["tables"]}["apple"] == "failed"


async def test_steps_with_traces_of_their_own_count_rows_once(place: RunningRegion, tmp_path: Path) -> None:
    lease = await report(place, tmp_path, "goes_step_by_step")

    rows = await runs_of(place, lease)
    assert [row["total_rows_extracted"] for row in rows] == [8, 0, 0]
    assert [row["total_rows_loaded"] for row in rows] == [0, 0, 16]
    assert [row["has_pending_packages"] for row in rows] == [True, True, False]
    (package,) = rows[2]["load_packages"]
    assert (package["load_status"], package["total_rows_loaded"]) == ("loaded", 16)
    left = await runs_of(place, await report(place, tmp_path, "loads_what_was_left"))
    assert [row["total_rows_loaded"] for row in left] == [0, 16]


async def test_several_pipelines_of_one_run(place: RunningRegion, tmp_path: Path) -> None:
    lease = await report(place, tmp_path, "runs_several")

    assert [row["pipeline_name"] for row in await runs_of(place, lease)] == ["one", "two", "three"]
    await until(lambda: len(place.control.pipeline_runs.get(lease.run_id, [])) == 3)
    assert {each.total_rows for each in place.control.pipeline_runs[lease.run_id]} == {16}
    (dataset,) = (await read(place, "/datasets/-/stats?dataset_name=shared"))["items"]
    assert (dataset["distinct_pipeline_count"], dataset["latest_pipeline_name"]) == (3, "three")
    assert (dataset["table_count"], dataset["latest_destination_name"]) == (4, "lake")
    page = await read(place, "/pipelines/-/stats?sort=pipeline_name&order=asc&limit=2")
    assert ([row["pipeline_name"] for row in page["items"]], page["total"]) == (["one", "three"], 3)
    assert page["items"][0]["latest_source_names"] == ["orchard"]
    rest = await read(place, f"/pipelines/-/stats?sort=pipeline_name&order=asc&limit=2&cursor={page['next_cursor']}")
    assert [row["pipeline_name"] for row in rest["items"]] == ["two"]
    assert (await read(place, "/pipelines/-/stats?start=2020-01-01T00:00:00&end=2020-01-02T00:00:00"))["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "start=2026-01-01T00:00:00%2B01:00", "timezone=Mars/Olympus&start=2026-01-01T00:00:00",
        "sort=dataset&order=asc", "sort=success_ratio", "latest_status=undecided", "limit=0", "offset=10001",
    ],
)  # fmt: skip
async def test_wrong_questions_are_refused(place: RunningRegion, query: str) -> None:
    for kind in ("pipelines", "datasets"):
        await read(place, f"/{kind}/-/stats?{query}", 400)


async def test_a_result_with_a_large_trace_keeps_its_numbers(place: RunningRegion) -> None:
    import json

    agent = {
        "type": "job.background_agent.tidy", "engine_version": 1, "result": {"tidied": 3}, "summary": "done",
        "status": "succeeded",
        "trace": {"messages": ["x" * 1024] * 6000, "model": "sonnet", "turn_count": 3, "cost_usd": 0.25},
    }  # fmt: skip
    async with reporting(place) as (lease, dsn):
        answer = await place.region.client.put(f"{dsn}/job_result", content=json.dumps(agent).encode())
        too_large = await place.region.client.put(f"{dsn}/job_result", content=b'{"a":"' + b"x" * 40_000_000)

    assert (answer.status_code, too_large.status_code) == (200, 413)
    result = await read(place, f"/job-runs/{lease.run_id}/result")
    assert (result["result"], result["summary"], result["agent_status"]) == ({"tidied": 3}, "done", "succeeded")
    assert (result["model"], result["turn_count"], result["cost_usd"]) == ("sonnet", 3, "0.25")
    refused = await read(place, f"/job-runs/{lease.run_id}/result-trace", 413)
    assert refused["code"] == "job_result_trace_too_large"
