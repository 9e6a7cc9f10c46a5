"""`dlthub_sdk`, blocking and awaited, against a real platform with a personal key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.acceptance.installations import Desk, Installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "[jobs.works.counted]\nhow_many = 3\n",
    "__deployment__.py": "from works import *\n",
    "works.py": """
import dlt
import dlt.hub.run as run

__all__ = ["counted", "plain"]

@run.pipeline("numbers")
def counted(how_many: int = 1):
    pipeline = dlt.pipeline("numbers", destination="duckdb", dataset_name="digits")
    pipeline.run([{"n": n} for n in range(how_many)], table_name="digit")
    return run.result({"rows": how_many}, type="count")

@run.job
def plain():
    print("nothing to answer")
""",
}

HEAD = """
import asyncio, json, sys
import dlthub_sdk
key, base_url, workspace_id = sys.argv[1:]
NOWHERE = "00000000-0000-4000-8000-000000000000"

def name_of(call):
    try:
        call()
    except dlthub_sdk.DlthubError as exc:
        return [type(exc).__name__, exc.status]

async def name_of_awaited(awaitable):
    try:
        await awaitable
    except dlthub_sdk.DlthubError as exc:
        return [type(exc).__name__, exc.status]
"""

BLOCKING = (
    HEAD
    + """
runtime = dlthub_sdk.connect(token=key, base_url=base_url)
workspace = runtime.workspaces.get(id=workspace_id)
run = workspace.jobs.get_by_ref("jobs.works.counted").start_run().wait(timeout=200)
plain = workspace.jobs.get_by_ref("jobs.works.plain").start_run().wait(timeout=200)
pipeline_run = next(iter(workspace.telemetry.pipeline_runs.list()))
wrong = dlthub_sdk.connect(token="dlt_u_wrong", base_url=base_url)
print(json.dumps({
    "email": runtime.me().email,
    "organizations": [one.name for one in runtime.organizations.list()],
    "role": workspace.me().workspace_role,
    "jobs": sorted(job.job_ref for job in workspace.jobs.list()),
    "runs": [[one.job_ref, one.number, str(one.status)] for one in workspace.job_runs.list()],
    "status": str(run.status),
    "result": run.result().result,
    "trace": str(run.trace()),
    "log": [line.content for line in plain.logs() if line.source == "user"],
    "pipeline_run": [pipeline_run.pipeline_name, str(pipeline_run.status), pipeline_run.total_rows_loaded],
    "tables": sorted(table.table_name for table in workspace.telemetry.pipeline_runs.get(id=pipeline_run.id).tables),
    "pipeline_trace": pipeline_run.trace().trace["pipeline_name"],
    "telemetry": workspace.telemetry.status().updated_at is not None,
    "files": sorted(entry.relative_path for entry in workspace.deployments.latest().files()),
    "configuration": sorted(entry.relative_path for entry in workspace.configurations.latest().files()),
    "errors": {
        "unknown workspace": name_of(lambda: runtime.workspaces.get(id=NOWHERE)),
        "unknown job": name_of(lambda: workspace.jobs.get_by_ref("jobs.nothing")),
        "no result": name_of(plain.result),
        "cancel the ended": name_of(run.cancel),
        "wrong key": name_of(lambda: list(wrong.organizations.list())),
    },
}))
"""
)

AWAITED = (
    HEAD
    + """
async def main():
    runtime = dlthub_sdk.connect_async(token=key, base_url=base_url)
    workspace = await runtime.workspaces.get(id=workspace_id)
    job = await workspace.jobs.get_by_ref("jobs.works.counted")
    run = await (await job.start_run()).wait(timeout=200)
    streamed = [line.content async for line in run.stream_logs()]
    print(json.dumps({
        "email": (await runtime.me()).email,
        "organizations": [one.name async for one in runtime.organizations.list()],
        "jobs": sorted([job.job_ref async for job in workspace.jobs.list()]),
        "status": str(run.status),
        "result": (await run.result()).result,
        "log": len(streamed) == len([line async for line in run.logs()]),
        "files": sorted(entry.relative_path for entry in await (await workspace.deployments.latest()).files()),
        "errors": {
            "unknown workspace": await name_of_awaited(runtime.workspaces.get(id=NOWHERE)),
            "cancel the ended": await name_of_awaited(run.cancel()),
        },
    }))

asyncio.run(main())
"""
)

REFS = ["jobs.works.counted", "jobs.works.plain", "jobs.workspace.dashboard"]


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """A small workspace in eu1, deployed by key."""
    owner = installation.owner
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    deployed = owner.client.run("deploy", cwd=desk.folder, env=owner.by_key)
    assert deployed.code == 0, deployed.text
    return desk


def facts(desk: Desk, program: str) -> dict[str, Any]:
    client = desk.person.client
    done = client.run_python(
        program, desk.person.key, desk.person.platform.control_plane, desk.workspace["id"], seconds=300
    )
    assert done.code == 0, done.text
    return json.loads(done.stdout.splitlines()[-1])


def test_blocking_client(desk: Desk) -> None:
    found = facts(desk, BLOCKING)

    assert found["email"] == desk.person.email
    assert "orchard" in found["organizations"]
    assert found["role"] == "owner"
    assert found["jobs"] == REFS
    assert sorted(found["runs"]) == [["jobs.works.counted", 1, "completed"], ["jobs.works.plain", 1, "completed"]]
    assert found["status"] == "completed"
    assert found["result"] == {"rows": 3}
    assert "job.count" in found["trace"]
    assert found["log"] == ["nothing to answer"]
    assert found["pipeline_run"] == ["numbers", "succeeded", 3]
    assert "digit" in found["tables"]
    assert found["pipeline_trace"] == "numbers"
    assert found["telemetry"] is True
    assert found["files"] == ["__deployment__.py", "requirements.txt", "works.py"]
    assert found["configuration"] == ["config.toml", "prod.config.toml"]
    assert found["errors"] == {
        "unknown workspace": ["NotFound", 404],
        "unknown job": ["NotFound", None],
        "no result": ["NotFound", 404],
        "cancel the ended": ["Conflict", 409],
        "wrong key": ["NotAuthenticated", 401],
    }


def test_summaries_reach_the_run(desk: Desk) -> None:
    """Names and counts of pipeline runs are written back to the control plane."""
    runs = desk.runs("jobs.works.counted")

    assert runs[-1]["pipeline_run_summaries"][0]["pipeline_name"] == "numbers"
    assert runs[-1]["pipeline_run_summaries"][0]["total_rows"] == 3
    assert runs[-1]["pipeline_run_summaries"][0]["dataset_name"] == "digits"


def test_awaited_client(desk: Desk) -> None:
    found = facts(desk, AWAITED)

    assert found["email"] == desk.person.email
    assert "orchard" in found["organizations"]
    assert found["jobs"] == REFS
    assert found["status"] == "completed"
    assert found["result"] == {"rows": 3}
    assert found["log"] is True
    assert "works.py" in found["files"]
    assert found["errors"] == {"unknown workspace": ["NotFound", 404], "cancel the ended": ["Conflict", 409]}
