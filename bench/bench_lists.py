"""Pages of 10,000 runs at any offset, of 1,000 jobs, and a deploy of these, through the whole application."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

import anyio
from harness import ROOT, machine, open_folder
from sqlalchemy import insert, select

sys.path.insert(0, str(ROOT))

from tests.fakes.control_stage import Stage, control_stage, definition

from planes.domain.identifiers import new_id
from planes.storage.control.runs import runs

PAGES: dict[str, dict[str, Any]] = {
    "first page": {},
    "offset 5,000": {"offset": 5000},
    "offset 9,900": {"offset": 9900},
    "of a job": {"job_id": "", "offset": 5},
    "failed": {"status": "failed", "offset": 2000},
    "by duration, offset 5,000": {"sort": "duration_seconds", "order": "desc", "offset": 5000},
    "by duration up, offset 5,000": {"sort": "duration_seconds", "order": "asc", "offset": 5000},
    "by start, offset 5,000": {"sort": "started_at", "order": "desc", "offset": 5000},
    "by end, offset 5,000": {"sort": "finished_at", "order": "asc", "offset": 5000},
    "by number, offset 5,000": {"sort": "number", "order": "desc", "offset": 5000},
}

# As the app asks for them: a screenful, the rest in pieces; and all at once.
JOB_PAGES: tuple[dict[str, Any], ...] = ({"limit": 48}, {"limit": 500, "offset": 48}, {"limit": 1000})


async def fill(stage: Stage, job_id: str, count: int) -> None:
    """Ended runs of many jobs, a minute apart."""
    run = await stage.trigger(job_id)
    async with stage.parts.database.transaction() as connection:
        row = dict((await connection.execute(select(runs).where(runs.c.id == run["id"]))).mappings().one())
        jobs = [job["id"] for job in (await stage.get("/jobs", limit=1000)).json()["items"]]
        rows: list[dict[str, Any]] = []
        for number in range(count):
            at = row["created_at"] - timedelta(minutes=number)
            rows.append({
                **row, "id": new_id(), "job_id": jobs[number % len(jobs)], "number": 100_000 + number,
                "status": "failed" if number % 4 == 0 else "completed", "created_at": at, "started_at": at,
                "finished_at": at, "duration_seconds": float(number * 7919 % 3600),
            })  # fmt: skip
        await connection.execute(insert(runs), rows)


async def timed(
    stage: Stage, query: dict[str, Any], rounds: int, path: str = "/job-runs", *, is_own: bool = False
) -> float:
    ask, times = stage.own if is_own else stage.get, list[float]()
    for _ in range(rounds):
        started = time.perf_counter()
        answer = await ask(path, **{"limit": 100, **query})
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.text
    return statistics.median(times)


async def timed_cursor(stage: Stage, query: dict[str, Any], rounds: int) -> float:
    """Pages far down the list, by cursor."""
    cursor = None
    for _ in range(5):
        query = {**query, **({"cursor": cursor} if cursor else {})}
        cursor = (await stage.get("/job-runs", **{"limit": 1000, **query})).json()["next_cursor"]
    return await timed(stage, {**query, "cursor": cursor}, rounds)


async def main(jobs: int, count: int, rounds: int) -> None:
    with open_folder() as folder:
        async with control_stage(folder, f"sqlite+aiosqlite:///{folder / 'control.db'}") as stage:
            await stage.upload()
            many = [definition(f"job{number}", "every:6h") for number in range(jobs)]
            started = time.perf_counter()
            answer = await stage.deploy(*many)
            first = time.perf_counter() - started
            assert answer.status_code == 200, answer.text
            started = time.perf_counter()
            await stage.deploy(*many)
            again = time.perf_counter() - started
            print(f"deploy of {jobs:,} jobs: {first:.2f} s; again, unchanged: {again:.2f} s (promise 5 s)")
            ids = await stage.job_ids()
            job_id = next(iter(ids.values()))
            await fill(stage, job_id, count)
            for name, query in PAGES.items():
                query = query | ({"job_id": job_id} if "job_id" in query else {})
                print(f"100 of {count:,} runs, {name}: median {await timed(stage, query, rounds):.1f} ms (promise 50)")
            for name, query in {"": {}, "by duration, ": {"sort": "duration_seconds", "order": "desc"}}.items():
                found = await timed_cursor(stage, query, rounds)
                print(f"100 of {count:,} runs, {name}by a cursor behind 5,000: median {found:.1f} ms (promise 50)")
            for query in JOB_PAGES:
                query = {"recent_job_runs_limit": 10, **query}
                whole, short = [await timed(stage, query, rounds, "/jobs", is_own=is_own) for is_own in (False, True)]
                print(f"{query['limit']} of {jobs:,} jobs with ten recent runs each: median {whole:.1f} ms, "
                      f"in short, as the app asks for them, {short:.1f} ms")  # fmt: skip
    print(machine())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    wanted = parser.parse_args()
    anyio.run(main, wanted.jobs, wanted.runs, wanted.rounds)
