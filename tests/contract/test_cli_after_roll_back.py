"""After a roll-back the released command line and the SDK go on with the version that was brought back.

And with a strict workspace, whose defaults the control plane does not have.
"""

from __future__ import annotations

import json

import pytest
from tests.acceptance.installations import Desk, Installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

HEAD = "import dlt.hub.run as run\n\n"
WORD = "cobalt-otter-41"
FIRST = HEAD + "__all__ = ['told', 'kept']\n\n@run.job\ndef told():\n    print('of the first')\n"
FIRST += "\n@run.job\ndef kept():\n    print('kept')\n"
SECOND = HEAD + f"__all__ = ['told', 'added']\n\n@run.job\ndef told(word: str = '{WORD}'):\n    '''Changed.'''\n"
SECOND += "    print('of the second', word)\n"
SECOND += "\n@run.job\ndef added():\n    print('added')\n"
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": "from works import *\n",
    "works.py": FIRST,
}
SDK = """
import json, sys
import dlthub_sdk
key, base_url, workspace_id = sys.argv[1:]
workspace = dlthub_sdk.connect(token=key, base_url=base_url).workspaces.get(id=workspace_id)
run = workspace.jobs.get_by_ref("jobs.works.told").start_run().wait(timeout=200)
print(json.dumps({
    "latest": workspace.deployments.latest().version,
    "versions": [one.version for one in workspace.deployments.list()],
    "jobs": sorted(job.job_ref for job in workspace.jobs.list(archived=False)),
    "archived": sorted(job.job_ref for job in workspace.jobs.list(archived=True)),
    "said": [line.content for line in run.logs() if str(line.source) == "user"],
}))
"""


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """Two versions in eu1, of which the first was brought back. The folder holds the second."""
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    assert desk.run("deploy").code == 0
    first = owner.get(f"/workspaces/{workspace['id']}/deployments/latest").json()["id"]
    (desk.folder / "works.py").write_text(SECOND)
    assert desk.run("deploy").code == 0
    answer = owner.on_own_route("POST", f"/workspaces/{workspace['id']}/-roll-back", {"deployment_id": first})
    assert answer.status_code == 200, answer.text
    return desk


def said(desk: Desk, *words: str) -> str:
    done = desk.run(*words)
    assert done.code == 0, done.text
    return done.text


def test_jobs_are_those_of_the_version(desk: Desk) -> None:
    listed, archived = said(desk, "job", "list"), said(desk, "job", "list", "--archived")

    assert "works.kept" in listed
    assert "works.added" not in listed
    assert "works.added" in archived
    assert "Version" in said(desk, "workspace", "deployment", "info")
    assert len(said(desk, "workspace", "deployment", "list").splitlines()) > 2


def test_sdk_runs_the_code_of_the_version(desk: Desk) -> None:
    person = desk.person
    done = person.client.run_python(
        SDK, person.key, person.platform.control_plane, desk.workspace["id"], cwd=desk.folder, seconds=300
    )
    assert done.code == 0, done.text
    found = json.loads(done.stdout.splitlines()[-1])

    assert found["latest"] == 1
    assert found["versions"] == [2, 1]
    assert {"jobs.works.told", "jobs.works.kept"} < set(found["jobs"])
    assert found["archived"] == ["jobs.works.added"]
    assert found["said"] == ["of the first"]


def test_next_deploy_brings_the_folder_back(desk: Desk) -> None:
    tried = said(desk, "deploy", "--dry-run")
    done = said(desk, "deploy")
    ran = said(desk, "run", "told", "-f")

    assert "added" in tried
    assert "Synced changed workspace files" in done, "what is deployed is not what is here"
    assert "of the second" in ran
    assert "works.added" in said(desk, "job", "list")


def test_command_line_goes_on_in_a_strict_workspace(desk: Desk) -> None:
    person, path = desk.person, f"/workspaces/{desk.workspace['id']}"
    said(desk, "deploy")
    assert WORD in person.get(f"{path}/jobs").text

    answer = person.on_own_route("PUT", f"{path}/strictness", {"is_strict": True})

    assert answer.status_code == 200, answer.text
    (job,) = [each for each in person.get(f"{path}/jobs").json()["items"] if each["job_ref"] == "jobs.works.told"]
    assert job["job_definition"]["inputs"]["properties"]["word"]["default"] == {"withheld": True}
    assert WORD not in person.get(f"{path}/jobs").text
    assert "works.told" in said(desk, "job", "list")
    assert "works.told" in said(desk, "job", "info", "works.told")
    said(desk, "deploy")
    assert f"of the second {WORD}" in said(desk, "job", "run", "works.told", "--follow")
