"""A run's folder is claimed once: what starters and runners that die or come late leave."""

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import executor, place, runs_root
from tests.integration.planes.data_plane.executor.run_places import (
    RunPlace,
    is_alive,
    run_to_end,
)

from planes.data_plane.executor import launching
from planes.data_plane.executor.launching import RunnerServer, launch
from planes.data_plane.executor.local import (
    Ended,
    LocalExecutor,
    NoSuchRun,
    RunningRun,
    RunNotStarted,
    RunSpec,
    StartedBefore,
)
from planes.data_plane.executor.takeover import write_spec
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.runner.request import Request, render_request

__all__ = ["executor", "place", "runs_root"]

pytestmark = pytest.mark.anyio


def claim(place: RunPlace, word: str) -> None:
    """What a starter leaves that dies before a runner has taken the run."""
    write_spec(RunFolder(place.folder), {"run_id": place.run_id, "fence": 7, "claim": word, "steps": ["job"]})


def request_of(spec: RunSpec, word: str) -> bytes:
    values = (
        spec.run_id,
        str(spec.folder),
        word,
        spec.fence,
        spec.steps,
        spec.time_limit_seconds,
        spec.build_limit_seconds,
        spec.grace_seconds,
    )
    return render_request(Request(*values, spec.max_log_bytes, ()))


async def test_a_run_is_never_started_twice(executor: LocalExecutor, place: RunPlace) -> None:
    spec = place.spec(place.shell("echo once"))
    await run_to_end(executor, spec)
    with pytest.raises(StartedBefore):
        await executor.start(spec, [])
    (place.folder / "ctl" / "spec.json").unlink()
    with pytest.raises(RunNotStarted):
        await executor.start(spec, [])

    assert await place.texts() == ["once"]


async def test_a_run_that_was_claimed_and_not_begun_can_be_started(executor: LocalExecutor, place: RunPlace) -> None:
    """The starter died between its claim on the folder and the runner."""
    claim(place, "earlier")
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)
    outcome = await run_to_end(executor, place.spec(place.shell("echo begun")))

    assert outcome.outcome == "completed"
    assert await place.texts() == ["begun"]


@pytest.mark.parametrize("content", ["", '{"run_id": "run-'])
async def test_a_claim_that_a_crash_has_torn_is_none(executor: LocalExecutor, place: RunPlace, content: str) -> None:
    claim(place, "earlier")
    (place.folder / "ctl" / "spec.json").write_text(content)
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)

    assert (await run_to_end(executor, place.spec(place.shell("true")))).outcome == "completed"


@pytest.mark.parametrize("is_claimed_again", [False, True])
async def test_a_runner_that_comes_late_does_not_start_the_run(
    executor: LocalExecutor, place: RunPlace, is_claimed_again: bool
) -> None:
    """It was asked for under a claim that was withdrawn meanwhile, and may find one of somebody else."""
    claim(place, "earlier")
    late = request_of(place.spec(place.shell("echo late > ran")), "earlier")
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)
    if is_claimed_again:
        claim(place, "later")
    with pytest.raises(RunNotStarted):
        await anyio.to_thread.run_sync(launch, None, late)

    assert not (place.work / "ran").exists()
    assert not (place.folder / "ctl" / "runner.json").exists()


async def test_what_a_runner_left_before_it_began_is_in_nobodys_way(executor: LocalExecutor, place: RunPlace) -> None:
    """It was killed between its socket and its record."""
    claim(place, "earlier")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place.folder / "ctl" / "socket"))
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)

    assert (await run_to_end(executor, place.spec(place.shell("true")))).outcome == "completed"


async def test_a_runner_server_that_still_starts_is_waited_for(
    executor: LocalExecutor, place: RunPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, was_warm = RunnerServer(), list[bool]()
    hand_over = launching.hand_over

    def handed_over(*request: Any) -> dict[str, object] | None:
        was_warm.append(server.wait_warm(0))
        return hand_over(*request)

    monkeypatch.setattr(launching, "hand_over", handed_over)
    spec = place.spec(place.shell("echo once"))
    claim(place, "word")
    server.start()
    try:
        await anyio.to_thread.run_sync(launch, server, request_of(spec, "word"))
        running = await executor.adopt(place.folder)
    finally:
        server.stop()

    assert was_warm == [True]
    assert isinstance(running, Ended) or (await running.wait()).outcome == "completed"


async def test_a_copy_of_its_folder_leaves_a_run_that_goes_on_alone(executor: LocalExecutor, place: RunPlace) -> None:
    running = await executor.start(place.spec(place.shell("exec sleep 60")), [])
    await running.wait_started()
    record = json.loads((place.folder / "ctl" / "runner.json").read_bytes())
    copy = RunPlace(place.folder.with_name("copy"), place.run_id)
    shutil.copytree(place.folder, copy.folder, ignore=shutil.ignore_patterns("socket", "app"))

    found = await executor.adopt(copy.folder)

    assert isinstance(found, Ended)
    assert (found.outcome.outcome, found.outcome.reason) == ("failed", "runner_killed")
    assert "a copy of a run that goes on" in (await copy.tail())[-1]
    assert is_alive(record["pid"])
    await running.stop()
    with anyio.fail_after(240):
        assert (await running.wait()).reason == "cancelled"


async def test_a_restored_run_ends_though_its_record_names_what_is_out_of_reach(
    executor: LocalExecutor, place: RunPlace, tmp_path: Path
) -> None:
    """Its home lay elsewhere, where another user's is closed by now, or a file."""
    claim(place, "earlier")
    (closed := tmp_path / "closed").touch()
    runner = {"pid": 2**22 + 1, "start_ticks": 1, "socket": str(closed / "socket"), "started_at": "x"}
    (place.folder / "ctl" / "runner.json").write_text(json.dumps(runner))

    found = await executor.adopt(place.folder)

    assert isinstance(found, Ended)
    assert (found.outcome.outcome, found.outcome.reason) == ("failed", "runner_killed")


@pytest.mark.parametrize("left", [b"", None])
async def test_a_run_that_was_begun_is_not_started_again_where_a_crash_took_its_claim(
    executor: LocalExecutor, place: RunPlace, left: bytes | None
) -> None:
    """Of what a machine wrote before it crashed only the runner's record was synced."""
    claim(place, "earlier")
    runner = {"run_id": place.run_id, "fence": 3, "pid": 2**22 + 1, "start_ticks": 1, "socket": "x", "started_at": "x"}
    (place.folder / "ctl" / "runner.json").write_text(json.dumps(runner))
    spec = place.folder / "ctl" / "spec.json"
    spec.unlink()
    if left is not None:
        spec.write_bytes(left)

    found = await executor.adopt(place.folder)

    assert isinstance(found, Ended)
    assert (found.outcome.run_id, found.outcome.fence, found.outcome.reason) == (place.run_id, 3, "runner_killed")


async def test_a_live_runner_whose_claim_is_lost_is_adopted(executor: LocalExecutor, place: RunPlace) -> None:
    claim(place, "earlier")
    (place.folder / "ctl" / "spec.json").unlink()
    runner = {"run_id": place.run_id, "fence": 3, "pid": 2**22 + 1, "start_ticks": 1, "socket": "x"}
    (place.folder / "ctl" / "runner.json").write_text(json.dumps(runner))
    lock = RunFolder(place.folder).try_lock()
    assert lock is not None
    try:
        found = await executor.adopt(place.folder)
    finally:
        os.close(lock)

    assert isinstance(found, RunningRun)
    assert (found.run_id, found.fence) == (place.run_id, 3)
