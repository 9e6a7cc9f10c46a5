"""R20: a copied home starts beside its original, so that two processes run as one region: no run is doubled."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.acceptance.platforms import serving
from tests.reliability.crash_stage import CrashStage, crash_stage

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(240)]

RUNS = 6


def test_of_two_processes_of_a_region_the_newest_runs_each_run_once() -> None:
    with crash_stage(is_split=True) as stage:
        warm = stage.trigger("quick")
        stage.when(lambda: stage.status_row(warm) == "completed", 60)
        copied = _copy(stage)
        with _serving_copy(stage, copied):
            stage.when(lambda: _refusals(stage.home("data")) == 1, 60)

            of_copy = _finish(stage)
        _refused = _refusals(stage.home("data"))
        stage.kill("data")
        stage.start()
        of_first = _finish(stage)

        assert {run_id: _executions(stage, copied, run_id) for run_id in of_copy} == dict.fromkeys(of_copy, (0, 1))
        assert {run_id: _executions(stage, copied, run_id) for run_id in of_first} == dict.fromkeys(of_first, (1, 0))
        assert _refused == 1


def test_what_was_on_its_way_to_a_process_that_hung_is_run_once() -> None:
    """A lease comes to a process that hangs until after a newer one has been given the same run."""
    with crash_stage(is_split=True) as stage:
        copied = _copy(stage)
        with ExitStack() as stack:
            with stage.held(stage.region_database):  # so that it has not written the lease down
                run_id = stage.trigger("quick")
                stage.when(lambda: stage.status_row(run_id) == "starting", 60)
                stack.enter_context(stage.frozen(stage.planes["data"].process.pid))
            with _serving_copy(stage, copied):
                stage.when(lambda: stage.status_row(run_id) == "completed", 60)
        stage.when(lambda: _ended_in(stage, run_id), 60)

        assert _executions(stage, copied, run_id) == (0, 1)


@contextmanager
def _serving_copy(stage: CrashStage, copied: Path) -> Generator[None]:
    words = ("data", "--port", "0", "--host", "127.0.0.1")
    environment = {"UV_FIND_LINKS": str(stage.wheels), "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}
    with serving(copied, *words, env=environment, log_level="info"):
        yield


def _copy(stage: CrashStage) -> Path:
    """Another home of the region, which goes on then."""
    stage.stop("data")
    copied = stage.root / "copied"
    subprocess.run(["cp", "-a", stage.home("data"), copied], check=True)
    stage.start()
    return copied


def _ended_in(stage: CrashStage, run_id: str) -> bool:
    """Whether the first home has done with the run."""
    found = stage.row(stage.region_database, "select state from runs where id = ?", run_id)
    return found is not None and found[0] == "done"


def _finish(stage: CrashStage) -> list[str]:
    """Many starts of a job, until all have ended."""
    runs = [stage.trigger(job) for job in ("quick", "burst") for _ in range(RUNS // 2)]
    stage.when(lambda: {stage.status_row(run_id) for run_id in runs} == {"completed"}, 90)
    return runs


def _refusals(home: Path) -> int:
    return (home / "serve.log").read_text().count('"refused_as_another_process"')


def _executions(stage: CrashStage, copied: Path, run_id: str) -> tuple[int, int]:
    """How often the run was executed in the first home, and in the copied one."""
    place = copied / stage.place.relative_to(stage.home("data")) / "data" / "prod" / "executions"
    return stage.executions(run_id), place.read_text().split().count(run_id) if place.exists() else 0
