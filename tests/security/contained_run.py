"""Runs `escapes` as a confined step by the real executor: `python -m tests.security.contained_run HOME PYTHON [UID]`.

Prints the log's texts as one JSON line. A process of its own, so that it can be an ordinary user's.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
from pathlib import Path

from tests.security import escapes

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments.interpreters import parts_of
from planes.data_plane.executor.local import LocalExecutor, RunSpec, Step, log_folder
from planes.data_plane.logs import iterate


async def main(home: Path, python: str, uid: int | None, port: int) -> None:
    work, data, environment = home / "runs/run-1/work", home / "data/prod", home / "environment"
    swapped = home / "swapped"
    for folder in (work / "tmp", data, environment, swapped, home / "runs/run-2/work"):
        folder.mkdir(parents=True)
    (home / "owner.key").write_text("the key")
    (home / "owner.key").chmod(0o644)  # what keeps it closed is not its mode
    (environment / "module.py").write_text("code")
    shutil.copy(escapes.__file__, environment / "escapes.py")
    if uid is not None:
        for path in (work, work / "tmp", data):
            os.chown(path, uid, uid)
    name = f"dlthub-tui-test-{os.getpid()}"
    with (
        socket.socket(socket.AF_UNIX) as by_path,
        socket.socket(socket.AF_UNIX) as by_name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as of_datagrams,
    ):
        for listener, place in ((by_path, "control.sock"), (of_datagrams, "notify.sock")):
            listener.bind(str(home / place))
            (home / place).chmod(0o666)
        by_name.bind("\0" + name)
        by_path.listen()
        by_name.listen()
        async with LocalExecutor() as executor:
            world = {
                "home": str(home),
                "key": str(home / "owner.key"),
                "other": str(home / "runs/run-2/work"),
                "swapped": str(swapped),
                "environment": str(environment),
                "data": str(data),
                "socket": str(home / "control.sock"),
                "datagrams": str(home / "notify.sock"),
                "abstract": name,
                "runner": executor.server_pid,
                "platform": os.getpid(),
                "port": port,
            }
            step = Step(
                name="job",
                source="user",
                stage="run",
                argv=(python, "-B", str(environment / "escapes.py"), json.dumps(world)),
                cwd=str(work),
                environment={"PATH": "/usr/bin:/bin", "HOME": str(work)},
                uid=uid,
                gid=uid,
                confinement=Openings(private=home).confine(
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
            outcome = await (await executor.start(spec, ())).wait()
    stored = b"".join([chunk async for chunk in iterate(log_folder(spec.folder))])
    lines = [json.loads(line) for line in stored.splitlines()]
    sys.stdout.write(
        json.dumps({"outcome": outcome.outcome, "lines": [[line["source"], line["content"]] for line in lines]})
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) or None, int(sys.argv[4])))
