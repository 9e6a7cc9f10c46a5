from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import anyio
import pytest
from tests.fakes.control_stage import REGION_URL, Stage, definition

from planes.domain.identifiers import new_id
from planes.storage.control.runs import find_run

pytestmark = pytest.mark.anyio

HOME = "0" * 32


def _process(started_at: datetime) -> dict[str, Any]:
    numbers = {"version": "1", "started_at": started_at.isoformat(), "slots": 8, "runners": 0}
    return {"instance": new_id(), "numbers": numbers}


async def _refused(stage: Stage, process: dict[str, Any], *held: str) -> bool:
    """Whether a poll of the process is refused; one that is not is answered, since a run waits."""
    body = {
        "free_slots": 8, "held": [{"run_id": run_id, "fence": 1} for run_id in held], "url": REGION_URL, "epoch": 0,
        **process,
    }  # fmt: skip
    with anyio.fail_after(20):
        answer = await stage.link("POST", "-poll", body)
    assert answer.status_code == 200 or (answer.status_code, answer.json()["code"]) == (409, "another_process")
    return answer.status_code == 409


async def _trigger(stage: Stage) -> str:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    return (await stage.trigger(ids["load"]))["id"]


async def test_the_newest_process_works_at_once_and_the_other_is_refused(stage: Stage) -> None:
    now = stage.clock.now()
    first, second = _process(now), _process(now + timedelta(seconds=1))
    await _trigger(stage)
    refused = [await _refused(stage, first)]
    await _trigger(stage)

    refused += [await _refused(stage, second), await _refused(stage, first)]

    assert refused == [False, False, True]


async def test_what_waits_for_the_older_process_ends_when_the_newer_asks(stage: Stage) -> None:
    now = stage.clock.now()
    first, second = _process(now), _process(now + timedelta(seconds=1))
    refused: list[bool] = []

    async def wait() -> None:
        refused.append(await _refused(stage, first))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await stage.until_polls_wait()
        group.start_soon(_refused, stage, second)
        with anyio.fail_after(240):
            while not refused:
                await anyio.lowlevel.checkpoint()
        await _trigger(stage)  # which the newer one takes

    assert refused == [True]


async def test_a_lease_of_the_refused_process_is_not_given_to_the_other(stage: Stage) -> None:
    now = stage.clock.now()
    first, second = _process(now), _process(now + timedelta(seconds=1))
    run_id = await _trigger(stage)
    await _refused(stage, first)
    other = await _trigger(stage)
    await _refused(stage, second)
    before = await _stored(stage, run_id)

    assert await _refused(stage, first, run_id)
    stage.clock.advance(seconds=6)
    answer = await stage.poll(**second)

    assert [lease["run_id"] for lease in answer["leases"]] == [other]  # of which nothing was heard
    assert (await _stored(stage, run_id)).lease_expires_at == before.lease_expires_at


@pytest.mark.parametrize(("other", "is_given"), [(HOME, True), (None, True), ("1" * 32, False)])
async def test_what_a_process_may_still_start_is_given_to_none_of_another_home(
    stage: Stage, other: str | None, is_given: bool
) -> None:
    """It may hang, with the answer on its way to it: two would be given the run."""
    now = stage.clock.now()
    first, second = _process(now), _process(now + timedelta(seconds=1))
    run_id = await _trigger(stage)
    given = [await stage.poll(home=HOME, **first)]
    stage.clock.advance(seconds=6)
    next_run = await _trigger(stage)
    given.append(await stage.poll(home=other, **second))

    assert [[(one["run_id"], one["fence"]) for one in answer["leases"]] for answer in given] == [
        [(run_id, 1)],
        [*([(run_id, 1)] if is_given else []), (next_run, 1)],
    ]


async def test_a_clock_that_was_set_back_does_not_lock_the_region_out(stage: Stage) -> None:
    now = stage.clock.now()
    gone, started_with_an_older_clock = _process(now), _process(now - timedelta(days=1))
    await _trigger(stage)
    await _refused(stage, gone)
    await _trigger(stage)

    refused = [await _refused(stage, started_with_an_older_clock)]
    stage.clock.advance(seconds=2 * stage.parts.lease_seconds + 1)
    refused.append(await _refused(stage, started_with_an_older_clock))

    assert refused == [True, False]


async def test_a_version_that_does_not_say_is_never_refused(stage: Stage) -> None:
    await _trigger(stage)
    await _refused(stage, _process(stage.clock.now()))
    await _trigger(stage)

    assert not await _refused(stage, {})


async def _stored(stage: Stage, run_id: str) -> Any:
    async with stage.parts.database.reading() as connection:
        return await find_run(connection, run_id)
