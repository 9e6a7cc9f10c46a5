"""From the commit of a run's new state to the screen, quiet and in a flood of changes, over a real control plane.

The plane is a process of its own; the app runs headless with its loop of 100 x 40 cells. The screen is looked at every
2 ms, which the figures contain.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import statistics
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from harness import ROOT, machine, open_folder
from sqlalchemy import update
from textual import events

sys.path.insert(0, str(ROOT))

from tests.fakes.control_stage import definition
from tests.fakes.live_plane import LivePlane, live_plane, sign_in_by, signed_in_at
from tests.tui.waiting import screen_text

from planes.domain.identifiers import RunId, new_id
from planes.domain.runs import RunStatus
from planes.storage.control.changes import note_runs
from planes.storage.control.runs import find_run, insert_runs, runs


@dataclass
class Counter:
    """How many changes were made, and whether that is enough."""

    sent: int = 0
    is_over: bool = False
    seconds: float = 0.0


async def flood(plane: LivePlane, job_id: str, counter: Counter) -> None:
    """Runs that go through all their states, a thousand changes a second if the machine can."""
    stage, begun = plane.stage, time.perf_counter()
    first = (await stage.trigger(job_id))["id"]
    async with stage.parts.database.reading() as connection:
        model = await find_run(connection, first)
    assert model is not None
    number, steps = 1, (RunStatus.STARTING, RunStatus.RUNNING, RunStatus.COMPLETED)
    while not counter.is_over:
        new = [replace(model, id=RunId(new_id()), number=number + n + 1) for n in range(50)]
        number += len(new)
        for status in (None, *steps):
            async with stage.parts.database.transaction() as connection:
                if status is None:
                    await insert_runs(connection, new)
                else:
                    these = runs.c.id.in_([run.id for run in new])
                    await connection.execute(update(runs).where(these).values(status=status.value))
                    await note_runs(connection, [replace(run, status=status) for run in new])
            counter.sent += len(new)
            await anyio.sleep(max(0.0, counter.sent / 1000 - (time.perf_counter() - begun)))
    counter.seconds = time.perf_counter() - begun


def serve(pipe: Connection, folder: str) -> None:
    """The plane's process: does what comes by the pipe, and answers with it when the change was committed."""
    sys.stdout = open("/dev/null", "w")  # noqa: SIM115 - its log
    with live_plane(Path(folder)) as plane:
        stage, counter = plane.stage, Counter()
        ids = plane.call(stage.deployed, definition("watched"), definition("other"))
        committed = [0.0]
        told = stage.parts.database.on_noted
        assert told is not None

        def noted() -> None:
            committed[0] = time.perf_counter()
            told()

        stage.parts.database.on_noted = noted
        pipe.send((plane.url, stage.owner.headers["authorization"].removeprefix("Bearer "), stage.clock.now()))
        while True:
            what, *given = pipe.recv()
            answer: Any = None
            if what == "trigger":
                stage.clock.advance(seconds=1)
                answer = plane.call(stage.trigger, ids["watched"])
            elif what == "claim":
                answer = plane.portal.call(claim, plane)
            elif what == "report":
                plane.call(stage.report, *given)
            elif what == "flood":
                plane.portal.start_task_soon(flood, plane, ids["other"], counter)
            elif what == "asked":
                answer = (len(plane.asked), counter.sent, time.perf_counter())
            else:
                counter.is_over = True
                break
            pipe.send((committed[0], answer))


async def claim(plane: LivePlane) -> None:
    """Claims all that waits."""
    await plane.stage.poll(free=100)


