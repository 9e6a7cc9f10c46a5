"""Keys in lists, at speed, in a pty of 80 by 24: bytes for each, memory after them, and how soon screens are there.

The installation behind it has 10,000 runs and 1,000 jobs, is paged as a real one is, and is served by another process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from bench_viewer import CONNECT, Terminal, resident_mb, terminal
from harness import machine, percentiles
from starlette.requests import Request
from starlette.responses import Response
from tests.fakes.installation import Installation, page, served
from tests.fakes.installation_rows import short_job
from tests.fakes.orchard import fill

QUIET_SECONDS = 0.03
LEAST_SECONDS = 0.06
# Mostly moving in a list, and turning to another one. Each group is keys and how often it comes.
HOUR: tuple[tuple[tuple[str, ...], int], ...] = (
    (("j", "j", "j", "k"), 30),
    (("\x1b[6~", "\x1b[5~"), 6),
    (("G", "g"), 3),
    (("1", "j", "j"), 6),
    (("2", "j", "j", "j"), 8),
    (("3", "j"), 1),
    (("4", "j"), 2),
    (("5",), 1),
    (("6", "j"), 1),
    (("7",), 1),
    (("8", "j"), 1),
)


class Large(Installation):
    """Ten thousand runs and a thousand jobs; lists answer the page that was asked for."""

    def enlarge(self, jobs: int, runs: int) -> None:
        """Adds jobs and ended runs to what the drawings show."""
        workspace = self.workspaces[0]
        added = [
            self.add_job(workspace, f"jobs.source_{number // 50:02}.load_table_{number:04}", ["every:1h"])
            for number in range(jobs - len(self.jobs))
        ]
        for number in range(runs - len(self.runs)):
            state = "failed" if number % 7 == 0 else "completed"
            self.add_run(added[number % len(added)], number, state, ago=8000 + number * 60, took=float(number % 300))
        self._job_rows = [self.job_view(job) for job in self.jobs]
        self._short_rows = [short_job(job) for job in self._job_rows]
        newest = sorted(self.runs, key=lambda run: run["created_at"], reverse=True)
        self._run_rows = [self.run_view(run) for run in newest]

    async def _list_jobs(self, request: Request) -> Response:
        of_kind = self._short_rows if request.url.path.startswith("/own/") else self._job_rows
        rows = [
            row for row, job in zip(of_kind, self.jobs, strict=True) if job["workspace_id"] == request.path_params["ws"]
        ]
        if request.query_params.get("recent_job_runs_limit") == "0":
            rows = [job | {"recent_job_runs": []} for job in rows]
        return page(rows, request)

    async def _list_runs(self, request: Request) -> Response:
        query, wanted = request.query_params, request.query_params.getlist("status")
        rows = [run for run in self._run_rows if run["workspace_id"] == request.path_params["ws"]]
        rows = [run for run in rows if query.get("job_id") in (None, run["job_id"])]
        return page([run for run in rows if not wanted or run["status"] in wanted], request)


def serve(jobs: int, runs: int, pipe: Any) -> None:
    fake = Large(device_approved=True)
    with served(fake):
        fill(fake)
        fake.enlarge(jobs, runs)
        pipe.send(fake.url)
        pipe.recv()


def hour(count: int) -> Iterator[str]:
    """Keys in an order that is the same each time."""
    chance = random.Random(7)
    groups = [keys for keys, often in HOUR for _ in range(often)]
    given = 0
    while given < count:
        keys = chance.choice(groups)
        yield from keys
        given += len(keys)


def bytes_of(opened: Terminal, key: str) -> int:
    """What one key sends, until nothing has come for a while."""
    before, begun = len(opened.output), time.monotonic()
    opened.press(key)
    last = begun
    while time.monotonic() - last < QUIET_SECONDS or time.monotonic() - begun < LEAST_SECONDS:
        if opened.read(0.01):
            last = time.monotonic()
    return len(opened.output) - before


SCREENS = (
    ("Jobs", "1", "shown of 1,000"), ("Jobs, all of them", "1", "failed last"), ("Runs", "2", "shown of 10,0"),
    ("Deployments", "3", "Version 12 is what runs"),
    ("Variables", "4", "DESTINATION__DUCKDB__PATH"), ("Pipelines", "5", "orders_pipeline"),
    ("Members & keys", "6", "may deploy"), ("Alerts", "7", "warehouse did not arrive"),
    ("Residency", "8", "is locked to"), ("a job", "\r", "History"), ("platform", "9", "regions answer"),
    ("home", "0", "Needs you"),
)  # fmt: skip


def screen_ms(opened: Terminal, keys: str, words: str) -> float:
    """Until the screen shows what it is about, asked anew."""
    begun = time.perf_counter()
    opened.press(keys)
    while words not in opened.text:
        opened.read(0.003)
        assert time.perf_counter() - begun < 20, f"{words!r} did not come\n{opened.text}"
    return (time.perf_counter() - begun) * 1000


def start(opened: Terminal) -> None:
    opened.until_text("Needs you")
    opened.until_quiet()
    opened.press("\t\x1b[B\r")
    opened.until_text("[1 Jobs]")
    opened.until_quiet(1)


def keys_of_an_hour(url: str, count: int, *words: str) -> None:
    with tempfile.TemporaryDirectory() as home, terminal(["-c", CONNECT, home, url, *words], {"HOME": home}) as opened:
        start(opened)
        before, costs, worst = resident_mb(opened.process.pid), [], (0, "")
        grown = []
        for number, key in enumerate(hour(count)):
            if number % max(1, count // 4) == 0:
                grown.append(resident_mb(opened.process.pid) - before)
            cost = bytes_of(opened, key)
            costs.append(cost)
            worst = max(worst, (cost, repr(key)))
        after = resident_mb(opened.process.pid)
        ordered = sorted(costs)
        print(f"  {'SSH profile' if words else 'local'}: {len(costs):,} keys, median {statistics.median(costs):.0f} B, "
              f"p95 {ordered[int(0.95 * len(ordered))]:,} B, worst {worst[0]:,} B ({worst[1]}), "
              f"{sum(costs) / 1000:,.0f} kB in all")  # fmt: skip
        print(
            f"    memory {before:.0f} MB before, {after:.0f} MB after ({after - before:+.1f}; at each quarter "
            f"{', '.join(f'{each:+.0f}' for each in grown[1:])})"
        )


def screens(url: str, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as home, terminal(["-c", CONNECT, home, url], {"HOME": home}) as opened:
        start(opened)
        opened.press("2")
        opened.until_text("shown of 10,0")
        for name, keys, words in SCREENS:
            times = []
            for _ in range(rounds):
                opened.press("0")
                opened.until_text("Needs you")
                opened.press("\r")
                opened.until_text("[1 Jobs]")
                opened.until_quiet(0.2)
                opened.press("3")
                opened.until_text("[3 Deploys]")
                opened.until_quiet(0.2)
                if keys == "3":
                    opened.press("4")
                    opened.until_text("[4 Vars]")
                    opened.until_quiet(0.2)
                if keys == "1":
                    opened.press("2")
                    opened.until_text("shown of 10,0")
                    opened.until_quiet(0.2)
                if keys == "\r":
                    opened.press("1")
                    opened.until_text("shown of 1,000")
                    opened.until_quiet(0.2)
                times.append(screen_ms(opened, keys, words))
            print(f"  {name:<16} {percentiles(times)}")
        opened.press("\r")
        opened.until_text("[1 Jobs]")
        opened.press("2")
        opened.until_text("[2 Runs]")
        opened.until_quiet(1)
        print(f"  key to paint in Runs  {percentiles([first_ms(opened, 'j') for _ in range(60)])}")


def first_ms(opened: Terminal, key: str) -> float:
    opened.until_quiet(0.05)
    begun = time.perf_counter()
    opened.press(key)
    while not opened.read(1):
        pass
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=3600)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    region = multiprocessing.get_context("fork").Process(target=serve, args=(wanted.jobs, wanted.runs, theirs))
    region.start()
    try:
        url = ours.recv()
        print(f"{wanted.runs:,} runs, {wanted.jobs:,} jobs, 80x24 ({machine()}, load {os.getloadavg()[0]:.0f})")
        print("screens, from the key until they show what they are about")
        if wanted.rounds:
            screens(url, wanted.rounds)
        if wanted.keys:
            print("keys of an hour")
            keys_of_an_hour(url, wanted.keys)
            keys_of_an_hour(url, wanted.keys, "slow=1")
    finally:
        ours.send("end")
        region.join(10)
        region.kill()


if __name__ == "__main__":
    main()
