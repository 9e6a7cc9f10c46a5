"""What an administrator is told of the control plane, its leases and what falls due."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.fakes.control_stage import REGION_URL, Stage, definition

from planes.control_plane.services.identity.sessions import start_session
from planes.domain.identifiers import new_id
from planes.storage.control import identity
from planes.storage.control.metadata import metadata

pytestmark = pytest.mark.anyio


async def asked(stage: Stage, *, is_administrator: bool) -> httpx.Response:
    async with stage.parts.database.transaction() as connection:
        values = {"is": is_administrator, "id": str(stage.owner.user_id)}
        await connection.execute(text("update users set is_administrator = :is where id = :id"), values)
        user = await identity.find_user(connection, stage.owner.user_id)
        assert user is not None
        token = (await start_session(connection, stage.parts, user, "test")).jwt
    return await stage.client.get("/own/v1/status", headers={"authorization": f"Bearer {token}"})


async def status(stage: Stage) -> Any:
    answer = await asked(stage, is_administrator=True)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_it_says_since_when_it_is_up(stage: Stage) -> None:
    begin = await status(stage)
    stage.clock.advance(seconds=60)
    later = await status(stage)

    assert later["started_at"] == begin["started_at"] <= begin["now"] < later["now"]


async def test_held_runs_are_named_with_what_is_left_of_their_lease(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), definition("nightly", "schedule:0 3 * * *"))
    run = await stage.trigger(ids["load"])
    waiting = await status(stage)
    assert (waiting["pending_count"], waiting["held_count"], waiting["held"]) == (1, 0, [])

    await stage.poll()
    held = await status(stage)
    stage.clock.advance(seconds=5)
    later = await status(stage)

    assert (held["pending_count"], held["held_count"], held["sessions"]) == (0, 1, 2)
    (row,) = held["held"]
    facts = ("run_id", "run_number", "job_ref", "workspace_name", "dataplane_id", "status", "fence")
    assert [row[name] for name in facts] == [run["id"], 1, "jobs.jobs.load", "demo", "eu1", "starting", 1]
    assert row["left_seconds"] - later["held"][0]["left_seconds"] == pytest.approx(5, abs=0.1)


async def test_what_falls_due_within_an_hour_is_counted(stage: Stage) -> None:
    await stage.deployed(definition("hourly", "schedule:0 * * * *"), definition("yearly", "schedule:0 3 1 1 *"))

    found = await status(stage)

    assert found["due_count"] == 1
    assert found["next_due_at"] is not None
    assert found["database"] in {"sqlite", "postgresql"}
    assert found["database_bytes"] > 0
    assert 0 < found["disk_free_bytes"] < found["disk_total_bytes"]


async def test_it_is_for_administrators(stage: Stage) -> None:
    refused = await asked(stage, is_administrator=False)

    assert (refused.status_code, refused.json()["code"]) == (403, "administrator_only")


NUMBERS = {"version": "1.2.3", "started_at": "2026-01-01T00:00:00Z", "slots": 8, "runners": 1, "warm": 2}


async def region(stage: Stage, name: str = "eu1") -> Any:
    regions = {each["dataplane_id"]: each for each in (await status(stage))["regions"]}
    return regions[name]


async def polled(stage: Stage, job: str = "load", **members: Any) -> None:
    """One poll that has something to answer: a run."""
    ids = await stage.deployed(definition(job))
    await stage.trigger(ids[job])
    assert (await stage.poll(**members))["leases"]


async def test_a_region_is_shown_as_it_told_last(stage: Stage) -> None:
    before = await region(stage)
    await polled(stage, numbers={**NUMBERS, "disk_free_bytes": 5, "of_tomorrow": ["a name"]})
    told = await region(stage)
    other = await region(stage, "us1")

    assert (before["numbers"], other["numbers"]) == (None, None)
    assert (told["organizations"], other["organizations"]) == (1, 0)
    assert told["polled_at"] == stage.clock.now().isoformat().replace("+00:00", "Z")
    assert {name: told["numbers"][name] for name in NUMBERS} == NUMBERS
    assert (told["numbers"]["disk_free_bytes"], told["numbers"]["environments"]) == (5, None)
    assert "of_tomorrow" not in told["numbers"]


async def test_a_region_of_a_version_before_tells_nothing_and_takes_back_what_it_told(stage: Stage) -> None:
    await polled(stage, numbers=NUMBERS)
    await polled(stage, "other")

    found = await region(stage)

    assert found["numbers"] is None
    assert found["polled_at"] is not None


@pytest.mark.parametrize(
    "numbers",
    ["word", [], {}, {**NUMBERS, "slots": -1}, {**NUMBERS, "version": "two words"}, {**NUMBERS, "warm": "a name"}],
)
async def test_numbers_that_are_not_understood_cost_no_poll(stage: Stage, numbers: Any) -> None:
    await polled(stage, numbers=numbers)

    assert (await region(stage))["numbers"] is None


async def test_a_region_of_which_two_processes_run_is_told_while_both_ask(stage: Stage) -> None:
    older = {"instance": new_id(), "numbers": NUMBERS}
    await polled(stage, instance=new_id(), numbers={**NUMBERS, "started_at": "2026-01-02T00:00:00Z"})
    said = [(await region(stage))["is_doubled"]]
    body = {"free_slots": 1, "held": [], "url": REGION_URL, "epoch": 0, **older}

    refused = await stage.link("POST", "-poll", body)
    said.append((await region(stage))["is_doubled"])
    stage.clock.advance(seconds=60)
    said.append((await region(stage))["is_doubled"])

    assert refused.status_code == 409
    assert said == [False, True, False]


async def test_numbers_are_written_down_nowhere(stage: Stage) -> None:
    await polled(stage, numbers={**NUMBERS, "version": "9.9.9-planted"})

    async with stage.parts.database.reading() as connection:
        tables = [await connection.execute(table.select()) for table in metadata.sorted_tables]
        cells = [str(row) for found in tables for row in found.all()]

    assert cells
    assert not [cell for cell in cells if "planted" in cell]
