"""Runs of real processes: what they print, how they end, how they are ended."""

import json
import os
import signal
import subprocess
from datetime import datetime
from pathlib import Path

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import executor, place, runs_root
from tests.integration.planes.data_plane.executor.run_places import (
    RunPlace,
    is_alive,
    make_place,
    run_to_end,
    until,
)

from planes.data_plane.executor.launching import interpreter
from planes.data_plane.executor.local import (
    EndedBeforeStart,
    LocalExecutor,
)
from planes.data_plane.segments import is_sealed

__all__ = ["executor", "place", "runs_root"]

pytestmark = pytest.mark.anyio


async def test_a_run_is_recorded_from_build_to_exit_code(executor: LocalExecutor, place: RunPlace) -> None:
    build = place.shell("echo resolved; echo warning >&2", name="environment", source="setup", stage="build")
    running = await executor.start(place.spec(build, place.python("print('hello')")), [])
    started = await running.wait_started()
    outcome = await running.wait()

    assert (outcome.outcome, outcome.reason, outcome.exit_code) == ("completed", "completed", 0)
    assert (outcome.run_id, outcome.fence) == (place.run_id, 7)
    assert datetime.fromisoformat(outcome.user_started_at or "") == started
    assert (outcome.started_at or "") < (outcome.user_started_at or "") < outcome.finished_at
    lines = await place.lines()
    assert [line["line_num"] for line in lines] == list(range(outcome.lines))
    assert [(line["source"], line["stage"], line["content"]) for line in lines if line["io_stream"] != "stderr"] == [
        ("runner", "build", "preparing workspace: environment"),
        ("setup", "build", "resolved"),
        ("runner", "run", "starting: job"),
        ("user", "run", "hello"),
        ("runner", "run", "exit code 0"),
    ]
    assert [line["content"] for line in lines if line["io_stream"] == "stderr"] == ["warning"]
    assert is_sealed(running.log_folder)


async def test_a_cold_start_gives_the_same_run(place: RunPlace) -> None:
    async with LocalExecutor(use_server=False) as cold:
        outcome = await run_to_end(cold, place.spec(place.shell("echo cold; exit 3")))

    assert (outcome.outcome, outcome.reason, outcome.step, outcome.exit_code) == ("failed", "exit_code", "job", 3)
    assert await place.texts() == ["cold"]
    assert (await place.texts("runner"))[-1] == "exit code 3"


async def test_runs_start_when_the_runner_server_has_died(executor: LocalExecutor, runs_root: Path) -> None:
    before = make_place(runs_root, "before")
    await run_to_end(executor, before.spec(before.shell("true")))
    server = executor.server_pid
    assert server is not None
    os.kill(server, signal.SIGKILL)
    place = make_place(runs_root, "after")
    outcome = await run_to_end(executor, place.spec(place.shell("echo still")))

    assert outcome.outcome == "completed"
    assert await place.texts() == ["still"]


@pytest.mark.slow
async def test_a_runner_server_that_hangs_is_replaced(
    executor: LocalExecutor, place: RunPlace, runs_root: Path
) -> None:
    before = make_place(runs_root, "before")
    await run_to_end(executor, before.spec(before.shell("true")))
    warm = executor.server_pid
    assert warm is not None
    os.kill(warm, signal.SIGSTOP)
    outcome = await run_to_end(executor, place.spec(place.shell("echo once")))

    assert outcome.outcome == "completed"
    assert await place.texts() == ["once"]
    assert not is_alive(warm)


async def test_the_runner_server_ends_with_its_executor_and_runs_do_not(place: RunPlace) -> None:
    async with LocalExecutor() as first:
        running = await first.start(place.spec(place.shell("while [ ! -e go ]; do sleep 0.01; done")), [])
        await running.wait_started()
        server = first.server_pid
    assert server is not None
    server_lives = is_alive(server)
    (place.work / "go").touch()
    outcome = await running.wait()

    assert not server_lives
    assert outcome.outcome == "completed"


