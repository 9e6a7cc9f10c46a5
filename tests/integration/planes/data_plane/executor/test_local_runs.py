"""Runs of real processes: what they print, how they end, how they are ended."""

import json
import os
import signal
import socket
import stat
import sys
from datetime import datetime
from pathlib import Path

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import executor, place, runs_root
from tests.integration.planes.data_plane.executor.run_places import (
    JOB_UID,
    RunPlace,
    make_place,
    run_to_end,
    until,
)

from planes.data_plane.executor.launching import launch
from planes.data_plane.executor.local import (
    EndedBeforeStart,
    Limits,
    LocalExecutor,
    NoSuchRun,
    RunNotStarted,
    RunSpec,
    StartedBefore,
)
from planes.data_plane.executor.takeover import write_spec
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.runner.request import Request, render_request
from planes.data_plane.segments import is_sealed

__all__ = ["executor", "place", "runs_root"]

pytestmark = pytest.mark.anyio


def pid_from(place: RunPlace, name: str = "pid") -> int:
    return int((place.work / name).read_text())


def is_of_run(environ: Path, place: RunPlace) -> bool:
    try:
        return f"HOME={place.work}".encode() in environ.read_bytes()
    except OSError:
        return False


def claim(place: RunPlace, word: str) -> None:
    """What a starter leaves that dies before a runner has taken the run."""
    write_spec(RunFolder(place.folder), {"run_id": place.run_id, "fence": 7, "claim": word, "steps": ["job"]})


def request_of(spec: RunSpec, word: str) -> bytes:
    values = (spec.run_id, str(spec.folder), word, spec.fence, spec.steps, spec.time_limit_seconds, spec.grace_seconds)
    return render_request(Request(*values, spec.max_log_bytes, ()))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        return False


async def test_a_run_is_recorded_from_build_to_exit_code(executor: LocalExecutor, place: RunPlace) -> None:
    build = place.shell("echo resolved; echo warning >&2", name="environment", source="setup", stage="build")
    running = await executor.start(place.spec(build, place.python("print('hello')")), [])
    started = await running.wait_started()
    outcome = await running.wait()

    assert (outcome.outcome, outcome.reason, outcome.exit_code) == ("completed", "completed", 0)
    assert (outcome.run_id, outcome.fence) == ("run-1", 7)
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
async def test_a_runner_server_that_hangs_is_replaced(executor: LocalExecutor, place: RunPlace) -> None:
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
    with anyio.fail_after(60):
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


async def test_a_run_is_never_started_twice(executor: LocalExecutor, place: RunPlace) -> None:
    spec = place.spec(place.shell("echo once"))
    await run_to_end(executor, spec)
    with pytest.raises(StartedBefore):
        await executor.start(spec, [])
    (place.folder / "ctl" / "spec.json").unlink()
    with pytest.raises(RunNotStarted):
        await executor.start(spec, [])

    assert await place.texts() == ["once"]


async def test_the_job_gets_only_the_environment_it_is_given(executor: LocalExecutor, place: RunPlace) -> None:
    code = (
        "import os, resource, signal, stat\n"
        "print(sorted(os.environ))\n"
        "print(os.getcwd() == os.environ['HOME'], os.read(0, 1), os.getpgid(0) == os.getsid(0) == os.getpid())\n"
        "print(sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:4])\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
        "print(open('/proc/self/coredump_filter').read().strip())\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('NoNewPrivs')])\n"
        "open('made', 'w').close(); print(oct(stat.S_IMODE(os.stat('made').st_mode)))\n"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)\n"
    )
    await run_to_end(executor, place.spec(place.python(code)))
    texts = await place.texts()

    assert set(eval(texts[0])) - {"LC_CTYPE"} == {"HOME", "PATH", "RUNTIME__RUN_ID"}
    assert texts[1] == "True b'' True"
    assert texts[2:] == ["[0, 1, 2, 3]", "(0, 0) 4096", "00000000", "['1']", "0o600", "set() True"]


async def test_limits_hold(executor: LocalExecutor, place: RunPlace) -> None:
    step = place.python("import os\nopen('big', 'wb').write(b'x' * 100_000)")
    limited = step._replace(limits=Limits(open_files=64, file_size_bytes=50_000, address_space_bytes=10**9))
    outcome = await run_to_end(executor, place.spec(limited))

    assert outcome.outcome == "failed"
    assert (place.work / "big").stat().st_size <= 50_000


