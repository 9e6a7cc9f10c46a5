"""A line printed in a job to the same line at a client of the live stream."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import anyio
from harness import connected, deployed, machine, open_folder, percentiles, served, write_workspace

from dlthub_tui.client import logs
from dlthub_tui.client.jobs import trigger

SOURCE = """
import time
import dlt.hub.run as run

@run.job
def ticks() -> None:
    for _ in range({lines}):
        print("tick", time.time_ns(), flush=True)
        time.sleep(0.02)
"""


async def measure(home: Path, folder: Path) -> None:
    with served(home) as platform:
        async with connected(platform) as connection:
            workspace, jobs = await deployed(connection, folder, home / "client" / "environments")
            started = await trigger(connection.control, workspace.id, [jobs["jobs.jobs_of_bench.ticks"]])
            run = started[0].run
            assert run is not None, started
            took: list[float] = []
            async for line in logs.follow(await connection.region(workspace), workspace.id, run.id, 0):
                word, _, printed_at = line.content.partition(" ")
                if word == "tick":
                    took.append((time.time_ns() - int(printed_at)) / 1e6)
    print(f"line printed to line at the client ({machine()})")
    print(f"  every 20 ms  {percentiles(took)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=300)
    arguments = parser.parse_args()
    with open_folder() as folder:
        workspace = write_workspace(folder / "workspace", SOURCE.format(lines=arguments.lines))
        anyio.run(measure, folder / "home", workspace)


if __name__ == "__main__":
    main()
