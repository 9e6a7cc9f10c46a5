"""A failed run is tried again where its job asks for it: as it was, later and later, so often and no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.fakes.control_stage import Person, Stage, definition

from planes.control_plane.services.work.ticking import fire_due
from planes.domain.identifiers import DataPlaneId, new_id
from planes.storage.control.runs import has_pending_run

pytestmark = pytest.mark.anyio

AS_IT_WAS = (
    "job_id", "definition", "trigger", "profile", "deployment_id", "configuration_id", "refresh", "interval_start",
    "interval_end", "time_limit_seconds", "grace_seconds",
)  # fmt: skip


async def ask(stage: Stage, job_id: str, body: Any, *, by: Person | None = None) -> httpx.Response:
    path = f"/own/v1/workspaces/{stage.workspace_id}/jobs/{job_id}/retries"
    return await stage.client.put(path, json=body, headers=(by or stage.owner).headers)


async def leases(stage: Stage) -> list[dict[str, Any]]:
    return (await stage.poll())["leases"]


async def waits(stage: Stage) -> bool:
    """Whether the region would be given a run now; a poll would wait for one."""
    async with stage.parts.database.reading() as connection:
        return await has_pending_run(connection, DataPlaneId("eu1"), stage.clock.now())


async def end(stage: Stage, status: str) -> dict[str, Any]:
    (lease,) = await leases(stage)
    assert (await stage.report(lease["run_id"], status)).status_code == 200
    return lease


async def runs(stage: Stage, job_id: str) -> list[tuple[int, str]]:
    found = (await stage.get("/job-runs?limit=50")).json()["items"]
    return sorted((run["number"], run["status"]) for run in found if run["job"]["id"] == job_id)


async def test_nothing_is_tried_again_unless_asked_for(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    await stage.trigger(ids["load"])
    await end(stage, "failed")

    assert (await stage.own(f"/jobs/{ids['load']}/retries")).json() == {"attempts": 1, "wait_seconds": 60}
    stage.clock.advance(days=2)
    assert not await waits(stage)


async def test_a_rerun_of_a_try_is_a_start_of_its_own(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    await ask(stage, ids["load"], {"attempts": 2, "wait_seconds": 60})
    await stage.trigger(ids["load"])
    await end(stage, "failed")
    stage.clock.advance(seconds=60)
    second = await end(stage, "failed")

    path = f"/own/v1/workspaces/{stage.workspace_id}/job-runs/{second['run_id']}/-rerun"
    answer = await stage.client.post(path, headers=stage.owner.headers)

    assert second["previous_job_run_id"] is not None
    assert answer.json()["previous_job_run_id"] is None


async def test_a_failed_run_is_tried_as_it_was_after_growing_waits_and_so_often_only(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 3 * * *"))
    assert (await ask(stage, ids["load"], {"attempts": 3, "wait_seconds": 60})).status_code == 200
    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    tries = [await end(stage, "failed")]
    await stage.deployed(definition("load", "schedule:0 3 * * *", description="newer code"))

    for wait in (60, 120):
        stage.clock.advance(seconds=wait - 1)
        assert not await waits(stage), "not before its time"
        stage.clock.advance(seconds=1)
        tries.append(await end(stage, "failed"))
    stage.clock.advance(hours=3)

    assert not await waits(stage)
    assert await runs(stage, ids["load"]) == [(1, "failed"), (2, "failed"), (3, "failed")]
    for again in tries[1:]:
        assert {name: again[name] for name in AS_IT_WAS} == {name: tries[0][name] for name in AS_IT_WAS}
    assert [lease["previous_job_run_id"] for lease in tries] == [None, tries[0]["run_id"], tries[1]["run_id"]]
    assert [lease["tries_left"] for lease in tries] == [2, 1, 0]
    assert [lease["next_try_seconds"] for lease in tries] == [60, 120, 240]
    assert [lease["previous_job_run_id"] for lease in tries] == [None, tries[0]["run_id"], tries[1]["run_id"]]


async def test_a_try_that_completes_moves_the_watermark_and_ends_it(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 3 * * *"))
    await ask(stage, ids["load"], {"attempts": 5, "wait_seconds": 1})
    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    first = await end(stage, "failed")
    stage.clock.advance(seconds=1)
    await end(stage, "completed")
    stage.clock.set(datetime(2026, 3, 4, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)

    (following,) = await leases(stage)
    assert following["interval_start"] == first["interval_end"]
    assert await runs(stage, ids["load"]) == [(1, "failed"), (2, "completed"), (3, "starting")]


async def test_jobs_behind_it_hear_of_the_last_try_only(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("load"),
        definition("mend", "job.fail:jobs.jobs.load"),
    )
    await ask(stage, ids["load"], {"attempts": 2, "wait_seconds": 10})
    await stage.trigger(ids["load"])
    await end(stage, "failed")
    assert await runs(stage, ids["mend"]) == []

    stage.clock.advance(seconds=10)
    await end(stage, "failed")

    assert [number for number, _ in await runs(stage, ids["mend"])] == [1]


@pytest.mark.parametrize("status", ["cancelled", "completed"])
async def test_what_did_not_fail_is_not_tried_again(stage: Stage, status: str) -> None:
    ids = await stage.deployed(definition("load"))
    await ask(stage, ids["load"], {"attempts": 5, "wait_seconds": 1})
    await stage.trigger(ids["load"])
    await end(stage, status)
    stage.clock.advance(days=1)

    assert not await waits(stage)


async def test_a_try_that_waits_can_be_cancelled(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    await ask(stage, ids["load"], {"attempts": 5, "wait_seconds": 60})
    await stage.trigger(ids["load"])
    await end(stage, "failed")
    waiting = next(run for run in (await stage.get("/job-runs?limit=50")).json()["items"] if run["number"] == 2)

    assert (await stage.post(f"/job-runs/{waiting['id']}/-cancel")).is_success
    stage.clock.advance(days=1)
    assert not await waits(stage)


async def test_the_scheduler_wakes_the_region_when_the_time_has_come(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    await ask(stage, ids["load"], {"attempts": 2, "wait_seconds": 30})
    await stage.trigger(ids["load"])
    await end(stage, "failed")

    done = await fire_due(stage.parts)
    assert done.next_due_at is not None
    assert done.next_due_at - stage.clock.now() <= timedelta(seconds=30)
    stage.clock.advance(seconds=30)
    seen = stage.parts.news.seen("eu1")
    await fire_due(stage.parts)
    assert stage.parts.news.seen("eu1") != seen


async def test_bad_numbers_and_unknown_jobs_are_refused(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    for body in ({}, {"attempts": 0}, {"attempts": 11}, {"attempts": 2, "wait_seconds": 0}, {"attempts": "2"},
                 {"attempts": 2, "wait_seconds": 90_000}, {"attempts": True}, []):  # fmt: skip
        assert (await ask(stage, ids["load"], body)).status_code == 400, body
    assert (await ask(stage, new_id(), {"attempts": 2})).status_code == 404
    assert (await stage.own(f"/jobs/{new_id()}/retries")).status_code == 404
