"""R10 in full: a day scaled to an hour. Clocks fire, readers come and go, code is deployed, a region is killed.

Each "hour" is a 24th of it. Jobs are as many as the machine carries: each minute half of the runs that its processors
can start in one.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import pytest
from tests.fakes.workspaces import definition, with_entry_point
from tests.reliability.crash_stage import CrashStage, crash_stage
from tests.reliability.day_readers import Readers, digest_of, reading
from tests.reliability.processes import children_of, descriptors_of, memory_of, state_of
from tests.reliability.sizes import IS_FULL, tell

from planes.data_plane.segments import is_sealed

SECONDS = 60 * float(os.environ.get("DLTHUB_TUI_SOAK_MINUTES", "60"))
HOUR_SECONDS = SECONDS / 24
EVERY_SECONDS = 60
"""The shortest period that a job may have."""

JOBS = 45 * (os.cpu_count() or 1)
FOLLOWERS = 20
HOURS_A_KILL, HOURS_A_DEPLOY = 2, 4
PAUSE_SECONDS = 2.0
WARM_UP = 1 / 6
LOGS_READ = 1000
WAL_BYTES = 64 * 1024 * 1024
T = TypeVar("T")

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.slow,
    pytest.mark.timeout(SECONDS + 3600),
    pytest.mark.skipif(not IS_FULL, reason="a day takes an hour: make reliability"),
]


@dataclass(frozen=True)
class Sample:
    """What the planes hold at a moment, in the order of control plane, killed region, the other region."""

    memory: tuple[int, ...]
    descriptors: tuple[int, ...]
    journals: int


@dataclass
class Day:
    """What is done and seen. `eu1` is the region that is killed; each region has a run that prints all the hour."""

    eu1: CrashStage
    us1: CrashStage
    pulses: dict[str, str] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    answers: list[list[float]] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    deploys: int = 0

    @property
    def regions(self) -> tuple[CrashStage, CrashStage]:
        return self.eu1, self.us1

    def begin_pulses(self) -> None:
        """A run in each region that prints until it is let go."""
        for region in self.regions:
            run_id = region.trigger("pulse")
            region.when(lambda region=region, run_id=run_id: region.status_row(run_id) == "running", 240, pause=0.1)
            self.pulses[region.region_id] = run_id

    def pass_hour(self, hour: int, readers: Readers) -> None:
        """What belongs to this hour happens, then the platform is looked at until the hour is over."""
        ends_at = time.monotonic() + HOUR_SECONDS
        ended = dict(self.pulses)
        self.begin_pulses()
        for region in self.regions:
            region.let(ended[region.region_id])
        if hour % HOURS_A_DEPLOY == HOURS_A_DEPLOY - 1:
            for region in self.regions:
                region.deploy()
                self.deploys += 1
        if hour % HOURS_A_KILL == HOURS_A_KILL - 1:
            with readers.outage(self.eu1.region_id):
                self.eu1.kill("data")
                begun = time.monotonic()
                self.eu1.start()
                self.back.append(time.monotonic() - begun)
        while time.monotonic() < ends_at:
            self.samples.append(self._sample())
            self.answers.append([_ask(region, path) for region in self.regions for path in _asked(region)])
            readers.is_over.wait(PAUSE_SECONDS)

    def run_to_follow(self, stage: CrashStage, reader: int) -> str:
        """Most readers follow the run that goes on, the others the newest that has begun."""
        if reader % 5:
            return self.pulses[stage.region_id]
        newest = "select id from runs where workspace_id = ? and started_at is not null order by created_at desc"
        return stage.row(stage.control_database, newest, stage.workspace["id"])[0]

    def _sample(self) -> Sample:
        planes = [self.eu1.planes["control"], *(region.planes[region.plane_of("data")] for region in self.regions)]
        pids = [plane.process.pid for plane in planes]
        folders = [self.eu1.control_database.parent, *(region.region for region in self.regions)]
        assert not [child for pid in pids for child in children_of(pid) if _is_zombie(child)]
        return Sample(
            tuple(map(memory_of, pids)),
            tuple(map(descriptors_of, pids)),
            max(path.stat().st_size for folder in folders for path in folder.glob("*.db-wal")),
        )


def test_a_day_goes_on_as_it_began() -> None:
    with crash_stage(is_split=True) as eu1:
        eu1.more_jobs += [definition("job", "pulse", execute={"timeout": {"timeout": 3600}, "concurrency": None})]
        eu1.more_jobs += [
            with_entry_point(definition("job", f"tick{number}", triggers=[f"every:{EVERY_SECONDS}"]), function="quick")
            for number in range(JOBS // 2)
        ]
        day = Day(eu1, eu1.beside("us1"))
        eu1.deploy()
        day.begin_pulses()
        with reading(day.regions, FOLLOWERS, day.run_to_follow, 1.5 * HOUR_SECONDS) as readers:
            for hour in range(24):
                day.pass_hour(hour, readers)
        ticks, declined = _check_ticks(day)
        _tell(day, readers, f"{ticks} ticks, {declined} of them declined with a receipt")
        _settle(day)
        _check_runs(day)
        _check_readings(day, readers)
        _check_flat(day)
        assert not [line for plane in ("control", "us1") for line in eu1.planes[plane].failures()]


def _tell(day: Day, readers: Readers, ticks: str) -> None:
    readings = [one for of_region in readers.readings.values() for one in of_region]
    tell(
        "R10 day",
        f"{SECONDS / 60:.0f} minutes, load {os.getloadavg()[2]:.0f}, {JOBS} jobs every {EVERY_SECONDS} s: {ticks}, "
        f"{day.deploys} deploys, {len(day.back)} kills (back after {statistics.median(day.back):.1f} s, at most "
        f"{max(day.back):.1f}), {len(readings)} readings by {FOLLOWERS} followers, "
        f"{sum(bool(each.failure) for each in readings)} of them cut by a kill; {_figures(day)}",
    )


def _asked(region: CrashStage) -> Sequence[str]:
    job_id = region.job_ids["quick"]
    return tuple(map(region.path, ("", "/jobs", f"/jobs/{job_id}", "/job-runs", "/deployments", "/configurations")))


def _ask(region: CrashStage, path: str) -> float:
    begun = time.monotonic()
    answer = region.ask("GET", path)
    assert answer.status_code == 200, (path, answer.text)
    return time.monotonic() - begun


def _is_zombie(pid: int) -> bool:
    """Of one that stays so for seconds: what has just ended is waited for at once."""
    for _ in range(100):
        if state_of(pid) != "Z":
            return False
        time.sleep(0.05)  # noqa: TID251 - the pause between two looks at another process
    return True


def _check_ticks(day: Day) -> tuple[int, int]:
    """Each tick that was due made one run, or a receipt that tells why not; windows join. How many of both."""
    with (
        day.eu1.held(day.eu1.control_database),
        closing(sqlite3.connect(f"file:{day.eu1.control_database}?mode=ro", uri=True)) as connection,
    ):
        clocks = connection.execute("select job_id, since, last_fire_at from clocks").fetchall()
        rows = connection.execute(
            "select job_id, created_at, interval_start, interval_end from runs where trigger_kind = 'every' "
            "order by created_at"
        ).fetchall()
        log = (day.eu1.home("control") / "serve.log").read_text().splitlines()
    declined = Counter(json.loads(line)["job_id"] for line in log if '"tick_declined"' in line)
    runs: dict[str, list[tuple[datetime, ...]]] = defaultdict(list)
    for job_id, *moments in rows:
        runs[job_id].append(tuple(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in moments))
    period, total = timedelta(seconds=EVERY_SECONDS), 0

    assert len(clocks) == JOBS
    for job_id, *moments in clocks:
        since, last = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in moments)
        due = round((last - since) / period)
        slots = {math.floor((created_at - since) / period) for created_at, _, _ in runs[job_id]}

        assert len(runs[job_id]) + declined[job_id] == due, job_id
        assert len(slots) == len(runs[job_id]), job_id
        assert all(before[2] == after[1] for before, after in pairwise(runs[job_id])), job_id
        total += due
    return total, declined.total()


def _settle(day: Day) -> None:
    """No tick falls due any more, and every run ends."""
    day.eu1.more_jobs.clear()
    for region in day.regions:
        region.let(day.pulses[region.region_id])
        region.deploy()
    active = "select count(*) from runs where finished_at is null"
    day.eu1.when(lambda: day.eu1.row(day.eu1.control_database, active) == (0,), 300, pause=0.1)
    for region in day.regions:
        region.when(lambda region=region: not region.orphans() and not region.leftovers(), 120, pause=0.5)


def _check_runs(day: Day) -> None:
    for region in day.regions:
        with closing(sqlite3.connect(f"file:{day.eu1.control_database}?mode=ro", uri=True)) as connection:
            chosen = "select id, status from runs where workspace_id = ? order by created_at"
            states = dict(connection.execute(chosen, [region.workspace["id"]]).fetchall())

        assert set(states.values()) == {"completed"}, Counter(states.values())
        assert Counter((region.place / "data" / "prod" / "executions").read_text().split()) == Counter(states.keys())
        assert all(is_sealed(region.folder(run_id) / "ctl" / "segments") for run_id in states)
        assert region.row(region.region_database, "select count(*) from run_reports") == (0,)
        for database in (region.region_database, day.eu1.control_database):
            assert region.row(database, "pragma integrity_check") == ("ok",)
        for run_id in list(states)[:: 1 + 2 * len(states) // LOGS_READ]:
            lines = region.log(run_id)
            texts = [line["content"] for line in lines if line["source"] == "user"]

            assert [line["line_num"] for line in lines] == list(range(len(lines)))
            assert texts == [f"line {number}" for number in range(len(texts) - 1)] + ["end"]


def _check_readings(day: Day, readers: Readers) -> None:
    """Each got the stored log, to its end or as far as it was read."""
    assert not readers.unexplained()
    for region in day.regions:
        by_run = defaultdict(list)
        for one in readers.readings[region.region_id]:
            by_run[one.run_id].append(one)
        for run_id, readings in by_run.items():
            log = region.log(run_id)
            for one in readings:
                assert one.digest == digest_of(log[: one.count]), one
                assert not one.is_over or one.count == len(log), one


def _halves(all_of_them: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """After the warm-up, in which caches fill."""
    warm = all_of_them[int(len(all_of_them) * WARM_UP) :]
    return warm[: len(warm) // 2], warm[len(warm) // 2 :]


def _memory(samples: Sequence[Sample]) -> list[float]:
    return [statistics.median(of_one) for of_one in zip(*(sample.memory for sample in samples), strict=True)]


def _descriptors(samples: Sequence[Sample]) -> list[int]:
    """Where nothing is under way: what is under way at a sample comes and goes."""
    return [min(of_one) for of_one in zip(*(sample.descriptors for sample in samples), strict=True)]


def _p99_ms(answers: Sequence[Sequence[float]]) -> float:
    return statistics.quantiles([each for asked in answers for each in asked], n=100)[98] * 1000


def _figures(day: Day) -> str:
    """First and second half beside each other."""
    samples, answers = _halves(day.samples), _halves(day.answers)
    memory = [[round(each / 2**20, 1) for each in _memory(half)] for half in samples]
    descriptors = [_descriptors(half) for half in samples]
    requests = [f"{_p99_ms(half):.1f}" for half in answers]
    middle = [f"{1000 * statistics.median(each for asked in half for each in asked):.1f}" for half in answers]
    journals = max(sample.journals for sample in day.samples) / 2**20
    return (
        f"control plane, killed region and the other in the first half and the second: memory {memory[0]} and "
        f"{memory[1]} MiB, descriptors {descriptors[0]} and {descriptors[1]}; a request {middle[0]} and "
        f"{middle[1]} ms, "
        f"p99 {requests[0]} and {requests[1]} ms of {sum(map(len, answers[0]))} and {sum(map(len, answers[1]))}; "
        f"journals at most {journals:.1f} MiB"
    )


def _check_flat(day: Day) -> None:
    early, late = _halves(day.samples)
    drifts = [after / before for before, after in zip(_memory(early), _memory(late), strict=True)]

    assert max(drifts) <= 1.05, drifts
    assert all(a <= b for a, b in zip(_descriptors(late), _descriptors(early), strict=True))
    assert max(sample.journals for sample in day.samples) <= WAL_BYTES
