"""How late ticks are: 5,000 scheduled jobs of one control plane, 50 ticks a second falling due.

    python bench/bench_scheduler.py [--jobs 5000] [--rate 50] [--seconds 20] [--workspaces 10]

A real control plane on SQLite with its real loop. The moments at which the jobs are due are spread evenly over the time
of the measurement. A tick's lag is from its moment until the transaction that creates its run is committed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
from sqlalchemy import bindparam, func, select, update

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.harness import open_folder
from tests.fakes.control_stage import Stage, control_stage, definition

from planes.control_plane.loops.clock import run_clock
from planes.control_plane.services.memory.lateness import Lateness
from planes.domain.clock import SystemClock
from planes.domain.identifiers import new_id
from planes.storage.control import workspaces
from planes.storage.control.clocks import clocks
from planes.storage.control.runs import runs

_DEPLOY = 500


class _Recording(Lateness):
    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.lags: list[float] = []

    def note(self, lags: Sequence[float]) -> None:
        self.lags.extend(lags)


async def _fill(stage: Stage, count: int, places: int) -> None:
    """So many jobs, each with a daily cron, over so many workspaces."""
    for place in range(places):
        if place:
            stage.workspace_id = new_id()
            row = workspaces.WorkspaceToAdd(
                id=stage.workspace_id,
                organization_id=stage.organization_id,
                name=f"place{place}",
                description=None,
                is_playground=False,
                now=stage.parts.clock.now(),
            )
            async with stage.parts.database.transaction() as connection:
                await workspaces.add_workspace(connection, row)
        await stage.upload()
        far = (datetime.now(UTC).hour + 12) % 24  # else a job that has fired is due again at its minute
        wanted = [
            definition(f"job{number}", f"schedule:{number % 60} {far} * * *") for number in range(count // places)
        ]
        for start in range(0, len(wanted), _DEPLOY):
            answer = await stage.deploy(*wanted[start : start + _DEPLOY], deployment_module=None)
            assert answer.status_code == 200, answer.text


async def _spread(stage: Stage, rate: int, seconds: int, begin: datetime) -> None:
    """Sets the moments of as many clocks as fall due, mixed over the workspaces; all others are far away."""
    async with stage.parts.database.transaction() as connection:
        found = await connection.execute(select(clocks.c.job_id).order_by(clocks.c.job_id))
        job_ids = [row[0] for row in found]
        await connection.execute(update(clocks).values(next_fire_at=begin + timedelta(days=1)))
        await connection.execute(
            update(clocks).where(clocks.c.job_id == bindparam("of_job")).values(next_fire_at=bindparam("at")),
            [
                {"of_job": job_id, "at": begin + timedelta(seconds=number / rate)}
                for number, job_id in enumerate(job_ids[: rate * seconds])
            ],
        )


async def _measure(count: int, rate: int, seconds: int, places: int) -> None:
    due = rate * seconds
    with open_folder("dlthub-tui-scheduler-") as folder:
        async with control_stage(folder, f"sqlite+aiosqlite:///{folder / 'control.db'}") as stage:
            await _fill(stage, count, places)
            recording, spent = _Recording(), 0.0
            parts = replace(stage.parts, clock=SystemClock(), lateness=recording)
            begin = datetime.now(UTC) + timedelta(seconds=5)
            await _spread(stage, rate, seconds, begin)
            async with anyio.create_task_group() as group:
                group.start_soon(run_clock, parts)
                await anyio.sleep((begin - datetime.now(UTC)).total_seconds())
                before = time.process_time()
                while len(recording.lags) < due:
                    await anyio.sleep(0.1)
                spent = time.process_time() - before
                group.cancel_scope.cancel()
            async with parts.database.reading() as connection:
                made = (await connection.execute(select(func.count()).select_from(runs))).scalar_one()
    assert made == due, f"{due} ticks made {made} runs"
    lags = [lag * 1000 for lag in recording.lags]
    percentiles = statistics.quantiles(lags, n=100)
    print(f"{count} jobs in {places} workspaces, {due} ticks in {seconds} s, load {os.getloadavg()[0]:.1f}")
    print(f"lag p50 {percentiles[49]:.0f} ms, p99 {percentiles[98]:.0f} ms, most {max(lags):.0f} ms")
    print(f"processor {spent / due * 1000:.2f} ms a tick, {spent / seconds:.0%} of one core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("jobs", 5000), ("rate", 50), ("seconds", 20), ("workspaces", 10)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    anyio.run(_measure, options.jobs, options.rate, options.seconds, options.workspaces)


if __name__ == "__main__":
    main()
