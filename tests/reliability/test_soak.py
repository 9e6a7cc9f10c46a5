"""R10: many runs, many readers, deploys and kills, for long: nothing grows, nothing is lost, nothing is left.

The full form is scaled: 2,000 short runs on both regions at once, and then a region that is killed and deployed to
again and again while its logs are followed.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest
from tests.reliability.crash_stage import CrashStage, MomentMissed, crash_stage
from tests.reliability.followers import Follower
from tests.reliability.linked import Linked
from tests.reliability.processes import children_of, descriptors_of, memory_of, state_of
from tests.reliability.sizes import IS_FULL, sized, tell

from planes.data_plane.segments import is_sealed

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(sized(1200, 7200))]

RUNS = sized(30, 2000)
AT_ONCE = 8
QUICK_LINES = ["line 0", "line 1", "line 2", "end"]
# Of a run's folder: its log, records, and their names. The job's own files are gone.
RUN_BYTES = 16 * 1024
WAL_BYTES = 64 * 1024 * 1024
# Threads, and connections to databases, that are there when they are first needed at once. In the small size less than
# what one of each run of one region would come to between the samples that are compared: six.
MOST_MORE = sized(5, 2)


@dataclass(frozen=True)
class Sample:
    """What a platform's process, and the processes that fork its runners, hold after so many runs."""

    runs: int
    memory: int
    forking_memory: int
    descriptors: int
    threads: int
    zombies: int
    disk: int
    journals: int


