"""Claims and cancels that one side does not know: a control plane from a backup, an answer that got lost."""

from __future__ import annotations

import pytest
from tests.fakes.control_stage import REGION_URL, Stage, definition

from planes.control_plane.services.work.leases import look_within
from planes.control_plane.services.work.silence import reap
from planes.domain.identifiers import DataPlaneId, new_id
from planes.wire.link import HeldRun, PollRequest

pytestmark = pytest.mark.anyio


async def _waiting(stage: Stage) -> str:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    return (await stage.trigger(ids["load"]))["id"]


async def _beside(stage: Stage) -> str:
    """Another run, so that a poll is answered at once."""
    return (await stage.trigger((await stage.job_ids())["load"]))["id"]


async def test_a_run_that_waits_here_and_goes_on_in_its_region_goes_on(stage: Stage) -> None:
    run_id, beside, unknown = await _waiting(stage), await _beside(stage), new_id()

    answer = await stage.poll(held=[(run_id, 1), (unknown, 1)])
    going_on = await stage.run(run_id)
    ended = await stage.report(run_id, "completed")

    assert [item["run_id"] for item in answer["cancels"]] == [unknown]
    assert [lease["run_id"] for lease in answer["leases"]] == [beside]
    assert (going_on["status"], ended.status_code) == ("starting", 200)
    assert (await stage.run(run_id))["status"] == "completed"


@pytest.mark.parametrize("said", ["starting", "running", "completed", "failed", "cancelled"])
async def test_what_a_region_says_of_a_run_that_waits_here_is_heard(stage: Stage, said: str) -> None:
    run_id = await _waiting(stage)

    answer = await stage.report(run_id, said)

    assert answer.status_code == 200
    assert (await stage.run(run_id))["status"] == said


async def test_a_region_is_asked_for_the_end_of_what_it_took_and_does_not_hold(stage: Stage) -> None:
    run_id = await _waiting(stage)
    await stage.poll()
    await stage.report(run_id, "running")
    stage.clock.advance(seconds=31)
    await reap(stage.parts)
    beside = await _beside(stage)

    asked = await stage.poll()
    await stage.report(run_id, "completed")
    last = await _beside(stage)
    told = await stage.poll(held=[(beside, 1)])

    assert [lease["run_id"] for answer in (asked, told) for lease in answer["leases"]] == [beside, last]
    assert asked["unheard"] == [{"run_id": run_id, "fence": 1}]
    assert told["unheard"] == []


async def test_a_cancelled_run_whose_lease_got_lost_is_delivered_to_be_ended(stage: Stage) -> None:
    """Nobody holds it, so nobody else can say that it is over."""
    run_id = await _waiting(stage)
    await stage.poll()
    await stage.post(f"/job-runs/{run_id}/-cancel")
    stage.clock.advance(seconds=6)

    answer = await stage.poll()

    assert [lease["run_id"] for lease in answer["leases"]] == [run_id]
    assert answer["cancels"] == [{"run_id": run_id, "fence": 1}]


async def test_a_cancel_whose_answer_got_lost_is_soon_looked_for_by_a_poll_that_waits(stage: Stage) -> None:
    run_id = await _waiting(stage)
    await stage.poll()
    await stage.report(run_id, "running")
    await stage.post(f"/job-runs/{run_id}/-cancel")
    await stage.poll(held=[(run_id, 1)])
    stage.clock.advance(seconds=2)
    request = PollRequest(free_slots=8, held=[HeldRun(run_id=run_id, fence=1)], url=REGION_URL, epoch=0)

    async with stage.parts.database.transaction() as connection:
        look = await look_within(stage.parts, connection, DataPlaneId("eu1"), request)

    assert (look.is_news, look.again_in) == (False, 3.0)
