"""Runs `escapes` as a confined step by the real executor: `… tests.security.contained_run HOME PYTHON UID PORT START`.

START is cold, warm (an interpreter stands by for the step before there is a run), or strict: inside bubblewrap.
Prints the log's texts as one JSON line. A process of its own, so that it can be an ordinary user's.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

import anyio
from tests.security import escapes

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments.interpreters import parts_of
from planes.data_plane.executor.layout import Owner, RunPlace
from planes.data_plane.executor.local import LocalExecutor, RunSpec, Step, log_folder
from planes.data_plane.executor.standing import Berth, Kind
from planes.data_plane.logs import iterate
from planes.host.listeners import PortPlan, keep_ports, open_listeners, port_of


async def stand_by(executor: LocalExecutor, step: Step, home: Path, uid: int | None) -> Berth | None:
    """What stands by for this step, with the step's folder moved in; None where nothing can."""
    kind = Kind(home, "environment", "prod", "json.tool", uid)

    def in_berth(place: RunPlace) -> Step:
        assert step.confinement is not None
        write = (os.path.realpath(place.work), str(home / "data/prod"))
        confinement = step.confinement._replace(write=write, temporary=os.path.realpath(place.aside))
        return step._replace(environment={**step.environment, "HOME": "/nonexistent"}, confinement=confinement)

    berth = None
    for _ in range(2):
        executor.stand_by.ended(kind, in_berth)
    with anyio.move_on_after(1 if home.is_relative_to("/tmp") else 30):
        while (berth := executor.stand_by.take(kind)) is None:
            await anyio.sleep(0.01)
    if berth is not None:
        berth.move_in(RunPlace(home / "runs/run-1"), Owner(uid))
    return berth


async def main(home: Path, python: str, uid: int | None, port: int, start: str) -> None:
    report: dict[str, object] = {}
    is_warm, is_strict = start == "warm", start == "strict"
    work, data, environment = home / "runs/run-1/work", home / "data/prod", home / "environment"
    swapped = home / "swapped"
    cache = home / "uv-cache"
    for folder in (work / "tmp", data, environment, swapped, cache, home / "runs/run-2/work"):
        folder.mkdir(parents=True)
    (home / "owner.key").write_text("the key")
    (home / "owner.key").chmod(0o644)  # what keeps it closed is not its mode
    (environment / "module.py").write_text("code")
    (cache / "wheel").write_text("wheel")
    shutil.copy(escapes.__file__, work / "escapes.py")
    if uid is not None:
        for path in (work, work / "tmp", work / "escapes.py", data, cache, cache / "wheel"):
            os.chown(path, uid, uid)
    name = f"dlthub-tui-test-{os.getpid()}"
    # As those of the desktop's bus and of Docker: no file of ours, open to all.
    outside = Path(tempfile.mkdtemp(prefix="machine-", dir="/var/tmp"))
    outside.chmod(0o755)
    with (
        socket.socket(socket.AF_UNIX) as by_path,
        socket.socket(socket.AF_UNIX) as of_machine,
        socket.socket(socket.AF_UNIX) as by_name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as of_datagrams,
    ):
        places = ((by_path, home / "control.sock"), (of_datagrams, home / "notify.sock"), (of_machine, outside / "bus"))
        memory = escapes.LIBC.shmget(0, 4096, 0o1666)
        ours, terminal = os.openpty()
        os.fchmod(terminal, 0o666)
        for listener, place in places:
            listener.bind(str(place))
            place.chmod(0o666)
        of_machine.listen()
        by_name.bind("\0" + name)
        by_path.listen()
        by_name.listen()
        plane = open_listeners(["plane"], PortPlan(host="127.0.0.1", first=0), {})["plane"]
        plane_port, keepers = port_of(plane), keep_ports([plane])
        kept = tuple(keeper.fileno() for keeper in keepers)
        async with (
            LocalExecutor(most_standing=1, kept_ports=kept) as executor, anyio.create_task_group() as group
        ):  # fmt: skip
            for held in (plane, *keepers):  # the plane is down
                held.close()
            group.start_soon(executor.stand_by.run)
            world = {
                "home": str(home),
                "key": str(home / "owner.key"),
                "other": str(home / "runs/run-2/work"),
                "swapped": str(swapped),
                "environment": str(environment),
                "data": str(data),
                "cache": str(cache),
                "outside": str(outside / "bus"),
                "socket": str(home / "control.sock"),
                "datagrams": str(home / "notify.sock"),
                "abstract": name,
                "memory": memory,
                "terminal": os.ttyname(terminal),
                "runner": executor.server_pid,
                "platform": os.getpid(),
                "port": port,
                "plane": plane_port,
            }
            step = Step(
                name="job",
                source="user",
                stage="run",
                argv=(python, "-u", "-m", "escapes", json.dumps(world)),
                cwd=str(work),
                environment={"PATH": "/usr/bin:/bin", "HOME": str(work)},
                uid=uid,
                gid=uid,
                confinement=Openings(private=home, is_strict=is_strict, is_required=True).confine(
                    [environment, swapped], parts_of(Path(python)), [work, data], work / "tmp"
                ),
            )
            swapped.rmdir()
            swapped.symlink_to(home / "runs/run-2/work")  # as a build can: the environments are its own
            spec = RunSpec(
                run_id="run-1",
                folder=home / "runs/run-1",
                fence=1,
                steps=(step,),
                time_limit_seconds=60,
                grace_seconds=1,
            )
            berth = await stand_by(executor, step, home, uid) if is_warm else None
            before = time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")
            outcome = await (await executor.start(spec, (), berth)).wait()
            ran = json.loads((spec.folder / "ctl/step.json").read_bytes())
            report |= {"outcome": outcome.outcome, "was_warm": ran["start_ticks"] < before - 1}
            group.cancel_scope.cancel()
    escapes.LIBC.shmctl(memory, 0, None)
    for end in (ours, terminal):
        os.close(end)
    shutil.rmtree(outside)
    stored = b"".join([chunk async for chunk in iterate(log_folder(home / "runs/run-1"))])
    report["lines"] = [[line["source"], line["content"]] for line in map(json.loads, stored.splitlines())]
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) or None, int(sys.argv[4]), sys.argv[5]))
