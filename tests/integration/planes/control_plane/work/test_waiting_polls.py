"""Polls that wait: woken at once, and each run handed out once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from tests.fakes.control_stage import REGION_URL, Stage, definition

from planes.storage.errors import StorageError

pytestmark = pytest.mark.anyio


async def test_waiting_poll_is_answered_at_once_when_a_run_is_created(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    async with stage.waiting_polls() as answers:
        assert answers == []
        await stage.trigger(ids["load"])

    assert len(answers[0]["leases"]) == 1


async def test_one_of_two_waiting_polls_looks_for_both(stage: Stage) -> None:
    """The other would take the writer's turn from the very run that starts."""
    ids = await stage.deployed(definition("load"))
    begin = stage.parts.database.transaction
    begun = meanwhile = 0

    @asynccontextmanager
    async def counted() -> AsyncGenerator[Any]:
        nonlocal begun
        begun += 1
        async with begin() as connection:
            yield connection

    stage.parts.database.transaction = counted
    async with anyio.create_task_group() as group:
        for count in (1, 2):
            group.start_soon(partial(stage.poll, free=1))
            await stage.until_polls_wait(count)
        begun = 0
        await stage.trigger(ids["load"])
        await stage.until_polls_wait()  # the other one, again
        meanwhile = begun
        stage.plane.stopping.stop()

    assert meanwhile == 2  # the trigger's and one look's


async def test_what_one_poll_had_no_slot_for_is_claimed_by_the_other(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), definition("other"))
    async with stage.waiting_polls(2, free=1) as answers:
        await stage.post("/jobs/-trigger", {"job_ids": [ids["load"], ids["other"]]})

    assert [len(answer["leases"]) for answer in answers] == [1, 1]


async def test_fifty_polls_at_once_claim_each_run_once(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    for _ in range(40):
        await stage.trigger(ids["load"])
    claimed: list[str] = []

    async def poll() -> None:
        answer = await stage.poll(free=1)
        claimed.extend(lease["run_id"] for lease in answer["leases"])

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(poll)
            while len(claimed) < 40:
                await anyio.sleep(0.02)
            stage.plane.stopping.stop()

    assert len(claimed) == 40
    assert set(Counter(claimed).values()) == {1}


async def test_a_poll_says_that_the_database_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise StorageError("the database failed: it is away")

    monkeypatch.setattr("planes.control_plane.api.link.leases.poll", fail)
    body = {"free_slots": 1, "held": [], "url": REGION_URL, "epoch": 0}
    answer = await stage.link("POST", "-poll", body)

    assert answer.status_code == 503, answer.text
