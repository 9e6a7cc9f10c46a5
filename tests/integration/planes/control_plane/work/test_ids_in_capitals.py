"""An id in capitals is the same id, wherever a client gives one (RFC 9562, 4)."""

from __future__ import annotations

import pytest
from tests.fakes.control_stage import Stage, definition

pytestmark = pytest.mark.anyio


async def test_ids_in_capitals_name_the_same_things(stage: Stage) -> None:
    deployment, configuration = await stage.upload()
    assert (await stage.deploy(definition("load"))).status_code == 200
    job = (await stage.job_ids())["load"]
    run = (await stage.trigger(job.upper()))["id"]
    workspace = f"/api/v1/workspaces/{stage.workspace_id.upper()}"
    organization = f"/api/v1/organizations/{stage.organization_id.upper()}"
    found: dict[str, str] = {}
    for path, wanted in (
        (workspace, stage.workspace_id),
        (organization, stage.organization_id),
        (f"{workspace}/jobs/{job.upper()}", job),
        (f"{workspace}/job-runs/{run.upper()}", run),
        (f"{workspace}/deployments/{deployment.upper()}", deployment),
        (f"{workspace}/configurations/{configuration.upper()}", configuration),
    ):
        answer = await stage.client.get(path, headers=stage.owner.headers)
        assert answer.status_code == 200, (path, answer.text)
        found[wanted] = answer.json()["id"]

    assert all(wanted == seen for wanted, seen in found.items())
    assert [each["id"] for each in await stage.runs(job_id=job.upper())] == [run]
    members = await stage.client.get(f"{organization}/workspaces", headers=stage.owner.headers)
    assert [each["id"] for each in members.json()["items"]] == [stage.workspace_id]
    cancelled = await stage.post("/job-runs/-cancel", {"job_run_ids": [run.upper()]})
    assert [each["job_run_id"] for each in cancelled.json()["succeeded"]] == [run]
