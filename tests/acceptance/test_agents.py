"""Agent jobs: deployed and run with the released client, against a model endpoint on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.acceptance.installations import Desk
from tests.acceptance.marks import Marks, search
from tests.acceptance.platforms import wait_until
from tests.acceptance.split import SplitInstallation, split_installation
from tests.acceptance.wheels import AGENT_PACKAGES
from tests.fakes.model_server import Asked, Call, ModelServer, Reply, model_server

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(900)]

KEPT = Marks("prompt", "file", "printed", "summary", "word")
SENT = Marks("instructions")
SECRETS = Marks("key")
WORKS = f"""
import os
import dlt.hub.run as run

__all__ = ["broken", "inspector", "reader", "lost"]

class Found(run.TAgentOutput):
    word: str

@run.job
def broken():
    print("{KEPT["printed"]}")
    raise ValueError("the orchard is closed")

@run.agent(
    access={{"local": ["read"], "context": ["read"]}}, tools=["jobs", "logs", "config"],
    trigger="job.fail:jobs.works.broken", model="openai-chat:inspector", limits={{"max_turns": 8}},
)
async def inspector(run_context: run.TJobRunContext = None) -> Found:
    '''Says why a run has failed.

    {KEPT["prompt"]}
    '''
    # the loop gives the server of its tools five seconds to start, which is little on a busy machine
    from pydantic_ai.mcp import MCPToolset
    MCPToolset.__init__.__kwdefaults__["init_timeout"] = 120
    print("the key is", os.environ["AGENT__API_KEY"], flush=True)
    return await run_context["ai_loop"].run()

reader = run.agent(
    "agents/reader", section="works", name="reader", model="anthropic:reader", instructions="{SENT["instructions"]}",
)

@run.agent(model="openai-chat:nobody")
async def lost(run_context: run.TJobRunContext = None) -> run.TAgentOutput:
    '''Asks a model that is not there.'''
    return await run_context["ai_loop"].run()
"""
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/access.config.toml": "",
    ".dlt/prod.config.toml": "",
    "notes.txt": f"The word is {KEPT['file']}.\n",
    "agents/reader/AGENT.md": f"""---
name: reader
description: Reads notes.
access:
  local: [read]
---
Read the notes. {KEPT["prompt"]}
""",
    "__deployment__.py": '"""Agents."""\nfrom works import *\n',
    "works.py": WORKS,
}
BARE = {
    "pyproject.toml": """
[project]
name = "bare"
version = "1"
requires-python = ">=3.11"
dependencies = ["dlt[duckdb]==1.31.0"]

[dependency-groups]
agent-loop-pydantic-ai = []
""",
    ".dlt/access.config.toml": "",
    "__deployment__.py": "from works import *\n",
    "works.py": """
import dlt.hub.run as run

__all__ = ["pydantic", "claude", "homemade"]

@run.agent
async def pydantic(run_context: run.TJobRunContext = None) -> run.TAgentOutput:
    '''Has no packages.'''
    return await run_context["ai_loop"].run()

@run.agent(loop="claude-agent-sdk")
async def claude(run_context: run.TJobRunContext = None) -> run.TAgentOutput:
    '''Has packages that the region's index has not.'''
    return await run_context["ai_loop"].run()

@run.agent(loop="homemade")
async def homemade(run_context: run.TJobRunContext = None) -> run.TAgentOutput:
    '''Has a loop that is nobody's.'''
    return await run_context["ai_loop"].run()
