"""`kill -9` of each process around a run: what is stored stays, what is told is true, nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import executor, place, runs_root
from tests.integration.planes.data_plane.executor.run_places import RunPlace, until

from planes.data_plane.executor.local import Ended, LocalExecutor, RunningRun, log_folder
from planes.data_plane.executor.runner_link import RunnerWakes
from planes.data_plane.logs import follow
from planes.data_plane.segments import is_sealed
from planes.data_plane.segments.packing import consolidate

__all__ = ["executor", "place", "runs_root"]

pytestmark = pytest.mark.anyio

STARTER = """
import sys, anyio, json
from pathlib import Path
from planes.data_plane.executor.local import LocalExecutor, RunSpec, Step

async def main():
    given = json.loads(sys.stdin.readline())
    step = Step(**given["step"])
    async with LocalExecutor(use_server=given["use_server"]) as executor:
        spec = RunSpec(run_id=given["run_id"], folder=Path(given["folder"]), fence=7, steps=(step,),
                       time_limit_seconds=60, grace_seconds=1)
        running = await executor.start(spec, [("V", "a-registered-value")])
        await running.wait_started()
        print("started", flush=True)
        await running.wait()

anyio.run(main)
"""

PRINTER = """
import os, time
for number in range(20_000):
    print(f"line {number} a-registered-value", flush=True)
    if number == 2_000:
        open("under-way", "w").close()
    if number % 1000 == 0:
        while number >= 4_000 and not os.path.exists("go"): time.sleep(0.01)
"""


@contextmanager
def starter(place: RunPlace, code: str, *, use_server: bool = True) -> Iterator["subprocess.Popen[str]"]:
    """A process that stands for the data plane: it starts the run and waits for it."""
    step: dict[str, Any] = place.python(code)._asdict()
    step["limits"] = None
    del step["limits"]
    given = {"run_id": place.run_id, "step": step, "folder": str(place.folder), "use_server": use_server}
    with subprocess.Popen([sys.executable, "-c", STARTER], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
        try:
            assert process.stdout.readline() == "started\n"
            yield process
        finally:
            process.kill()


def runner_pid(place: RunPlace) -> int:
    return json.loads((place.folder / "ctl" / "runner.json").read_bytes())["pid"]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        return False


@pytest.mark.parametrize("use_server", [True, False])
async def test_a_run_goes_on_when_its_data_plane_is_killed(
    executor: LocalExecutor, place: RunPlace, use_server: bool
) -> None:
    with starter(place, PRINTER, use_server=use_server) as process:
        await until((place.work / "under-way").exists)
        process.kill()
        process.wait()
    (place.work / "go").touch()
    adopted = await executor.adopt(place.folder)
    assert isinstance(adopted, RunningRun)
    with anyio.fail_after(240):
        outcome = await adopted.wait()

    assert (adopted.run_id, adopted.fence) == (place.run_id, 7)
    assert outcome.outcome == "completed"
    assert await place.texts() == [f"line {number} [masked:V]" for number in range(20_000)]
    assert [line["line_num"] for line in await place.lines()] == list(range(outcome.lines))
    assert outcome.hits == {"V": 20_000}


async def test_what_ended_meanwhile_is_told_at_adoption(executor: LocalExecutor, place: RunPlace) -> None:
    with starter(place, "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\nraise SystemExit(4)"):
        pass
    (place.work / "go").touch()
    await until((place.folder / "ctl" / "exit.json").exists)
    adopted = await executor.adopt(place.folder)

    assert isinstance(adopted, Ended)
    assert (adopted.outcome.outcome, adopted.outcome.exit_code) == ("failed", 4)


async def test_an_adopted_run_can_be_stopped(executor: LocalExecutor, place: RunPlace) -> None:
    with starter(place, "import time\nwhile True: time.sleep(1)"):
        pass
    adopted = await executor.adopt(place.folder)
    assert isinstance(adopted, RunningRun)
    await adopted.stop("cancelled")

    assert (await adopted.wait()).outcome == "cancelled"


GRANDCHILDREN = """
import os, signal, time
for number in range(2):
    if os.fork() == 0:
        if number: os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(f"pid-{number}", "w").write(str(os.getpid()))
        time.sleep(600)
open("pid-2", "w").write(str(os.getpid()))
for number in range(10**9):
    print(f"line {number}", flush=True)
    time.sleep(0.001)
