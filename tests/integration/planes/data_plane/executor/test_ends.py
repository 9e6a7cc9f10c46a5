"""How runs are ended: stops, limits of time, and what they leave behind."""

import signal
from pathlib import Path

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import executor, place, runs_root
from tests.integration.planes.data_plane.executor.run_places import (
    RunPlace,
    is_alive,
    run_to_end,
    until,
)

from planes.data_plane.executor.local import (
    EndedBeforeStart,
    LocalExecutor,
)

__all__ = ["executor", "place", "runs_root"]

pytestmark = pytest.mark.anyio


def pid_from(place: RunPlace, name: str = "pid") -> int:
    return int((place.work / name).read_text())


def is_of_run(environ: Path, place: RunPlace) -> bool:
    try:
        return f"HOME={place.work}".encode() in environ.read_bytes()
    except OSError:
        return False


async def test_many_children_end_within_the_grace_period(executor: LocalExecutor, place: RunPlace) -> None:
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for number in range(200):\n"
        "    if os.fork() == 0:\n"
        "        if number % 2: os.setsid()\n"
        "        time.sleep(600)\n"
        "open('all', 'w').close()\n"
        "time.sleep(600)\n"
    )
    running = await executor.start(place.spec(place.python(code), grace_seconds=0.2), [])
    await until((place.work / "all").exists)
    began = anyio.current_time()
    await running.stop("cancelled")
    outcome = await running.wait()
    left = [path for path in Path("/proc").glob("[0-9]*/environ") if is_of_run(path, place)]

    assert outcome.outcome == "cancelled"
    assert anyio.current_time() - began < 0.2 + 2
    assert left == []


async def test_stop_asks_twice_then_kills(executor: LocalExecutor, place: RunPlace) -> None:
    code = (
        "import signal, time\n"
        "def asked(*_): print('asked', flush=True)\n"
        "signal.signal(signal.SIGTERM, asked)\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(0.01)\n"
    )
    running = await executor.start(place.spec(place.python(code), grace_seconds=0.3), [])
    await running.wait_started()
    with anyio.fail_after(240):
        while "ready" not in await place.texts():
            await anyio.sleep(0.01)
    began = anyio.current_time()
    await running.stop("cancelled")
    await running.stop("something else")
    outcome = await running.wait()

    assert anyio.current_time() - began < 0.3 + 2
    assert (outcome.outcome, outcome.reason, outcome.signal) == ("cancelled", "cancelled", signal.SIGKILL)
    assert await place.texts() == ["ready", "asked", "asked"]
    said = await place.texts("runner")
    assert "stop requested: cancelled" in said
    assert said[-1] == "ended by signal 9; cancelled"
    (grace,) = await place.texts("setup")
    assert grace.startswith("Asked to end, and killed in 0.3 s if it has not"), "where the released client shows it"
    await running.stop("after the end")


async def test_a_build_can_be_stopped(executor: LocalExecutor, place: RunPlace) -> None:
    build = place.shell("echo began; exec sleep 600", name="environment", source="setup", stage="build")
    running = await executor.start(place.spec(build, place.shell("echo never")), [])
    with anyio.fail_after(240):
        while "began" not in await place.texts("setup"):
            await anyio.sleep(0.01)
    await running.stop("cancelled")
    with pytest.raises(EndedBeforeStart) as ended:
        await running.wait_started()

    assert (ended.value.outcome.outcome, ended.value.outcome.step) == ("cancelled", "environment")
    assert await place.texts("setup") == ["began"], "a build ends at once"
    assert await place.texts("user") == []


async def test_the_time_limit_ends_a_run(executor: LocalExecutor, place: RunPlace) -> None:
    outcome = await run_to_end(executor, place.spec(place.shell("exec sleep 600"), time_limit_seconds=0.3))

    assert (outcome.outcome, outcome.reason) == ("failed", "time_limit")
    # the released command line shows these lines, and hides the runner's
    assert "time limit of 0.3 s reached: stopping; the job's `execute` timeout sets it" in await place.texts("setup")


async def test_a_build_takes_none_of_the_jobs_time(executor: LocalExecutor, place: RunPlace) -> None:
    build = place.shell("sleep 2", name="environment", source="setup", stage="build")
    outcome = await run_to_end(executor, place.spec(build, place.shell("echo built"), time_limit_seconds=1.5))

    assert (outcome.outcome, await place.texts()) == ("completed", ["built"])


async def test_a_build_has_a_limit_of_its_own(executor: LocalExecutor, place: RunPlace) -> None:
    build = place.shell("exec sleep 600", name="environment", source="setup", stage="build")
    outcome = await run_to_end(executor, place.spec(build, place.shell("echo never"), build_limit_seconds=0.3))

    assert (outcome.outcome, outcome.reason, outcome.step) == ("failed", "time_limit", "environment")
    assert "environment: time limit of 0.3 s reached: stopping" in await place.texts("setup")
    assert await place.texts("user") == []


DOUBLE_FORK = (
    "import os, signal, time\n"
    "for number in range(3):\n"
    "    if os.fork() == 0:\n"
    "        os.setsid()\n"
    "        if os.fork() == 0:\n"
    "            signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "            open(f'pid-{number}', 'w').write(str(os.getpid()))\n"
    "            time.sleep(600)\n"
    "        os._exit(0)\n"
    "while not all(os.path.exists(f'pid-{n}') and open(f'pid-{n}').read() for n in range(3)): time.sleep(0.01)\n"
)


async def test_nothing_outlives_the_main_process(executor: LocalExecutor, place: RunPlace) -> None:
    """Daemons in sessions of their own that hold the pipe and ignore SIGTERM."""
    outcome = await run_to_end(executor, place.spec(place.python(DOUBLE_FORK + "print('left')"), grace_seconds=0.2))
    pids = [pid_from(place, f"pid-{number}") for number in range(3)]

    assert (outcome.outcome, outcome.exit_code) == ("completed", 0)
    assert await place.texts() == ["left"]
    assert not [pid for pid in pids if is_alive(pid)]


async def test_what_keeps_a_run_from_its_end_is_told(executor: LocalExecutor, place: RunPlace) -> None:
    """The children end well after a second, in which nothing is said, and long before the grace period ends."""
    code = (
        "import os, signal, time\n"
        "for _ in range(2):\n"
        "    if os.fork() == 0:\n"
        "        signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1.5), os._exit(0)))\n"
        "        open(f'pid-{os.getpid()}', 'w').close()\n"
        "        time.sleep(600)\n"
        "while len([name for name in os.listdir() if name.startswith('pid-')]) < 2: time.sleep(0.01)\n"
    )
    outcome = await run_to_end(executor, place.spec(place.python(code), grace_seconds=30.0))

    assert (outcome.outcome, outcome.exit_code) == ("completed", 0)
    (told,) = await place.texts("setup")
    assert "2 processes that it started go on: asked to end, and killed in 29 s" in told


async def test_stop_reaches_sessions_of_their_own(executor: LocalExecutor, place: RunPlace) -> None:
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + DOUBLE_FORK + "time.sleep(600)\n"
    running = await executor.start(place.spec(place.python(code), grace_seconds=0.2), [])
    await until(lambda: all((place.work / f"pid-{number}").exists() for number in range(3)))
    began = anyio.current_time()
    await running.stop("cancelled")
    outcome = await running.wait()

    assert outcome.outcome == "cancelled"
    assert anyio.current_time() - began < 0.2 + 2
    assert not [n for n in range(3) if is_alive(pid_from(place, f"pid-{n}"))]
