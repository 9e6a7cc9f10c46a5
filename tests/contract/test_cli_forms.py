"""Forms of the released command line that no other file here uses: groups' own flags, versions by number, outputs."""

from __future__ import annotations

import json
import re

import pytest
from tests.acceptance.installations import Desk, Installation
from tests.acceptance.platforms import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    ".dlt/staging.config.toml": "",
    "__deployment__.py": '"""Jobs to play with."""\nfrom works import *\n',
    "other.py": "from works import twin\n\n__all__ = ['twin']\n",
    "works.py": """
import time
import dlt
import dlt.hub.run as run

__all__ = ["loads", "twin", "slow", "weighs", "nightly"]

@run.pipeline("numbers")
def loads():
    dlt.pipeline("numbers", destination="duckdb", dataset_name="digits").run([{"n": 1}], table_name="digit")
    print("loaded", run.__name__)

@run.job
def twin():
    print("twin")

@run.job(execute={"timeout": {"grace_period": 1.0}})
def slow():
    print("slowly", flush=True)
    while True:
        time.sleep(0.05)

@run.job
def weighs():
    return run.result({"grams": 7}, type="weight")

@run.job(trigger="schedule:0 3 1 1 *")
def nightly():
    print("night")
""",
}


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """A small workspace in eu1 with its first deploy."""
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    said(desk, "deploy", "--timestamps")
    return desk


def said(desk: Desk, *words: str, code: int = 0) -> str:
    """What a command says when it ends as it should."""
    done = desk.run(*words)
    assert done.code == code, done.text
    assert "Traceback" not in done.text
    return done.text


def test_groups_print_whole_times(desk: Desk) -> None:
    said(desk, "run", "twin", "-f", "--timestamps")
    said(desk, "variable", "set", "HARBOUR", "--value", "calm", "--plain", "--workspace")

    assert ISO.search(said(desk, "job", "--timestamps", "runs", "list", "twin"))
    assert ISO.search(said(desk, "job", "--timestamps", "logs", "twin"))
    assert ISO.search(said(desk, "workspace", "--timestamps", "deployment", "list"))
    assert ISO.search(said(desk, "variable", "--timestamps", "list"))


def test_workspace_deploy_has_the_flags_of_deploy(desk: Desk) -> None:
    shown = said(desk, "workspace", "deploy", "--show-manifest", "--deployment", "other.py")
    before = desk.total("jobs")
    tried = said(desk, "workspace", "deploy", "--deployment", "other.py", "--dry-run")

    assert "jobs.works.twin" in shown
    assert "jobs.works.loads" not in shown
    assert "twin" in tried
    assert desk.total("jobs") == before


def test_versions_by_number(desk: Desk) -> None:
    (desk.folder / "added.py").write_text("ADDED = 1\n")
    before = desk.total("deployments")
    tried = said(desk, "workspace", "deployment", "sync", "--dry-run", "-v"), desk.total("deployments")
    synced = said(desk, "workspace", "deployment", "sync", "--verbose")
    again = said(desk, "workspace", "deployment", "sync")
    first, second = said(desk, "workspace", "deployment", "1", "info"), said(desk, "workspace", "deployment", "info")
    missing = said(desk, "workspace", "deployment", "77", "info", code=255)
    listed = said(desk, "workspace", "deployment", "list")

    assert tried[1] == before
    assert tried[0] != synced
    assert "No changes detected in the deployment" in again
    assert desk.total("deployments") == before + 1
    assert first != second
    assert "77" in missing
    assert len(re.findall(r"^\W*\d+\b", listed, re.MULTILINE)) >= 2, listed


def test_runs_by_number_and_by_the_newest(desk: Desk) -> None:
    said(desk, "job", "run", "weighs", "--follow")
    said(desk, "job", "run", "weighs", "-f")
    first = said(desk, "job", "runs", "info", "weighs", "1")
    whole = said(desk, "job", "runs", "result", "weighs", "2", "--json")
    payload = said(desk, "job", "runs", "result", "weighs", "--json", "--only-payload")
    plain = said(desk, "job", "runs", "result", "weighs", "1")
    shown = said(desk, "job", "runs", "show", "weighs")
    by_number = said(desk, "job", "runs", "show", "weighs", "1")
    none = said(desk, "job", "runs", "result", "twin", code=255)
    listed = said(desk, "job", "runs", "list", "weighs")

    assert "completed" in first
    assert json.loads(whole[whole.index("{") :])["result"] == {"grams": 7}
    assert json.loads(payload[payload.index("{") :]) == {"grams": 7}
    assert "grams" in plain
    assert shown != by_number
    assert "declared no job result" in none
    assert "2" in listed


