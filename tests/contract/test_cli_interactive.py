"""The released command line asks in a terminal, serves apps, publishes them, and opens the dashboard."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest
from tests.acceptance.installations import Desk, Installation
from tests.acceptance.platforms import wait_until
from tests.contract.released_client import Session

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

STYLE = r"(?:\x1b\[\d*m)*"
SECRET = "curlew-garnet-5512-weir"
APP = """
import http.server
import dlt.hub.run as run

__all__ = ["stall"]

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"apples")

@run.interactive
def stall(run_context: run.TJobRunContext):
    print("open", flush=True)
    http.server.ThreadingHTTPServer(("0.0.0.0", run_context["run_args"]["port"]), Handler).serve_forever()
"""
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": '"""Jobs to play with."""\nfrom works import *\n',
    "works.py": """
import dlt.hub.run as run

__all__ = ["told", "twin"]

@run.job
def told(mood: str = "calm"):
    print("told", mood)

@run.job(expose={"tags": ["short"]})
def twin():
    print("twin")
""",
    "shop.py": APP,
    "other.py": "from shop import *\n",
}


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """A small workspace in us1, deployed."""
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "us1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    assert desk.run("deploy").code == 0
    return desk


@contextmanager
def serving(desk: Desk, *words: str) -> Generator[Session]:
    """A command that serves an app, whose runs are cancelled at the end."""
    with desk.person.client.started(*words, cwd=desk.folder) as session:
        yield session
    assert desk.run("job", "cancel", "stall").code == 0
    wait_until(lambda: all(run["finished_at"] for run in desk.runs("jobs.shop.stall")))


def test_workspace_is_picked_from_the_list(desk: Desk) -> None:
    folder = desk.person.empty_workspace("picked")
    with desk.person.client.started("workspace", "connect", cwd=folder, in_pty=True) as session:
        listed = session.wait_for(rf"\[(\d+)\]{STYLE} {STYLE}works")
        session.wait_for("select a workspace")
        session.answer(listed[1])
        done = session.wait()

    assert done.code == 0, done.text
    assert desk.workspace["id"] in (folder / ".dlt" / "config.toml").read_text()


def test_workspace_is_made_from_the_list(desk: Desk) -> None:
    folder = desk.person.empty_workspace("made")
    with desk.person.client.started("workspace", "connect", cwd=folder, in_pty=True) as session:
        place = session.wait_for(rf"organization {STYLE}orchard[\s\S]*?\[(\d+)\]{STYLE} create new workspace")
        session.wait_for("select a workspace")
        session.answer(place[1])
        session.wait_for("workspace name")
        session.answer("cellar")
        session.wait_for("description")
        session.answer("for the winter")
        done = session.wait()
    found = desk.person.get(f"/organizations/{desk.workspace['organization_id']}/workspaces").json()["items"]

    assert done.code == 0, done.text
    assert [one["description"] for one in found if one["name"] == "cellar"] == ["for the winter"]


def test_missing_workspace_is_made_when_one_agrees(desk: Desk) -> None:
    folder = desk.person.empty_workspace("agreed")
    words = ["workspace", "connect", "attic", "--org-id", desk.workspace["organization_id"]]
    declined = desk.person.client.run_in_pty(words, [(r"create it in .*\[y/N\]", "n")], cwd=folder)
    agreed = desk.person.client.run_in_pty(words, [(r"create it in .*\[y/N\]", "y")], cwd=folder)

    assert declined.code != 0, declined.text
    assert agreed.code == 0, agreed.text
    assert "workspace_id" in (folder / ".dlt" / "config.toml").read_text()


def test_value_is_typed_unseen_and_its_removal_confirmed(desk: Desk) -> None:
    client, cwd = desk.person.client, desk.folder
    typed = client.run_in_pty(
        ["variable", "set", "API__TOKEN", "--secret", "--profile", "prod"], [("value for API__TOKEN", SECRET)], cwd=cwd
    )
    listed = desk.run("variable", "list", "--profile", "prod")
    words = ["variable", "delete", "API__TOKEN", "--profile", "prod"]
    kept = client.run_in_pty(words, [(r"delete .*\[y/N\]", "n")], cwd=cwd)
    still = desk.run("variable", "list")
    removed = client.run_in_pty(words, [(r"delete .*\[y/N\]", "y")], cwd=cwd)
    after = desk.run("variable", "list", "--workspace")

    assert typed.code == 0, typed.text
    assert SECRET not in typed.text + listed.text
    assert "API__TOKEN" in listed.text
    assert kept.code == 0, kept.text
    assert "API__TOKEN" in still.text
    assert removed.code == 0, removed.text
    assert "No variables set" in after.text or "API__TOKEN" not in after.text


def test_what_cannot_be_asked_is_an_error(desk: Desk) -> None:
    for words, said in (
        (("--non-interactive", "variable", "set", "QUIET", "--plain", "--workspace"), "No value for QUIET on stdin"),
        (("--non-interactive", "variable", "delete", "QUIET", "--workspace"), "cannot prompt to delete QUIET"),
        (("variable", "set", "QUIET", "--value", "x", "--workspace"), "--plain"),
        (("variable", "set", "QUIET", "--value", "x", "--plain"), "--workspace"),
    ):
        done = desk.run(*words)
        assert done.code != 0, done.text
        assert said in done.text
        assert "Traceback" not in done.text


def test_one_of_several_jobs_is_picked(desk: Desk) -> None:
    done = desk.person.client.run_in_pty(["run", "batch", "-f"], [("pick a job", "2")], cwd=desk.folder, seconds=240)
    refused = desk.run("run", "batch")

    assert done.code == 0, done.text
    assert "2 jobs match" in done.text
    assert refused.code == 255, refused.text


def test_app_is_served_published_and_withdrawn(desk: Desk) -> None:
    with serving(desk, "serve", "stall", "--deployment", "other.py", "--job-ref", "jobs.shop.stall", "-f",
                 "--timestamps") as session:  # fmt: skip
        session.wait_for("open")
        published = desk.run("job", "publish", "stall")
        again = desk.run("job", "publish", "stall")
        withdrawn = desk.run("job", "publish", "stall", "--cancel")
        repeated = desk.run("job", "publish", "stall", "--cancel")
    address = re.search(r"http://\S+/public/\S+", published.text)

    assert published.code == 0, published.text
    assert address is not None
    assert "already enabled" in again.text
    assert (withdrawn.code, "disabled successfully" in withdrawn.text) == (0, True), withdrawn.text
    assert "deprecated" in withdrawn.text
    assert (repeated.code, "already disabled" in repeated.text) == (0, True), repeated.text
    assert httpx.get(address[0], timeout=240).status_code == 404


def test_app_is_served_by_the_job_group_too(desk: Desk) -> None:
    with serving(desk, "job", "serve", "stall", "--follow", "--deployment", "other.py", "--timestamps",
                 "--job-ref", "jobs.shop.stall") as session:  # fmt: skip
        session.wait_for("open")
        listed = desk.run("job", "runs", "list", "stall", "--running")
        cancelled = desk.run("job", "runs", "cancel", "stall", "2")

    assert "running" in listed.text
    assert cancelled.code == 0, cancelled.text


def test_dashboard_is_opened(desk: Desk) -> None:
    opened = desk.run("workspace", "dashboard")
    again = desk.run("dashboard")

    for done in (opened, again):
        assert done.code == 0, done.text
        assert re.search(r"http://\S+", done.text), done.text


def test_dashboard_of_an_empty_workspace_needs_a_deployment(desk: Desk) -> None:
    person = desk.person
    workspace = person.make_workspace(desk.workspace["organization_id"], "empty")
    files = {"requirements.txt": "dlt[duckdb]==1.31.0\n"}
    empty = Desk(person, workspace, person.connected(person.empty_workspace("empty", files), workspace))
    done = empty.run("dashboard")

    assert "Dashboard not deployed" in done.text
    assert (done.code, "Traceback" in done.text) == (255, False)
    assert empty.total("jobs") == 0
