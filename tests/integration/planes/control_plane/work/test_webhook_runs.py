"""Runs that a region asks for by the id of a webhook's call: one each, through the same gate as every start."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.fakes.control_stage import Stage, definition

from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio
HOOK = "webhook:orders"


async def start(stage: Stage, job_id: str, call_id: str, *, plane: str = "eu1", trigger: str = HOOK) -> httpx.Response:
    body = {"workspace_id": stage.workspace_id, "job_id": job_id, "trigger": trigger, "call_id": call_id}
    return await stage.link("POST", "webhooks/-start", body, plane=plane)


async def leases(stage: Stage) -> list[dict[str, Any]]:
    return (await stage.poll())["leases"]


async def test_a_call_has_one_run_however_often_it_is_asked_about(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", HOOK))
    call_id = new_id()
    first, again = [(await start(stage, ids["load"], call_id)).json() for _ in range(2)]
    (lease,) = await leases(stage)

    assert first == again == {"run_id": lease["run_id"], "status": "triggered", "is_final": True}
    assert (lease["trigger"], lease["webhook_call_id"], lease["interval_start"]) == (
        HOOK, call_id, lease["interval_end"],
    )  # fmt: skip


async def test_a_call_waits_for_the_run_before_it_and_a_pause_does_not_hold_it(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", HOOK, "schedule:0 3 * * *"))
    assert (await stage.post(f"/jobs/{ids['load']}/-pause")).is_success
    await start(stage, ids["load"], new_id())
    (lease,) = await leases(stage)
    held = (await start(stage, ids["load"], second := new_id())).json()
    await stage.report(lease["run_id"], "completed")
    let = (await start(stage, ids["load"], second)).json()

    assert held == {"run_id": None, "status": "skipped_concurrency_limit", "is_final": False}
    assert let["status"] == "triggered"


async def test_a_call_of_a_stale_job_waits_in_its_region_and_puts_nothing_off(stage: Stage) -> None:
    ids = await stage.deployed(definition("up"), definition("load", HOOK, freshness=["job.is_fresh:jobs.jobs.up"]))
    answer = (await start(stage, ids["load"], new_id())).json()
    times = (await stage.own(f"/jobs/{ids['load']}/fire-times")).json()

    assert (answer["status"], answer["is_final"]) == ("skipped_fresh", False)
    assert times["waits_for"] == []


async def test_what_can_never_run_is_said_to_be_final(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", HOOK), definition("other"))
    gone = (await start(stage, ids["other"], new_id())).json()
    wrong = (await start(stage, ids["load"], new_id(), trigger="webhook:else")).json()
    await stage.post(f"/jobs/{ids['load']}/-archive")
    archived = (await start(stage, ids["load"], new_id())).json()

    assert [(each["status"], each["is_final"]) for each in (gone, wrong, archived)] == [
        ("trigger_gone", True), ("trigger_gone", True), ("job_archived", True),
    ]  # fmt: skip
    assert (await start(stage, new_id(), new_id())).status_code == 404
    assert (await start(stage, ids["load"], new_id(), plane="us1")).status_code == 403
    assert (await start(stage, ids["load"], new_id(), trigger="manual:x")).status_code == 400


async def test_tries_and_reruns_answer_the_same_call(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", HOOK))
    stage.clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC))
    call_id = new_id()
    await start(stage, ids["load"], call_id)
    (lease,) = await leases(stage)
    await stage.report(lease["run_id"], "failed")
    path = f"/own/v1/workspaces/{stage.workspace_id}/job-runs/{lease['run_id']}/-rerun"
    assert (await stage.client.post(path, headers=stage.owner.headers)).status_code == 201
    (again,) = await leases(stage)

    assert (again["webhook_call_id"], again["trigger"]) == (call_id, HOOK)
    assert (await start(stage, ids["load"], call_id)).json()["run_id"] == lease["run_id"]


async def test_the_triggers_of_a_job_are_told_to_its_region_only(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", HOOK, "webhook:returns", "tag:x"))
    body = {"workspace_id": stage.workspace_id, "job_id": ids["load"]}
    found = await stage.link("POST", "webhooks/-find-job", body)

    assert found.json() == {"job_ref": "jobs.jobs.load", "triggers": [HOOK, "webhook:returns"]}
    assert (await stage.link("POST", "webhooks/-find-job", body, plane="us1")).status_code == 403
    assert (await stage.link("POST", "webhooks/-find-job", {**body, "job_id": new_id()})).status_code == 404
