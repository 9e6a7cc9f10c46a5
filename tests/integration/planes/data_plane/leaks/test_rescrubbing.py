"""Stored logs and documents scrubbed again, after a value became a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.integration.planes.data_plane.leaks.asking import (
    PRINTS,
    SECRET,
    WAITS,
    ask_until,
    files_with,
    finished_rescrub,
    leak_of,
    lines_of,
    owner,
)
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

from planes.data_plane.services.runs.beacon import ReportKind
from planes.storage.data import runs

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_secret_printed_before_it_was_one_is_masked_in_what_is_stored(place: RunningRegion) -> None:
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    trace = {"pipeline_name": "p", "transaction_id": "t", "started_at": "2026-01-01T00:00:00Z", "steps": [
        {"step": "load", "step_exception": "cannot connect with VALUE"}]}  # fmt: skip
    reports = (
        "import json, os, urllib.request\n"
        f"body = json.dumps({trace!r}).replace('VALUE', os.environ['WAREHOUSE_KEY']).encode()\n"
        "url = os.environ['RUNTIME__DLTHUB_DSN'] + '/trace'\n"
        "urllib.request.urlopen(urllib.request.Request(url, body, method='PUT')).read()\n"
    )
    lease, outcome = await place.run(PRINTS + reports)
    assert outcome == "completed"
    before = await lines_of(place, lease)
    assert sum(SECRET in line for line in before) == 3

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    rescrub = await finished_rescrub(place)

    after = await lines_of(place, lease)
    assert after == [line.replace(SECRET, "[masked:WAREHOUSE_KEY]") for line in before]
    assert rescrub["reason"] == "variable_set"
    assert (rescrub["state"], rescrub["runs_total"], rescrub["runs_done"]) == ("done", 1, 1)
    assert (rescrub["lines_changed"], rescrub["documents_changed"]) == (3, 1)
    assert rescrub["variables"] == [{"scope": "workspace", "name": "WAREHOUSE_KEY", "version": 2}]
    assert any("backups" in words for words in rescrub["not_reached"])
    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}/pipeline-runs"
    telemetry = (await place.region.client.get(path, headers=owner(place))).json()["items"][0]
    detail = await place.region.client.get(f"{path}/{telemetry['id']}/trace", headers=owner(place))
    assert SECRET not in json.dumps(telemetry) + detail.text
    assert "[masked:WAREHOUSE_KEY]" in detail.text
    leak = await leak_of(place, lease)
    assert (leak["name"], leak["version"], leak["count"], leak["state"]) == ("WAREHOUSE_KEY", 2, 3, "open")
    assert files_with(place.region.folder, SECRET) == []


async def test_run_that_goes_on_is_scrubbed_after_its_end(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    waiting = await finished_rescrub(place, states=("waiting",))
    (place.run_folder(lease) / "work" / ".dlt" / "data" / "prod" / "go").touch()
    assert await place.control.wait_end(lease) == "completed"
    rescrub = await finished_rescrub(place)

    assert (waiting["runs_waiting"], waiting["runs_done"]) == (1, 0)
    assert (rescrub["state"], rescrub["runs_done"], rescrub["lines_changed"]) == ("done", 1, 1)
    assert not [line for line in await lines_of(place, lease) if SECRET in line]


async def test_value_replaced_while_a_rescrub_waits_is_still_looked_for(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    await place.set_variables(secret=True, WAREHOUSE_KEY="another-value-entirely")
    (place.run_folder(lease) / "work" / ".dlt" / "data" / "prod" / "go").touch()
    await place.control.wait_end(lease)
    await ask_until(place, "/rescrubs", lambda answer: {each["state"] for each in answer["items"]} == {"done"})

    assert not [line for line in await lines_of(place, lease) if SECRET in line]


async def test_rescrub_goes_on_after_a_restart(folder: Path) -> None:
    async with LeasingControlPlane().serving() as control:
        async with running_region(folder / "eu1", control) as place:
            await place.set_variables(WAREHOUSE_KEY=SECRET)
            lease = await place.lease(WAITS)
            await control.wait_status(lease, "running")
            await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
        (place.run_folder(lease) / "work" / ".dlt" / "data" / "prod" / "go").touch()
        async with running_region(folder / "eu1", control, place.region) as again:
            await control.wait_end(lease)
            rescrub = await finished_rescrub(again)

            assert (rescrub["state"], rescrub["lines_changed"]) == ("done", 1)
            assert not [line for line in await lines_of(again, lease) if SECRET in line]


async def test_late_report_of_a_run_is_scrubbed_with_what_was_registered_since(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    lease, _ = await place.run(PRINTS)
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    await finished_rescrub(place)

    beacon = place.region.plane.running.beacon
    async with place.region.plane.services.parts.database.reading() as connection:
        run = await runs.find(connection, lease.run_id)
    assert run is not None
    report = {"type": "t", "engine_version": 1, "result": f"connected with {SECRET}"}
    await beacon.take(run, ReportKind.JOB_RESULT, json.dumps(report).encode())
    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}/result"
    result = (await place.region.client.get(path, headers=owner(place))).json()

    assert result["result"] == "connected with [masked:WAREHOUSE_KEY]"


async def test_run_whose_own_values_cannot_be_opened_holds_up_no_rescrub(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    lease, _ = await place.run(PRINTS)
    async with place.region.plane.services.parts.database.transaction() as connection:
        await runs.change(connection, lease.run_id, {"registered": b"a key that was lost"})

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    rescrub = await finished_rescrub(place)

    assert (rescrub["state"], rescrub["lines_changed"]) == ("done", 3)
    assert (await leak_of(place, lease))["count"] == 3
