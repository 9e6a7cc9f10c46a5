"""The released command line with jobs that wait for each other: backfill, freshness, refresh, deployment triggers."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.acceptance.installations import WEATHER, Desk, Installation
from tests.acceptance.platforms import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

CHAIN = """
import socket

import dlt.hub.run as run
from dlt.hub.run import TJobRunContext

EVERY_YEAR = "0 3 1 1 *"

def tell(context):
    print("refresh", context["refresh"], "from", context["interval_start"], "to", context["interval_end"], flush=True)

@run.job(trigger=EVERY_YEAR, interval={"start": "2020-01-01T03:00:00Z"}, expose={"tags": ["ingest"]})
def load(run_context: TJobRunContext):
    tell(run_context)
    with socket.create_connection(("127.0.0.1", GATE)) as gate:
        gate.recv(1)

@run.job(trigger=EVERY_YEAR, freshness=["job.is_fresh:jobs.chain.load"], expose={"tags": ["ingest"]})
def report(run_context: TJobRunContext):
    tell(run_context)

@run.job(freshness=["job.is_fresh:jobs.chain.report"], refresh_propagation="block")
def wall(run_context: TJobRunContext):
    tell(run_context)

@run.job(trigger="deployment:")
def greet():
    print("deployed")
"""


class Gate(threading.Event):
    """Where `load` waits before it ends; open when the event is set."""

    @contextmanager
    def listening(self) -> Generator[int]:
        """The port to connect to: a connection is answered when the gate is open."""
        gate = self

        class Visit(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                gate.wait()
                self.request.sendall(b"!")

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Visit) as server:
            thread = threading.Thread(target=server.serve_forever)  # noqa: TID251 - a server of the test
            thread.start()
            try:
                yield server.server_address[1]
            finally:
                self.set()
                server.shutdown()
                thread.join()


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate()


@pytest.fixture(scope="module")
def desk(installation: Installation, gate: Gate) -> Generator[Desk]:
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "chain")
    folder = owner.client.copy_workspace(WEATHER)
    for name in ("weather.py", "housekeeping.py", "explore.py", "stations.py"):
        (folder / name).unlink()
    (folder / "__deployment__.py").write_text(
        "from chain import greet, load, report, wall\n\n__all__ = ['greet', 'load', 'report', 'wall']\n"
    )
    with gate.listening() as port:
        (folder / "chain.py").write_text(f"{CHAIN}\nGATE = {port}\n")
        yield Desk(owner, workspace, owner.connected(folder, workspace))


def _ended(desk: Desk, name: str, count: int) -> dict[str, Any]:
    """The newest run of a job, when it has so many and all of them completed."""

    def is_done() -> bool:
        runs = desk.runs(f"jobs.chain.{name}")
        return len(runs) >= count and all(run["status"] == "completed" for run in runs)

    wait_until(is_done, 180)
    runs = desk.runs(f"jobs.chain.{name}")
    assert len(runs) == count
    return runs[0]


def _told(desk: Desk, name: str, number: int) -> tuple[bool, str, str]:
    """What the job was told: to begin anew or not, and its window."""
    shown = desk.run("job", "logs", name, str(number))
    found = re.search(r"refresh (True|False) from (\S+ \S+) to (\S+ \S+)", shown.text)
    assert found is not None, shown.text
    return found[1] == "True", found[2], found[3]


def test_jobs_that_wait_for_each_other_from_deploy_to_refresh(desk: Desk, gate: Gate) -> None:
    gate.set()
    deployed = desk.run("deploy")
    assert deployed.code == 0, deployed.text
    assert _ended(desk, "greet", 1)["trigger"] == "deployment:"

    early = desk.run("job", "trigger", "report")
    both = desk.run("job", "trigger", "tag:ingest")
    _ended(desk, "load", 1)
    report = _ended(desk, "report", 1)
    first = _told(desk, "load", 1)

    assert "didn't process any intervals yet" in early.text
    assert "upstream" in both.text, both.text
    assert report["created_at"] >= desk.runs("jobs.chain.load")[0]["finished_at"]
    assert (first[0], first[1]) == (True, "2020-01-01 03:00:00+00:00"), "the first run fills the declared interval"
    assert _told(desk, "report", 1)[0] is True

    assert desk.run("job", "trigger", "load").code == 0
    _ended(desk, "load", 2)
    assert desk.run("job", "trigger", "report").code == 0
    _ended(desk, "report", 2)
    again = _told(desk, "load", 2)

    assert (again[0], again[1]) == (False, again[2]), "nothing new since the last tick"
    assert again[1] == first[2]
    assert _told(desk, "report", 2)[0] is False

    assert desk.run("job", "trigger", "wall").code == 0
    _ended(desk, "wall", 1)
    gate.clear()
    refreshed = desk.run("job", "trigger", "load", "--refresh")
    stale = desk.run("job", "trigger", "report")
    gate.set()
    _ended(desk, "load", 3)
    assert desk.run("job", "trigger", "report").code == 0
    _ended(desk, "report", 3)
    assert desk.run("job", "trigger", "wall").code == 0
    _ended(desk, "wall", 2)

    assert refreshed.code == 0, refreshed.text
    assert "didn't process any intervals yet" in stale.text
    assert _told(desk, "load", 3) == first
    assert _told(desk, "report", 3)[0] is True
    assert _told(desk, "wall", 2)[0] is False
