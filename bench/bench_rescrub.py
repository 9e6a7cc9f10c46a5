"""Stored logs of a whole workspace scrubbed again, on a running platform that serves and runs meanwhile.

One real run prints a plain variable; its folder and row are copied until the workspace has as many runs as asked for.
Then the variable becomes a secret, and what is watched is time, memory, a reader of logs and new runs.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
from bench_run_start import first_line_ms
from harness import connected, deployed, machine, open_folder, percentiles, served, write_workspace

from dlthub_tui.client import logs, variables
from dlthub_tui.client.models import Workspace
from dlthub_tui.client.transport import Transport
from dlthub_tui.session.connection import Connection
from planes.data_plane.logs.codec import Zstandard
from planes.data_plane.segments.codecs import use_codec
from planes.data_plane.segments.reader import read_range

HELPER = b"planes.data_plane.services.scrubbing.rescrub_process"
SOURCE = """
import os
import dlt.hub.run as run

@run.job
def prints() -> None:
    print("first line of user code", flush=True)
    key = os.environ["WAREHOUSE_KEY"]
    for number in range(LINES):
        print(f"2026-03-01 12:00:00,{number % 1000:03d}|[INFO]|{number % 97}|dlt|load.py|load:{number % 400}|",
              f"loaded table orders_{number % 53}", f"with {number * 7919 % 100_003} rows",
              key if number % 500 == 0 else "")

@run.job
def hello() -> None:
    print("first line of user code", flush=True)
"""


def copy_run(home: Path, copies: int) -> tuple[str, int]:
    """Copies the only run of a workspace with its folder; answers its id and the bytes of its log."""
    use_codec(Zstandard())
    (folder,) = home.glob("data/eu1/orgs/*/workspaces/*/runs/*")
    size = len(read_range(folder / "ctl" / "segments", 0, 10**9))
    with closing(sqlite3.connect(home / "data" / "eu1" / "region.db", timeout=60)) as database, database:
        columns = [str(row[1]) for row in database.execute("pragma table_info(runs)")]
        for _ in range(copies):
            copy = str(uuid.uuid4())
            shutil.copytree(folder, folder.parent / copy)
            values: dict[str, str] = {"id": f"'{copy}'", "beacon_hash": "null", "registered": "null"}
            chosen = ", ".join(values.get(name, name) for name in columns)
            database.execute(
                f"insert into runs ({', '.join(columns)}) select {chosen} from runs where id = ?", (folder.name,)
            )
    return folder.name, size


def memory_mb(is_wanted: Callable[[bytes], bool]) -> Iterator[float]:
    """The most memory that processes have had."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if is_wanted((process / "cmdline").read_bytes()):
                status = (process / "status").read_text().splitlines()
                yield next(int(line.split()[1]) / 1000 for line in status if line.startswith("VmHWM"))
        except (OSError, StopIteration):
            continue


class Watched:
    """What goes on while it is scrubbed."""

    def __init__(self) -> None:
        self.reads: list[float] = []
        self.starts: list[float] = []
        self.helper_mb = 0.0
        self.is_over = False

    async def read(self, region: Transport, workspace_id: str, run_id: str, pause: float = 0.05) -> None:
        """The end of a log, again and again."""
        while not self.is_over:
            begun = time.perf_counter()
            await logs.get_lines(region, workspace_id, run_id, -200, 200)
            self.reads.append((time.perf_counter() - begun) * 1000)
            self.helper_mb = max(self.helper_mb, *memory_mb(lambda line: HELPER in line), 0.0)
            await anyio.sleep(pause)

    async def start(self, connection: Connection, workspace: Workspace, job_id: str) -> None:
        """A run, again and again."""
        while not self.is_over:
            self.starts.append(await first_line_ms(connection, workspace, job_id))


async def watch(
    connection: Connection, workspace: Workspace, run_id: str, job_id: str, is_over: Callable[[], Any]
) -> Watched:
    watched = Watched()
    region = await connection.region(workspace)
    async with anyio.create_task_group() as group:
        group.start_soon(watched.read, region, workspace.id, run_id)
        group.start_soon(watched.start, connection, workspace, job_id)
        while not await is_over():
            await anyio.sleep(0.2)
        watched.is_over = True
    return watched


async def measure(home: Path, folder: Path, runs: int) -> None:
    with served(home) as platform:
        async with connected(platform) as connection:
            workspace, jobs = await deployed(connection, folder, home / "client" / "environments")
            region = await connection.region(workspace)
            value = secrets.token_hex(16)
            await variables.set_variable(region, workspace.id, None, "WAREHOUSE_KEY", value, is_secret=False)
            await first_line_ms(connection, workspace, jobs["jobs.jobs_of_bench.prints"])
            run_id, size = copy_run(home, runs - 1)
            hello = jobs["jobs.jobs_of_bench.hello"]

            quiet_until = time.monotonic() + 12

            async def is_quiet_over() -> bool:
                return time.monotonic() > quiet_until

            before = await watch(connection, workspace, run_id, hello, is_quiet_over)
            await variables.set_variable(region, workspace.id, None, "WAREHOUSE_KEY", value, is_secret=True)
            begun = time.perf_counter()
            found: dict[str, Any] = {}

            async def is_done() -> bool:
                answer = await region.get(f"/own/v1/workspaces/{workspace.id}/rescrubs")
                found.update(answer["items"][0])
                return found["runs_done"] + found["runs_failed"] >= found["runs_total"] - found["runs_waiting"]

            during = await watch(connection, workspace, run_id, hello, is_done)
            took = time.perf_counter() - begun
            plane_mb = max(memory_mb(lambda line: b"serve" in line and str(home).encode() in line))
            leaks = await region.get(f"/own/v1/workspaces/{workspace.id}/leaks")
    print(f"{found['runs_done']} runs, {runs * size / 1e6:,.0f} MB of logs ({machine()})")
    print(f"  scrubbed again in {took:.0f} s ({runs * size / took / 1e6:.0f} MB/s), {found['lines_changed']:,} lines")
    print(f"  runs done {found['runs_done']}, failed {found['runs_failed']}; leaks {leaks['total']}")
    print(f"  memory at most: helper {during.helper_mb:.0f} MB, platform {plane_mb:.0f} MB")
    for name, watched in (("before", before), ("meanwhile", during)):
        print(f"  {name}: the end of a log {percentiles(watched.reads)}")
        print(f"  {name}: trigger to first line {percentiles(watched.starts)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--lines", type=int, default=25_000)
    arguments = parser.parse_args()
    with open_folder() as folder:
        workspace = write_workspace(folder / "workspace", SOURCE.replace("LINES", str(arguments.lines)))
        anyio.run(measure, folder / "home", workspace, arguments.runs)


if __name__ == "__main__":
    main()
