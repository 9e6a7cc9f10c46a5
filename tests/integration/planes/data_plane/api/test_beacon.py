"""What runs report of themselves: taken from real processes over HTTP, read back by the telemetry routes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until

from planes.data_plane.services.runs import beacon
from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.storage.data import runs
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TRACES = Path(__file__).parents[1] / "traces"
SENDS = (
    "import os, sys, urllib.request\n"
    "def put(kind, body):\n"
    "    request = urllib.request.Request(os.environ['RUNTIME__DLTHUB_DSN'] + '/' + kind, body, method='PUT')\n"
    "    with urllib.request.urlopen(request) as answer: print(kind, answer.status, answer.read().decode())\n"
    "if __name__ == '__main__' or True:\n"
    "    for name in sorted(os.listdir('sent')):\n"
    "        put(name.split('.')[1], open('sent/' + name, 'rb').read())\n"
)
WAITS = (
    "import os, time\n"
    "open('.dlt/data/prod/dsn', 'w').write(os.environ['RUNTIME__DLTHUB_DSN'])\n"
    "print('ready', flush=True)\n"
    "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.01)\n"
)


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
            yield running


async def send(place: RunningRegion, *reports: tuple[str, Any]) -> Lease:
    """A run that reports these (kind, document) pairs."""
    files = {
        f"sent/{index}.{kind}": document if isinstance(document, bytes) else json.dumps(document).encode()
        for index, (kind, document) in enumerate(reports)
    }
    deployment = await place.deploy({"job.py": SENDS.encode(), **files})
    lease, outcome = await place.run("", deployment_id=deployment)
    assert outcome == "completed", await place.lines(lease, None)
    assert all(line.endswith(" 200 {}") for line in await place.lines(lease))
    return lease


async def read(place: RunningRegion, rest: str, status: int = 200) -> Any:
    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}{rest}"
    answer = await place.region.client.get(path, headers=place.region.headers(Grant.READ))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_trace_becomes_a_pipeline_run_and_a_summary(place: RunningRegion) -> None:
    trace = json.loads((TRACES / "succeeded.json").read_bytes())

    lease = await send(place, ("trace", trace))

    page = await read(place, f"/pipeline-runs?job_run_id={lease.run_id}")
    assert page["total"] == 1
    row = page["items"][0]
    assert (row["pipeline_name"], row["status"], row["dataset_name"]) == ("weather", "succeeded", "obs")
    assert (row["total_rows_loaded"], row["total_rows_extracted"]) == (15, 5)
    assert row["dlt_version"] == "1.31.0"
    detail = await read(place, f"/pipeline-runs/{row['id']}")
    assert detail["job_run_id"] == lease.run_id
    assert [package["load_status"] for package in detail["load_packages"]] == ["loaded"]
    assert {table["table_name"] for table in detail["tables"]} >= {"rows", "rows__b__c"}
    stored = await read(place, f"/pipeline-runs/{row['id']}/trace")
    assert stored["transaction_id"] == trace["transaction_id"]
    assert len(stored["steps"]) == 3
    await until(lambda: place.control.pipeline_runs.get(lease.run_id))
    summary = place.control.pipeline_runs[lease.run_id][0]
    assert (summary.pipeline_name, summary.dataset_name, summary.total_rows) == ("weather", "obs", 15)
    assert (await read(place, "/watermark"))["updated_at"] is not None


async def test_a_run_tells_the_control_plane_of_so_many_pipelines(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beacon, "MAXIMUM_SUMMARIES_PER_RUN", 2)
    trace = json.loads((TRACES / "succeeded.json").read_bytes())
    names = ("p0", "p1", "p2")

    lease = await send(place, *(("trace", trace | {"pipeline_name": each, "transaction_id": each}) for each in names))

    assert (await read(place, f"/pipeline-runs?job_run_id={lease.run_id}"))["total"] == 3
    await until(lambda: len(place.control.pipeline_runs.get(lease.run_id, [])) >= 2)
    async with place.region.plane.services.parts.database.reading() as connection:
        waiting = [each["kind"] for each in await runs.list_reports(connection, 100)]
    assert [each.pipeline_name for each in place.control.pipeline_runs[lease.run_id]] == ["p0", "p1"]
    assert "pipeline_run" not in str(waiting)


async def test_a_run_reports_so_many_pipelines(place: RunningRegion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beacon, "MAXIMUM_PER_RUN", 2)
    trace = json.loads((TRACES / "succeeded.json").read_bytes())
    names = ("p0", "p1", "p2")

    lease = await send(place, *(("trace", trace | {"pipeline_name": each, "transaction_id": each}) for each in names))

    kept = (await read(place, f"/pipeline-runs?job_run_id={lease.run_id}"))["items"]
    assert {each["pipeline_name"] for each in kept} == {"p0", "p1"}


async def test_failed_trace_says_step_and_message_in_the_region_only(place: RunningRegion) -> None:
    trace = json.loads((TRACES / "failed.json").read_bytes())

    lease = await send(place, ("state", {"pipeline_name": "broken", "dataset_name": "obs"}), ("trace", trace))

    row = (await read(place, "/pipeline-runs"))["items"][0]
    assert (row["status"], row["error_step"], row["error_message"]) == ("failed", "extract", "boom secret-ish")
    assert row["dataset_name"] == "obs"
    assert "ValueError" in (await read(place, f"/pipeline-runs/{row['id']}"))["error_traceback"]
    await until(lambda: place.control.pipeline_runs.get(lease.run_id))
    assert "boom" not in place.control.pipeline_runs[lease.run_id][0].model_dump_json()


async def test_trace_sent_twice_is_one_pipeline_run(place: RunningRegion) -> None:
    trace = json.loads((TRACES / "succeeded.json").read_bytes())

    await send(place, ("trace", trace), ("trace", trace))

    assert (await read(place, "/pipeline-runs"))["total"] == 1


async def test_reports_are_scrubbed_before_they_are_stored(place: RunningRegion) -> None:
    secret = "a-very-secret-word"
    await place.set_variables(secret=True, WAREHOUSE=secret)
    trace = json.loads((TRACES / "failed.json").read_bytes())
    trace["steps"][0]["exception_traces"][-1]["message"] = f"cannot connect with {secret}"
    trace["pipeline_name"] = secret

    lease = await send(place, ("trace", trace), ("job_result", {"type": "job.x", "result": {"key": secret}}))

    assert (await read(place, "/pipeline-runs"))["items"][0][
        "error_message"
    ] == "cannot connect with [masked:WAREHOUSE]"
    result = await read(place, f"/job-runs/{lease.run_id}/result")
    assert result["result"] == {"key": "[masked:WAREHOUSE]"}
    await until(lambda: place.control.pipeline_runs.get(lease.run_id))
    assert place.control.pipeline_runs[lease.run_id][0].pipeline_name == "withheld"


async def test_names_that_are_no_names_are_withheld_from_the_control_plane(place: RunningRegion) -> None:
    trace = json.loads((TRACES / "succeeded.json").read_bytes())
    trace["pipeline_name"] = "a name with spaces"
    trace["steps"][2]["load_info"]["dataset_name"] = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"

    lease = await send(place, ("trace", trace))

    await until(lambda: place.control.pipeline_runs.get(lease.run_id))
    summary = place.control.pipeline_runs[lease.run_id][0]
    assert (summary.pipeline_name, summary.dataset_name) == ("withheld", "withheld")
    assert (await read(place, "/pipeline-runs"))["items"][0]["pipeline_name"] == "a name with spaces"


async def test_result_is_served_whole_and_by_its_members(place: RunningRegion) -> None:
    envelope = {"type": "job.report", "engine_version": 1, "result": {"ok": True, "rows": 3}, "job_ref": "jobs.lie"}

    lease = await send(place, ("job_result", envelope))

    result = await read(place, f"/job-runs/{lease.run_id}/result")
    assert (result["result_type"], result["engine_version"], result["job_ref"]) == ("job.report", 1, lease.job_ref)
    trace = await read(place, f"/job-runs/{lease.run_id}/result-trace")
    assert trace == {**envelope, "job_ref": lease.job_ref}


async def test_a_number_without_end_is_served_as_none(place: RunningRegion) -> None:
    """`1e999` is JSON; what is read from it would be written as `Infinity`, which is not."""
    lease = await send(place, ("job_result", b'{"type":"job.report","result":{"rows":1e999,"share":0.5}}'))

    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}/result-trace"
    served = await place.region.client.get(path, headers=place.region.headers(Grant.READ))
    assert "Infinity" not in served.text
    assert served.json()["result"] == {"rows": None, "share": 0.5}


async def test_run_without_a_result_has_none(place: RunningRegion) -> None:
    lease, _ = await place.run("print('x')\n")

    await read(place, f"/job-runs/{lease.run_id}/result", 404)
    await read(place, f"/job-runs/{lease.run_id}/result-trace", 404)


async def test_results_of_another_workspace_are_not_found(place: RunningRegion) -> None:
    lease = await send(place, ("job_result", {"type": "job.report"}))
    place.region.workspace_id = new_id()

    await read(place, f"/job-runs/{lease.run_id}/result", 404)
    assert (await read(place, "/pipeline-runs"))["total"] == 0


def _nested(levels: int) -> bytes:
    """A trace that is good but for how deep it is."""
    return b'{"pipeline_name":"p","transaction_id":"t3","steps":[],"more":' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("trace", b"", 400),
        ("trace", b"{", 400),
        ("trace", b"[]", 400),
        ("trace", b"null", 400),
        ("trace", b"{}", 400),
        ("trace", b"[" * 100_000, 400),
        ("trace", b'{"a":' * 300 + b"1" + b"}" * 300, 400),
        ("trace", b'{"pipeline_name":"p","transaction_id":"t","steps":[1,null,{"step":[]}],"started_at":7}', 200),
        ("trace", b'{"pipeline_name":"p\\ud800\\u0000","transaction_id":"t2","steps":NaN}', 200),
        ("trace", _nested(98), 200),
        ("trace", _nested(101), 400),
        ("state", b"{}", 400),
        ("state", b'{"pipeline_name":1}', 400),
        ("job_result", b'{"type":""}', 400),
        ("job_result", b'{"type":"job.x","engine_version":1e999}', 200),
        ("trace", b"x" * (5 * 1024 * 1024), 413),
        ("job_result", b"x" * (33 * 1024 * 1024), 413),
        ("other", b"{}", 400),
        # Three bytes each, and fifty times that in memory; texts that look like it are no more than texts.
        ("job_result", b'{"type":"job.x","result":[' + b"[]," * 1_000_000 + b"0]}", 413),
        ("job_result", b'{"type":"job.x","result":"' + b"[],{:" * 500_000 + b'"}', 200),
    ],
    ids=range(20),
)
async def test_bad_reports_are_refused_and_never_break_the_region(
    place: RunningRegion, kind: str, body: bytes, status: int
) -> None:
    lease = await place.lease(WAITS)
    data = place.run_folder(lease).parents[1] / "data" / "prod"
    await place.control.wait_status(lease, "running")
    await until((data / "dsn").exists)
    await until((data / "dsn").read_text)

    answer = await place.region.client.put(f"{(data / 'dsn').read_text()}/{kind}", content=body)

    (data / "go").touch()
    assert await place.control.wait_end(lease) == "completed"
    assert answer.status_code == status, answer.text


async def test_a_runs_reports_are_received_one_at_a_time(place: RunningRegion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may have 32 MB: a job that sends fifty at once would take the region its memory."""
    lease = await place.lease(WAITS)
    data = place.run_folder(lease).parents[1] / "data" / "prod"
    await place.control.wait_status(lease, "running")
    await until((data / "dsn").exists)
    await until((data / "dsn").read_text)
    taken: list[int] = []
    now = 0

    async def take(*_report: object) -> None:
        nonlocal now
        now += 1
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        taken.append(now)
        now -= 1

    monkeypatch.setattr(beacon.Beacon, "take", take)
    async with anyio.create_task_group() as senders:
        for _ in range(5):
            senders.start_soon(partial(place.region.client.put, f"{(data / 'dsn').read_text()}/trace", content=b"{}"))

    (data / "go").touch()
    assert await place.control.wait_end(lease) == "completed"
    assert taken == [1] * 5


