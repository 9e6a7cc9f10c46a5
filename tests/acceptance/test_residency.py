"""What is planted in an eu1 workspace is in eu1 and nowhere else; its secrets are in no log and no file at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.acceptance.installations import Desk
from tests.acceptance.marks import Marks, search, search_memory
from tests.acceptance.platforms import wait_until
from tests.acceptance.seattle import data_folder
from tests.acceptance.split import SplitInstallation, split_installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

# Words of a user's world that the control plane is told, and nothing else (Contract: D.16).
TOLD = Marks("description", "docstring", "tag", "job", "pipeline", "dataset")
KEPT = Marks(
    *("comment", "constant", "helper_docstring", "file_name", "folder_name", "file_content", "toml_value"),
    *("toml_section", "variable_value", "variable_name", "stdout", "stderr", "result", "exception"),
    *("pipeline_exception", "table", "column", "row", "resource"),
)
SECRETS = Marks("secret_variable", "secret_toml", "secret_member")


def glued(word: str) -> str:
    """Source of an expression that is the word, without the word in the source."""
    return f'"".join(("{word[:11]}", "{word[11:]}"))'


def files() -> dict[str, str]:
    helper = f"helper_{KEPT['file_name']}"
    return {
        "requirements.txt": "dlt[duckdb]==1.31.0\n",
        "__deployment__.py": f'"""{TOLD["description"]}"""\nfrom works import *\n',
        f"{helper}.py": f'"""{KEPT["helper_docstring"]}"""\n# {KEPT["comment"]}\nCONSTANT = "{KEPT["constant"]}"\n',
        f"notes_{KEPT['folder_name']}/notes.csv": f"a,b\n{KEPT['file_content']},2\n",
        ".dlt/prod.config.toml": f'[sources.{KEPT["toml_section"]}]\nword = "{KEPT["toml_value"]}"\n',
        ".dlt/prod.secrets.toml": (
            f'[jobs.works]\napi_token = "{SECRETS["secret_toml"]}"\n'
            f'account = \'{{"user": "ada", "private": "{SECRETS["secret_member"]}"}}\'\n'
        ),
        "works.py": f"""
import base64, os, sys, time
import dlt
import dlt.hub.run as run
import {helper}

__all__ = ["{TOLD["job"]}", "fails", "fails_in_pipeline", "lives"]

@dlt.resource(name="{KEPT["resource"]}", table_name="{KEPT["table"]}")
def rows():
    yield {{"{KEPT["column"]}": "{KEPT["row"]}"}}

@run.pipeline("{TOLD["pipeline"]}", expose={{"tags": ["{TOLD["tag"]}"]}})
def {TOLD["job"]}(api_token: str = dlt.secrets.value, account: str = dlt.secrets.value):
    '''{TOLD["docstring"]}'''
    print({glued(KEPT["stdout"])}, flush=True)
    print({glued(KEPT["stderr"])}, file=sys.stderr, flush=True)
    variable = os.environ["API__TOKEN"]
    for secret in (api_token, account, variable):
        print("printed", secret, secret[::-1][::-1], repr(secret))
        for offset in range(3):
            print("coded", base64.b64encode(b"x" * offset + secret.encode()).decode())
        print("hex", secret.encode().hex())
    pipeline = dlt.pipeline("{TOLD["pipeline"]}", destination="duckdb", dataset_name="{TOLD["dataset"]}")
    pipeline.run(rows())
    return run.result({{"value": {glued(KEPT["result"])}, "token": api_token, "variable": variable}})

@run.job
def fails(api_token: str = dlt.secrets.value):
    raise ValueError({glued(KEPT["exception"])} + api_token + os.environ["API__TOKEN"])

@run.pipeline("numbers")
def fails_in_pipeline(api_token: str = dlt.secrets.value):
    @dlt.resource
    def broken():
        raise ValueError({glued(KEPT["pipeline_exception"])} + api_token)
        yield 1
    dlt.pipeline("numbers", destination="duckdb", dataset_name="numbers").run(broken())

@run.job
def lives():
    print("alive", os.environ["API__TOKEN"], flush=True)
    while not os.path.exists(".dlt/data/prod/go"):
        time.sleep(0.05)
