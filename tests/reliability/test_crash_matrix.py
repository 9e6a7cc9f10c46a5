"""R1: each process, killed (`kill -9`) at each step of a run's life; then everything is started again and looked at.

One execution, the right end, a complete and ordered log, no process and no file left behind, and the next run works.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest
from tests.fakes.leftovers import start_ticks
from tests.reliability.crash_job import BURST_LINES
from tests.reliability.crash_stage import END_SECONDS, CrashStage, MomentMissed
from tests.reliability.crash_steps import STEPS, Begun, victims_of
from tests.reliability.sizes import sized, tell
from tests.reliability.stages import Stages

from planes.data_plane.segments import is_sealed

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(sized(1200, 3600))]

ROUNDS = range(sized(1, 14))
"""The first kills as soon as the step is seen, each other a random while later; there planes are forked."""
PAUSE_SECONDS = {"build": 0.1, "output burst": 0.02, "consolidation": 0.02, "unpack": 0.1}
"""How long the others of a step wait at most: as long as it lasts."""
OTHER_PAUSE_SECONDS = 0.5
TRIES = 8
PLANES = ("control plane", "data plane", "platform")
OF_A_RUN = ("runner", "user process", "first process", "data plane and runner")
MATRIX: dict[str, tuple[str, ...]] = {
    "upload": PLANES,
    "write-back": PLANES,
    "deploy": PLANES,
    "lease": PLANES,
    "unpack": PLANES,
    "build": (*PLANES, "runner", "builder", "uv", "first process", "data plane and runner"),
    "runner asked for": (*PLANES, "starter"),
    "start": (*PLANES, "starter", "runner", "data plane and runner"),
    "stand by": (*PLANES, "starter", "warm interpreter"),
    "running": (*PLANES, "starter", *OF_A_RUN),
    "running warm": (*PLANES, *OF_A_RUN),
    "output burst": (*PLANES, *OF_A_RUN),
    "exit": (*PLANES, "runner", "first process", "data plane and runner"),
    "consolidation": PLANES,
    "report": PLANES,
    "cancel": (*PLANES, *OF_A_RUN),
}
SAMPLE = {
    ("upload", "data plane"), ("write-back", "control plane"), ("lease", "data plane"), ("unpack", "data plane"),
    ("build", "builder"), ("runner asked for", "starter"), ("start", "runner"), ("running", "user process"),
    ("output burst", "data plane and runner"), ("exit", "runner"), ("report", "control plane"),
    ("cancel", "data plane"), ("stand by", "warm interpreter"), ("running warm", "data plane"),
}  # fmt: skip
CASES = [(step, victim) for step, victims in MATRIX.items() for victim in victims]
_ENDS_OF_RUN = ("runner", "user process", "first process", "data plane and runner", "builder", "uv")


class Figures:
    """What the rounds had in common."""

    def __init__(self) -> None:
        self.kills = 0
        self.missed = 0
        self.back: list[float] = []
        self.settled: list[float] = []


@pytest.fixture(scope="module")
def figures() -> Generator[Figures]:
    found = Figures()
    yield found
    if found.kills:
        back = f"planes back after at most {max(found.back):.1f} s, " if found.back else ""
        settled = f"runs at their end after at most {max(found.settled):.1f} s" if found.settled else ""
        tell(
            "R1 crash matrix",
            f"{found.kills} kills held ({found.missed} moments were missed and tried again); {back}{settled}",
        )


@pytest.fixture(scope="module")
def stages() -> Generator[Stages]:
    with closing(Stages()) as found:
        yield found


@pytest.mark.parametrize(("step", "victim"), sized([case for case in CASES if case in SAMPLE], CASES))
@pytest.mark.parametrize("round_number", ROUNDS)
def test_kill(stages: Stages, figures: Figures, step: str, victim: str, round_number: int) -> None:
    with stages.use(is_split=victim != "platform", is_forked=round_number > 0) as stage:
        check_kill(stage, figures, step, victim, round_number)


def check_kill(stage: CrashStage, figures: Figures, step: str, victim: str, round_number: int) -> None:
    moments = random.Random(f"{step} {victim} {round_number}")
    longest = PAUSE_SECONDS.get(step, OTHER_PAUSE_SECONDS) if round_number else 0

    def kill_later(run_id: str | None) -> None:
        time.sleep(moments.uniform(0, longest))  # noqa: TID251 - the moment is to be a random one
        kill(stage, victim, run_id)

    for _ in range(TRIES):
        try:
            begun = STEPS[step](stage, kill_later)
            break
        except MomentMissed:
            figures.missed += 1
            settle(stage)
    else:
        pytest.fail(f"the moment of {step} was missed {TRIES} times")
    at = time.monotonic()
    before = stage.restarts
    stage.start()
    if stage.restarts > before:
        figures.back.append(time.monotonic() - at)
    if begun.run_id is not None:
        check_run(stage, begun, step, victim, figures)
    elif begun.is_upload:
        check_upload(stage, begun, step)
    if step != "build":  # there the next run needs the same environment
        stage.deploy()
    check_next(stage)
    figures.kills += 1


def kill(stage: CrashStage, victim: str, run_id: str | None) -> None:
    if victim == "platform":
        stage.kill("whole")
    elif victim == "control plane":
        stage.kill("control")
    elif victim == "data plane":
        stage.kill("data")
    else:
        pids = victims_of(stage, victim.removeprefix("data plane and "), run_id)
        if victim.startswith("data plane and"):
            stage.kill("data")
        step = stage.record(run_id, "step") if victim == "first process" and run_id is not None else None
        if run_id is not None and victim != "first process" and stage.record(run_id, "exit") is not None:
            raise MomentMissed
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                raise MomentMissed from None
        # With the first process all end that it began, a moment later.
        gone(lambda: [str(pid) for pid in (*pids, *([step["pid"]] if step else [])) if start_ticks(pid) is not None])


def settle(stage: CrashStage) -> None:
    """After a moment that was missed: what was begun comes to its end."""
    stage.start()
    for run_id in [row[0] for row in rows(stage, "select id from runs where finished_at is null")]:
        stage.let(run_id)
        stage.end_of(run_id)


def rows(stage: CrashStage, statement: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{stage.control_database}?mode=ro", uri=True, timeout=15)) as connection:
        return connection.execute(statement).fetchall()


def check_run(stage: CrashStage, begun: Begun, step: str, victim: str, figures: Figures) -> None:
    run_id = begun.run_id
    assert run_id is not None
    stage.when((stage.place / "data" / "prod").exists, END_SECONDS)
    if begun.job != "stubborn":
        stage.let(run_id)
    at = time.monotonic()
    status = stage.end_of(run_id)
    figures.settled.append(time.monotonic() - at)
    lines = stage.log(run_id)
    texts = [line["content"] for line in lines if line["source"] == "user"]
    if status != "completed" and texts and (begun.job == "burst" or is_torn(texts)):
        texts.pop()  # a job is killed in the middle of a line: it writes by the block, or a word at a time
    numbers = [int(text.split()[1]) for text in texts if text.startswith("line ")]
    is_cut = victim in _ENDS_OF_RUN

    assert status in expected(step, victim), [line["content"] for line in lines if line["source"] != "user"]
    assert stage.executions(run_id) in ((0, 1) if is_cut else (1,))
    assert [line["line_num"] for line in lines] == list(range(len(lines)))
    assert numbers == list(range(len(numbers)))
    assert [text for text in texts if not text.startswith("line ")] == (["end"] if status == "completed" else [])
    if status == "completed":
        assert texts[-1] == "end"
        assert len(numbers) == {"quick": 3, "waits": 2, "burst": BURST_LINES}.get(begun.job, len(numbers))
    assert is_sealed(stage.folder(run_id) / "ctl" / "segments")


def is_torn(texts: list[str]) -> bool:
    """Whether the last of the lines, which are numbered, is a beginning of what it was to be."""
    wanted = f"line {len(texts) - 1}"
    return texts[-1] != wanted and wanted.startswith(texts[-1].rstrip())


def expected(step: str, victim: str) -> tuple[str, ...]:
    if step == "cancel":
        return ("cancelled",)
    if (step, victim) == ("exit", "first process"):
        return ("completed",)  # it had told how the job ended
    return ("failed",) if victim in _ENDS_OF_RUN else ("completed",)


def check_upload(stage: CrashStage, begun: Begun, step: str) -> None:
    """What was acknowledged is there; what was refused is not; what was cut off is whole or not there."""
    more = stage.versions() - begun.versions
    if begun.status == 200:
        assert more == 1
    elif begun.status is None and step == "write-back":
        assert more in (0, 1)
    else:
        assert more == 0


def check_next(stage: CrashStage) -> None:
    """The next run works, and nothing is left of this one."""
    run_id = stage.trigger("quick")

    assert stage.end_of(run_id) == "completed"
    assert stage.executions(run_id) == 1
    assert len(rows(stage, "select id from runs")) == stage.triggered
    assert gone(stage.orphans) == []
    left = gone(stage.leftovers)
    stage.told.update(left)
    assert left == []
    for database in (stage.control_database, stage.region_database):
        assert stage.row(database, "pragma integrity_check") == ("ok",)


def gone(left: Any, seconds: float = END_SECONDS) -> list[str]:
    """What is still left after a while."""
    deadline = time.monotonic() + seconds
    while (found := left()) and time.monotonic() < deadline:
        time.sleep(0.05)  # noqa: TID251 - the pause between two looks at other processes
    return found
