"""The main traces of the released client, and what versions before it are told (R22).

0.28.4 to 0.28.6 ask at other addresses than 0.28.7 (`/auth/v1/workos`, `/workspaces/{id}/scripts`, `…/runs`): they
cannot be served by this contract, and are told to upgrade.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Generator
from dataclasses import replace

import pytest
import tomlkit
from tests.acceptance.installations import Desk, Installation, Person, installed
from tests.acceptance.platforms import wait_until
from tests.contract.client_environment import NEWEST, client_environment
from tests.contract.mcp_sessions import McpClient
from tests.contract.released_client import Outcome, RealClient
from tests.reliability.sizes import sized, tell

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1800)]

EARLIER = sized(("0.28.4",), ("0.28.4", "0.28.5", "0.28.6"))
EXPIRED = 1_700_000_000
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": '"""Jobs to play with."""\nfrom works import *\n',
    "alone.py": "import dlt.hub.run as run\n\n@run.job\ndef hello():\n    print('hello')\n",
    "works.py": """
import time
import dlt
import dlt.hub.run as run

__all__ = ["loads", "fails", "slow", "nightly"]

@run.pipeline("numbers")
def loads():
    dlt.pipeline("numbers", destination="duckdb", dataset_name="digits").run([{"n": 1}], table_name="digit")
    return run.result({"rows": 1}, type="count")

@run.job
def fails():
    raise ValueError("as it should")

@run.job(expose={"tags": ["long"]}, execute={"timeout": {"grace_period": 1.0}})
def slow():
    print("slowly", flush=True)
    while True:
        time.sleep(0.05)

@run.job(trigger="schedule:0 3 1 1 *")
def nightly():
    print("night")
""",
}
PLAIN: tuple[tuple[str, int], ...] = (
    ("workspace list", 0),
    ("workspace info", 0),
    ("workspace connect works --non-interactive", 0),
    ("workspace connect nowhere --non-interactive", 255),
    ("deploy --show-manifest", 0),
    ("deploy --dry-run", 0),
    ("job list", 0),
    ("job info loads", 0),
    ("job info nothing", 255),
    ("run loads -f", 0),
    ("run fails -f", 1),
    ("run alone.py -f", 0),
    ("run nothing", 255),
    ("job logs loads", 0),
    ("job logs fails 1", 0),
    ("job logs nightly", 255),
    ("job runs list", 0),
    ("job runs info loads", 0),
    ("job runs info loads 77", 255),
    ("job show loads", 0),
    ("show", 0),
    ("job trigger nightly --dry-run", 0),
    ("job pause nightly", 0),
    ("job resume nightly", 0),
    ("job pause loads", 255),
    ("job publish workspace.dashboard", 0),
    ("job unpublish workspace.dashboard", 0),
    ("variable set HARBOUR --value calm --plain --workspace", 0),
    ("variable set PATH --value x --plain --workspace", 255),
    ("variable list", 0),
    ("-y variable delete HARBOUR --workspace", 0),
    ("-y variable delete HARBOUR --workspace", 255),
    ("workspace deployment list", 0),
    ("workspace deployment info", 0),
    ("workspace deployment sync --dry-run", 0),
    ("workspace configuration list", 0),
    ("workspace configuration info", 0),
    ("pipeline show numbers", 0),
)
"""Commands after the first deploy, in this order, and how each ends."""

SDK = """
import asyncio, json, sys
import dlthub_sdk
key, base_url, workspace_id = sys.argv[1:]

def of_blocking():
    workspace = dlthub_sdk.connect(token=key, base_url=base_url).workspaces.get(id=workspace_id)
    run = workspace.jobs.get_by_ref("jobs.works.loads").start_run().wait(timeout=200)
    return [str(run.status), sorted(job.job_ref for job in workspace.jobs.list()), len(list(run.logs())) > 0]

async def of_awaited():
    workspace = await dlthub_sdk.connect_async(token=key, base_url=base_url).workspaces.get(id=workspace_id)
    job = await workspace.jobs.get_by_ref("jobs.works.loads")
    run = await (await job.start_run()).wait(timeout=200)
    lines = [line async for line in run.logs()]
    return [str(run.status), sorted([job.job_ref async for job in workspace.jobs.list()]), len(lines) > 0]