def test_running_runs_are_followed_and_cancelled(desk: Desk) -> None:
    said(desk, "job", "trigger", "slow")
    wait_until(lambda: desk.runs("jobs.works.slow")[0]["status"] == "running")
    with desk.person.client.started("job", "runs", "logs", "slow", "1", "-f", cwd=desk.folder) as session:
        session.wait_for("slowly")
        running = said(desk, "job", "runs", "list", "--running")
        cancelled = said(desk, "job", "runs", "cancel", "slow", "1")
        followed = session.wait()

    assert "slow" in running
    assert "cancel" in cancelled.lower()
    assert followed.code == 1, followed.text
    wait_until(lambda: desk.runs("jobs.works.slow")[0]["status"] == "cancelled")


def test_pipelines_are_run_with_all_flags(desk: Desk) -> None:
    done = said(
        desk, "pipeline", "run", "numbers", "--job-ref", "jobs.works.loads", "--refresh", "--follow", "--timestamps"
    )

    assert "loaded" in done
    assert ISO.search(done)


def test_runs_of_other_modules_with_all_flags(desk: Desk) -> None:
    words = ("twin", "--deployment", "other.py", "--job-ref", "jobs.works.twin", "--refresh", "--timestamps", "-f")

    assert "twin" in said(desk, "run", *words)
    assert "twin" in said(desk, "job", "run", *words)
    assert "nightly" in said(desk, "deploy"), "the other module has archived nothing that this one needs"


def test_lists_by_selector(desk: Desk) -> None:
    scheduled = said(desk, "job", "list", "schedule:")
    batch = said(desk, "job", "list", "batch", "--archived")

    assert "nightly" in scheduled
    assert "twin" not in scheduled
    assert "twin" in batch


def test_profiles_of_the_folder(desk: Desk) -> None:
    listed, info = said(desk, "profile", "list"), said(desk, "profile", "info")

    assert {"prod", "dev"} <= set(re.findall(r"\w+", listed))
    assert "dev" in info


def test_another_deployment_module_is_read_and_not_run(desk: Desk) -> None:
    shown = said(desk, "deploy", "--deployment", "other.py", "--show-manifest")
    tried = said(desk, "deploy", "--deployment", "other.py", "--dry-run", "--timestamps")

    assert "jobs.works.twin" in shown
    assert "jobs.works.loads" not in shown
    assert "twin" in tried
    assert "loads" in said(desk, "job", "list")


def test_jobs_run_by_pipeline_and_by_ref(desk: Desk) -> None:
    by_pipeline = said(desk, "pipeline", "run", "numbers", "-f", "--timestamps")
    by_ref = said(desk, "job", "run", "works.py", "--job-ref", "jobs.works.twin", "-f", "--refresh")

    assert "loaded" in by_pipeline
    assert "twin" in by_ref
    assert "twin" in said(desk, "job", "runs", "logs", "twin", "1")
    assert "/runs/" in said(desk, "job", "runs", "show", "twin", "1")
    assert "/pipelines/numbers" in said(desk, "pipeline", "show", "numbers")


def test_pages_are_named_on_the_control_plane(desk: Desk) -> None:
    page = f"{desk.person.platform.control_plane}/w/{desk.workspace['id']}"

    assert page in said(desk, "show")
    assert page in said(desk, "workspace", "show")


def test_configurations_are_listed_described_and_synced(desk: Desk) -> None:
    assert "1" in said(desk, "workspace", "configuration", "list")
    assert "prod" in said(desk, "workspace", "configuration", "info")
    assert "prod" in said(desk, "workspace", "configuration", "1", "info")
    (desk.folder / ".dlt" / "prod.config.toml").write_text("[runtime]\nlog_level = 'INFO'\n")
    before = desk.total("configurations")
    said(desk, "workspace", "configuration", "sync", "--dry-run", "-v")
    tried = desk.total("configurations")
    said(desk, "workspace", "configuration", "sync", "-v")

    assert (tried, desk.total("configurations")) == (before, before + 1)


def test_global_flags(desk: Desk) -> None:
    for flags in (("--debug",), ("--no-pwd",), ("-v",), ("-y",), ("--non-interactive",)):
        assert "works" in said(desk, *flags, "workspace", "list")


def test_workspace_of_a_named_organization_is_connected(desk: Desk) -> None:
    folder = desk.person.empty_workspace("elsewhere")
    words = ("--non-interactive", "workspace", "connect", "works", "--org-id", desk.workspace["organization_id"])

    done = desk.person.client.run(*words, cwd=folder)

    assert done.code == 0, done.text
    assert desk.workspace["id"] in (folder / ".dlt" / "config.toml").read_text()


def test_version_is_printed(desk: Desk) -> None:
    assert re.search(r"dlthub \d+\.\d+\.\d+", said(desk, "--version"))


def test_unknown_words_are_refused(desk: Desk) -> None:
    for words, code in (
        (("job", "info", "nothing"), 255),
        (("job", "runs", "info", "twin", "77"), 255),
        (("job", "show", "nothing"), 255),
        (("run", "nothing"), 255),
        (("pipeline", "run", "nothing"), 255),
        (("workspace", "configuration", "77", "info"), 255),
    ):
        assert said(desk, *words, code=code)
    assert "not paused" in said(desk, "job", "resume", "twin")
