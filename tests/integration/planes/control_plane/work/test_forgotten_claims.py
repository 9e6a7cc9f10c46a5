"""A control plane that comes from a backup: its regions know more of their runs than it does."""

from __future__ import annotations

import pytest
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.services.work.silence import reap
from planes.domain.identifiers import new_id

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
