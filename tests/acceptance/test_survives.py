"""Processes are killed during runs: the run goes on or fails honestly, its log is whole, its state is right."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.installations import OWNER, Desk, add_person, open_home
from tests.acceptance.platforms import PlatformProcess, serving, wait_until
from tests.acceptance.seattle import data_folder
from tests.acceptance.wheels import from_wheels
from tests.contract.client_users import ClientUsers
from tests.fakes.leftovers import start_ticks

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

SECRET = "pelican-granite-5512-orchard"
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.secrets.toml": f'[jobs.works]\nword = "{SECRET}"\n',
    "__deployment__.py": "from works import *\n",
    "works.py": """
import os, time
import dlt
import dlt.hub.run as run

__all__ = ["first", "second", "third"]

def count(name, word):
    for number in range(4000):
        print(name, number, word, flush=True)
        if number % 1000 == 999:
            # a step further for each file that the test makes
            while not os.path.exists(f".dlt/data/prod/{name}-{number // 1000}"):
                time.sleep(0.02)

@run.job
def first(word: str = dlt.secrets.value):
    count("first", word)

@run.job
def second(word: str = dlt.secrets.value):
    count("second", word)

@run.job
def third(word: str = dlt.secrets.value):
    count("third", word)
""",
}


class Stage:
    """One home, whose platform is ended and started again; everybody keeps their addresses."""

    def __init__(self, home: Path, users: ClientUsers) -> None:
        self.home = home
        self._running = ExitStack()
        self.platform = self._start("--port", "0")
        owner = add_person(self.platform, users, OWNER)
        workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
        self.desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", FILES), workspace))

    def _start(self, *words: str) -> PlatformProcess:
        return self._running.enter_context(serving(self.home, *words, env=from_wheels()))

    def end(self, number: int) -> None:
        """The platform's process gets the signal and is gone."""
        self.platform.stop(number)
        self._running.close()

    def start(self) -> None:
        """A platform of the same home."""
        before = self.platform
        self.platform = self._start("--host", "127.0.0.1")
        assert (self.platform.control_plane, self.platform.data_planes) == (before.control_plane, before.data_planes)
        self.desk.person.platform = self.platform

    def trigger(self, name: str) -> dict[str, Any]:
        """A new run of a job."""
        (job,) = self.desk.person.get(f"/workspaces/{self.desk.workspace['id']}/jobs", ref=f"jobs.works.{name}").json()[
            "items"
        ]
        path = f"/workspaces/{self.desk.workspace['id']}/jobs/-trigger"
        (started,) = self.desk.person.post(path, {"job_ids": [job["id"]]}).json()["succeeded"]
        return started["job_run"]

    def state(self, run: dict[str, Any]) -> dict[str, Any]:
        """The run as the control plane tells it."""
        return self.desk.person.get(f"/workspaces/{self.desk.workspace['id']}/job-runs/{run['id']}").json()

    def wait_ended(self, run: dict[str, Any]) -> dict[str, Any]:
        """The run's last state."""
        wait_until(lambda: self.state(run)["finished_at"] is not None, 60, "the run did not end")
        return self.state(run)

    def let(self, name: str, *steps: int) -> None:
        """Lets a job go on past these steps."""
        for step in steps:
            (data_folder(self.home, self.desk.workspace) / f"{name}-{step}").touch()

    def control(self, run: dict[str, Any]) -> Path:
        """The runner's own folder of a run."""
        return data_folder(self.home, self.desk.workspace).parents[1] / "runs" / run["id"] / "ctl"

    def process(self, run: dict[str, Any], record: str) -> tuple[int, int]:
        """Pid and start of the runner (`runner`) or of the user's process (`step`)."""
        found = json.loads((self.control(run) / f"{record}.json").read_bytes())
        return found["pid"], found["start_ticks"]

    def is_alive(self, run: dict[str, Any], record: str = "step") -> bool:
        pid, started = self.process(run, record)
        return start_ticks(pid) == started

    def stored_bytes(self, run: dict[str, Any]) -> int:
        """How much of the run's log is on the disk."""
        return sum(path.stat().st_size for path in self.control(run).rglob("*") if path.is_file())

    def wait_lines(self, run: dict[str, Any], text: str) -> None:
        """Until a line is in the log that clients see."""
        path = f"/own/v1/workspaces/{self.desk.workspace['id']}/job-runs/{run['id']}/lines"

        def is_there() -> bool:
            answer = self.desk.person.in_region("GET", self.desk.workspace, path, params={"from_line": -1})
            lines = answer.json()["lines"] if answer.status_code == 200 else []
            return bool(lines) and lines[-1]["content"].startswith(text)

        wait_until(is_there, 60, f"{text} did not come")