print(json.dumps([of_blocking(), asyncio.run(of_awaited())]))
"""


@pytest.fixture(scope="module")
def installation() -> Generator[Installation]:
    with installed() as running:
        yield running


def of_version(person: Person, version: str) -> Person:
    """The same person with another version of the client."""
    mine = person.client
    return replace(person, client=RealClient(client_environment(version), mine.home, mine.uid, mine.api_base_url))


def expire(person: Person) -> None:
    """As if the session had been kept for long."""
    place = person.client.kept_secrets
    document = tomlkit.parse(place.read_text())
    head, body, signature = str(document["runtime"]["auth_token"]).split(".")  # pyright: ignore[reportIndexIssue]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    old = base64.urlsafe_b64encode(json.dumps({**claims, "exp": EXPIRED}).encode()).rstrip(b"=").decode()
    document["runtime"]["auth_token"] = f"{head}.{old}.{signature}"  # pyright: ignore[reportIndexIssue]
    place.write_text(tomlkit.dumps(document))


def traced(person: Person, organization_id: str) -> list[tuple[str, int, int]]:
    """Every command of the trace with the code that it must end with, and with which it ended."""
    found: list[tuple[str, int, int]] = []

    def said(words: str, expected: int, done: Outcome) -> None:
        assert not re.search(r"^Traceback", done.text, re.MULTILINE), f"{words}: {done.text}"
        found.append((words, expected, done.code))
        if done.code != expected:
            tell("R22", f"{words}: {done.code} instead of {expected}: {done.text}")

    folder = person.empty_workspace("works", FILES)
    person.sign_in(folder)
    connect = ("--non-interactive", "workspace", "connect", "works", "--create", "--org-id", organization_id)
    said("workspace connect --create", 0, person.client.run(*connect, cwd=folder))
    # the client has written the workspace that it made
    runtime = tomlkit.parse((folder / ".dlt" / "config.toml").read_text())["runtime"]
    workspace = person.get(f"/workspaces/{runtime['workspace_id']}").json()  # pyright: ignore[reportIndexIssue]
    desk = Desk(person, workspace, folder)
    said("deploy", 0, desk.run("deploy"))
    for words, expected in PLAIN:
        said(words, expected, desk.run(*words.split()))
    said("job trigger", 0, desk.run("job", "trigger", "tag:long"))
    wait_until(lambda: desk.runs("jobs.works.slow")[0]["status"] == "running")
    with person.client.started("job", "logs", "slow", "-f", cwd=folder) as session:
        session.wait_for("slowly")
        said("job runs cancel", 0, desk.run("job", "runs", "cancel", "slow"))
        said("job logs -f of a cancelled run", 1, session.wait())
    said("job cancel --dry-run", 0, desk.run("job", "cancel", "slow", "--dry-run"))
    expire(person)
    said("job list with an expired session", 0, desk.run("job", "list"))
    by_key = person.client.run("job", "list", cwd=folder, env=person.by_key)
    said("job list by key", 0, by_key)
    said("login by key", 255, person.client.run("login", cwd=folder, env=person.by_key))
    wrong = {"RUNTIME__API_KEY": "dlt_u_wrong"}
    said("job list by a wrong key", 255, person.client.run("job", "list", cwd=folder, env=wrong))
    arguments = (person.key, person.platform.control_plane, workspace["id"])
    sdk = person.client.run_python(SDK, *arguments, seconds=400)
    said("the SDK, blocking and awaited", 0, sdk)
    blocking, awaited = json.loads(sdk.stdout.splitlines()[-1])
    assert blocking == awaited
    assert blocking[0] == "completed"
    said("logout", 0, desk.run("logout"))
    return found


def test_newest_version_ends_each_command_as_it_should(installation: Installation) -> None:
    person = installation.add_person("newest@example.org")
    trace = traced(person, person.make_organization("orchard", "us1")["id"])
    server = McpClient(person.client, person.client.home / "works", ["dlthub.jobs"])
    found = server.ask(("dlthub_list_jobs", {}), env=person.by_key)
    right = sum(code == expected for _, expected, code in trace)
    tell("R22", f"{NEWEST}: {right} of {len(trace)} commands end as they should")

    assert [(words, code) for words, _, code in trace] == [(words, expected) for words, expected, _ in trace]
    assert "jobs.works.loads" in json.dumps(found.answers[0].value)


@pytest.mark.parametrize("version", EARLIER)
def test_earlier_version_is_told_to_upgrade(installation: Installation, version: str) -> None:
    person = of_version(installation.add_person(f"user-of-{version}@example.org"), version)
    workspace = person.make_workspace(person.make_organization("orchard", "us1")["id"], "works")
    folder = person.connected(person.empty_workspace("works", FILES), workspace)
    told: list[str] = []
    for words in (("--non-interactive", "login", "--device"), ("deploy",), ("job", "list"), ("job", "logs", "loads")):
        env = {} if "login" in words else person.by_key
        done = person.client.run(*words, cwd=folder, env=env)
        assert done.code == 255, done.text
        assert "Traceback" not in done.text
        told.append(done.text)
    tell("R22", f"{version}: {sum(is_told(text) for text in told)} of {len(told)} refused commands say to upgrade")

    assert all(is_told(text) for text in told), told


def is_told(text: str) -> bool:
    return "upgrade it" in text.lower()
