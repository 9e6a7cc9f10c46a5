"""R20: a copied home starts beside its original, so that two processes run as one region: no run is doubled."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest
from tests.acceptance.platforms import serving
from tests.reliability.crash_stage import CrashStage, crash_stage
from tests.reliability.sizes import IS_FULL, sized, tell

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

RUNS = 6
AGAIN_SECONDS = 6
"""Longer than it takes until a run of which nothing was heard is given away again."""


def test_of_two_processes_of_a_region_the_newest_runs_each_run_once() -> None:
    with crash_stage(is_split=True) as stage:
        copied = _copy(stage)
        with _serving_copy(stage, copied):
            stage.when(lambda: _refusals(stage.home("data")) == 1)

            of_copy = _finish(stage)
        _refused = _refusals(stage.home("data"))
        stage.kill("data")
        stage.start()
        of_first = _finish(stage)

        assert {run_id: _executions(stage, copied, run_id) for run_id in of_copy} == dict.fromkeys(of_copy, (0, 1))
        assert {run_id: _executions(stage, copied, run_id) for run_id in of_first} == dict.fromkeys(of_first, (1, 0))
        assert _refused == 1


@pytest.mark.parametrize("has_begun", sized([False], [False, True]))
def test_what_a_process_was_given_that_hangs_is_run_once(has_begun: bool) -> None:
    """A lease is on its way to it, or it has begun the run and not told yet, and a newer one of a copied home comes."""
    with crash_stage(is_split=True) as stage:
        copied = _copy(stage)
        with ExitStack() as stack:
            # Held, it cannot write the lease down.
            with nullcontext() if has_begun else stage.held(stage.region_database):
                run_id = stage.trigger("quick")
                stage.when(lambda: stage.record(run_id, "runner") or not has_begun)
                stage.when(lambda: stage.status_row(run_id) == "starting")
                stack.enter_context(stage.frozen(stage.planes["data"].process.pid))
            until, older = time.monotonic() + AGAIN_SECONDS, _process(stage)
            with _serving_copy(stage, copied):
                stage.when(lambda: time.monotonic() > until and _process(stage) != older)
                other = stage.trigger("quick")
                stage.when(lambda: stage.status_row(other) == "completed")
        stage.when(lambda: _ended_in(stage, run_id))

        assert [_executions(stage, copied, each) for each in (run_id, other)] == [(1, 0), (0, 1)]


@pytest.mark.skipif(not IS_FULL, reason="it waits for two lease times")
def test_the_older_process_works_again_when_the_newer_is_gone() -> None:
    """What it ran meanwhile went on, and is told then; by real clocks."""
    with crash_stage(is_split=True) as stage:
        copied = _copy(stage)
        steady = stage.trigger("steady")
        stage.when(lambda: stage.status_row(steady) == "running")
        with _serving_copy(stage, copied):
            stage.when(lambda: _refusals(stage.home("data")) == 1)
            of_copy = stage.trigger("quick")
            stage.when(lambda: stage.status_row(of_copy) == "completed")
            stage.let(steady)
            stage.when(lambda: _ended_in(stage, steady))
            told_early = stage.status_row(steady)
        gone = time.monotonic()
        fresh = stage.trigger("quick")
        for run_id in (steady, fresh):
            stage.when(lambda run_id=run_id: stage.status_row(run_id) == "completed")
        seconds = time.monotonic() - gone

        assert told_early == "running"
        assert [_executions(stage, copied, run_id) for run_id in (steady, of_copy, fresh)] == [(1, 0), (0, 1), (1, 0)]
        for run_id in (steady, fresh):
            log = stage.log(run_id)
            assert [line["line_num"] for line in log] == list(range(len(log)))
            assert [line["content"] for line in log if line["source"] == "user"][-1] == "end"
    tell(
        "R20 two processes", f"the older one worked again, and had told all, {seconds:.0f} s after the newer was killed"
    )


@contextmanager
def _serving_copy(stage: CrashStage, copied: Path) -> Generator[None]:
    words = ("data", "--port", "0", "--host", "127.0.0.1")
    environment = {"UV_FIND_LINKS": str(stage.wheels), "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}
    with serving(copied, *words, env=environment, log_level="info"):
        yield


def _copy(stage: CrashStage) -> Path:
    """Another home of the region, which goes on then; the jobs' environment is built in both."""
    warm = stage.trigger("quick")
    stage.when(lambda: stage.status_row(warm) == "completed")
    stage.stop("data")
    copied = stage.root / "copied"
    subprocess.run(["cp", "-a", stage.home("data"), copied], check=True)
    stage.start()
    return copied


def _process(stage: CrashStage) -> str:
    """The process that the control plane takes for the region."""
    return stage.row(stage.control_database, "select process_id from data_planes where id = 'eu1'")[0]


def _ended_in(stage: CrashStage, run_id: str) -> bool:
    """Whether the first home has done with the run."""
    found = stage.row(stage.region_database, "select state from runs where id = ?", run_id)
    return found is not None and found[0] == "done"


def _finish(stage: CrashStage) -> list[str]:
    """Many starts of a job, until all have ended."""
    runs = [stage.trigger(job) for job in ("quick", "burst") for _ in range(RUNS // 2)]
    stage.when(lambda: {stage.status_row(run_id) for run_id in runs} == {"completed"})
    return runs


def _refusals(home: Path) -> int:
    return (home / "serve.log").read_text().count('"refused_as_another_process"')


def _executions(stage: CrashStage, copied: Path, run_id: str) -> tuple[int, int]:
    """How often the run was executed in the first home, and in the copied one."""
    place = copied / stage.place.relative_to(stage.home("data")) / "data" / "prod" / "executions"
    return stage.executions(run_id), place.read_text().split().count(run_id) if place.exists() else 0