""",
}


def logs_of_the_failed(said: str) -> Call:
    """The model asks for the log of the run that its own run tells of."""
    found = re.search(r"previous_job_run_id\W+([0-9a-f-]{36})", said)
    return Call("dlthub_get_run_logs", {"run_id": found[1] if found else "unknown"})


SCRIPTS = {
    "inspector": [
        Call("dlthub_this_run", {}),
        logs_of_the_failed,
        Call("dlthub_list_variables", {}),
        Reply({"status": "succeeded", "summary": f"It is closed. {KEPT['summary']}", "word": KEPT["word"]}),
    ],
    "reader": [
        Call("Read", {"path": "notes.txt"}),
        Call("Read", {"path": ".dlt/access.secrets.toml"}),
        Reply({"status": "aborted", "summary": f"No more. {KEPT['summary']}"}),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Orchard:
    """The desk of an owner with agents, and the model that they ask."""

    desk: Desk
    model: ModelServer
    bare: Desk

    def asked(self, model: str) -> list[Asked]:
        return [one for one in self.model.asked if one.body["model"] == model]

    def log(self, desk: Desk, job: str) -> tuple[dict[str, Any], list[str]]:
        """The newest run of a job, ended, and its lines."""
        ref = f"jobs.works.{job}"
        wait_until(lambda: bool(desk.runs(ref)) and desk.runs(ref)[0]["finished_at"] is not None, seconds=300)
        run = desk.runs(ref)[0]
        return run, [line["content"] for line in desk.person.stored_log(desk.workspace, run["id"])]


@pytest.fixture(scope="module")
def split() -> Generator[SplitInstallation]:
    with split_installation(AGENT_PACKAGES) as running:
        yield running


@pytest.fixture(scope="module")
def orchard(split: SplitInstallation) -> Generator[Orchard]:
    """Two workspaces in eu1, deployed; the key of the model's endpoint is a secret variable."""
    owner = split.installation.owner
    owner.sign_in()
    organization = owner.make_organization("orchard", "eu1")["id"]
    desks: list[Desk] = []
    for name, files in (("works", FILES), ("bare", BARE)):
        workspace = owner.make_workspace(organization, name)
        desk = Desk(owner, workspace, owner.connected(owner.empty_workspace(name, files), workspace))
        deployed = desk.run("deploy")
        assert deployed.code == 0, deployed.text
        desks.append(desk)
    with model_server(SCRIPTS) as model:
        for words in (
            ("AGENT__API_KEY", "--value", SECRETS["key"], "--secret"),
            ("AGENT__API_URL", "--value", model.openai_url, "--plain"),
            ("JOBS__WORKS__READER__AGENT__API_URL", "--value", model.anthropic_url, "--plain"),
        ):
            done = desks[0].run("variable", "set", *words, "--profile", "access")
            assert done.code == 0, done.text
        yield Orchard(desks[0], model, desks[1])


@pytest.fixture(scope="module")
def inspected(orchard: Orchard) -> tuple[dict[str, Any], list[str]]:
    """A run fails, and the agent that watches for that runs: its run and its log."""
    failed = orchard.desk.run("run", "broken", "-f")
    assert failed.code == 1, failed.text
    return orchard.log(orchard.desk, "inspector")


def test_agent_runs_when_a_job_fails(orchard: Orchard, inspected: tuple[dict[str, Any], list[str]]) -> None:
    run, lines = inspected
    text = "\n".join(lines)
    asked = orchard.asked("inspector")

    assert run["status"] == "completed", text
    assert (run["profile"], run["trigger"]) == ("access", "job.fail:jobs.works.broken")
    assert "dlthub_this_run" in text
    assert "3 turns" in text or "4 turns" in text
    assert KEPT["summary"] in text
    assert {"Read", "Grep", "dlthub_this_run", "dlthub_get_run_logs", "dlthub_list_variables"} <= asked[-1].tools
    assert KEPT["prompt"] in json.dumps(asked[0].body)
    assert KEPT["printed"] in json.dumps(asked[-1].body), "it was given the failed run's log"
    assert "needs the grant ws:variables-read" in json.dumps(asked[-1].body)


def test_key_reaches_the_model_and_no_line(orchard: Orchard, inspected: tuple[dict[str, Any], list[str]]) -> None:
    _, lines = inspected

    assert {one.key for one in orchard.asked("inspector")} == {SECRETS["key"]}
    assert "the key is [masked:AGENT__API_KEY]" in lines
    assert SECRETS["key"] not in "\n".join(lines)


