"""What an administrator is told of the control plane, its leases and what falls due."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.services.sessions import start_session
from planes.storage.control import identity

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
