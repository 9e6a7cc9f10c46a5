"""Commands and flags of the released command line that no other file here uses (Contract: 8.2)."""

from __future__ import annotations

import pytest
from tests.acceptance.installations import Desk, Installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(600)]

FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": '"""Jobs to play with."""\nfrom works import *\n',
    "other.py": "from works import twin\n\n__all__ = ['twin']\n",
    "works.py": """
import dlt
import dlt.hub.run as run

__all__ = ["loads", "twin"]

@run.pipeline("numbers")
def loads():
    dlt.pipeline("numbers", destination="duckdb", dataset_name="digits").run([{"n": 1}], table_name="digit")
    print("loaded", run.__name__)

@run.job
def twin():
    print("twin")
""",
}


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    """A small workspace in us1 with its first deploy."""
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "us1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))
    said(desk, "workspace", "deploy")
    return desk


def said(desk: Desk, *words: str, code: int = 0) -> str:
    """What a command says when it ends as it should."""
    done = desk.run(*words)
    assert done.code == code, done.text
    return done.text


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
