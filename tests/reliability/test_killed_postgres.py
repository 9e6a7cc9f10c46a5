"""R1: the control plane's database is Postgres, killed (`kill -9`) in the middle of leases, reports and ticks."""

from __future__ import annotations

import random
import subprocess
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest
from tests.fakes.archives import pack
from tests.fakes.postgres import HAS_POSTGRES, PostgresServer, postgres_server
from tests.fakes.workspaces import definition, requirements
from tests.reliability.crash_job import JOB
from tests.reliability.crash_stage import ENDED, CrashStage, MomentMissed, crash_stage
from tests.reliability.sizes import sized, tell
from tests.reliability.test_crash_matrix import gone

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.slow,
    pytest.mark.timeout(sized(1200, 3600)),
    pytest.mark.skipif(not HAS_POSTGRES, reason="no initdb"),
]

ROUNDS = sized(1, 30)
TICKS = sized(3, 8)
"""In each round, from a second after its begin on, some a second."""
TICKS_A_SECOND = 4
CLOCK = "clock"
"""A job with a clock that nobody sets: whoever pauses it wakes the scheduler."""
LONGEST_AWAY_SECONDS = sized(1.0, 8.0)


def test_a_database_that_is_killed_loses_and_doubles_nothing() -> None:
    chance = random.Random(7)
    back: list[float] = []
    asked: list[str] = []
    unanswered = 0
    with postgres_server() as server:
        _query(server, "postgres", "create database control")
        url = server.url.replace("/postgres?", "/control?")
        with crash_stage(is_split=True, environment={"DLTHUB_TUI_CONTROL_DATABASE_URL": url}) as stage:
            ticking = _deploy_ticking(stage)
            for number in range(ROUNDS):
                names = ticking[number * TICKS : (number + 1) * TICKS]
                _set_clocks(server, [stage.job_ids[name] for name in names])
                _wake_scheduler(stage)
                steady = stage.trigger("steady")
                asked += [steady, stage.trigger("burst")]
                time.sleep(chance.uniform(0.5, 2.5))  # noqa: TID251 - the moment is to be a random one
                if number % 2:
                    server.kill()
                    time.sleep(chance.uniform(0, LONGEST_AWAY_SECONDS))  # noqa: TID251 - it is away so long
                    server.start()
                else:
                    assert server.kill_backends("control")
                begun = time.monotonic()
                while (fresh := _try_to_trigger(stage)) is None:
                    unanswered += 1
                    assert time.monotonic() < begun + 60
                    time.sleep(0.05)  # noqa: TID251 - the pause between two looks at another process
                back.append(time.monotonic() - begun)
                asked.append(fresh)
                stage.let(steady)
            everything = _ended(stage, server, len(ticking))
            started = {row["id"]: row["job_ref"] for row in everything}
            ticks = [row["job_ref"].rpartition(".")[2] for row in everything if row["trigger"].startswith("every")]

            assert set(asked) <= set(started)
            assert sorted(ticks) == sorted(ticking), "a tick was lost or fired twice"
            # A request without an answer may have started a run.
            assert len(started) <= len(asked) + len(ticks) + unanswered
            assert {row["status"] for row in everything} == {"completed"}
            assert {run_id: stage.executions(run_id) for run_id in started} == dict.fromkeys(started, 1)
            for run_id in started:
                log = stage.log(run_id)
                texts = [line["content"] for line in log if line["source"] == "user"]
                assert [line["line_num"] for line in log] == list(range(len(log)))
                assert [text.split()[1] for text in texts[:-1]] == [str(line) for line in range(len(texts) - 1)]
                assert texts[-1] == "end"
            # The end of a run is told before its last process is gone.
            assert gone(stage.orphans) == []
    tell(
        "R1 killed Postgres",
        f"{ROUNDS} kills, {len(started)} runs, {len(ticks)} ticks: each once; a run was taken again after at most "
        f"{max(back):.1f} s, {unanswered} requests refused or broken off",
    )


def _query(server: PostgresServer, database: str, statement: str) -> str:
    command = ["psql", "-h", str(server.folder), "-U", "tester", "-d", database, "-qAt", "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=240).stdout


def _deploy_ticking(stage: CrashStage) -> list[str]:
    """Deploys jobs that have a clock each, far off, beside the others."""
    names = [f"tick{number}" for number in range(ROUNDS * TICKS)]
    code = JOB + "".join(f"{name} = quick\n" for name in (*names, CLOCK))
    files = {"job.py": code.encode(), "number.txt": b"ticking"}
    sent = stage.upload("deployments", file=pack(files), requirements_file=requirements("dlt==1.31.0"))
    assert sent.status_code == 200, sent.text
    execute = {"timeout": {"timeout": 3600, "grace_period": 1}, "concurrency": None}
    jobs = [definition("job", name, execute=execute) for name in stage.job_ids]
    jobs += [definition("job", name, triggers=["every:1h"], execute=execute) for name in (*names, CLOCK)]
    body = {"job_definition_engine_version": 2, "job_definition_hash": "y", "jobs": jobs}
    answer = stage.ask("POST", stage.path("/-deploy"), body)
    assert answer.status_code == 200, answer.text
    receipt = answer.json()["job_receipt"]["succeeded"]
    stage.job_ids |= {one["job"]["job_ref"].rpartition(".")[2]: one["job"]["id"] for one in receipt}
    return names


def _set_clocks(server: PostgresServer, job_ids: list[str]) -> None:
    for number, job_id in enumerate(job_ids):
        seconds = 0.5 + number / TICKS_A_SECOND
        moment = f"now() + interval '{seconds} seconds'"
        _query(server, "control", f"update clocks set next_fire_at = {moment} where job_id = '{job_id}'")


def _wake_scheduler(stage: CrashStage) -> None:
    """It sleeps until the next moment that it knows of."""
    for word in ("-pause", "-resume"):
        answer = stage.ask("POST", stage.path(f"/jobs/{stage.job_ids[CLOCK]}/{word}"))
        assert answer.status_code == 200, answer.text


def _try_to_trigger(stage: CrashStage) -> str | None:
    with suppress(httpx.HTTPError):
        answer = stage.ask("POST", stage.path("/jobs/-trigger"), {"job_ids": [stage.job_ids["quick"]]})
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 200:
            return answer.json()["succeeded"][0]["job_run_id"]
    return None


def _ended(stage: CrashStage, server: PostgresServer, ticks: int) -> list[dict[str, Any]]:
    """All runs, when all that were to be have ended."""

    def look() -> list[dict[str, Any]] | None:
        rows = [row.split("|") for row in _query(server, "control", _RUNS).splitlines()]
        found: list[dict[str, Any]] = [
            {"id": run_id, "job_ref": job_ref, "status": status, "trigger": trigger}
            for run_id, job_ref, status, trigger in rows
        ]
        fired = sum(row["trigger"].startswith("every") for row in found)
        return found if fired >= ticks and all(row["status"] in ENDED for row in found) else None

    try:
        return stage.when(look, sized(240, 1800))
    except MomentMissed:
        pytest.fail(_query(server, "control", _RUNS))


_RUNS = "select runs.id, jobs.job_ref, status, trigger from runs join jobs on jobs.id = runs.job_id"
