"""Runs that cannot work: each is `failed`, and its log says why in words that its user can act on."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.acceptance.installations import Desk, Installation
from tests.acceptance.platforms import wait_until
from tests.fakes.archives import pack
from tests.fakes.workspaces import LAUNCHERS, definition, job_python, requirements

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": "from works import *\n",
    "works.py": """
import os
import dlt.hub.run as run

__all__ = ["dies", "leaves"]

if os.environ.get("RUNTIME__RUN_ID"):
    import a_module_that_only_the_laptop_has

@run.job
def dies():
    print("never reached")

@run.job
def leaves():
    print("never reached")
""",
}


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    return Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))


def test_job_that_dies_at_import(desk: Desk) -> None:
    deployed = desk.run("deploy")
    done = desk.run("run", "dies", "-f")

    assert deployed.code == 0, deployed.text
    assert done.code == 1, done.text
    assert "ModuleNotFoundError: No module named 'a_module_that_only_the_laptop_has'" in done.text
    assert "works.py" in done.text
    assert "finished with status: failed" in done.text
    assert "never reached" not in done.text


def test_requirement_that_cannot_be_resolved(desk: Desk) -> None:
    (desk.folder / "requirements.txt").write_text("dlt[duckdb]==1.31.0\nno-such-package-of-anybody==9.9.9\n")
    done = desk.run("run", "dies", "-f")
    (desk.folder / "requirements.txt").write_text(FILES["requirements.txt"])
    stored = desk.person.stored_log(desk.workspace, desk.runs("jobs.works.dies")[0]["id"])

    assert done.code == 1, done.text
    assert "no-such-package-of-anybody" in done.text
    assert "[setup]" in done.text
    assert "finished with status: failed" in done.text
    assert {line["stage"] for line in stored} == {"build"}
    assert "The environment could not be built" in str(stored)


class Sent:
    """What was sent over HTTP, for definitions that no client would make."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def path(self, rest: str) -> str:
        return f"/workspaces/{self.desk.workspace['id']}{rest}"

    def upload(self, kind: str, **files: bytes) -> None:
        issued = self.desk.person.post(self.path(f"/{kind}/-issue-upload")).json()
        headers = {"Authorization": f"Bearer {issued['upload_token']}"}
        parts = {name: (name, content) for name, content in files.items()}
        answer = httpx.post(issued["upload_url"], files=parts, headers=headers, timeout=240)
        assert answer.status_code == 200, answer.text

    def run(self, job: dict[str, Any], wanted: bytes | None = None) -> tuple[str, list[str]]:
        """Deploys and runs one definition: the last status, and what the log says."""
        self.upload("deployments", file=pack({"job.py": b"print('reached')\n"}),
                    requirements_file=wanted or requirements("dlt[duckdb]==1.31.0"))  # fmt: skip
        self.upload("configurations", file=pack({"prod.config.toml": b""}))
        body = {"job_definition_engine_version": 2, "job_definition_hash": "x", "jobs": [job]}
        deployed = self.desk.person.post(self.path("/-deploy"), body)
        assert deployed.status_code == 200, deployed.text
        job_id = deployed.json()["job_receipt"]["succeeded"][0]["job"]["id"]
        started = self.desk.person.post(self.path("/jobs/-trigger"), {"job_ids": [job_id]}).json()["succeeded"][0]
        path = self.path(f"/job-runs/{started['job_run_id']}")
        wait_until(lambda: self.desk.person.get(path).json()["finished_at"] is not None, 120, "the run did not end")
        lines = self.desk.person.stored_log(self.desk.workspace, started["job_run_id"])
        assert [line["line_num"] for line in lines] == list(range(len(lines)))
        return self.desk.person.get(path).json()["status"], [line["content"] for line in lines]


@pytest.fixture
def sent(desk: Desk) -> Sent:
    return Sent(desk)


def test_launcher_that_does_not_exist(sent: Sent) -> None:
    job = definition("job", job_ref="jobs.odd_launcher")
    job["entry_point"] = {**job["entry_point"], "launcher": f"{LAUNCHERS}.teleport"}  # pyright: ignore[reportGeneralTypeIssues]
    status, lines = sent.run(job)

    assert status == "failed"
    assert any("teleport" in line and "launcher" in line for line in lines), lines
    assert not any("reached" in line for line in lines)


def test_launcher_of_somebody_else(sent: Sent) -> None:
    job = definition("job", job_ref="jobs.foreign_launcher")
    job["entry_point"] = {**job["entry_point"], "launcher": "http.server"}  # pyright: ignore[reportGeneralTypeIssues]
    status, lines = sent.run(job)

    assert status == "failed"
    assert any("http.server" in line and "not one of dlt's" in line for line in lines), lines


def test_module_that_was_not_deployed(sent: Sent) -> None:
    status, lines = sent.run(definition("nowhere", "job"))

    assert status == "failed"
    assert any("nowhere" in line and "Deploy again" in line for line in lines), lines


def test_python_that_is_not_installed(sent: Sent) -> None:
    wanted = requirements("dlt[duckdb]==1.31.0", python="3.99")
    status, lines = sent.run(definition("job", job_ref="jobs.other_python"), wanted)

    assert status == "failed"
    assert any("Python 3.99 is not installed" in line and job_python() in line for line in lines), lines


def test_environment_without_the_launcher(sent: Sent) -> None:
    """The requirements name no dlt, so the launcher's module is not there."""
    content = json.loads(requirements())
    content["groups"] = {"main": ["six"]}
    status, lines = sent.run(definition("job", job_ref="jobs.no_dlt"), json.dumps(content).encode())

    assert status == "failed"
    assert any("No module named" in line and "dlt" in line for line in lines), lines
