"""R1, R10: two neighbours, or every process of a platform, killed (`kill -9`) at once at random moments under load.

In full sizes only: in short ones the crash matrix stands for it. A schedule is drawn from its seed, which a failure
names: `DLTHUB_TUI_SEEDS=17,18` plays those alone.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import time
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest
from tests.fakes.leftovers import start_ticks
from tests.reliability.crash_job import BURST_LINES
from tests.reliability.crash_stage import END_SECONDS, ENDED, CrashStage, MomentMissed
from tests.reliability.processes import children_of, command_of, environment_of, place_of
from tests.reliability.sizes import sized, tell
from tests.reliability.stages import Stages
from tests.reliability.test_crash_matrix import gone, is_torn, rows

from planes.data_plane.segments import is_sealed

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(sized(1200, 3600))]

PAIRS = (
    ("control plane", "data plane"),
    ("control plane", "runner"),
    ("data plane", "starter"),
    ("data plane", "runner"),
    ("data plane", "user process"),
    ("starter", "runner"),
    ("starter", "warm interpreter"),
    ("runner", "first process"),
    ("runner", "user process"),
    ("first process", "user process"),
)
LOAD = ("steady", "burst", "waits", "quick", "quick")
LONGEST_SECONDS = 3.0
_OF_RUNS = ("runner", "first process", "user process")
_CHOSEN = [int(seed) for seed in os.environ.get("DLTHUB_TUI_SEEDS", "").split(",") if seed]
PAIR_SEEDS = _CHOSEN or range(sized(0, 200))
CUT_SEEDS = _CHOSEN or range(sized(0, 100))


@dataclass
class Figures:
    """What the schedules had in common: seconds until planes are back and until the first line of a run asked for then.

    `hit`: there was something to kill of all that was to be killed.
    """

    kills: int = 0
    hit: int = 0
    back: list[float] = field(default_factory=list)
    first_line: list[float] = field(default_factory=list)

    def words(self) -> str:
        """For people."""
        told = [f"{self.kills} schedules held, {self.hit} found all that they were to kill"]
        for what, seconds in (("planes back", self.back), ("first line of a run asked for then", self.first_line)):
            if seconds:
                told.append(
                    f"{what} after {statistics.median(seconds):.1f} s in the median, at most {max(seconds):.1f}"
                )
        return "; ".join(told)


@pytest.fixture(scope="module")
def stages() -> Generator[Stages]:
    with closing(Stages()) as found:
        yield found


@pytest.fixture(scope="module")
def split() -> Generator[Figures]:
    figures = Figures()
    yield figures
    tell("R1 two at once", figures.words())


@pytest.fixture(scope="module")
def whole() -> Generator[Figures]:
    figures = Figures()
    yield figures
    tell("R10 all at once", figures.words())


@pytest.mark.parametrize("seed", PAIR_SEEDS)
def test_two_neighbours_killed_at_once(stages: Stages, split: Figures, seed: int) -> None:
    with stages.use(is_split=True) as stage:
        _kill_two(stage, split, seed)


def _kill_two(stage: CrashStage, figures: Figures, seed: int) -> None:
    chance = random.Random(seed)
    pair = PAIRS[seed % len(PAIRS)]
    runs = _load(stage, chance)
    killed: set[str] = set()
    found: list[list[int]] = []
    for victim in pair:
        if victim == "starter":
            found.append(stage.runner_servers())
        elif victim == "warm interpreter":
            found.append(stage.standing())
        elif victim in _OF_RUNS:
            of_run = _under_way(stage, runs, chance, killed)
            found.append(_processes(stage, of_run, victim) if of_run is not None else [])
            killed |= {of_run} if of_run is not None else set()
    for pid in (pid for pids in found for pid in pids):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for victim in pair:
        if victim.endswith("plane"):
            stage.kill(victim.removesuffix(" plane"))
    figures.hit += all(found)
    _check(stage, runs, killed, figures, f"seed {seed}: {' and '.join(pair)}")


@pytest.mark.parametrize("seed", CUT_SEEDS)
def test_every_process_killed_at_once(stages: Stages, whole: Figures, seed: int) -> None:
    with stages.use(is_split=False) as stage:
        _kill_all(stage, whole, seed)


def _kill_all(stage: CrashStage, figures: Figures, seed: int) -> None:
    runs = _load(stage, random.Random(seed))
    under_way = {run_id for run_id in runs if stage.record(run_id, "runner") is not None}
    for number in (signal.SIGSTOP, signal.SIGKILL):  # so that none sees the end of another
        for pid in _all_processes(stage):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    stage.kill("whole")
    # One may have been asked for between the two looks.
    under_way |= {run_id for run_id in runs if stage.record(run_id, "runner") is not None}
    figures.hit += bool(under_way)
    _check(stage, runs, under_way, figures, f"seed {seed}: all")


def _load(stage: CrashStage, chance: random.Random) -> dict[str, str]:
    """Some runs of each kind (id → job), and a random while."""
    until = time.monotonic() + chance.uniform(0, LONGEST_SECONDS)
    runs: dict[str, str] = {}
    for job in chance.sample(LOAD, len(LOAD)):
        runs[stage.trigger(job)] = job
    while time.monotonic() < until:
        time.sleep(0.01)  # noqa: TID251 - the moment is to be a random one
    return runs


def _under_way(stage: CrashStage, runs: dict[str, str], chance: random.Random, killed: set[str]) -> str | None:
    """The run that was hit already, or one that is under way."""
    found = [
        run_id for run_id in runs if stage.record(run_id, "step") is not None and stage.record(run_id, "exit") is None
    ]
    return next(iter(killed), None) or (chance.choice(found) if found else None)


def _processes(stage: CrashStage, run_id: str, victim: str) -> list[int]:
    runner, step = stage.record(run_id, "runner"), stage.record(run_id, "step")
    if runner is None or step is None:
        return []
    if victim == "first process":
        return children_of(runner["pid"])
    record = runner if victim == "runner" else step
    return [record["pid"]] if start_ticks(record["pid"]) == record["start_ticks"] else []


def _all_processes(stage: CrashStage) -> list[int]:
    """Of the platform and all that it has started."""
    platform = stage.planes["whole"].process.pid
    mark = str(stage.root).encode()
    found = {platform, *children_of(platform)}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        if pid != os.getpid() and mark in command_of(pid) + environment_of(pid) + b"\0" + place_of(pid):
            found.add(pid)
    for run in stage.place.glob("runs/*"):
        runner = stage.record(run.name, "runner")
        if runner is not None and start_ticks(runner["pid"]) == runner["start_ticks"]:
            found |= {runner["pid"], *children_of(runner["pid"])}
    return sorted(found)


def _check(stage: CrashStage, runs: dict[str, str], killed: set[str], figures: Figures, schedule: str) -> None:
    """All is started again and looked at. Of `killed` runs a process was killed, if it had not ended."""
    try:
        begun, before = time.monotonic(), stage.restarts
        stage.start()
        if stage.restarts > before:
            figures.back.append(time.monotonic() - begun)
        fresh = stage.trigger("quick")
        stage.when(lambda: stage.lines_on_disk(fresh) or stage.status_row(fresh) in ENDED, END_SECONDS)
        if stage.restarts > before:
            figures.first_line.append(time.monotonic() - begun)
        stage.when((stage.place / "data" / "prod").exists, END_SECONDS)
        for run_id in runs:
            stage.let(run_id)
        for run_id, job in (*runs.items(), (fresh, "quick")):
            stage.end_of(run_id)
            _check_run(stage, run_id, job, may_fail=run_id in killed)

        assert len(rows(stage, "select id from runs")) == stage.triggered
        assert gone(stage.orphans) == []
        assert gone(stage.leftovers) == []
        for database in (stage.control_database, stage.region_database):
            assert stage.row(database, "pragma integrity_check") == ("ok",)
    except (AssertionError, MomentMissed) as exc:
        pytest.fail(f"{schedule}: {exc!r}")
    figures.kills += 1


def _check_run(stage: CrashStage, run_id: str, job: str, *, may_fail: bool) -> None:
    status = stage.status_row(run_id)
    lines = stage.log(run_id)
    texts = [line["content"] for line in lines if line["source"] == "user"]
    is_whole = status == "completed"
    if not is_whole and texts and (job == "burst" or is_torn(texts)):
        texts.pop()
    is_over = bool(texts) and texts[-1] == "end"  # also of one that was killed right after it
    numbered = texts[:-1] if is_over else texts
    counts = {"quick": 3, "waits": 2, "burst": BURST_LINES}

    assert status in (("completed", "failed") if may_fail else ("completed",)), (run_id, job, status, lines[-3:])
    assert stage.executions(run_id) in ((1,) if is_whole else (0, 1)), (run_id, job)
    assert [line["line_num"] for line in lines] == list(range(len(lines))), (run_id, job)
    assert [int(text.split()[1]) for text in numbered] == list(range(len(numbered))), (run_id, job)
    assert is_over or not is_whole, (run_id, job)
    assert not is_whole or len(numbered) == counts.get(job, len(numbered)), (run_id, job)
    assert is_sealed(stage.folder(run_id) / "ctl" / "segments"), (run_id, job)
