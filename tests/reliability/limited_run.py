"""Runs a script as a confined step by the real executor: `… tests.reliability.limited_run HOME PYTHON UID DOCUMENT`.

The document (JSON) has the `code`, its `limits`, `without_groups`, and `grace_seconds`. Prints the end and the log as
one JSON line. A process of its own, so that it can be an ordinary user's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments.interpreters import parts_of
from planes.data_plane.executor.local import Limits, LocalExecutor, RunSpec, Step, log_folder
from planes.data_plane.logs import iterate


async def main(home: Path, python: str, uid: int | None, wanted: dict[str, Any]) -> None:
    work, data = home / "runs/run-1/work", home / "data"
    for folder in (work / "tmp", data):
        folder.mkdir(parents=True)
        if uid is not None:
            os.chown(folder, uid, uid)
    if uid is not None:
        os.chown(work, uid, uid)
    step = Step(
        name="job",
        source="user",
        stage="run",
        argv=(python, "-u", "-c", wanted["code"], str(data)),
        cwd=str(work),
        environment={"PATH": "/usr/bin:/bin", "HOME": str(work)},
        uid=uid,
        gid=uid,
        limits=Limits(**wanted["limits"]),
        confinement=Openings(private=home).confine([], parts_of(Path(python)), [work, data], work / "tmp"),
    )
    spec = RunSpec(
        run_id="run-1", folder=home / "runs/run-1", fence=1, steps=(step,), time_limit_seconds=60,
        grace_seconds=wanted.get("grace_seconds", 0.5),
    )  # fmt: skip
    async with LocalExecutor() as executor:
        running = await executor.start(spec, ())
        groups = json.loads((spec.folder / "ctl/runner.json").read_bytes())["groups"]
        outcome = await running.wait()
    stored = b"".join([chunk async for chunk in iterate(log_folder(spec.folder))])
    lines = [json.loads(line) for line in stored.splitlines()]
    told = {
        "outcome": outcome._asdict(),
        "lines": [[line["source"], line["content"]] for line in lines],
        "groups": groups,
        "left": [path for path in groups if os.path.exists(path)],
        "sealed": (log_folder(spec.folder) / "sealed").exists(),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) or None, json.loads(sys.argv[4])))
