"""Ten tasks of a day in a pty of 80 by 24: how many keys each takes, and how long until the screen shows the answer.

The seconds are the program's: keys are given as soon as the screen that they act on is there. docs/comparison.md sets
them beside other tools.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass

from bench_viewer import CONNECT, Terminal, terminal
from harness import machine
from tests.fakes.installation import Installation, served
from tests.fakes.orchard import fill

ROUNDS = 3


@dataclass(frozen=True)
class Task:
    """`steps` are keys, each with the words that must be there after them. They begin at the jobs of a workspace."""

    name: str
    steps: tuple[tuple[tuple[str, ...], str], ...]

    @property
    def keys(self) -> int:
        return sum(len(keys) for keys, _ in self.steps)


TASKS = (
    Task("see what runs, failed and comes next, everywhere", ((("0",), "2 failed in 24 hours"),)),
    Task("open the log of the second newest failed run", ((("0",), "Needs you"), (("g", "j", "\r"), "KeyError"))),
    Task("run a job again", ((("j", "r"), "Started ingest.load_customers"),)),
    Task("stop a run, with the question that comes first", ((("2",), "[2 Runs]"), (("x",), "Stop ingest"),
                                                          (("\r",), "1 cancelling"))),
    Task("find a word in a whole log", ((("l",), "following"), ((*"/page=11", "\r"), "line "))),
    Task("see only what failed", ((("F",), "1 shown"),)),
    Task("change a variable", ((("4",), "LOG_LEVEL"), (("j", "\r"), "Change LOG_LEVEL"),
                                (("\x15", *"WARN", "\r"), "✓ WARN"))),
    Task("see which files differ between two versions", ((("3",), "[3 Deploys]"), ((" ", " "), "by digest"))),
    Task("pause a schedule", ((("p",), "is paused"),)),
    Task("copy a link to a line of a log", ((("l",), "following"), (("k", "y"), "Copied"))),
)  # fmt: skip


def seconds_of(opened: Terminal, task: Task) -> float:
    begun = time.perf_counter()
    for keys, words in task.steps:
        for key in keys:
            opened.press(key)
        while words not in opened.text:
            opened.read(0.003)
            assert time.perf_counter() - begun < 30, f"{task.name}: {words!r} did not come\n{opened.text}"
    return time.perf_counter() - begun


def timed(task: Task) -> float:
    fake = Installation(device_approved=True)
    with served(fake), tempfile.TemporaryDirectory() as home:
        fill(fake)
        with terminal(["-c", CONNECT, home, fake.url], {"HOME": home}) as opened:
            opened.until_text("Needs you")
            opened.until_quiet()
            opened.press("\t\x1b[B\r")
            opened.until_text("9 shown of 10")
            opened.until_quiet()
            return seconds_of(opened, task)


def main() -> None:
    print(f"ten tasks, from the jobs of a workspace, 80x24 ({machine()}, load {os.getloadavg()[0]:.0f})")
    for task in TASKS:
        found = [timed(task) for _ in range(ROUNDS)]
        print(f"  {task.keys:3} keys  {statistics.median(found):5.2f} s  {task.name}")
    print(f"  {sum(task.keys for task in TASKS):3} keys in all")


if __name__ == "__main__":
    main()