@pytest.fixture(scope="module")
def stage() -> Generator[Stage]:
    users = ClientUsers()
    with open_home() as home:
        stage = Stage(home, users)
        owner = stage.desk.person
        deployed = owner.client.run("deploy", cwd=stage.desk.folder, env=owner.by_key)
        assert deployed.code == 0, deployed.text
        yield stage
        stage.end(signal.SIGTERM)
        assert stage.platform.failures() == []
    users.close()


def check_log(stage: Stage, run: dict[str, Any], name: str, count: int) -> list[dict[str, Any]]:
    """Complete, ordered, scrubbed; answers every line."""
    lines = stage.desk.person.stored_log(stage.desk.workspace, run["id"])
    users = [line["content"] for line in lines if line["source"] == "user"]

    assert [line["line_num"] for line in lines] == list(range(len(lines)))
    assert users == [f"{name} {number} [masked:JOBS__WORKS__WORD]" for number in range(count)]
    assert [line["reported_at"] for line in lines] == sorted(line["reported_at"] for line in lines)
    return lines


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_runs_go_on_without_their_platform(stage: Stage, number: int) -> None:
    """One ends while there is no platform, one is still under way when the next platform comes."""
    for place in data_folder(stage.home, stage.desk.workspace).glob("*-[0-3]"):
        place.unlink()
    ending, staying = stage.trigger("first"), stage.trigger("second")
    stage.wait_lines(ending, "first 999")
    stage.wait_lines(staying, "second 999")
    before = stage.state(staying)
    stage.end(number)
    sizes = stage.stored_bytes(staying)
    stage.let("first", 0, 1, 2, 3)
    stage.let("second", 0)
    wait_until(lambda: not stage.is_alive(ending, "runner"), 60, "the run did not end alone")
    wait_until(lambda: stage.stored_bytes(staying) > sizes + 10_000, 60, "the log did not grow alone")
    was_alive = stage.is_alive(staying)
    stage.start()
    stage.let("second", 1, 2, 3)
    ended, stayed = stage.wait_ended(ending), stage.wait_ended(staying)

    assert before["status"] == "running"
    assert was_alive
    for run, name, state in ((ending, "first", ended), (staying, "second", stayed)):
        check_log(stage, run, name, 4000)
        assert state["status"] == "completed"
        assert state["started_at"] <= state["finished_at"]
        assert state["duration_seconds"] > 0
    assert stayed["started_at"] == before["started_at"]
    assert len(stage.desk.runs("jobs.works.first")) == len(stage.desk.runs("jobs.works.second")), "none ran twice"


def test_follower_goes_on_after_a_restart(stage: Stage) -> None:
    run = stage.trigger("third")
    stage.wait_lines(run, "third 999")
    stage.end(signal.SIGKILL)
    stage.start()
    owner = stage.desk.person
    with owner.client.started("job", "logs", "third", "-f", cwd=stage.desk.folder, env=owner.by_key) as session:
        session.wait_for(r"third 999 \[masked")
        stage.let("third", 0, 1, 2, 3)
        done = session.wait()

    assert done.code == 0, done.text[-2000:]
    assert all(f"third {number} [masked:JOBS__WORKS__WORD]" in done.text for number in range(0, 4000, 97))
    assert "finished with status: completed" in done.text
    assert SECRET not in done.text


def test_killed_runner_fails_its_run_and_seals_its_log(stage: Stage) -> None:
    for place in data_folder(stage.home, stage.desk.workspace).glob("third-*"):
        place.unlink()
    run = stage.trigger("third")
    stage.wait_lines(run, "third 999")
    owner = stage.desk.person
    with owner.client.started("job", "logs", "third", "-f", cwd=stage.desk.folder, env=owner.by_key) as session:
        session.wait_for(r"third 999 \[masked")
        os.kill(stage.process(run, "runner")[0], signal.SIGKILL)
        followed = session.wait()
    state = stage.wait_ended(run)
    lines = stage.desk.person.stored_log(stage.desk.workspace, run["id"])

    assert followed.code == 1, followed.text[-2000:]
    assert state["status"] == "failed"
    assert [line["line_num"] for line in lines] == list(range(len(lines)))
    assert [line["content"] for line in lines if line["source"] == "user"][-1].startswith("third 999 [masked")
    assert lines[-1]["source"] == "runner"
    assert "was killed" in lines[-1]["content"]
    assert not stage.is_alive(run), "what it ran is ended too"
    assert stage.wait_ended(run)["id"] == stage.desk.runs("jobs.works.third")[0]["id"], "it is not started again"


def test_both_killed_at_once_is_found_out_after_a_restart(stage: Stage) -> None:
    run = stage.trigger("third")
    stage.wait_lines(run, "third 999")
    pid = stage.process(run, "runner")[0]
    stage.end(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not stage.is_alive(run, "runner"))
    stage.start()
    state = stage.wait_ended(run)
    lines = stage.desk.person.stored_log(stage.desk.workspace, run["id"])

    assert state["status"] == "failed"
    assert "was killed" in lines[-1]["content"]
    assert not stage.is_alive(run)
