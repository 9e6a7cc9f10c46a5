"""R18: the network between a region and its control plane fails, in every way in which networks do.

The region keeps running and recording, who follows a log misses nothing, no run is lost or doubled, and what is to be
said is said once when the way is open again.
"""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import httpx
import pytest
from tests.fakes.archives import pack
from tests.reliability.crash_stage import END_SECONDS, CrashStage
from tests.reliability.followers import Follower
from tests.reliability.linked import Linked
from tests.reliability.sizes import sized, tell

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(sized(1200, 3600))]

Fault = Callable[[Linked], AbstractContextManager[None]]


@contextmanager
def _no_control_plane(linked: Linked) -> Iterator[None]:
    linked.stage.kill("control")
    try:
        yield
    finally:
        linked.stage.start()


@contextmanager
def _hung_region(linked: Linked) -> Iterator[None]:
    process = linked.stage.planes["data"].process
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def _faulty(**faults: Any) -> Fault:
    return lambda linked: linked.link.faulty(**faults)


# Each with how long it lasts: the short form shows the rule, the full one outlives leases (30 s) and time limits.
FAULTS: dict[str, tuple[Fault, float]] = {
    "no control plane": (_no_control_plane, sized(3, 600)),
    "cut": (_faulty(is_cut=True), sized(3, 120)),
    "deaf to the control plane": (_faulty(is_deaf_there=True), sized(3, 120)),
    "deaf to the region": (_faulty(is_deaf_here=True), sized(3, 120)),
    "loses one in twenty": (_faulty(lost_part=0.05), sized(3, 120)),
    "slow by 2 s": (_faulty(latency_seconds=2.0), sized(3, 120)),
    "hung region": (_hung_region, sized(3, 90)),
}
SAMPLE = ["no control plane", "deaf to the region", "hung region"]
_PASSES = ("loses one in twenty", "slow by 2 s")


@pytest.mark.parametrize("name", sized(SAMPLE, list(FAULTS)))
def test_runs_go_on_and_are_told_once(linked: Linked, name: str) -> None:
    fault, seconds = FAULTS[name]
    stage = linked.stage
    goes_on, ends = stage.trigger("steady"), stage.trigger("steady")
    for run_id in (goes_on, ends):
        stage.when(lambda run_id=run_id: stage.lines_on_disk(run_id) > 50, END_SECONDS)
        # On a busy machine lines come before the word that the run goes on: the fault must not swallow that.
        stage.when(lambda run_id=run_id: stage.status_row(run_id) == "running", END_SECONDS)
    with stage.following(goes_on) as follower:
        stage.when(lambda: len(follower.lines) > 50)
        with fault(linked):
            during = _during(stage, name, (goes_on, ends), follower, seconds)
        begun = time.monotonic()
        stage.let(goes_on)
        for run_id in (goes_on, ends, *during):
            assert stage.end_of(run_id) == "completed"
        told = time.monotonic() - begun
        stage.when(lambda: follower.is_over, END_SECONDS)
    _check(stage, (goes_on, ends, *during), follower, goes_on)
    tell(f"R18 {name}", f"{seconds:g} s; all told {told:.1f} s after, {len(follower.lines)} lines followed, none lost")


def _during(stage: CrashStage, name: str, runs: tuple[str, str], follower: Follower, seconds: float) -> list[str]:
    """What happens while the fault holds; runs that were started meanwhile."""
    goes_on, ends = runs
    until = time.monotonic() + seconds
    followed, stored = len(follower.lines), stage.lines_on_disk(goes_on)
    is_up = name != "no control plane"
    started = [stage.trigger("quick")] if is_up else []
    stage.let(ends)
    stage.when(lambda: stage.record(ends, "exit"))
    if name != "hung region":
        stage.when(lambda: _ended_there(stage, ends), END_SECONDS)
    stage.when(lambda: time.monotonic() > until, seconds + 10, pause=0.05)

    assert stage.lines_on_disk(goes_on) > stored
    if name != "hung region":
        assert len(follower.lines) > followed
    if is_up and name not in _PASSES:
        # What was said and not heard is a fault of the way, not of the run.
        assert stage.run_of(ends)["status"] in ("running", "completed")
        asked = stage.run_of(started[0])
        assert asked["status"] in ("pending", "starting"), asked
    return started


def _ended_there(stage: CrashStage, run_id: str) -> bool:
    return stage.row(stage.region_database, "select state from runs where id = ?", run_id)[0] == "done"


def _check(stage: CrashStage, runs: tuple[str, ...], follower: Follower, followed: str) -> None:
    stage.when(lambda: stage.row(stage.region_database, "select count(*) from run_reports")[0] == 0)
    for run_id in runs:
        log = stage.log(run_id)
        texts = [line["content"] for line in log if line["source"] == "user"]

        assert stage.executions(run_id) == 1
        assert stage.row(stage.control_database, "select fence, is_lost from runs where id = ?", run_id) == (1, 0)
        assert [line["line_num"] for line in log] == list(range(len(log)))
        assert texts == [f"line {number}" for number in range(len(texts) - 1)] + ["end"]
    assert follower.lines == stage.log(followed)
    with closing(sqlite3.connect(f"file:{stage.control_database}?mode=ro", uri=True, timeout=15)) as connection:
        assert connection.execute("select count(*) from runs").fetchone() == (stage.triggered,)


@pytest.mark.parametrize("name", sized(["cut"], ["cut", "deaf to the control plane", "deaf to the region"]))
def test_an_upload_is_a_version_once_or_not_at_all(linked: Linked, name: str) -> None:
    stage = linked.stage
    fault, _ = FAULTS[name]
    permit = stage.permit("configurations")
    with fault(linked):
        answer = _upload(stage, permit)
    again = _upload(stage, stage.permit("configurations"))
    listed = stage.ask("GET", stage.path("/configurations")).json()["items"]

    assert answer == 503
    assert again == 200
    assert sum(item["id"] == permit["configuration_id"] for item in listed) <= 1


def _upload(stage: CrashStage, permit: dict[str, Any]) -> int:
    parts = {"file": ("file", pack({"prod.config.toml": b""}))}
    headers = {"Authorization": f"Bearer {permit['upload_token']}"}
    return httpx.post(permit["upload_url"], files=parts, headers=headers, timeout=240, trust_env=False).status_code
