"""Interpreters that stand by: what runs in one is what would run cold, and meets nothing of any other run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_places import JOB_UID, is_alive, job_interpreter

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments.interpreters import parts_of
from planes.data_plane.executor.layout import Owner, RunPlace
from planes.data_plane.executor.local import LocalExecutor, RunSpec, Step, log_folder
from planes.data_plane.executor.standing import Berth, Kind, remove_berths
from planes.data_plane.logs import iterate
from planes.data_plane.runner.containment import landlock

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(landlock.version() < 6, reason="nothing stands by where runs are not contained"),
]

LOOKS = """
import json, os, random, resource, signal, sys, threading
print(json.dumps({
    "environment": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv, "called": sys.orig_argv, "path": sys.path,
    "main": sorted(globals()), "name": __name__, "spec": __spec__.name, "files": sorted(os.listdir(".")),
    "temporary": sorted(os.listdir("/tmp")), "umask": os.umask(0), "threads": threading.active_count(),
    "tasks": len(os.listdir("/proc/self/task")), "descriptors": len(os.listdir("/proc/self/fd")),
    "input": os.readlink("/proc/self/fd/0"), "handlers": [str(signal.getsignal(n)) for n in range(1, 32)],
    "blocked": str(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
    "uid": os.getuid(), "groups": os.getgroups(), "processes": len([n for n in os.listdir("/proc") if n.isdigit()]),
    "planted": [n for n in sys.modules if n.startswith("planted")], "session": os.getsid(0) == os.getpid(),
    "flags": str(sys.flags), "hook": sys.excepthook is sys.__excepthook__, "recursion": sys.getrecursionlimit(),
}))
print(random.random(), file=sys.stderr)
"""
PLANTS = """
import gc, os, random, signal, socket, sys, threading, time, types
os.environ["PLANTED"] = "1"
sys.modules["planted"] = types.ModuleType("planted")
open("planted", "w").close(); open("/tmp/planted", "w").close(); open("/dev/shm/planted", "w").close()
os.umask(0o777); random.seed(1); signal.signal(signal.SIGUSR1, signal.SIG_IGN)
sys.setrecursionlimit(500); sys.excepthook = print
kept = os.open("/dev/null", os.O_RDONLY); os.set_inheritable(kept, True)
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
if os.fork() == 0:
    os.setsid(); time.sleep(600)
print("planted", bool(gc.get_freeze_count()), flush=True)
"""


@dataclass
class Ground:
    """Folders of a workspace, and runs in them. `environment` is what jobs read."""

    root: Path
    executor: LocalExecutor
    runs: int = 0
    standing: list[int] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return Kind(self.root, "environment", "prod", "reader.__main__", JOB_UID)

    def step(self, run: RunPlace, **variables: str) -> Step:
        python = job_interpreter()
        confinement = Openings(private=self.root).confine(
            [self.root / "environment"], parts_of(Path(python)), [run.work, self.root / "data"], run.work / "tmp"
        )
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self.root / "environment"), "HOME": str(run.work)}
        return Step(
            name="job", source="user", stage="run", argv=(python, "-u", "-m", "job", "a word"), cwd=str(run.work),
            environment={**environment, **variables}, uid=JOB_UID, gid=JOB_UID, confinement=confinement,
        )  # fmt: skip

    def in_berth(self, place: RunPlace) -> Step:
        step = self.step(place)
        assert step.confinement is not None
        confinement = step.confinement._replace(temporary=os.path.realpath(place.aside))
        return step._replace(environment={**step.environment, "HOME": "/nonexistent"}, confinement=confinement)

    async def stand_by(self) -> None:
        """Two runs of the kind have ended; returns when one stands by for the next."""
        for _ in range(2):
            self.executor.stand_by.ended(self.kind, self.in_berth)
        with anyio.fail_after(240):
            while not (found := self.interpreters()):
                await anyio.sleep(0.01)
            while (berth := self.executor.stand_by.take(self.kind)) is None:
                await anyio.sleep(0.01)
        self.standing, self.berth = found, berth

    def interpreters(self) -> list[int]:
        """Pids of those that stand by here."""
        mark = str(self.root / "environment").encode()
        found: list[int] = []
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            try:
                command, environment = (Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
            except OSError:
                continue
            if b"interpreter that stands by" in command and mark in environment:
                found.append(pid)
        return found

    def lay_out(self, code: str, files: Mapping[str, str] = MappingProxyType({})) -> RunPlace:
        """A run's folder, handed over, with these files beside the job."""
        self.runs += 1
        run = RunPlace(self.root / "runs" / f"run-{self.runs}")
        run.root.parent.mkdir(exist_ok=True, mode=0o711)
        run.begin(Owner(JOB_UID))
        (run.work / "tmp").mkdir()
        for name, content in {**files, "job.py": code}.items():
            (run.work / name).parent.mkdir(exist_ok=True)
            (run.work / name).write_text(content)
        run.hand_over(Owner(JOB_UID))
        return run

    async def run(
        self,
        code: str,
        *,
        is_warm: bool,
        files: Mapping[str, str] = MappingProxyType({}),
        registered: Sequence[tuple[str, str]] = (),
        ahead: Sequence[tuple[str, str]] | None = None,
        **variables: str,
    ) -> tuple[str, list[str], list[str], bool]:
        """Outcome, what it printed to both streams, and whether an interpreter that stood by ran it."""
        berth: Berth | None = None
        if is_warm:
            await self.stand_by()
            berth = self.berth
            assert ahead is None or berth.register(ahead)
        run = self.lay_out(code, files)
        if berth is not None:
            berth.move_in(run, Owner(JOB_UID))
        spec = RunSpec(run_id=run.root.name, folder=run.root, fence=1, steps=(self.step(run, **variables),),
                       time_limit_seconds=60, grace_seconds=1)  # fmt: skip
        with anyio.fail_after(240):
            outcome = await (await self.executor.start(spec, registered, berth)).wait()
        stored = b"".join([chunk async for chunk in iterate(log_folder(run.root))])
        lines = [json.loads(line) for line in stored.splitlines()]
        out, err = ([line["content"] for line in lines if line["io_stream"] == name] for name in ("stdout", "stderr"))
        pid = json.loads((run.root / "ctl/step.json").read_bytes())["pid"]
        return outcome.outcome, out, err, pid in self.standing

    def look_of(self, line: str) -> dict[str, Any]:
        """What a run saw, wherever it ran."""
        return json.loads(line.replace(f"run-{self.runs}", "RUN"))


@asynccontextmanager
async def ground(folder: Path, **settings: Any) -> AsyncGenerator[Ground]:
    async with LocalExecutor(most_standing=1) as executor:
        for name, value in settings.items():
            setattr(executor.stand_by, name, value)
        async with anyio.create_task_group() as group:
            group.start_soon(executor.stand_by.run)
            yield Ground(folder, executor)
            group.cancel_scope.cancel()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below /tmp, where none stands by."""
    root = Path(tempfile.mkdtemp(prefix="dlthub-tui-standing-", dir="/var/tmp"))
    root.chmod(0o711)
    reader = root / "environment" / "reader"
    for place in (reader, root / "data"):
        place.mkdir(parents=True)
    (reader / "__init__.py").write_text("import os\nMODE = os.environ.get('MODE', 'none')\n")
    (reader / "__main__.py").write_text("")
    if JOB_UID is not None:
        os.chown(root / "data", JOB_UID, JOB_UID)
    yield root
    shutil.rmtree(root)


async def test_a_run_sees_what_it_would_see_cold_whatever_others_did(folder: Path) -> None:
    async with ground(folder) as here:
        cold = await here.run(LOOKS, is_warm=False)
        expected = here.look_of(cold[1][0])
        planted = await here.run(PLANTS, is_warm=True)
        warm = await here.run(LOOKS, is_warm=True)
        found = here.look_of(warm[1][0])
        again = await here.run(LOOKS, is_warm=True)

    assert [(run[0], run[3]) for run in (cold, planted, warm, again)] == [
        ("completed", False), ("completed", True), ("completed", True), ("completed", True),
    ]  # fmt: skip
    assert planted[1] == ["planted True"], "its collector looks at what stood there before"
    assert found == expected
    assert len({cold[2][0], warm[2][0], again[2][0]}) == 3, "random numbers repeat"


async def test_values_that_its_runner_hears_of_ahead_are_scrubbed_and_no_others(folder: Path) -> None:
    few, many = ([(f"V{number}", f"a-value-of-{number:06d}") for number in range(count)] for count in (100, 1500))
    prints = "print('a-value-of-000007', 'another-runs-value', flush=True)"
    async with ground(folder) as here:
        same = await here.run(prints, is_warm=True, registered=few, ahead=few)
        other = await here.run(prints, is_warm=True, registered=few, ahead=[("X", "another-runs-value")])
        not_ahead = await here.run(prints, is_warm=True, registered=many, ahead=many)

    assert [(run[0], run[1], run[3]) for run in (same, other, not_ahead)] == [
        ("completed", ["[masked:V7] another-runs-value"], True),
    ] * 3


async def test_one_that_was_told_what_to_scrub_and_is_let_go_of_ends(folder: Path) -> None:
    async with ground(folder) as here:
        await here.stand_by()
        assert here.berth.register([("A", "a-value-of-it")])
        here.berth.discard()
        with anyio.fail_after(240):
            while here.interpreters():
                await anyio.sleep(0.01)


@pytest.mark.parametrize(
    ("name", "is_warm"),
    [("socket.py", False), ("reader/__init__.py", False), ("reader/notes.txt", True), ("sockets.py", True)],
)
async def test_a_module_beside_the_job_that_hides_a_loaded_one_starts_it_cold(
    folder: Path, name: str, *, is_warm: bool
) -> None:
    code = "import reader, socket\nprint([hasattr(module, 'MINE') for module in (socket, reader)])"
    async with ground(folder) as here:
        cold = await here.run(code, is_warm=False, files={name: "MINE = 1"})
        warm = await here.run(code, is_warm=True, files={name: "MINE = 1"})

    assert warm[:2] == cold[:2]
    assert warm[3] is is_warm


async def test_a_run_with_a_variable_that_was_read_at_import_starts_cold(folder: Path) -> None:
    async with ground(folder) as here:
        same = await here.run("import reader\nprint(reader.MODE)", is_warm=True, OTHER="1")
        other = await here.run("import reader\nprint(reader.MODE)", is_warm=True, MODE="fast")
        zone = await here.run("import time\nprint(time.tzname[0])", is_warm=True, TZ="Asia/Kathmandu")

    assert same == ("completed", ["none"], [], True)
    assert other == ("completed", ["fast"], [], False)
    assert zone == ("completed", ["+0545"], [], False)


async def test_errors_and_exit_codes_are_those_of_a_cold_start(folder: Path) -> None:
    async with ground(folder) as here:
        for code in ("raise ValueError('no')", "raise SystemExit(4)", "raise SystemExit('why')", "import nothing_here",
                     "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)"):  # fmt: skip
            cold, warm = await here.run(code, is_warm=False), await here.run(code, is_warm=True)

            assert cold[0] == "failed"
            assert warm[3], code
            assert [line.replace(f"run-{here.runs}", "") for line in warm[2]] == [
                line.replace(f"run-{here.runs - 1}", "") for line in cold[2]
            ]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_whose_interpreter_was_killed_starts_cold(folder: Path, when: str) -> None:
    async with ground(folder) as here:
        await here.stand_by()
        if when == "before":
            for pid in here.standing:
                os.kill(pid, signal.SIGKILL)
        run = here.lay_out("print('here')")
        here.berth.move_in(run, Owner(JOB_UID))
        if when == "after":
            for pid in here.standing:
                os.kill(pid, signal.SIGSTOP)
        spec = RunSpec(run_id="run-1", folder=run.root, fence=1, steps=(here.step(run),), time_limit_seconds=60)
        with anyio.fail_after(240):
            outcome = await (await here.executor.start(spec, (), here.berth)).wait()
        left = [pid for pid in here.standing if is_alive(pid)]

    assert outcome.outcome == "completed"
    assert left == []


@pytest.mark.parametrize("change", ["limits", "read", "use", "write", "cwd"])
async def test_a_run_that_is_to_be_contained_otherwise_starts_cold(folder: Path, change: str) -> None:
    (folder / "data" / "job.py").write_text("print('here')")
    more = str(folder / "data" / "more")
    async with ground(folder) as here:
        await here.stand_by()
        run = here.lay_out("print('here')")
        here.berth.move_in(run, Owner(JOB_UID))
        step = here.step(run)
        assert step.confinement is not None
        confinement = {
            "read": step.confinement._replace(read=(*step.confinement.read, more)),
            "use": step.confinement._replace(use=(*step.confinement.use, more)),
            "write": step.confinement._replace(write=(*step.confinement.write, more)),
        }.get(change, step.confinement)
        step = step._replace(confinement=confinement)
        step = step._replace(limits=step.limits._replace(open_files=99)) if change == "limits" else step
        step = step._replace(cwd=str(folder / "data")) if change == "cwd" else step
        spec = RunSpec(run_id="run-1", folder=run.root, fence=1, steps=(step,), time_limit_seconds=60)
        with anyio.fail_after(240):
            outcome = await (await here.executor.start(spec, (), here.berth)).wait()
        pid = json.loads((run.root / "ctl/step.json").read_bytes())["pid"]

    assert outcome.outcome == "completed"
    assert pid not in here.standing


async def test_a_folder_in_which_something_was_put_is_not_used(folder: Path) -> None:
    async with ground(folder) as here:
        await here.stand_by()
        (here.berth.place.work / "job.py").symlink_to("/etc/passwd")
        run = here.lay_out("print('here')")

        with pytest.raises(OSError, match="not empty"):
            here.berth.move_in(run, Owner(JOB_UID))
        here.berth.discard()

        assert (run.work / "job.py").read_text() == "print('here')"


async def test_who_nobody_comes_for_ends_and_leaves_nothing(folder: Path) -> None:
    async with ground(folder, _idle_seconds=0.5) as here:
        for _ in range(2):
            here.executor.stand_by.ended(here.kind, here.in_berth)
        with anyio.fail_after(240):
            while not (found := here.interpreters()):
                await anyio.sleep(0.01)
            while here.interpreters() or list(folder.glob("standby/*")):
                await anyio.sleep(0.01)

    assert found
    assert here.executor.stand_by.take(here.kind) is None


async def test_none_stands_by_when_its_plane_is_gone(folder: Path) -> None:
    async with ground(folder) as here:
        for _ in range(2):
            here.executor.stand_by.ended(here.kind, here.in_berth)
        with anyio.fail_after(240):
            while not (found := here.interpreters()):
                await anyio.sleep(0.01)
    deadline = time.monotonic() + 60
    while any(map(is_alive, found)) and time.monotonic() < deadline:
        await anyio.sleep(0.01)

    assert not any(map(is_alive, found))
    remove_berths(folder)
    assert not list(folder.glob("standby/*"))


async def test_below_tmp_none_stands_by() -> None:
    async with ground(Path(tempfile.gettempdir()) / "nowhere") as here:
        for _ in range(2):
            here.executor.stand_by.ended(here.kind, here.in_berth)
        await anyio.wait_all_tasks_blocked()

        assert here.interpreters() == []


async def test_what_stands_by_is_counted_with_its_memory(folder: Path) -> None:
    async with ground(folder) as here:
        await here.stand_by()
        (interpreter,) = here.standing
        resident, shared = map(int, Path(f"/proc/{interpreter}/statm").read_text().split()[1:3])
        alone = here.berth.memory_bytes()
        here.berth.discard()
        with anyio.fail_after(240):
            while here.berth.memory_bytes():
                await anyio.sleep(0.01)
        nobody = await here.executor.stand_by.measure()
        for _ in range(2):
            here.executor.stand_by.ended(here.kind, here.in_berth)
        with anyio.fail_after(240):
            while (standing := await here.executor.stand_by.measure()) == nobody:
                await anyio.sleep(0.01)

    own = (resident - shared) * os.sysconf("SC_PAGE_SIZE")
    # Before 3.12 a fork copies more: each look at an object writes to it.
    assert own < alone < own + 40_000_000, "the interpreter's and its runner's"
    assert nobody == (0, 0)
    assert standing == (1, pytest.approx(alone, rel=0.5))
