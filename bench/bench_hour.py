"""An hour of use: 3,600 keys in the app, in a pty of 80 by 24, on a real installation whose jobs run meanwhile.

All screens and what opens over them: lists, logs followed and searched, questions, help, palette, command line.
Each scene begins in the workspace; where one ended elsewhere a link leads back, and its keys count too. The app
attaches to the platform of its home as the system's user does, once as on the spot and once as over a slow line. The
figures are what the terminal gets for a key and the app's resident memory after each tenth of the keys; an app that
ends or shows a crash fails.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from bench_keys import HOUR, bytes_of
from bench_viewer import Terminal, resident_mb, terminal
from harness import connected, deployed, machine, open_folder, served, write_workspace

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.jobs import trigger
from dlthub_tui.client.models import Workspace
from dlthub_tui.session.connection import Connection

SOURCE = """
import time

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

@run.job
def streams() -> None:
    for number in range(300):
        print(f"GET /orders?page={number} 200 in {number % 97} ms", flush=True)
        time.sleep(0.1)
"""
DOWN, UP, PAGE, BACK = "\x1b[B", "\x1b[A", "\x1b[6~", "\x1b[5~"
ESC, ENTER, TAB, PALETTE, EMPTY_IT = "\x1b", "\r", "\t", "\x10", "\x15"
LINK = (":", *"open bench/bench", ENTER)
# Beside the lists of bench_keys: keys, and how often they come.
SCENES: tuple[tuple[tuple[str, ...], int], ...] = (
    (("1", "/", *"streams", ENTER, "l", *["j"] * 3, "G", *["k"] * 4, PAGE, BACK, "g", "G", ESC, ESC, ESC), 8),
    (("1", "/", *"talks", ENTER, "l", "/", *"line 4", ENTER, "n", "n", "N", ESC, "&", *"49", ENTER, ESC, ESC, ESC), 5),
    (("2", "F", "j", ENTER, "e", "E", "w", "z", "z", "i", "i", ESC, "F"), 5),
    (("1", "j", ENTER, "j", "j", "v", ESC, "b", ESC, "w", ESC, ESC), 4),
    (("1", "j", "R", TAB, ESC, "D", ESC, "p", "u"), 3),
    (("1", "s", "s", "j", " ", " ", "*", ESC, "s", "s"), 3),
    (("2", "x", ESC, "s", "j", "c", "y", "Y", "t", "t", "t"), 3),
    (("3", ENTER, "j", "j", ESC, " ", ESC), 2),
    (("4", "a", *"LIMIT", TAB, *"12", ESC, ESC, "4", "j"), 3),
    (("5", ENTER, "j", ENTER, ESC, ESC), 2),
    (("6", TAB, "j", ENTER, ESC, "6"), 2),
    (("7", "a", DOWN, ESC, ESC, "7"), 2),
    (("8", "j", PAGE, "g"), 2),
    (("?", "j", "j", *"log", ESC, ESC), 3),
    ((PALETTE, *"sort", DOWN, ESC), 3),
    ((":", *"run he", DOWN, ESC), 3),
    ((":", *"settings", ENTER, "j", "j", ESC), 2),
    ((":", *"sign-ins", ENTER, ESC), 1),
    (("9", "j", ENTER, ESC, ESC), 2),
    (("@", "j", "G", ESC), 2),
    (("!", "j", ESC), 2),
    (("0", "j", TAB, "j", UP, "/", *"ben", ESC), 3),
    (("[", "[", "]", "]"), 3),
    (("d", "j", "l", "h", ESC, ESC), 2),
)  # fmt: skip
OF_LISTS = 2
PARTS = 10
IN_A_WORKSPACE = re.compile(r"\[[1-8] [A-Z]")
MOVES = {"j", "k", DOWN, UP}


def scenes(chance: random.Random) -> Iterator[tuple[str, ...]]:
    """In an order that is the same each time; the lists of `bench_keys` twice as often as all else."""
    groups = [keys for keys, often in SCENES for _ in range(often)]
    lists = [keys for keys, often in HOUR for _ in range(often)]
    while True:
        for _ in range(OF_LISTS):
            yield chance.choice(lists)
        yield chance.choice(groups)


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


class Hour:
    """Presses, and keeps what each key cost."""

    def __init__(self, opened: Terminal, count: int) -> None:
        self._opened, self._count = opened, count
        self._before, self._begun = resident_mb(opened.process.pid), time.monotonic()
        self.costs: dict[str, list[int]] = defaultdict(list)
        self.worst: list[tuple[int, str, str]] = []
        self.pressed = 0

    def press(self, key: str) -> None:
        """One key: a cursor's step, a letter that is typed or a verb, or what turns to another screen.

        A screen that another key turned to may be painted as late as this one: then it counts as what turned.
        """
        opened, before = self._opened, self._opened.row(0)
        cost = bytes_of(opened, key)
        is_other = opened.row(0) != before or (not key.isprintable() and key not in MOVES)
        self.costs["screen" if is_other else "step" if key in MOVES else "letter"].append(cost)
        self.worst = sorted([*self.worst, (cost, repr(key), opened.row(0).strip()[:48])])[-3:]
        self.pressed += 1
        assert opened.process.poll() is None, f"the app ended with {opened.process.returncode}, key {self.pressed}"
        assert "crash" not in opened.text.lower(), opened.text
        if self.pressed % max(1, self._count // PARTS) == 0:
            now = resident_mb(opened.process.pid)
            print(f"  {now:7.1f} MB after {self.pressed:,} keys ({now - self._before:+.1f}), "
                  f"{time.monotonic() - self._begun:,.0f} s", flush=True)  # fmt: skip

    def play(self) -> None:
        """All keys."""
        print(f"  {self._before:7.1f} MB at the start")
        for scene in scenes(random.Random(7)):
            for key in scene if IN_A_WORKSPACE.search(self._opened.text) else (*[ESC] * 2, *LINK, *scene):
                self.press(key)
                if self.pressed == self._count:
                    return

    def say(self) -> None:
        """Bytes for a key: of all, and of each kind."""
        costs = {"all": [cost for kind in self.costs.values() for cost in kind], **self.costs}
        for kind, found in costs.items():
            ordered = sorted(found)
            print(f"  {kind:<7} {len(found):5,} keys, median {statistics.median(found):6,.0f} B, "
                  f"p95 {ordered[int(0.95 * len(ordered))]:6,} B, worst {ordered[-1]:6,} B")  # fmt: skip
        print(f"  {sum(costs['all']) / 1000:,.0f} kB in all; dearest: {self.worst[::-1]}")


def use(home: Path, count: int, **remote: str) -> None:
    """One hour in one app."""
    arguments = ["-m", "dlthub_tui.cli.main", "open", "bench/bench", "--home", str(home)]
    with terminal(arguments, {"HOME": str(home)} | remote) as opened:
        opened.until_text("[1 Jobs]")
        opened.until_quiet(1)
        print(f"{'over a slow line' if remote else 'on the spot'}:")
        hour = Hour(opened, count)
        hour.play()
        hour.say()
        opened.press("\x11")


async def measure(home: Path, folder: Path, count: int, seconds: float) -> None:
    with served(home) as platform:
        async with connected(platform) as connection:
            workspace, jobs = await deployed(connection, folder, home / "client" / "environments")
            async with anyio.create_task_group() as group:
                group.start_soon(start_runs, connection, workspace, list(jobs.values()), seconds)
                await to_thread.run_sync(use, home, count)
                await to_thread.run_sync(partial(use, home, count, SSH_CONNECTION="192.0.2.1 50000 192.0.2.2 22"))
                group.cancel_scope.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=3600)
    parser.add_argument("--seconds", type=float, default=10, help="between two runs")
    wanted = parser.parse_args()
    print(f"{wanted.keys:,} keys, a run every {wanted.seconds:.0f} s ({machine()}, load {os.getloadavg()[0]:.0f})")
    with open_folder() as folder:
        workspace = write_workspace(folder / "workspace", SOURCE)
        anyio.run(measure, folder / "home", workspace, wanted.keys, wanted.seconds)


if __name__ == "__main__":
    main()