async def test_unknown_secret_opens_nothing(place: RunningRegion) -> None:
    answer = await place.region.client.put("/beacon/no-such-secret/trace", content=b"{}")

    assert answer.status_code == 404


async def test_secret_is_dead_some_time_after_the_end(place: RunningRegion) -> None:
    lease, _ = await place.run("import os\nopen('.dlt/data/prod/dsn', 'w').write(os.environ['RUNTIME__DLTHUB_DSN'])\n")
    dsn = (place.run_folder(lease).parents[1] / "data" / "prod" / "dsn").read_text()
    within = await place.region.client.put(f"{dsn}/job_result", content=b'{"type":"job.x"}')
    runs = place.region.plane.running.runs

    await _pass_time(place)

    after = await place.region.client.put(f"{dsn}/job_result", content=b'{"type":"job.x"}')
    assert (within.status_code, after.status_code) == (200, 404)
    assert runs.active == 0


async def _pass_time(place: RunningRegion) -> None:
    """Moves the end of every beacon into the past."""
    from datetime import timedelta

    from sqlalchemy import update

    from planes.storage.data.runs import runs

    parts = place.region.plane.services.parts
    async with parts.database.transaction() as connection:
        await connection.execute(update(runs).values(beacon_until=parts.clock.now() - timedelta(seconds=1)))