def test_short_runs_leave_nothing_behind() -> None:
    with crash_stage(is_split=False) as eu1:
        us1 = eu1.beside("us1")
        regions = (eu1, us1)
        begun = time.monotonic()
        samples: list[Sample] = []
        runs: list[tuple[CrashStage, str]] = []
        for number, stage in zip(range(RUNS), cycle(regions), strict=False):
            stage.when(lambda: _active(eu1) < AT_ONCE)
            runs.append((stage, stage.trigger("quick")))
            if (number + 1) % (RUNS // 10) == 0:
                samples.append(_sample(eu1, regions, number + 1))
        eu1.when(lambda: _active(eu1) == 0)
        seconds = time.monotonic() - begun
        for stage in regions:
            _wait_left_nothing(stage)
        samples.append(_sample(eu1, regions, RUNS))
        _check_all_completed(eu1, regions, runs)
    _check_flat(samples)
    first, last = samples[len(samples) // 4], samples[-1]
    tell(
        "R10 soak",
        f"{RUNS} runs, {AT_ONCE} at once, two regions, {60 * RUNS / seconds:.0f} a minute: all completed once; "
        f"after {first.runs} and {last.runs}: memory {first.memory >> 10} and {last.memory >> 10} KiB, what forks "
        f"runners {first.forking_memory >> 10} and {last.forking_memory >> 10}, descriptors {first.descriptors} and "
        f"{last.descriptors}, threads {first.threads} and {last.threads}, 0 zombies; {last.disk / RUNS / 1024:.1f} KiB "
        f"of disk a run, journals at most {max(sample.journals for sample in samples) >> 10} KiB",
    )


def _wait_left_nothing(stage: CrashStage) -> None:
    try:
        stage.when(lambda: not stage.orphans() and not stage.leftovers())
    except MomentMissed:
        pytest.fail(f"{stage.region.name} keeps {stage.orphans()[:10]} and {stage.leftovers()[:10]}")


def _active(stage: CrashStage) -> int:
    return stage.row(stage.control_database, "select count(*) from runs where finished_at is null")[0]


def _sample(stage: CrashStage, regions: tuple[CrashStage, ...], runs: int) -> Sample:
    platform = stage.planes["whole"].process.pid
    forking = [pid for pid in stage.runner_servers() if memory_of(pid)]
    return Sample(
        runs=runs,
        memory=memory_of(platform),
        forking_memory=sum(map(memory_of, forking)),
        descriptors=sum(map(descriptors_of, (platform, *forking))),
        threads=len(os.listdir(f"/proc/{platform}/task")),
        zombies=sum(state_of(pid) == "Z" for parent in (platform, *forking) for pid in children_of(parent)),
        disk=sum(map(_bytes_in, (region.place / "runs" for region in regions))),
        journals=max(path.stat().st_size for path in stage.root.glob("whole/**/*.db-wal")),
    )


def _bytes_in(folder: Path) -> int:
    def sizes() -> Iterator[int]:
        for parent, _, names in os.walk(folder):
            for name in names:
                try:
                    yield Path(parent, name).lstat().st_size
                except FileNotFoundError:
                    continue

    return sum(sizes())


def _check_all_completed(eu1: CrashStage, regions: tuple[CrashStage, ...], runs: list[tuple[CrashStage, str]]) -> None:
    with closing(sqlite3.connect(f"file:{eu1.control_database}?mode=ro", uri=True, timeout=15)) as connection:
        states = Counter(connection.execute("select status, fence from runs").fetchall())

    assert states == {("completed", 1): len(runs)}
    for region in regions:
        mine = [run_id for stage, run_id in runs if stage is region]

        assert Counter((region.place / "data" / "prod" / "executions").read_text().split()) == Counter(mine)
        assert all(is_sealed(region.folder(run_id) / "ctl" / "segments") for run_id in mine)
        assert region.row(region.region_database, "select count(*) from run_reports") == (0,)
        assert region.row(region.region_database, "pragma integrity_check") == ("ok",)
        for run_id in mine[:: sized(5, 20)]:
            assert [line["content"] for line in region.log(run_id) if line["source"] == "user"] == QUICK_LINES


def _check_flat(samples: list[Sample]) -> None:
    """From a quarter of the way on; before, caches fill. What is under way at a sample comes and goes."""
    last = samples[-1]
    early = samples[len(samples) // 4 : len(samples) // 2 + 1]
    middle = statistics.median(sample.memory for sample in samples[len(samples) // 4 :])

    assert last.memory <= middle * sized(1.15, 1.05), samples
    # At the first of few samples what forks may still be loading.
    forked = [sample.forking_memory for sample in (early if not IS_FULL else early[:1])]
    assert last.forking_memory <= max(forked) * 1.05, samples
    assert last.descriptors <= max(sample.descriptors for sample in early) + MOST_MORE, samples
    assert last.threads <= max(sample.threads for sample in early) + MOST_MORE, samples
    assert not last.zombies, samples
    assert last.disk / last.runs < RUN_BYTES, samples
    assert max(sample.journals for sample in samples) < WAL_BYTES, samples


ROUNDS = sized(1, 30)
RUNS_A_ROUND = sized(6, 20)
FOLLOWERS = sized(3, 20)


def test_a_region_that_is_killed_and_deployed_to_loses_nothing(linked: Linked) -> None:
    stage = linked.stage
    runs: list[str] = []
    broken = 0
    back: list[float] = []
    answers: list[float] = []
    for _ in range(ROUNDS):
        with ExitStack() as stack:
            steady = stage.trigger("steady")
            stage.when(lambda steady=steady: stage.lines_on_disk(steady) > 20)
            followers = [stack.enter_context(stage.following(steady)) for _ in range(FOLLOWERS)]
            fresh = [stage.trigger("quick") for _ in range(RUNS_A_ROUND)]
            stage.when(lambda followers=followers: all(len(each.lines) > 20 for each in followers))
            stage.kill("data")
            begun = time.monotonic()
            stage.start()
            back.append(time.monotonic() - begun)
            broken += sum(not each.is_over for each in followers)
            again = [stack.enter_context(stage.following(steady)) for _ in range(FOLLOWERS)]
            stage.deploy()
            stage.when(lambda again=again: all(each.failure or len(each.lines) > 20 for each in again))
            assert not [each.failure for each in again if each.failure]
            stage.let(steady)
            runs += (steady, *fresh)
            stage.when(lambda: _active(stage) == 0)
            stage.when(lambda again=again: all(each.is_over for each in again))
            answers += _answer_times(stage, steady)
            _check_followed(stage, steady, again)
    _check_everything(stage, runs)
    third = len(answers) // 3

    assert broken == ROUNDS * FOLLOWERS
    tell(
        "R10 kills and deploys",
        f"{ROUNDS} kills and deploys, {len(runs)} runs, {FOLLOWERS} followers at a time ({broken} streams broken "
        f"and opened again): each run completed once, each log whole; back after {statistics.median(back):.1f} s "
        f"(at most {max(back):.1f}); a request {statistics.median(answers) * 1000:.0f} ms, "
        f"p99 {_p99_ms(answers):.0f} ms, of the first third of the rounds {_p99_ms(answers[:third]):.0f} ms and of the "
        f"last {_p99_ms(answers[-third:]):.0f} ms",
    )


def _p99_ms(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1000


def _answer_times(stage: CrashStage, run_id: str) -> list[float]:
    found: list[float] = []
    for _ in range(sized(10, 60)):
        begun = time.monotonic()
        stage.run_of(run_id)
        found.append(time.monotonic() - begun)
    return found


def _check_followed(stage: CrashStage, run_id: str, followers: list[Follower]) -> None:
    log = stage.log(run_id)

    assert all(follower.lines == log for follower in followers)


def _check_everything(stage: CrashStage, runs: list[str]) -> None:
    for run_id in runs:
        log = stage.log(run_id)
        texts = [line["content"] for line in log if line["source"] == "user"]

        assert stage.status_row(run_id) == "completed"
        assert stage.executions(run_id) == 1
        assert [line["line_num"] for line in log] == list(range(len(log)))
        assert texts == [f"line {number}" for number in range(len(texts) - 1)] + ["end"]
    stage.when(lambda: not stage.orphans() and not stage.leftovers())

    assert stage.row(stage.control_database, "select count(*) from runs") == (stage.triggered,)
