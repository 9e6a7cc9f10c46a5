"""A region hears which runs ended without it: of its own ones, workspace by workspace."""

from __future__ import annotations

import pytest
from tests.fakes.control_stage import Stage, definition

from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


async def has_ended(stage: Stage, run_id: str, *, workspace_id: str | None = None, plane: str = "eu1") -> bool:
    asked = {"workspace_id": workspace_id or stage.workspace_id, "run_id": run_id}
    answer = await stage.link("POST", "-find-ended-run", asked, plane=plane)
    assert answer.status_code == 200, answer.text
    return answer.json()["has_ended"]


async def test_a_run_that_was_cancelled_before_its_region_took_it_has_ended(stage: Stage) -> None:
    run = await stage.trigger((await stage.deployed(definition("load")))["load"])

    waiting = await has_ended(stage, run["id"])
    cancelled = await stage.post(f"/job-runs/{run['id']}/-cancel")

    assert waiting is False
    assert cancelled.json()["status"] == "cancelled"
    assert await has_ended(stage, run["id"])
    assert not await has_ended(stage, run["id"], plane="us1")
    assert not await has_ended(stage, run["id"], workspace_id=new_id())
    assert not await has_ended(stage, new_id())


async def test_a_run_in_the_hands_of_its_region_has_not_ended(stage: Stage) -> None:
    run = await stage.trigger((await stage.deployed(definition("load")))["load"])
    await stage.poll()

    starting = await has_ended(stage, run["id"])
    for step in ("running", "completed"):
        await stage.report(run["id"], step)

    assert starting is False
    assert await has_ended(stage, run["id"])