@pytest.mark.skipif(JOB_UID is None, reason="the platform switches uids only as root")
async def test_as_root_user_code_is_somebody_else(executor: LocalExecutor, place: RunPlace) -> None:
    code = (
        "import os\n"
        "print(os.getresuid(), os.getresgid(), os.getgroups())\n"
        "def attempt(path):\n"
        "    try: print(path.split('/')[-1], 'READ', len(open(path, 'rb').read()))\n"
        "    except OSError as error: print(path.split('/')[-1], error.strerror)\n"
        "attempt('../ctl/spec.json')\n"
        "attempt('../ctl/runner.json')\n"
        f"attempt('/proc/{os.getpid()}/environ')\n"
        "try: os.listdir('../ctl'); print('LISTED')\n"
        "except OSError as error: print(error.strerror)\n"
        "try: os.kill(os.getppid(), 9); print('KILLED')\n"
        "except OSError as error: print(error.strerror)\n"
    )
    outcome = await run_to_end(executor, place.spec(place.python(code)))
    texts = await place.texts()

    assert outcome.outcome == "completed", await place.lines()
    assert texts[0] == f"{(JOB_UID,) * 3} {(JOB_UID,) * 3} []"
    assert [text.split(" ", 1)[1] for text in texts[1:4]] == ["Permission denied"] * 3
    assert texts[4:] == ["Permission denied", "Operation not permitted"]


async def test_the_runner_cannot_be_looked_into_by_its_job(executor: LocalExecutor, place: RunPlace) -> None:
    """Whether the platform switches uids or not: the runner knows every value that is to be masked."""
    code = (
        "import os\n"
        "for name in ('environ', 'mem', 'maps'):\n"
        "    try: print(len(open(f'/proc/{os.getppid()}/{name}', 'rb').read()))\n"
        "    except OSError as error: print(error.strerror)\n"
    )
    await run_to_end(executor, place.spec(place.python(code)))

    assert await place.texts() == ["Permission denied"] * 3


@pytest.mark.skipif(JOB_UID is None, reason="only root has groups to lose")
async def test_the_platforms_groups_are_left_behind(place: RunPlace) -> None:
    before = os.getgroups()
    os.setgroups([0, 4, 12_345])
    try:
        async with LocalExecutor() as grouped:
            await run_to_end(grouped, place.spec(place.python("import os; print(os.getgroups())")))
    finally:
        os.setgroups(before)

    assert await place.texts() == ["[]"]


@pytest.mark.skipif(JOB_UID is None, reason="only root could run it as uid 0")
@pytest.mark.parametrize("uid", [None, 0])
async def test_uid_0_is_refused(executor: LocalExecutor, place: RunPlace, uid: int | None) -> None:
    outcome = await run_to_end(executor, place.spec(place.shell("id > ran")._replace(uid=uid, gid=uid)))

    assert (outcome.outcome, outcome.reason) == ("failed", "not_started")
    assert any("refused: the platform runs as root" in text for text in await place.texts("runner"))
    assert not (place.work / "ran").exists()


async def test_the_platforms_part_of_the_folder_is_closed(executor: LocalExecutor, place: RunPlace) -> None:
    place.extra["TOKEN"] = "in-the-environment-only"
    await run_to_end(executor, place.spec(place.shell("true")), (("V", "a-registered-value"),))
    control = place.folder / "ctl"

    assert stat.S_IMODE(control.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in control.rglob("*"))
    assert b"in-the-environment-only" not in place.stored_bytes()
    assert b"a-registered-value" not in place.stored_bytes()
    assert not (control / "socket").exists()


async def test_values_reach_the_runner_by_no_argument(executor: LocalExecutor, place: RunPlace) -> None:
    running = await executor.start(
        place.spec(place.shell("touch here; while [ ! -e go ]; do sleep 0.01; done")), [("V", "a-registered-value")]
    )
    await until((place.work / "here").exists)
    arguments = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    (place.work / "go").touch()
    await running.wait()

    assert b"planes.data_plane.runner" in arguments
    assert b"a-registered-value" not in arguments