""",
    }


@pytest.fixture(scope="module")
def split() -> Generator[SplitInstallation]:
    with split_installation() as running:
        yield running


@pytest.fixture(scope="module")
def desk(split: SplitInstallation) -> Desk:
    """Everything was deployed, set, run, read and listed, by the released client."""
    owner = split.installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", files()), workspace))
    variable = KEPT["variable_name"].upper()
    commands = (
        (0, "deploy"),
        (0, "variable", "set", variable, "--value", KEPT["variable_value"], "--plain", "--workspace"),
        (0, "variable", "set", "API__TOKEN", "--value", SECRETS["secret_variable"], "--secret", "--profile", "prod"),
        (0, "run", TOLD["job"], "-f"),
        (1, "run", "fails", "-f"),
        (1, "run", "fails_in_pipeline", "-f"),
        (0, "job", "logs", TOLD["job"]),
        (0, "job", "runs", "result", TOLD["job"], "--json"),
        (0, "job", "runs", "list"),
        (0, "job", "info", TOLD["job"]),
        (0, "variable", "list"),
        (0, "workspace", "info"),
        (0, "workspace", "deployment", "sync", "--dry-run", "-v"),
    )
    for code, *words in commands:
        done = desk.run(*words)
        assert done.code == code, done.text
        assert not [name for name, word in SECRETS.words.items() if word in done.text], done.text
    return desk


def test_words_are_found_where_they_belong(split: SplitInstallation, desk: Desk) -> None:
    """That the search finds nothing elsewhere means something only if it finds these."""
    assert desk.workspace["dataplane_id"] == "eu1"
    here = search(split.homes["eu1"], KEPT.words)

    sealed = {"toml_value", "toml_section", "variable_value"}
    assert set(here) == set(KEPT.words) - sealed, "configurations and variables are sealed"
    for name in ("result", "pipeline_exception", "column"):
        assert any("region.db!" in path for path in here[name]), "compressed results and traces are read too"
    assert any("!blobs!" in path or path.startswith("data!eu1!blobs") for path in here["comment"]), "and archives"
    assert set(search(split.traffic, TOLD.words)) == set(TOLD.words)
    assert set(search(split.homes["control"], TOLD.words)) == set(TOLD.words)


@pytest.mark.parametrize("place", ["control", "us1"])
def test_nothing_of_the_workspace_is_in_other_planes(split: SplitInstallation, desk: Desk, place: str) -> None:
    assert desk.workspace["dataplane_id"] == "eu1"
    assert search(split.homes[place], {**KEPT.words, **SECRETS.words}) == {}


def test_nothing_of_the_workspace_passed_through_the_control_plane(split: SplitInstallation, desk: Desk) -> None:
    assert desk.workspace["dataplane_id"] == "eu1"
    heads = b"".join(record.read_bytes() for record in split.traffic.glob("*.*"))

    assert search(split.traffic, {**KEPT.words, **SECRETS.words}) == {}
    for call in (b"POST /link/v1/-poll", b"/-deploy HTTP", b"/-issue-upload HTTP", b"/pipeline-runs/"):
        assert call in heads, "the record is of everything"
    assert not re.search(rb"(?im)^(content-encoding|transfer-encoding):", heads), "nothing was hidden by an encoding"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads another process's memory")
def test_nothing_of_the_workspace_is_in_the_control_planes_memory(split: SplitInstallation, desk: Desk) -> None:
    assert desk.workspace["dataplane_id"] == "eu1"
    process = split.planes["control"].process

    assert search_memory(process.pid, {**KEPT.words, **SECRETS.words}) == []
    assert set(search_memory(process.pid, TOLD.words)), "the search sees its memory"


def test_nothing_of_the_workspace_is_in_a_service_log(split: SplitInstallation, desk: Desk) -> None:
    assert desk.workspace["dataplane_id"] == "eu1"
    for place, home in split.homes.items():
        log = (home / "serve.log").read_text()
        assert log.count("\n") > (0 if place == "us1" else 20), "there is a log"
        assert not [name for name, word in {**KEPT.words, **SECRETS.words, **TOLD.words}.items() if word in log]


def test_secrets_are_in_no_log_result_or_file(split: SplitInstallation, desk: Desk) -> None:
    runs = desk.person.get(f"/workspaces/{desk.workspace['id']}/job-runs", limit=100).json()["items"]
    logs = {run["job"]["name"]: json.dumps(desk.person.stored_log(desk.workspace, run["id"])) for run in runs}
    told = logs[TOLD["job"]]

    assert len(logs) == 3
    for log in logs.values():
        assert not [name for name, word in SECRETS.words.items() if word in log]
    assert "[masked:API__TOKEN]" in told
    assert "[masked:JOBS__WORKS__API_TOKEN]" in told
    assert KEPT["stdout"] in told
    for place, home in split.homes.items():
        assert search(home, SECRETS.words) == {}, place


def test_secrets_of_a_live_run_are_only_in_its_own_configuration(split: SplitInstallation, desk: Desk) -> None:
    go = data_folder(split.homes["eu1"], desk.workspace) / "go"
    with desk.person.client.started("run", "lives", "-f", cwd=desk.folder) as session:
        session.wait_for("alive")
        while_it_lives = search(split.homes["eu1"], SECRETS.words)
        go.touch()
        done = session.wait()
    afterwards = search(split.homes["eu1"], SECRETS.words)

    assert done.code == 0, done.text
    assert "alive [masked:API__TOKEN]" in done.text
    places = {path for paths in while_it_lives.values() for path in paths}
    assert places, "its configuration is there"
    assert all(re.search(r"/runs/[^/]+/work/\.dlt/[^/]+\.toml$", path) for path in places), places
    assert afterwards == {}


def test_configuration_of_an_ended_run_is_gone(split: SplitInstallation, desk: Desk) -> None:
    runs = Path(data_folder(split.homes["eu1"], desk.workspace)).parents[1] / "runs"
    wait_until(lambda: not list(runs.glob("*/work")))

    assert list(runs.glob("*/ctl"))
