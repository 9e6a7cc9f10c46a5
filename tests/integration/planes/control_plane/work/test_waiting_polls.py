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

from planes.control_plane.services.work import handover, leases
from planes.storage.errors import StorageError

pytestmark = pytest.mark.anyio


async def test_waiting_poll_is_answered_at_once_when_a_run_is_created(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    async with stage.waiting_polls() as answers:
        assert answers == []
        await stage.trigger(ids["load"])

    assert len(answers[0]["leases"]) == 1


async def test_a_waiting_poll_is_given_a_run_by_the_transaction_that_creates_it(stage: Stage) -> None:
    """Neither it nor the other one looks: that would take the writer's turn from the very run that starts."""
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

    assert meanwhile == 1


async def test_a_poll_waits_on_when_the_run_that_it_was_to_get_is_not_kept(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    begin = stage.parts.database.transaction

    @asynccontextmanager
    async def failing() -> AsyncGenerator[Any]:
        async with begin() as connection:
            yield connection
            raise StorageError("the database failed: it is away")

    async with stage.waiting_polls() as answers:
        stage.parts.database.transaction = failing
        refused = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})
        stage.parts.database.transaction = begin
        await stage.until_polls_wait()
        meanwhile = list(answers)
        run = await stage.trigger(ids["load"])

    assert (refused.status_code, meanwhile) == (503, [])
    assert [lease["run_id"] for lease in answers[0]["leases"]] == [run["id"]]
    assert [found["id"] for found in await stage.runs()] == [run["id"]]


async def test_a_start_is_kept_when_the_look_for_it_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is some other run of the region, and nothing of that look is kept."""
    ids = await stage.deployed(definition("load"))
    looked = leases.look_within

    async def failing(*asked: Any) -> leases.Look:
        await looked(*asked)
        raise ValueError("a run that cannot be told")

    monkeypatch.setattr(handover, "look_within", failing)
    async with stage.waiting_polls() as answers:
        run = await stage.trigger(ids["load"])

    (lease,) = answers[0]["leases"]
    assert (lease["run_id"], lease["fence"]) == (run["id"], 1)


async def test_what_a_waiting_poll_was_given_is_given_again_when_its_answer_got_lost(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    async with stage.waiting_polls() as answers:
        await stage.trigger(ids["load"])
    stage.clock.advance(seconds=5)
    again = await stage.poll()

    assert again["leases"][0]["run_id"] == answers[0]["leases"][0]["run_id"]
    assert [again["leases"][0]["fence"], answers[0]["leases"][0]["fence"]] == [1, 1]


async def test_what_one_poll_had_no_slot_for_is_claimed_by_the_other(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), definition("other"))
    async with stage.waiting_polls(2, free=1) as answers:
        await stage.post("/jobs/-trigger", {"job_ids": [ids["load"], ids["other"]]})

    assert [len(answer["leases"]) for answer in answers] == [1, 1]


async def test_a_burst_of_starts_is_leased_in_its_order_and_within_the_places_of_the_region(stage: Stage) -> None:
    """Some of them find the poll waiting and others do not."""
    count, places = 24, 3
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    leased: list[dict[str, Any]] = []
    under_way: list[tuple[str, int]] = []

    async def carry() -> None:
        while len(leased) < count:
            answer = await stage.poll(free=places - len(under_way), held=under_way)
            leased.extend(answer["leases"])
            under_way.extend((lease["run_id"], lease["fence"]) for lease in answer["leases"])
            assert len(under_way) <= places
            await stage.report(under_way.pop(0)[0], "completed")

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(carry)
            await stage.until_polls_wait()
            for _ in range(count):
                group.start_soon(stage.trigger, ids["load"])

    assert [lease["number"] for lease in leased] == list(range(1, count + 1))
    assert {lease["fence"] for lease in leased} == {1}


async def test_a_start_beyond_the_limit_of_its_job_is_not_handed_over(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": 1}), definition("other"))
    async with stage.waiting_polls(2, free=1) as answers:
        first = await stage.trigger(ids["load"])
        refused = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})
        await stage.until_polls_wait()
        other = await stage.trigger(ids["other"])

    assert refused.json()["skipped"][0]["status"] == "skipped_concurrency_limit"
    assert [answer["leases"][0]["run_id"] for answer in answers] == [first["id"], other["id"]]


async def test_a_run_that_is_cancelled_when_it_was_just_handed_over_is_told_to_the_next_poll(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    async with stage.waiting_polls() as answers:
        run = await stage.trigger(ids["load"])
        await stage.post(f"/job-runs/{run['id']}/-cancel")
    told = await stage.poll()

    assert [lease["run_id"] for lease in answers[0]["leases"]] == [run["id"]]
    assert (told["leases"], told["cancels"]) == ([], [{"run_id": run["id"], "fence": 1}])


async def test_fifty_polls_at_once_claim_each_run_once(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    for _ in range(40):
        await stage.trigger(ids["load"])
    claimed: list[str] = []

    async def poll() -> None:
        answer = await stage.poll(free=1)
        claimed.extend(lease["run_id"] for lease in answer["leases"])

    with anyio.fail_after(240):
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
