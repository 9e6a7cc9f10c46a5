"""A drained region is given no new run and keeps those it has; one that is cleaned hears it with its polls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.services.identity.sessions import start_session
from planes.storage.control import identity

pytestmark = pytest.mark.anyio


@pytest.fixture
async def administrator(stage: Stage) -> dict[str, str]:
    async with stage.parts.database.transaction() as connection:
        values = {"is": True, "id": str(stage.owner.user_id)}
        await connection.execute(text("update users set is_administrator = :is where id = :id"), values)
        user = await identity.find_user(connection, stage.owner.user_id)
        assert user is not None
        token = (await start_session(connection, stage.parts, user, "test")).jwt
    return {"authorization": f"Bearer {token}"}


async def ask(stage: Stage, headers: dict[str, str], verb: str, plane: str = "eu1") -> Any:
    answer = await stage.client.post(f"/own/v1/data-planes/{plane}/-{verb}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def health(stage: Stage, headers: dict[str, str]) -> dict[str, Any]:
    planes = (await stage.client.get("/own/v1/health", headers=headers)).json()["data_planes"]
    return {plane["dataplane_id"]: plane["drained_at"] for plane in planes}


async def test_runs_wait_while_their_region_is_drained_and_those_it_has_go_on(
    stage: Stage, administrator: dict[str, str]
) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}), definition("other"))
    held = await stage.trigger(ids["load"])
    await stage.poll()
    drained = await ask(stage, administrator, "drain")
    waiting = await stage.trigger(ids["other"])

    # With a cancel there is something to answer: a poll for which there is nothing would wait.
    cancelled = await stage.trigger(ids["load"])
    await stage.post(f"/job-runs/{held['id']}/-cancel")
    answer = await stage.poll(held=[(held["id"], 1)])

    assert answer["leases"] == []
    assert [each["run_id"] for each in answer["cancels"]] == [held["id"]]
    assert (await stage.report(held["id"], "cancelled")).status_code == 200
    assert [(await stage.run(run["id"]))["status"] for run in (waiting, cancelled)] == ["pending", "pending"]
    assert await health(stage, administrator) == {"eu1": drained["drained_at"], "us1": None}


async def test_an_answer_that_got_lost_is_delivered_to_a_drained_region_all_the_same(
    stage: Stage, administrator: dict[str, str]
) -> None:
    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])
    assert (await stage.poll())["leases"]
    await ask(stage, administrator, "drain")
    stage.clock.advance(seconds=6)

    again = await stage.poll()

    assert [lease["run_id"] for lease in again["leases"]] == [run["id"]]


async def test_a_waiting_poll_is_answered_as_soon_as_the_region_is_resumed(
    stage: Stage, administrator: dict[str, str]
) -> None:
    ids = await stage.deployed(definition("load"))
    await ask(stage, administrator, "drain")
    run = await stage.trigger(ids["load"])

    async with stage.waiting_polls() as answers:
        assert answers == []
        assert (await ask(stage, administrator, "resume"))["drained_at"] is None

    assert [lease["run_id"] for lease in answers[0]["leases"]] == [run["id"]]
    assert await health(stage, administrator) == {"eu1": None, "us1": None}


async def test_both_may_be_said_twice_and_are_written_down_once(stage: Stage, administrator: dict[str, str]) -> None:
    first = await ask(stage, administrator, "drain")
    stage.clock.advance(minutes=5)

    assert await ask(stage, administrator, "drain") == first
    for _ in range(2):
        await ask(stage, administrator, "resume")
    events = (await stage.client.get("/own/v1/audit-events", headers=administrator, params={"limit": 1000})).json()
    told = [(event["action"], event["subject"]) for event in events["items"] if event["subject"] == "eu1"]
    assert told[-2:] == [("data_plane_drained", "eu1"), ("data_plane_resumed", "eu1")]


async def test_a_cleaning_is_told_with_each_poll_for_a_day(stage: Stage, administrator: dict[str, str]) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))

    async def told() -> Any:
        await stage.trigger(ids["load"])
        return (await stage.poll())["clean_before"]

    assert await told() is None
    asked = await ask(stage, administrator, "clean")
    at = datetime.fromisoformat(asked["clean_before"])
    assert at == stage.clock.now()
    assert [datetime.fromisoformat(await told()) for _ in range(2)] == [at, at]
    assert (await ask(stage, administrator, "drain", "us1"))["clean_before"] is None
    stage.clock.advance(hours=25)
    assert await told() is None


@pytest.mark.parametrize("verb", ["drain", "resume", "clean"])
async def test_who_may_and_what_is_no_region(stage: Stage, administrator: dict[str, str], verb: str) -> None:
    unknown = await stage.client.post(f"/own/v1/data-planes/zz9/-{verb}", headers=administrator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "data_plane_not_found")

    async with stage.parts.database.transaction() as connection:
        await connection.execute(text("update users set is_administrator = :is"), {"is": False})
    refused = await stage.client.post(f"/own/v1/data-planes/eu1/-{verb}", headers=administrator)
    assert (refused.status_code, refused.json()["code"]) == (403, "administrator_only")
    assert (await health(stage, administrator))["eu1"] is None
