"""Strict workspaces: what of their job definitions the control plane stores and answers; on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from tests.fakes.control_stage import Stage, definition

from planes.domain.access import WorkspaceRole

pytestmark = pytest.mark.anyio

WORD = "cobalt-otter-41"
AGENT = {"engine_version": 1, "name": "reader", "description": WORD, "instructions": WORD, "rules": [WORD]}
WITHHELD = {"withheld": True}


def told(name: str = "load", **changes: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"rows": {"type": "string", "default": WORD}}}
    return definition(name, inputs=schema, output={"const": WORD}, **changes)


def told_agent() -> dict[str, Any]:
    return told("reader", agent=AGENT, description=f"{WORD}\nmore")


async def set_strict(stage: Stage, is_strict: bool) -> None:
    path = f"/own/v1/workspaces/{stage.workspace_id}/strictness"
    answer = await stage.client.put(path, json={"is_strict": is_strict}, headers=stage.owner.headers)
    assert (answer.status_code, answer.json()) == (200, {"is_strict": is_strict})


async def stored(stage: Stage) -> str:
    """Every definition, trigger and audit event that the control plane stores."""
    async with stage.parts.database.reading() as connection:
        tables = ("job_versions", "jobs", "job_triggers", "releases", "audit_events")
        return "".join([repr((await connection.execute(text(f"SELECT * FROM {name}"))).all()) for name in tables])


async def outcomes(stage: Stage, *jobs: dict[str, Any]) -> dict[str, str]:
    answer = await stage.deploy(*jobs)
    assert answer.status_code == 200, answer.text
    assert WORD not in answer.text
    return {item["job"]["job_ref"]: item["outcome"] for item in answer.json()["job_receipt"]["succeeded"]}


async def test_strict_workspace_stores_no_withheld_word(stage: Stage) -> None:
    await set_strict(stage, True)
    await stage.upload()
    await outcomes(stage, told(), told_agent())

    assert WORD not in await stored(stage)
    jobs = (await stage.get("/jobs")).json()["items"]
    by_name = {job["job_ref"].rpartition(".")[2]: job for job in jobs}
    assert by_name["load"]["job_definition"]["inputs"]["properties"]["rows"]["default"] == WITHHELD
    assert by_name["load"]["job_definition"]["output"] == {"const": WITHHELD}
    assert by_name["reader"]["job_definition"]["agent"]["rules"] == WITHHELD
    assert by_name["reader"]["job_definition"]["description"] == WITHHELD
    assert by_name["reader"]["description"] is None


async def test_becoming_strict_withholds_what_is_stored_of_every_version(stage: Stage) -> None:
    await stage.deployed(told(), told_agent())
    await stage.deploy(told(triggers=["every:1h"]), told_agent())
    assert WORD in await stored(stage)

    await set_strict(stage, True)

    assert WORD not in await stored(stage)
    job_id = (await stage.job_ids())["load"]
    run = await stage.trigger(job_id)
    assert WORD not in str(await stage.poll())
    assert (await stage.run(run["id"]))["status"] == "starting"


async def test_same_jobs_deployed_again_are_unchanged(stage: Stage) -> None:
    ids = await stage.deployed(told())
    await set_strict(stage, True)

    await outcomes(stage, told())

    assert (await stage.get(f"/jobs/{ids['load']}")).json()["version"] == 1
    assert (await stage.deploy(told(), dry_run=True)).status_code == 200


async def test_rolling_back_works_while_strict_and_after_it(stage: Stage) -> None:
    first, _ = await stage.upload()
    await stage.deploy(told(), told_agent())
    await set_strict(stage, True)
    await stage.upload()
    await outcomes(stage, told("other"))
    path = f"/own/v1/workspaces/{stage.workspace_id}/-roll-back"

    answer = await stage.client.post(path, json={"deployment_id": first}, headers=stage.owner.headers)
    assert answer.status_code == 200, answer.text
    await set_strict(stage, False)
    again = await stage.client.post(path, json={"deployment_id": first}, headers=stage.owner.headers)
    assert again.status_code == 200, again.text

    assert WORD not in await stored(stage)
    assert (await stage.deploy(told())).status_code == 200
    assert WORD in await stored(stage)


async def test_change_is_audited_once_and_is_the_owners(stage: Stage) -> None:
    await stage.deployed(told())
    developer = await stage.person(WorkspaceRole.DEVELOPER)
    path = f"/own/v1/workspaces/{stage.workspace_id}/strictness"
    refused = await stage.client.put(path, json={"is_strict": True}, headers=developer.headers)
    assert refused.status_code == 403
    await set_strict(stage, True)
    await set_strict(stage, True)

    async with stage.parts.database.reading() as connection:
        query = text("SELECT facts FROM audit_events WHERE action = 'strictness_changed'")
        events = (await connection.execute(query)).scalars().all()
    assert len(events) == 1
    assert "rewritten_job_versions" in str(events[0])
    assert (await stage.client.get(path, headers=developer.headers)).json() == {"is_strict": True}


async def test_secret_is_refused_where_it_would_be_withheld(stage: Stage) -> None:
    """It is looked at before it is withheld: what is a secret belongs into a variable."""
    await set_strict(stage, True)
    await stage.upload()
    schema = {"properties": {"dsn": {"default": "postgres://u:hunter2-secret@db.example/x"}}}

    answer = await stage.deploy(definition("load", inputs=schema))

    assert (answer.status_code, answer.json()["code"]) == (400, "secret_in_definition")