class Plane:
    """The plane's process as the bench talks to it."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    async def do(self, *words: Any) -> tuple[float, Any]:
        """When it was committed, and the answer."""

        def ask() -> Any:
            self._pipe.send(words)
            return self._pipe.recv()

        return await to_thread.run_sync(ask)


async def seen(app: Any, words: str, seconds: float = 30.0) -> float:
    """When the words are on the screen."""
    deadline = time.perf_counter() + seconds
    while not re.search(words, screen_text(app)):
        if time.perf_counter() > deadline:
            raise SystemExit(f"never: {words}\n{screen_text(app)}")
        await anyio.sleep(0.002)
    return time.perf_counter()


async def one_round(app: Any, plane: Plane, job: str = "") -> list[float]:
    """One run through all its states; the milliseconds from each commit to the screen."""
    at, run = await plane.do("trigger")
    row = rf"{job} +{run['number']} "
    took = [await seen(app, f"pending{row}") - at]
    at, _ = await plane.do("claim")
    took.append(await seen(app, f"starting{row}") - at)
    for state in ("running", "completed"):
        at, _ = await plane.do("report", run["id"], state)
        took.append(await seen(app, f"{state}{row}") - at)
    return [seconds * 1000 for seconds in took]


def cursor(app: Any) -> list[int]:
    """The row of the cursor."""
    return [y for y, text in enumerate(screen_text(app).splitlines()) if text.startswith("❯")]


async def keys(app: Any, rounds: int) -> list[float]:
    """Milliseconds from a key to the moved cursor on the screen."""
    took: list[float] = []
    for number in range(rounds):
        before, key = cursor(app), "j" if number % 2 == 0 else "k"
        begun = time.perf_counter()
        app._driver.send_message(events.Key(key, key))
        while cursor(app) == before:
            await anyio.sleep(0.002)
        took.append((time.perf_counter() - begun) * 1000)
        await anyio.sleep(0.03)
    return took


def say(what: str, took: list[float]) -> None:
    """Median, p95 and worst."""
    ordered = sorted(took)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    print(
        f"{what:52} p50 {statistics.median(took):7.1f} ms  p95 {p95:7.1f} ms  max {ordered[-1]:7.1f} ms  n {len(took)}"
    )


async def measure(plane: Plane, greeting: Any, home: Path, rounds: int, seconds: float) -> None:
    """Prints the figures."""
    url, key, now = greeting
    app = signed_in_at(url, home, lambda: now)
    async with app.run_test(size=(100, 40)) as pilot:
        await sign_in_by(app, key)
        await seen(app, "demo")
        await pilot.press("j", "enter")
        await seen(app, r"\[1 Jobs\](.*\n)+.*other")
        while not app.context.live.is_up:
            await anyio.sleep(0.01)
        await pilot.press("2")
        await seen(app, "No runs yet")
        took: list[float] = []
        for _ in range(rounds):
            took += await one_round(app, plane, r" +jobs\.watched")
            await anyio.sleep(0.5)
        say("commit to screen: new run (asked for)", took[0::4])
        say("commit to screen: new state", [value for at, value in enumerate(took) if at % 4])
        say("key to screen", await keys(app, rounds * 4))

        _, (asked, sent, begun) = await plane.do("asked")
        await plane.do("flood")
        await anyio.sleep(0.5)
        say("key to screen, list of runs in the flood", await keys(app, int(seconds * 20)))
        _, (asked_then, sent_then, then) = await plane.do("asked")
        lasted = then - begun
        print(f"flood: {(sent_then - sent) / lasted:,.0f} changes a second for {lasted:.1f} s; "
              f"the app asked {(asked_then - asked) / lasted:.1f} times a second")  # fmt: skip
        await pilot.press("1")
        await seen(app, "watched")
        await pilot.press("slash", *"watched", "enter", "enter")
        await seen(app, "History")
        took = []
        for _ in range(max(3, rounds // 2)):
            took += await one_round(app, plane)
        say("commit to screen, in the flood: new run of a job", took[0::4])
        say("commit to screen, in the flood: new state", [value for at, value in enumerate(took) if at % 4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    print(machine())
    with open_folder() as folder:
        (folder / "plane").mkdir()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, str(folder / "plane")))
        process.start()
        try:
            anyio.run(measure, Plane(ours), ours.recv(), folder, given.rounds, given.seconds)
        finally:
            ours.send(("end",))
            process.join(30)


if __name__ == "__main__":
    main()
