"""What the process of a job gets, and what it cannot reach."""

import json
import os
import stat
from pathlib import Path

import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import executor, place, runs_root
from tests.integration.planes.data_plane.executor.run_places import (
    JOB_UID,
    RunPlace,
    make_place,
    run_to_end,
    until,
)

from planes.data_plane.executor.local import (
    Limits,
    LocalExecutor,
)

__all__ = ["executor", "place", "runs_root"]

pytestmark = pytest.mark.anyio


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


async def test_runners_have_nothing_of_the_platforms_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLTHUB_TUI_EU1_MASTER_KEY", "of the platform alone")
    async with LocalExecutor() as other:
        found = Path(f"/proc/{other.server_pid}/environ").read_bytes()

    assert b"MASTER_KEY" not in found
    assert b"of the platform alone" not in found


async def test_a_long_path_has_its_socket_where_others_have_it(executor: LocalExecutor, runs_root: Path) -> None:
    deep = runs_root / ("deep-" * 12) / ("er-" * 20)
    deep.mkdir(parents=True)
    deep.parent.chmod(0o711)
    deep.chmod(0o711)
    place = make_place(deep, f"run-{os.urandom(4).hex()}")
    running = await executor.start(place.spec(place.shell("echo far")), [])
    await running.wait_started()
    outcome = await running.wait()

    assert outcome.outcome == "completed"
    used = Path(json.loads((place.folder / "ctl" / "runner.json").read_bytes())["socket"])
    assert used == place.folder / "ctl" / "socket"
    assert not used.exists()