"""


async def test_a_killed_runner_fails_its_run_and_seals_its_log(executor: LocalExecutor, place: RunPlace) -> None:
    running = await executor.start(place.spec(place.python(GRANDCHILDREN)), [])
    await until(lambda: all((place.work / f"pid-{n}").exists() for n in range(3)))
    with anyio.fail_after(240):
        while len(await place.texts()) < 50:
            await anyio.sleep(0.01)
    pids = [int((place.work / f"pid-{number}").read_text()) for number in range(3)]
    os.kill(runner_pid(place), signal.SIGKILL)
    with anyio.fail_after(240):
        outcome = await running.wait()

    assert (outcome.outcome, outcome.reason, outcome.step) == ("failed", "runner_killed", "job")
    assert outcome.user_started_at is not None
    assert not [pid for pid in pids if is_alive(pid)]
    lines = await place.lines()
    texts = await place.texts()
    assert is_sealed(log_folder(place.folder))
    assert [line["line_num"] for line in lines] == list(range(outcome.lines))
    assert texts == [f"line {number}" for number in range(len(texts))]
    assert lines[-1]["source"] == "runner"
    assert "was killed" in lines[-1]["content"]
    assert await executor.adopt(place.folder) == Ended(outcome)


async def test_a_killed_runner_is_found_after_a_restart(executor: LocalExecutor, place: RunPlace) -> None:
    with starter(place, GRANDCHILDREN) as process:
        await until(lambda: all((place.work / f"pid-{n}").exists() for n in range(3)))
        process.kill()
        process.wait()
    os.kill(runner_pid(place), signal.SIGKILL)
    await until(lambda: not is_alive(runner_pid(place)))
    segment = max(log_folder(place.folder).glob("*.ndjson"))
    with segment.open("ab") as file:
        file.write(b'{"content":"half a li')
    adopted = await executor.adopt(place.folder)

    assert isinstance(adopted, Ended)
    assert adopted.outcome.reason == "runner_killed"
    assert [line["line_num"] for line in await place.lines()] == list(range(adopted.outcome.lines))
    assert not [n for n in range(3) if is_alive(int((place.work / f"pid-{n}").read_text()))]


@pytest.mark.parametrize("is_packed", [False, True])
async def test_a_runner_killed_between_the_seal_and_its_record_leaves_the_log(
    executor: LocalExecutor, place: RunPlace, is_packed: bool
) -> None:
    """Sealed logs are compressed beside everything else, at once after a restart."""
    running = await executor.start(place.spec(place.python("print('x' * 99_999)")), [])
    with anyio.fail_after(240):
        before = await running.wait()
    (place.folder / "ctl" / "exit.json").unlink()
    lines = await place.lines()
    if is_packed:
        consolidate(running.log_folder)
    adopted = await executor.adopt(place.folder)

    assert isinstance(adopted, Ended)
    assert (adopted.outcome.outcome, adopted.outcome.reason) == ("failed", "runner_killed")
    assert adopted.outcome.lines == before.lines
    assert await place.lines() == lines


async def test_a_follower_of_a_killed_runner_gets_the_end(executor: LocalExecutor, place: RunPlace) -> None:
    running = await executor.start(place.spec(place.python(GRANDCHILDREN)), [])
    lines: list[dict[str, Any]] = []

    async def read() -> None:
        async for batch in follow(running.log_folder, RunnerWakes(place.folder)):
            lines.extend(json.loads(line) for line in batch.splitlines())

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            while len(lines) < 20:
                await anyio.sleep(0.01)
            os.kill(runner_pid(place), signal.SIGKILL)
            await running.wait()

    assert lines == await place.lines()
    assert "was killed" in lines[-1]["content"]


async def test_a_pid_that_another_process_took_over_is_left_alone(executor: LocalExecutor, place: RunPlace) -> None:
    """The folder names a step whose pid belongs to somebody else by now."""
    control = place.folder / "ctl"
    control.mkdir(mode=0o700)
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=False) as bystander:
        (control / "spec.json").write_text(json.dumps({"run_id": place.run_id, "fence": 7}))
        runner = {"pid": bystander.pid, "start_ticks": 1, "socket": str(control / "socket"), "started_at": "x"}
        (control / "runner.json").write_text(json.dumps(runner))
        step = {"name": "job", "stage": "run", "pid": bystander.pid, "start_ticks": 1, "user_started_at": None}
        (control / "step.json").write_text(json.dumps(step))
        adopted = await executor.adopt(place.folder)
        was_alive = is_alive(bystander.pid)
        bystander.kill()

    assert isinstance(adopted, Ended)
    assert adopted.outcome.reason == "runner_killed"
    assert was_alive
