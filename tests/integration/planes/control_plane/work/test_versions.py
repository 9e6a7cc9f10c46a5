"""The history of the code, rolling back without an upload, and how many versions are kept; on both databases."""

from __future__ import annotations

import pytest
from tests.fakes.control_stage import Stage, definition

from planes.domain.access import OrganizationRole, WorkspaceRole

pytestmark = pytest.mark.anyio


def own(stage: Stage, rest: str) -> str:
    return f"/own/v1/workspaces/{stage.workspace_id}{rest}"


async def history(stage: Stage) -> list[tuple[int, bool, int | None]]:
    """(version, is latest, jobs of its release), newest first."""
    answer = await stage.client.get(own(stage, "/versions"), headers=stage.owner.headers)
    assert answer.status_code == 200, answer.text
    return [
        (item["version"], item["is_latest"], item["deploy"] and item["deploy"]["job_count"])
        for item in answer.json()["items"]
    ]


async def roll_back(stage: Stage, deployment_id: str, status: int = 200, **changes: object) -> dict:
    body = {"deployment_id": deployment_id, **changes}
    answer = await stage.client.post(own(stage, "/-roll-back"), json=body, headers=stage.owner.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def live_jobs(stage: Stage) -> set[str]:
    return {item["name"] for item in (await stage.get("/jobs", is_archived="false")).json()["items"]}


async def latest(stage: Stage) -> int:
    return (await stage.get("/deployments/latest")).json()["version"]


async def test_rolling_back_brings_code_and_jobs_of_then(stage: Stage) -> None:
    first, _ = await stage.upload()
    await stage.deploy(definition("load", description="then"), definition("report"))
    await stage.upload()
    ids = await stage.deployed(definition("load", description="now"), definition("extra"))

    receipt = await roll_back(stage, first)

    outcomes = {item["job"]["job_ref"]: item["outcome"] for item in receipt["job_receipt"]["succeeded"]}
    assert outcomes == {"jobs.jobs.load": "updated", "jobs.jobs.report": "updated", "jobs.jobs.extra": "archived"}
    assert receipt["deployment"]["version"] == 1
    assert (await latest(stage), await live_jobs(stage)) == (1, {"load", "report"})
    job = (await stage.get(f"/jobs/{ids['load']}")).json()
    assert (job["description"], job["version"]) == ("then", 3)
    assert await history(stage) == [(3, False, 2), (2, False, None), (1, True, 2)]
    run = await stage.trigger(ids["load"])
    assert (await stage.run(run["id"]))["deployment_id"] == first


async def test_next_upload_is_the_latest_again(stage: Stage) -> None:
    first, _ = await stage.upload()
    await stage.deployed(definition("load"))
    await roll_back(stage, first, 409)
    await stage.deploy(definition("load"))
    second = (await stage.get("/deployments/latest")).json()["id"]
    await stage.upload()
    await stage.deploy(definition("load"))
    await roll_back(stage, second)
    assert await latest(stage) == 2

    await stage.upload()

    assert await latest(stage) == 4


async def test_dry_run_says_and_changes_nothing(stage: Stage) -> None:
    first, _ = await stage.upload()
    await stage.deploy(definition("load"))
    await stage.upload()
    await stage.deploy(definition("other"))
    before = await history(stage)

    receipt = await roll_back(stage, first, dry_run=True)

    assert {item["outcome"] for item in receipt["job_receipt"]["succeeded"]} == {"updated", "archived"}
    assert (await history(stage), await live_jobs(stage), await latest(stage)) == (before, {"other"}, 2)


async def test_version_that_was_never_deployed_is_refused(stage: Stage) -> None:
    await stage.upload()
    await stage.deploy(definition("load"))
    second, _ = await stage.upload()
    await stage.deploy(definition("adhoc"), deployment_module=None)

    assert (await roll_back(stage, second, 409))["code"] == "version_not_deployed"
    assert (await roll_back(stage, "00000000-0000-4000-8000-000000000000", 404))["code"] == "version_not_found"


async def test_versions_beyond_those_kept_are_retired_but_not_what_is_in_use(stage: Stage) -> None:
    first, _ = await stage.upload()
    await stage.deploy(definition("load"))
    held = (await stage.trigger((await stage.job_ids())["load"]))["id"]
    second, _ = await stage.upload()
    await stage.deploy(definition("load"))
    await stage.upload()
    await stage.deploy(definition("load"))
    kept = await stage.client.put(own(stage, "/retention"), json={"keep_versions": 1}, headers=stage.owner.headers)
    assert kept.json() == {"keep_versions": 1}
    no_number = await stage.client.put(
        own(stage, "/retention"), json={"keep_versions": True}, headers=stage.owner.headers
    )
    assert no_number.status_code == 400
    await roll_back(stage, second)

    await stage.upload()

    retired = {
        item["version"]
        for item in (await stage.client.get(own(stage, "/versions"), headers=stage.owner.headers)).json()["items"]
        if item["retired_at"] is not None
    }
    assert retired == {2, 3}
    assert (await stage.run(held))["deployment_id"] == first
    assert (await roll_back(stage, second, 409))["code"] == "version_retired"
    await roll_back(stage, first)


async def test_viewers_read_and_do_not_roll_back(stage: Stage) -> None:
    first, _ = await stage.upload()
    await stage.deploy(definition("load"))
    viewer = await stage.person(WorkspaceRole.VIEWER)
    developer = await stage.person(WorkspaceRole.DEVELOPER)
    stranger = await stage.person(None, OrganizationRole.COLLABORATOR)

    async def statuses(person: object) -> list[int]:
        headers = person.headers  # pyright: ignore[reportAttributeAccessIssue]
        answers = [
            await stage.client.get(own(stage, "/versions"), headers=headers),
            await stage.client.post(own(stage, "/-roll-back"), json={"deployment_id": first}, headers=headers),
            await stage.client.get(own(stage, "/retention"), headers=headers),
            await stage.client.put(own(stage, "/retention"), json={"keep_versions": 5}, headers=headers),
        ]
        return [answer.status_code for answer in answers]

    assert await statuses(viewer) == [200, 403, 200, 403]
    assert await statuses(developer) == [200, 200, 200, 403]
    assert await statuses(stranger) == [404, 404, 404, 404]
    assert await statuses(stage.owner) == [200, 200, 200, 200]