async def test_a_runner_weighs_little(executor: LocalExecutor, place: RunPlace) -> None:
    code = "import os, time\nfor n in range(50_000): print('line', n)\nopen('done', 'w').close()\ntime.sleep(600)"
    running = await executor.start(place.spec(place.python(code)), [(f"V{n}", f"value-{n}-abcdef") for n in range(50)])
    await until((place.work / "done").exists)
    runner = json.loads((place.folder / "ctl" / "runner.json").read_bytes())["pid"]
    resident = int(Path(f"/proc/{runner}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    await running.stop()
    await running.wait()

    assert resident / 1024**2 <= 25


@pytest.mark.slow
async def test_endless_lines_and_empty_lines_do_not_grow_the_runner(executor: LocalExecutor, place: RunPlace) -> None:
    code = (
        "import os\n"
        "for _ in range(512): os.write(1, b'x' * 65536)\n"
        "for _ in range(10): os.write(1, b'\\n' * 65536)\n"
        "print(); print('end')\n"
        "while not os.path.exists('go'): __import__('time').sleep(0.01)\n"
    )
    running = await executor.start(place.spec(place.python(code)), [("V", "a-registered-value")])
    with anyio.fail_after(240):
        while (await place.tail())[-1:] != ["end"]:
            await anyio.sleep(0.02)
    runner = json.loads((place.folder / "ctl" / "runner.json").read_bytes())["pid"]
    status = Path(f"/proc/{runner}/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    (place.work / "go").touch()
    outcome = await running.wait()
    texts = await place.texts()

    assert outcome.outcome == "completed"
    assert texts.count("") == 10 * 65536
    assert sum(text.count("x") for text in texts) == 512 * 65536
    assert int(peak.split()[1]) / 1024 <= 25 + 16


async def test_a_failing_build_ends_the_run(executor: LocalExecutor, place: RunPlace) -> None:
    build = place.shell("echo no such package >&2; exit 2", name="environment", source="setup", stage="build")
    running = await executor.start(place.spec(build, place.shell("echo never")), [])
    with pytest.raises(EndedBeforeStart) as ended:
        await running.wait_started()

    assert (ended.value.outcome.step, ended.value.outcome.exit_code) == ("environment", 2)
    assert ended.value.outcome.user_started_at is None
    assert await place.texts("user") == []
    assert await place.texts("setup") == ["no such package"]


async def test_a_program_that_is_not_there_is_told_in_the_log(executor: LocalExecutor, place: RunPlace) -> None:
    outcome = await run_to_end(executor, place.spec(place.step(["/nowhere/python"])))

    assert (outcome.outcome, outcome.reason, outcome.step) == ("failed", "not_started", "job")
    assert "job could not be started: /nowhere/python: No such file or directory" in await place.texts("runner")


async def test_a_signal_is_recorded(executor: LocalExecutor, place: RunPlace) -> None:
    outcome = await run_to_end(executor, place.spec(place.shell("kill -SEGV $$")))

    assert (outcome.outcome, outcome.reason, outcome.signal) == ("failed", "signal", signal.SIGSEGV)
    assert outcome.exit_code is None


def test_a_runner_loads_what_it_uses_and_nothing_else() -> None:
    used = (
        "array base64 binascii bisect collections contextlib ctypes datetime enum errno fcntl fnmatch functools gc"
        " itertools json math operator os pathlib pwd re resource select signal socket stat struct sys time types"
        " typing unicodedata zlib re2 ahocorasick_rs"
    )
    # What is loaded at all: by the standard library itself, and in the runner server when it is warm.
    alone, loaded = (
        ended_with(f"import sys, {start}; print(*sys.modules)").split()
        for start in (", ".join(used.split()), "planes.data_plane.runner.server as server; server.warm_up()")
    )
    segments = "planes.data_plane.segments"
    own = (
        *("planes", "planes.data_plane", "planes.data_plane.runner", "planes.scrub", segments),
        *("planes.unix_sockets", "planes.unix_sockets.listening"),
        *(f"{segments}.{name}" for name in ("bulk", "files", "seals", "splitting", "wire", "writer")),
    )

    surplus = {
        name for name in loaded if not name.startswith(("planes.data_plane.runner.", "planes.scrub.", "encodings."))
    }
    assert surplus - {*own, *alone} == set()


def test_a_cold_runner_gets_on_without_what_is_installed_beside() -> None:
    assert ended_with("import planes.data_plane.runner.cold, sys; print('site' in sys.modules)").split() == ["False"]


def ended_with(program: str) -> str:
    """What a program prints in an interpreter as runners are started in."""
    command = interpreter(program)
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout
