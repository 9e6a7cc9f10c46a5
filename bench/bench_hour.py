"""An hour of use: scripted keys in the app, in a pty of 80 by 24, on a real installation whose jobs run meanwhile.

The app attaches to the platform of its home as the system's user does. The figures are the app's resident memory, at
the start and after each tenth of the keys; an app that ends or shows a crash fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import anyio
from anyio import to_thread
from bench_keys import bytes_of, hour
from bench_viewer import Terminal, resident_mb, terminal
from harness import connected, deployed, machine, open_folder, served, write_workspace

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.jobs import trigger
from dlthub_tui.client.models import Workspace
from dlthub_tui.session.connection import Connection

SOURCE = """
import dlt.hub.run as run

@run.job
def hello() -> None:
    print("first line of user code", flush=True)

@run.job
def fails() -> None:
    raise ValueError("as it should")

@run.job
def talks() -> None:
    for number in range(500):
        print(f"line {number}", flush=True)
"""
# What lists do not have: a run's log and its way back, the help, the palette, a filter, the platform.
BESIDES = (
    ("\r", "l", "j", "G", "g", "\x1b", "\x1b"),
    ("?", "j", "\x1b"),
    ("/", "h", "e", "\r", "\x1b"),
    ("9", "j", "\x1b"),
)
EACH = 60
PARTS = 10


def keys(count: int) -> list[str]:
    """The hour of lists, with something besides after each sixty keys."""
    found: list[str] = []
    for number, key in enumerate(hour(count)):
        found.append(key)
        if number % EACH == EACH - 1:
            found += BESIDES[number // EACH % len(BESIDES)]
    return found[:count]


async def start_runs(connection: Connection, workspace: Workspace, jobs: list[str], seconds: float) -> None:
    """One run after the other, of each job in turn, until it is cancelled."""
    number = 0
    while True:
        try:
            await trigger(connection.control, workspace.id, [jobs[number % len(jobs)]])
        except ClientError as exc:
            print(f"  a run was not started: {exc}", flush=True)
        number += 1
        await anyio.sleep(seconds)


def press_all(opened: Terminal, pressed: list[str]) -> None:
    opened.until_text("[1 Jobs]")
    opened.until_quiet(1)
    before, begun = resident_mb(opened.process.pid), time.monotonic()
    print(f"  {before:7.1f} MB at the start")
    sent = 0
    for number, key in enumerate(pressed, 1):
        sent += bytes_of(opened, key)
        assert opened.process.poll() is None, f"the app ended with {opened.process.returncode} after {number} keys"
        assert "crash" not in opened.text.lower(), opened.text
        if number % max(1, len(pressed) // PARTS) == 0:
            now = resident_mb(opened.process.pid)
            print(f"  {now:7.1f} MB after {number:,} keys ({now - before:+.1f}), {time.monotonic() - begun:,.0f} s, "
                  f"{sent / 1000:,.0f} kB painted", flush=True)  # fmt: skip


async def measure(home: Path, folder: Path, count: int, seconds: float) -> None:
    with served(home) as platform:
        async with connected(platform) as connection:
            workspace, jobs = await deployed(connection, folder, home / "client" / "environments")
            words = ["-m", "dlthub_tui.cli.main", "open", "bench/bench", "--home", str(home)]
            async with anyio.create_task_group() as group:
                group.start_soon(start_runs, connection, workspace, list(jobs.values()), seconds)
                with terminal(words, {"HOME": str(home)}) as opened:
                    await to_thread.run_sync(press_all, opened, keys(count))
                    opened.press("\x11")
                group.cancel_scope.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=3600)
    parser.add_argument("--seconds", type=float, default=10, help="between two runs")
    wanted = parser.parse_args()
    print(f"{wanted.keys:,} keys, a run every {wanted.seconds:.0f} s ({machine()}, load {os.getloadavg()[0]:.0f})")
    sys.stdout.flush()
    with open_folder() as folder:
        workspace = write_workspace(folder / "workspace", SOURCE)
        anyio.run(measure, folder / "home", workspace, wanted.keys, wanted.seconds)


if __name__ == "__main__":
    main()
