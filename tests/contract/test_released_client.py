"""The harness itself: the released client starts as its own user, apart from ours."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contract.released_client import RealClient

pytestmark = pytest.mark.slow

WEATHER = Path(__file__).parents[2] / "examples" / "weather"

FACTS = """
import importlib.metadata, importlib.util, json, os
import dlt
import dlthub_sdk
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
print(json.dumps({
    "uid": os.getuid(),
    "home": os.environ["HOME"],
    "dlt": dlt.__version__,
    "client": importlib.metadata.version("dlthub-client"),
    "has_commercial": importlib.util.find_spec("dlthub") is not None,
    "global": Container()[PluggableRunContext].context.global_dir,
}))
"""


def test_version_is_the_pinned_one(real_client: RealClient) -> None:
    done = real_client.run("--version")

    assert done.code == 0, done.text
    assert "1.31.0" in done.text


def test_help_lists_the_commands_of_the_client(real_client: RealClient) -> None:
    done = real_client.run("--help", cwd=real_client.copy_workspace(WEATHER))

    assert done.code == 0, done.text
    for command in ("deploy", "login", "workspace", "job", "variable"):
        assert command in done.stdout


def test_it_runs_as_its_own_user_with_its_own_global_folder(real_client: RealClient) -> None:
    done = real_client.run_python(FACTS)
    facts = json.loads(done.stdout.splitlines()[-1])

    assert facts["uid"] == (os.getuid() if real_client.uid is None else real_client.uid)
    assert facts["global"].startswith(str(real_client.home))
    assert (facts["dlt"], facts["client"], facts["has_commercial"]) == ("1.31.0", "0.28.7", False)


def test_two_users_do_not_share_a_home(make_client: Callable[..., RealClient]) -> None:
    first, second = make_client(), make_client()
    (first.home / "secret").write_text("mine")
    first.own(first.home)
    done = second.run_python("import sys; print(open(sys.argv[1]).read())", str(first.home / "secret"))

    assert first.home != second.home
    if os.getuid() == 0:
        assert first.uid != second.uid
        assert "PermissionError" in done.stderr


def test_command_without_platform_fails_with_words(real_client: RealClient) -> None:
    workspace = real_client.copy_workspace(WEATHER)
    done = real_client.run("workspace", "info", cwd=workspace, seconds=240)

    assert done.code != 0
    assert "Traceback" not in done.text


def test_workspace_copy_belongs_to_the_user(real_client: RealClient) -> None:
    workspace = real_client.copy_workspace(WEATHER)
    done = real_client.run_python("open('.dlt/new', 'w').close(); print('written')", cwd=workspace)

    assert done.stdout.strip() == "written", done.stderr
    assert (workspace / ".dlt" / ".workspace").exists()


def test_questions_are_answered_in_a_pty(real_client: RealClient) -> None:
    workspace = real_client.copy_workspace(WEATHER)
    no = real_client.run_in_pty(["local", "clean"], [(r"proceed\? \[y/N\]", "n")], cwd=workspace)
    left = (workspace / ".dlt" / "data" / "dev").exists()
    yes = real_client.run_in_pty(["local", "clean"], [(r"proceed\? \[y/N\]", "y")], cwd=workspace)

    assert (no.code, left) == (0, True), no.stdout
    assert yes.code == 0, yes.stdout
    assert "Deleting" in yes.stdout, yes.stdout


def test_what_is_said_is_read_while_the_command_runs(real_client: RealClient) -> None:
    with real_client.started("local", "clean", cwd=real_client.copy_workspace(WEATHER), in_pty=True) as session:
        session.wait_for("will be deleted")
        running = session.process.poll() is None
        outcome = session.interrupt(30)

    assert running
    assert outcome.code != 0


def test_waiting_for_what_never_comes_fails_with_what_was_said(real_client: RealClient) -> None:
    workspace = real_client.copy_workspace(WEATHER)
    with (
        real_client.started("login", cwd=workspace) as session,
        pytest.raises(AssertionError, match="could not be reached"),
    ):
        session.wait_for("something else")
