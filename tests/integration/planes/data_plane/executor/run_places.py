"""Real runs of small scripts, by the real executor, as another uid where the tests run as root."""

import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from planes.data_plane.executor.local import Limits, LocalExecutor, Outcome, RunSpec, Step, log_folder
from planes.data_plane.logs import iterate
from planes.data_plane.segments.reader import read_range

JOB_UID = 64_123 if os.geteuid() == 0 else None


def job_interpreter() -> str:
    """A Python that the job's uid may run: the tests' own can lie in a folder that only root may enter."""
    if JOB_UID is None:
        return sys.executable
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        path = Path("/usr/bin") / name
        if path.exists():
            return str(path)
    pytest.skip("no interpreter that another uid could run")


@dataclass
class RunPlace:
    """A folder for one run, and its spec."""

    folder: Path
    run_id: str
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def python(self, code: str, *, name: str = "job", source: str = "user", stage: str = "run") -> Step:
        return self.step([job_interpreter(), "-u", "-c", code], name=name, source=source, stage=stage)

    def shell(self, code: str, *, name: str = "job", source: str = "user", stage: str = "run") -> Step:
        return self.step(["/bin/sh", "-c", code], name=name, source=source, stage=stage)

    def step(self, argv: list[str], *, name: str = "job", source: str = "user", stage: str = "run") -> Step:
        return Step(
            name=name,
            source=source,
            stage=stage,
            argv=tuple(argv),
            cwd=str(self.work),
            environment={"PATH": "/usr/bin:/bin", "HOME": str(self.work), "RUNTIME__RUN_ID": self.run_id, **self.extra},
            uid=JOB_UID,
            gid=JOB_UID,
            limits=Limits(),
        )

    def spec(self, *steps: Step, **changes: Any) -> RunSpec:
        values: dict[str, Any] = {"time_limit_seconds": 60.0, "grace_seconds": 5.0, **changes}
        return RunSpec(run_id=self.run_id, folder=self.folder, fence=7, steps=steps, **values)

    async def lines(self) -> list[dict[str, Any]]:
        stored = b"".join([chunk async for chunk in iterate(log_folder(self.folder))])
        return [json.loads(line) for line in stored.splitlines()]

    async def texts(self, source: str = "user") -> list[str]:
        return [line["content"] for line in await self.lines() if line["source"] == source]

    async def tail(self) -> list[str]:
        return [json.loads(line)["content"] for line in read_range(log_folder(self.folder), -1, 1).splitlines()]

    def stored_bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())


def make_place(root: Path, run_id: str) -> RunPlace:
    place = RunPlace(root / run_id, run_id)
    place.work.mkdir(parents=True, mode=0o700)
    place.folder.chmod(0o711)
    if JOB_UID is not None:
        os.chown(place.work, JOB_UID, JOB_UID)
    return place


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        return False


def end_runner(record: Path) -> None:
    """A test that failed half way leaves no runner behind."""
    pid = json.loads(record.read_bytes())["pid"]
    if not (record.parent / "exit.json").exists():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


async def run_to_end(executor: LocalExecutor, spec: RunSpec, registered: tuple[tuple[str, str], ...] = ()) -> Outcome:
    running = await executor.start(spec, registered)
    with anyio.fail_after(240):
        return await running.wait()


async def until(condition: Any, seconds: float = 240) -> None:
    """Wait for a condition that nothing announces."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.01)
