"""What a run can reach of another workspace and of the machine, tried by jobs of two workspaces of a real region."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import definition, open_folder, with_entry_point, write_launchers
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

from planes.data_plane.executor.limits import limits_of
from planes.data_plane.runner.containment.bubblewrap import find_bubblewrap
from planes.data_plane.runner.groups import PROCESSES, offered_controllers
from planes.domain.identifiers import new_id
from planes.domain.run_limits import RunLimits
from planes.settings import BuilderSettings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the platform switches uids only as root")

_LIVES = """
import os, pathlib, time
home = pathlib.Path(os.environ["HOME"])
pathlib.Path("mine.txt").write_text("mine")
pathlib.Path(".dlt/data/prod/rows.txt").write_text("mine")
for path in (home, pathlib.Path.cwd(), pathlib.Path(".dlt/data/prod")):
    path.chmod(0o700)
print("lives", flush=True)
while True: time.sleep(0.05)
"""
_TRIES = """
import json, os
def attempt(path):
    try:
        if os.path.isdir(path): os.listdir(path)
        else: open(path, "rb").read()
    except OSError: return
    print("READ", path)
def change(path):
    try: open(path, "ab").close()
    except OSError: return
    print("CHANGED", path)
def signalled(pid):
    try: os.kill(pid, 0)
    except OSError: return
    print("SIGNALLED", pid)
for path in json.loads(PATHS):
    attempt(path); change(path)
signalled(PID)
print("tried")
"""


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    # Not below /tmp: there a job sees the names of the folders on the way to its own.
    with open_folder("region-", below="/var/tmp") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
            yield running


async def _first_line(place: RunningRegion, path: Path) -> str:
    with anyio.fail_after(240):
        while True:
            for segment in path.glob("ctl/segments/*"):
                for line in segment.read_bytes().splitlines():
                    found = json.loads(line) if line.startswith(b"{") else {}
                    if found.get("source") == "user":
                        return found["content"]
            await anyio.sleep(0.05)


@as_root
async def test_two_workspaces_reach_nothing_of_each_other(place: RunningRegion) -> None:
    code = {"job.py": _LIVES.encode()}
    deployment = await place.deploy(code)
    configuration = await place.configure({"prod.secrets.toml": b'password = "of-the-first"\n'})
    other = await place.lease("", deployment_id=deployment, configuration_id=configuration)
    await place.control.wait_status(other, "running", "failed")
    run = place.run_folder(other)
    assert await _first_line(place, run) == "lives"
    pid = int(json.loads((run / "ctl/step.json").read_bytes())["pid"])  # as seen from outside of its namespace
    workspace = run.parents[1]
    theirs = [run, run / "work", run / "work" / "mine.txt", run / "work" / "job.py",
              run / "work" / ".dlt" / "prod.secrets.toml", run / "ctl", run / "ctl" / "spec.json",
              workspace, workspace / "data", workspace / "data" / "prod", workspace / "data" / "prod" / "rows.txt",
              workspace / "environments", workspace / "uv-cache", workspace.parent, workspace.parents[1]]  # fmt: skip
    assert all(path.exists() for path in theirs)
    platform = [place.region.folder / name for name in ("region.db", "identity.key", "master.key", "blobs", "incoming")]
    processes = [Path(f"/proc/{number}/{name}") for number in (pid, os.getpid()) for name in ("environ", "mem", "fd")]
    paths = [str(path) for path in (*theirs, *platform, *processes)]

    place.region.workspace_id = new_id()
    tries = _TRIES.replace("PATHS", repr(json.dumps(paths))).replace("PID", str(pid))
    lease, outcome = await place.run(tries)

    assert outcome == "completed", await place.lines(lease, None)
    assert await place.lines(lease) == ["tried"]
    place.control.cancel(other)
    assert await place.control.wait_end(other) == "cancelled"


async def test_run_has_limits_and_no_way_up(place: RunningRegion) -> None:
    code = """
import json, resource
status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
limits = [resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in ("CORE", "NOFILE", "FSIZE", "DATA")]
print(json.dumps({
    "limits": limits,
    "processes": resource.getrlimit(resource.RLIMIT_NPROC)[1],
    "no_new_privileges": status["NoNewPrivs"],
    "capabilities": [status[name] for name in ("CapEff", "CapPrm", "CapAmb")],
    "groups": status["Groups"].split(),
    "uids": status["Uid"].split(),
    "dumped": open("/proc/self/coredump_filter").read().strip("0\\n"),
    "chosen": open("/proc/self/oom_score_adj").read().strip(),
}))
"""
    lease, outcome = await place.run(code)

    assert outcome == "completed", await place.lines(lease, None)
    found = json.loads((await place.lines(lease))[0])
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    share = RunLimits()
    wanted = (0, share.open_files, limits_of(share).file_size_bytes or 0, memory)
    numbers = (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_DATA)
    for (soft, hard), limit, number in zip(found["limits"], wanted, numbers, strict=True):
        ours = resource.getrlimit(number)[1]
        assert soft == hard == (limit if ours == resource.RLIM_INFINITY else min(limit, ours))
    assert found["no_new_privileges"] == "1"
    assert found["dumped"] == ""
    if os.geteuid() == 0:
        assert set(found["capabilities"]) == {"0000000000000000"}
        assert found["groups"] == []
        assert "0" not in found["uids"]
        if PROCESSES not in offered_controllers():
            assert found["processes"] <= share.processes
    assert int(found["chosen"]) >= 500


async def test_what_opens_an_index_is_masked() -> None:
    with open_folder("region-") as folder:
        wheels = folder / "wheels"
        wheels.mkdir()
        write_launchers(wheels)
        builder = BuilderSettings(
            environment={
                "UV_FIND_LINKS": str(wheels), "UV_OFFLINE": "1", "UV_INDEX_PRIVATE_PASSWORD": "opens-the-index",
                "HTTPS_PROXY": "http://somebody:opens-the-proxy@proxy.example:3128",
            }
        )  # fmt: skip
        async with (
            LeasingControlPlane().serving() as control,
            running_region(folder / "eu1", control, builder=builder) as place,
        ):
            lease, outcome = await place.run("print('opens-the-index', 'opens-the-proxy')\n")

            assert outcome == "completed"
            assert await place.lines(lease) == ["[masked:UV_INDEX_PRIVATE_PASSWORD] [masked:HTTPS_PROXY]"]


async def test_definition_of_a_hostile_control_plane_sets_no_configuration(place: RunningRegion) -> None:
    job = {**with_entry_point(definition("job"), config={"path": "/tmp/evil"}), "config_keys": ["limit"]}

    lease, outcome = await place.run("print('ran')\n", definition=job)

    assert outcome == "failed"
    assert await place.lines(lease) == []


@pytest.mark.skipif(find_bubblewrap() is None, reason="no bubblewrap here that binds by descriptor")
async def test_region_that_asks_for_it_builds_and_runs_inside_bubblewrap() -> None:
    with open_folder("region-") as folder:
        async with (
            LeasingControlPlane().serving() as control,
            running_region(folder / "eu1", control, is_strict=True, refuses_uncontained=True) as strict,
        ):
            lease, outcome = await strict.run("import os; print(os.path.exists('/root'), os.path.exists('/etc'))")

            assert outcome == "completed", await strict.lines(lease, None)
            assert await strict.lines(lease) == ["False True"]