def test_result_of_an_agent(orchard: Orchard, inspected: tuple[dict[str, Any], list[str]]) -> None:
    number = str(inspected[0]["number"])
    whole = orchard.desk.run("job", "runs", "result", "inspector", number, "--json")
    payload = orchard.desk.run("job", "runs", "result", "inspector", number, "--json", "--only-payload")
    path = f"/telemetry/v1/workspaces/{orchard.desk.workspace['id']}/job-runs/{inspected[0]['id']}/result"
    found = orchard.desk.person.in_region("GET", orchard.desk.workspace, path).json()

    assert whole.code == 0, whole.text
    assert KEPT["word"] in payload.stdout
    assert found["result_type"] == "job.background_agent.works:inspector"
    assert (found["agent_status"], found["result"]["word"]) == ("succeeded", KEPT["word"])
    assert KEPT["summary"] in found["summary"]
    assert (found["loop_type"], found["model"]) == ("pydantic-ai", "openai-chat:inspector")
    assert (found["turn_count"], found["input_tokens"], found["output_tokens"]) == (4, 400, 40)
    assert found["total_tokens"] == 440


def test_agent_of_a_folder_asks_the_other_provider_and_gives_up(orchard: Orchard) -> None:
    done = orchard.desk.run("run", "reader", "-f")
    run, lines = orchard.log(orchard.desk, "reader")
    asked = orchard.asked("reader")

    assert done.code == 1, done.text
    assert run["status"] == "failed", "an aborted agent fails its run"
    assert {one.path for one in asked} == {"/v1/messages"}
    assert {one.key for one in asked} == {SECRETS["key"]}
    assert SENT["instructions"] in json.dumps(asked[0].body)
    assert KEPT["file"] in json.dumps(asked[-1].body)
    assert "holds credentials and cannot be opened" in json.dumps(asked[-1].body)
    assert KEPT["summary"] in "\n".join(lines)
    result = orchard.desk.run("job", "runs", "result", "reader", "--json")
    assert "aborted" in result.stdout, result.text


def test_model_that_is_not_there_is_said(orchard: Orchard) -> None:
    done = orchard.desk.run("run", "lost", "-f")

    assert done.code == 1, done.text
    assert "no such model" in done.text
    assert SECRETS["key"] not in done.text


def test_definition_is_without_the_prompt(orchard: Orchard) -> None:
    shown = orchard.desk.run("job", "info", "reader")
    jobs = orchard.desk.person.get(f"/workspaces/{orchard.desk.workspace['id']}/jobs").json()["items"]
    agents = {job["job_ref"]: job["job_definition"].get("agent") for job in jobs}
    again = orchard.desk.run("deploy")

    assert shown.code == 0, shown.text
    assert agents["jobs.works.inspector"]["tools"] == ["jobs", "logs", "config"]
    assert agents["jobs.works.reader"]["name"] == "reader"
    assert "instructions" not in agents["jobs.works.reader"]
    assert again.code == 0, again.text


def test_missing_packages_are_named(orchard: Orchard) -> None:
    for job, said in (
        ("pydantic", 'pip install "pydantic-ai-slim[anthropic,openai,google,mcp,spec]"'),
        ("claude", "claude-agent-sdk"),
        ("homemade", "Add one of this name to pyproject.toml, with the packages of the agent loop 'homemade'"),
    ):
        done = orchard.bare.run("run", job, "-f")
        _, lines = orchard.log(orchard.bare, job)
        assert done.code == 1, done.text
        assert said in "\n".join(lines), job


def test_what_agents_read_and_said_is_in_their_region_alone(
    split: SplitInstallation, orchard: Orchard, inspected: tuple[dict[str, Any], list[str]]
) -> None:
    assert orchard.desk.run("run", "reader", "-f").text
    # A definition is sent to the control plane as the client writes it, prompts included: none of them is kept there.
    said = {name: word for name, word in KEPT.words.items() if name != "prompt"}

    assert set(search(split.homes["eu1"], KEPT.words)) == set(KEPT.words), "so the search finds"
    for place in ("control", "us1"):
        assert search(split.homes[place], {**KEPT.words, **SENT.words, **SECRETS.words}) == {}, place
    assert search(split.traffic, {**said, **SECRETS.words}) == {}
    assert search(split.homes["eu1"], SECRETS.words) == {}
