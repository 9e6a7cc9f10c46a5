"""The released command line triggers, follows, cancels and pauses jobs, and sets what they are given."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from tests.acceptance.installations import Desk, Installation
from tests.acceptance.platforms import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

PLAIN = "visible-harbour-value"
SECRET = "otter-cobalt-9930-lattice"
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    ".dlt/staging.config.toml": "",
    "__deployment__.py": '"""Jobs to play with."""\nfrom works import *\n',
    "works.py": """
import os, time
import dlt.hub.run as run

__all__ = ["slow", "told", "twin", "nightly"]

@run.job(expose={"tags": ["long"]}, execute={"timeout": {"grace_period": 1.0}})
def slow():
    for number in range(3):
        print("tick", number, flush=True)
    while True:  # until it is cancelled
        time.sleep(0.05)

@run.job(expose={"tags": ["short", "ingest"]})
def told():
    for name in ("HARBOUR", "BOAT", "API__TOKEN"):
        print(name, os.environ.get(name), flush=True)
    print("split", " ".join(os.environ.get("API__TOKEN", "")), flush=True)

@run.job(expose={"tags": ["short"]})
def twin():
    print("twin")

@run.job(trigger="schedule:0 3 1 1 *")
def nightly():
    print("night")
""",
}


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """A small workspace in us1, deployed, with its environment built by a first run."""
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "us1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    deployed = desk.run("deploy")
    assert deployed.code == 0, deployed.text
    warmed = desk.run("run", "twin", "-f")
    assert warmed.code == 0, warmed.text
    return desk


@pytest.fixture
def running(desk: Desk) -> dict[str, Any]:
    """A run of the slow job, which has printed and goes on; whoever takes it ends it."""
    triggered = desk.run("job", "trigger", "slow")
    assert triggered.code == 0, triggered.text
    wait_until(lambda: desk.runs("jobs.works.slow")[0]["status"] == "running")
    run = desk.runs("jobs.works.slow")[0]
    wait_until(lambda: "tick 2" in last_lines(desk, run), what="the job does not print")
    return run


def last_lines(desk: Desk, run: dict[str, Any]) -> str:
    path = f"/own/v1/workspaces/{desk.workspace['id']}/job-runs/{run['id']}/lines?from_line=-5&limit=5"
    return desk.person.in_region("GET", desk.workspace, path).text


def ended(desk: Desk, run: dict[str, Any], status: str) -> bool:
    path = f"/workspaces/{desk.workspace['id']}/job-runs/{run['id']}"
    wait_until(lambda: desk.person.get(path).json()["finished_at"] is not None, what="the run did not end")
    return desk.person.get(path).json()["status"] == status


def test_trigger_by_name_tag_and_several(desk: Desk) -> None:
    before = len(desk.runs("jobs.works.told")), len(desk.runs("jobs.works.twin"))
    dry = desk.run("job", "trigger", "tag:ingest", "--dry-run")
    between = len(desk.runs("jobs.works.told"))
    tagged = desk.run("job", "trigger", "tag:short")
    both = len(desk.runs("jobs.works.told")), len(desk.runs("jobs.works.twin"))
    nobody = desk.run("job", "trigger", "tag:nowhere")

    assert dry.code == 0, dry.text
    assert "told" in dry.text
    assert between == before[0], "a dry run starts nothing"
    assert tagged.code == 0, tagged.text
    assert both == (before[0] + 1, before[1] + 1)
    assert desk.runs("jobs.works.told")[0]["trigger"] == "tag:short"
    assert "No jobs matched the selector(s)" in nobody.text
    for job in ("told", "twin"):
        assert ended(desk, desk.runs(f"jobs.works.{job}")[0], "completed")


def test_trigger_takes_a_profile(desk: Desk) -> None:
    done = desk.run("job", "trigger", "told", "--profile", "staging")
    run = desk.runs("jobs.works.told")[0]
    unknown = desk.run("job", "trigger", "told", "--profile", "moon")

    assert done.code == 0, done.text
    assert run["profile"] == "staging"
    assert ended(desk, run, "completed")
    assert unknown.code != 0, unknown.text
    assert "moon" in unknown.text


def test_live_log_is_replayed_and_followed_and_the_run_cancelled(desk: Desk, running: dict[str, Any]) -> None:
    replayed = desk.run("job", "logs", "slow", seconds=240)
    second = desk.run("job", "trigger", "slow")
    listed = desk.run("job", "runs", "list", "--running")
    with desk.person.client.started("job", "logs", "slow", "-f", cwd=desk.folder) as session:
        session.wait_for(r"\[user\] {3}tick 2")
        cancelled = desk.run("job", "runs", "cancel", "slow")
        followed = session.wait()
    again = desk.run("job", "runs", "cancel", "slow")

    assert (replayed.code, "tick 2" in replayed.text) == (0, True), replayed.text
    assert "Concurrency limit reached for this job" in second.text
    assert "0 job(s) triggered, 1 skipped" in second.text
    assert "works.slow" in listed.text
    assert len([run for run in desk.runs("jobs.works.slow") if run["number"] >= running["number"]]) == 1
    assert cancelled.code == 0, cancelled.text
    assert followed.code == 1, followed.text
    assert "cancelled" in followed.text
    assert ended(desk, running, "cancelled")
    assert again.code != 0, again.text


def test_a_run_that_was_cancelled_before_it_started_has_an_empty_log(desk: Desk) -> None:
    desk.person.platform.admin("data-plane", "drain", "us1")
    try:
        triggered = desk.run("job", "trigger", "twin")
        cancelled = desk.run("job", "runs", "cancel", "twin")
    finally:
        desk.person.platform.admin("data-plane", "resume", "us1")
    run = desk.runs("jobs.works.twin")[0]
    followed = desk.run("job", "logs", "twin", "-f")

    assert (triggered.code, cancelled.code) == (0, 0), cancelled.text
    assert (run["status"], run["started_at"]) == ("cancelled", None)
    assert followed.code == 1, followed.text
    assert "Streaming logs for run (status: cancelled)" in followed.text
    assert "End of log stream" in followed.text
    assert "ERROR" not in followed.text


def test_cancel_by_selector_ends_what_matches(desk: Desk, running: dict[str, Any]) -> None:
    dry = desk.run("job", "cancel", "tag:long", "--dry-run")
    still = desk.runs("jobs.works.slow")[0]["status"]
    done = desk.run("job", "cancel", "tag:long")

    assert dry.code == 0, dry.text
    assert still == "running"
    assert done.code == 0, done.text
    assert ended(desk, running, "cancelled")
    lines = [line["content"] for line in desk.person.stored_log(desk.workspace, running["id"])]
    assert [line for line in lines if line.startswith("tick")][:3] == ["tick 0", "tick 1", "tick 2"]


def test_schedule_is_paused_and_resumed(desk: Desk) -> None:
    paused = desk.run("job", "pause", "nightly")
    again = desk.run("job", "pause", "nightly")
    listed = desk.run("job", "list")
    resumed = desk.run("job", "resume", "nightly")
    unscheduled = desk.run("job", "pause", "twin")

    assert paused.code == 0, paused.text
    assert "are paused until you resume schedule" in paused.text
    assert "are already paused" in again.text
    assert "paused" in listed.text
    assert "are resumed" in resumed.text
    assert unscheduled.code != 0, unscheduled.text


def test_variables_are_set_listed_given_to_jobs_and_deleted(desk: Desk) -> None:
    empty = desk.run("variable", "list")
    for words in (
        ("HARBOUR", "--value", PLAIN, "--plain", "--workspace"),
        ("BOAT", "--value", "of the workspace", "--plain", "--workspace"),
        ("BOAT", "--value", "of the profile", "--plain", "--profile", "prod"),
        ("API__TOKEN", "--value", SECRET, "--secret", "--profile", "prod"),
    ):
        done = desk.run("variable", "set", *words)
        assert done.code == 0, done.text
    listed = desk.run("variable", "list")
    of_profile = desk.run("variable", "list", "--profile", "prod")
    told = desk.run("run", "told", "-f")
    removed = desk.run("-y", "variable", "delete", "HARBOUR", "--workspace")
    missing = desk.run("-y", "variable", "delete", "HARBOUR", "--workspace")
    allowed = desk.run("-y", "variable", "delete", "HARBOUR", "--workspace", "--allow-missing")
    after = desk.run("variable", "list")

    assert "No variables set." in empty.text
    assert PLAIN in listed.text
    assert "API__TOKEN" in listed.text
    assert SECRET not in listed.text
    assert "HARBOUR" not in of_profile.text
    assert told.code == 0, told.text
    assert f"HARBOUR {PLAIN}" in told.text
    assert "BOAT of the profile" in told.text
    assert "API__TOKEN [masked:API__TOKEN]" in told.text
    assert SECRET not in told.text
    assert (removed.code, missing.code != 0, allowed.code) == (0, True, 0), removed.text + missing.text + allowed.text
    assert "HARBOUR" not in after.text
    assert "API__TOKEN" in after.text


def test_secret_is_in_no_line_of_any_log(desk: Desk) -> None:
    runs = desk.person.get(f"/workspaces/{desk.workspace['id']}/job-runs", limit=100).json()["items"]
    lines = [
        line
        for run in runs
        if run["started_at"] and run["finished_at"]
        for line in desk.person.stored_log(desk.workspace, run["id"])
    ]

    assert len(lines) > 20
    assert not [line for line in lines if SECRET in line["content"]]


@pytest.mark.parametrize("name", ["PATH", "RUNTIME__RUN_ID", "SEND__ARTIFACTS__BUCKET_URL", "RUNTIME__DLTHUB_DSN"])
def test_reserved_names_are_refused(desk: Desk, name: str) -> None:
    done = desk.run("variable", "set", name, "--value", "anything", "--plain", "--workspace")

    assert done.code == 255, done.text
    assert "this name is reserved for the platform" in done.text


def test_web_addresses_are_printed(desk: Desk) -> None:
    job, workspace = desk.run("job", "show", "twin"), desk.run("show")
    address = re.search(rf"http://\S+/w/{desk.workspace['id']}/jobs/\S+", job.text)

    assert address is not None, job.text
    assert f"/w/{desk.workspace['id']}" in workspace.text
    assert "dlthub-tui" in httpx.get(address[0], timeout=240).text, "which says where to look instead"


def test_interactive_jobs_are_published_and_taken_back(desk: Desk) -> None:
    shown = desk.run("job", "info", "workspace.dashboard")
    published = desk.run("job", "publish", "workspace.dashboard")
    address = re.search(r"http://\S+/public/\S+", published.text)
    assert address is not None, published.text
    before = httpx.get(address[0], timeout=240)
    taken_back = desk.run("job", "unpublish", "workspace.dashboard")
    after = httpx.get(address[0], timeout=240)

    assert "interactive" in shown.text
    assert (published.code, taken_back.code) == (0, 0), taken_back.text
    assert (before.status_code, before.headers["location"]) == (
        303, address[0].replace(desk.person.platform.control_plane, desk.workspace["dataplane_url"])
    )  # fmt: skip
    assert after.status_code == 404


def test_what_cannot_be_is_said_in_a_line(desk: Desk) -> None:
    for words, said in (
        (("job", "publish", "twin"), "[job_not_interactive]"),
        (("job", "runs", "info", "twin", "777"), "Run number 777 not found"),
        (("job", "logs", "nightly"), "No runs executed for this job"),
        (("variable", "set", "S", "--secret", "--workspace", "--value", ""), "A secret needs a value"),
    ):
        done = desk.run(*words)
        assert (done.code, said in done.text) == (255, True), done.text
        assert "Traceback" not in done.text


def test_refresh_is_taken(desk: Desk) -> None:
    done = desk.run("job", "trigger", "twin", "--refresh")

    assert done.code == 0, done.text
    assert "1 job(s) triggered, 0 skipped" in done.text
    assert ended(desk, desk.runs("jobs.works.twin")[0], "completed")


def test_folder_without_workspace_is_connected_to_the_only_one(desk: Desk) -> None:
    folder = desk.person.empty_workspace("unconnected")
    done = desk.person.client.run("--non-interactive", "job", "list", cwd=folder)

    assert done.code == 0, done.text
    assert "Auto-connected to workspace: works (orchard)" in done.text
    assert "works.twin" in done.text
