"""Trigger to first line of user code, through the whole platform, against `python -c "import dlt"`.

The first run of a workspace builds its environment. The others find it ready, and start cold, or warm: by an
interpreter that stands by, as after any two runs of a kind. Both sides use the same environment.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import time
from pathlib import Path

import anyio
from harness import connected, deployed, machine, open_folder, percentiles, served, write_workspace

from dlthub_tui.client import logs, runs
from dlthub_tui.client.jobs import trigger
from dlthub_tui.client.models import Workspace
from dlthub_tui.session.connection import Connection

PROMISED_WARM_MS = 60
SOURCE = """
import dlt.hub.run as run

@run.job
def hello() -> None:
    print("first line of user code", flush=True)
"""


async def first_line_ms(connection: Connection, workspace: Workspace, job_id: str) -> float:
    begun = time.perf_counter()
    started = await trigger(connection.control, workspace.id, [job_id])
    run = started[0].run
    assert run is not None, started
    region = await connection.region(workspace)
    took = None
    async for line in logs.follow(region, workspace.id, run.id, 0):
        if line.source == "user" and took is None:
            took = (time.perf_counter() - begun) * 1000
    while (await runs.get_run(connection.control, workspace.id, run.id)).status not in {"completed", "failed"}:
        await anyio.sleep(0.01)
    assert took is not None
    return took


async def wait_standing(home: Path) -> None:
    """Until an interpreter stands by that has done its imports: it no longer computes."""
    before = -1
    with anyio.fail_after(60):
        while not (now := sum(map(processor_ticks, standing(home)))) or now != before:
            before = now
            await anyio.sleep(0.3)


def standing(home: Path) -> list[int]:
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in command and b"interpreter that stands by" in command:
            found.append(int(place.name))
    return found


def processor_ticks(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11])
    except OSError:
        return 0


def import_ms(home: Path, repetitions: int) -> list[float]:
    python = next(home.glob("data/eu1/orgs/*/workspaces/*/environments/*/bin/python"))
    found = []
    for _ in range(repetitions):
        begun = time.perf_counter()
        subprocess.run([python, "-c", "import dlt"], check=True, cwd="/")
        found.append((time.perf_counter() - begun) * 1000)
    return found


def sync_ms(folder: Path, repetitions: int) -> list[float]:
    """What it takes this disk to keep a few bytes: a start waits for it four times."""
    found: list[float] = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(repetitions):
            file.write(b"x" * 4096)
            begun = time.perf_counter()
            os.fsync(file.fileno())
            found.append((time.perf_counter() - begun) * 1000)
    return found


async def measure(home: Path, folder: Path, repetitions: int) -> None:
    with served(home) as platform:
        async with connected(platform) as connection:
            workspace, jobs = await deployed(connection, folder, home / "client" / "environments")
            job_id = jobs["jobs.jobs_of_bench.hello"]
            built = await first_line_ms(connection, workspace, job_id)
            ready: list[float] = []
            warm: list[float] = []
            for _ in range(repetitions):
                for pid in standing(home):
                    os.kill(pid, signal.SIGKILL)
                ready.append(await first_line_ms(connection, workspace, job_id))
            for _ in range(repetitions):
                await wait_standing(home)
                warm.append(await first_line_ms(connection, workspace, job_id))
        imports, syncs = import_ms(home, repetitions), sync_ms(home, repetitions)
    met = sum(took <= PROMISED_WARM_MS for took in warm)
    ratio = sorted(ready)[len(ready) // 2] / sorted(imports)[len(imports) // 2]
    print(f"trigger to first user line ({machine()}, load {os.getloadavg()[0]:.1f})")
    print(f"  environment built first   {built / 1000:.1f} s (once)")
    print(f"  environment ready, cold   {percentiles(ready)}")
    print(f"  warm                      {percentiles(warm)}")
    print(f"  warm within {PROMISED_WARM_MS} ms         {met} of {len(warm)}")
    print(f"  python -c 'import dlt'    {percentiles(imports)}")
    print(f"  a sync of this disk       {percentiles(syncs)}")
    print(f"  ratio of medians          {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=10)
    arguments = parser.parse_args()
    with open_folder(below="/var/tmp") as folder:  # below /tmp none stands by
        workspace = write_workspace(folder / "workspace", SOURCE)
        anyio.run(measure, folder / "home", workspace, arguments.repetitions)


if __name__ == "__main__":
    main()
