"""The released command line with jobs that wait for each other: backfill, freshness, refresh, deployment triggers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.acceptance.installations import WEATHER, Desk, Installation
from tests.acceptance.platforms import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(600)]

CHAIN = """
import dlt.hub.run as run
from dlt.hub.run import TJobRunContext

EVERY_DAY = "0 3 * * *"

def tell(context):
    print("refresh", context["refresh"], "from", context["interval_start"], "to", context["interval_end"], flush=True)

@run.job(trigger=EVERY_DAY, interval={"start": "2026-11-01T03:00:00Z"}, expose={"tags": ["ingest"]})
def load(run_context: TJobRunContext):
    tell(run_context)

@run.job(trigger=EVERY_DAY, freshness=["job.is_fresh:jobs.chain.load"], expose={"tags": ["ingest"]})
def report(run_context: TJobRunContext):
    tell(run_context)

@run.job(freshness=["job.is_fresh:jobs.chain.report"], refresh_propagation="block")
def wall(run_context: TJobRunContext):
    tell(run_context)

@run.job(trigger="deployment:")
def greet():
    print("deployed")
"""


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "chain")
    folder = owner.client.copy_workspace(WEATHER)
    for name in ("weather.py", "housekeeping.py", "explore.py", "stations.py"):
        (folder / name).unlink()
    (folder / "chain.py").write_text(CHAIN)
    (folder / "__deployment__.py").write_text(
        "from chain import greet, load, report, wall\n\n__all__ = ['greet', 'load', 'report', 'wall']\n"
    )
    return Desk(owner, workspace, owner.connected(folder, workspace))


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


def test_jobs_that_wait_for_each_other_from_deploy_to_refresh(desk: Desk) -> None:
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
    assert (first[0], first[1]) == (True, "2026-11-01 03:00:00+00:00"), "the first run fills the declared interval"
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
    refreshed = desk.run("job", "trigger", "load", "--refresh")
    stale = desk.run("job", "trigger", "report")
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