async def test_a_long_path_has_its_socket_elsewhere(executor: LocalExecutor, runs_root: Path) -> None:
    deep = runs_root / ("deep-" * 12) / ("er-" * 20)
    deep.mkdir(parents=True)
    deep.parent.chmod(0o711)
    deep.chmod(0o711)
    place = make_place(deep, "run-1")
    running = await executor.start(place.spec(place.shell("echo far")), [])
    await running.wait_started()
    outcome = await running.wait()

    assert outcome.outcome == "completed"
    used = Path(json.loads((place.folder / "ctl" / "runner.json").read_bytes())["socket"])
    assert not used.is_relative_to(place.folder)
    assert not used.parent.exists()


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
    with anyio.fail_after(10):
        while "ready" not in await place.texts():
            await anyio.sleep(0.01)
    began = anyio.current_time()
    await running.stop("cancelled")
    await running.stop("something else")
    outcome = await running.wait()

    assert anyio.current_time() - began < 0.3 + 2
    assert (outcome.outcome, outcome.reason, outcome.signal) == ("cancelled", "cancelled", signal.SIGKILL)
    assert await place.texts() == ["ready", "asked", "asked"]
    assert "stop requested: cancelled" in await place.texts("runner")
    await running.stop("after the end")


async def test_a_build_can_be_stopped(executor: LocalExecutor, place: RunPlace) -> None:
    build = place.shell("echo began; exec sleep 600", name="environment", source="setup", stage="build")
    running = await executor.start(place.spec(build, place.shell("echo never")), [])
    with anyio.fail_after(10):
        while "began" not in await place.texts("setup"):
            await anyio.sleep(0.01)
    await running.stop("cancelled")
    with pytest.raises(EndedBeforeStart) as ended:
        await running.wait_started()

    assert (ended.value.outcome.outcome, ended.value.outcome.step) == ("cancelled", "environment")
    assert await place.texts("user") == []


async def test_the_time_limit_ends_a_run(executor: LocalExecutor, place: RunPlace) -> None:
    outcome = await run_to_end(executor, place.spec(place.shell("exec sleep 600"), time_limit_seconds=0.3))

    assert (outcome.outcome, outcome.reason) == ("failed", "time_limit")
    assert "time limit of 0.3 s reached: stopping" in await place.texts("runner")


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


async def test_a_run_that_was_claimed_and_not_begun_can_be_started(executor: LocalExecutor, place: RunPlace) -> None:
    """The starter died between its claim on the folder and the runner."""
    claim(place, "earlier")
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)
    outcome = await run_to_end(executor, place.spec(place.shell("echo begun")))

    assert outcome.outcome == "completed"
    assert await place.texts() == ["begun"]


@pytest.mark.parametrize("content", ["", '{"run_id": "run-'])
async def test_a_claim_that_a_crash_has_torn_is_none(executor: LocalExecutor, place: RunPlace, content: str) -> None:
    claim(place, "earlier")
    (place.folder / "ctl" / "spec.json").write_text(content)
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)

    assert (await run_to_end(executor, place.spec(place.shell("true")))).outcome == "completed"


@pytest.mark.parametrize("is_claimed_again", [False, True])
async def test_a_runner_that_comes_late_does_not_start_the_run(
    executor: LocalExecutor, place: RunPlace, is_claimed_again: bool
) -> None:
    """It was asked for under a claim that was withdrawn meanwhile, and may find one of somebody else."""
    claim(place, "earlier")
    late = request_of(place.spec(place.shell("echo late > ran")), "earlier")
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)
    if is_claimed_again:
        claim(place, "later")
    with pytest.raises(RunNotStarted):
        await anyio.to_thread.run_sync(launch, None, late)

    assert not (place.work / "ran").exists()
    assert not (place.folder / "ctl" / "runner.json").exists()


async def test_what_a_runner_left_before_it_began_is_in_nobodys_way(executor: LocalExecutor, place: RunPlace) -> None:
    """It was killed between its socket and its record."""
    claim(place, "earlier")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place.folder / "ctl" / "socket"))
    with pytest.raises(NoSuchRun):
        await executor.adopt(place.folder)

    assert (await run_to_end(executor, place.spec(place.shell("true")))).outcome == "completed"


def test_the_runner_loads_only_its_own_parts() -> None:
    import subprocess

    code = (
        "import sys; import planes.data_plane.runner.entry, planes.data_plane.runner.server\n"
        "ours = sorted({'.'.join(name.split('.')[:3]) for name in sys.modules if name.startswith('planes')})\n"
        "print(ours)\n"
        "outside = {'asyncio', 'anyio', 'pydantic', 'sqlalchemy', 'fastapi', 'httpx', 'dlt', 'orjson', 'structlog'}\n"
        "print(sorted(outside & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    ours, outside = map(eval, result.stdout.splitlines())

    allowed = ("planes", "planes.data_plane", "planes.data_plane.runner", "planes.data_plane.segments", "planes.scrub")
    assert not [name for name in ours if not name.startswith(allowed[2:]) and name not in allowed]
    assert outside == []
