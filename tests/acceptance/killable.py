"""A region as a process of its own, to be killed with what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
from tests.fakes.data_plane import RunningDataPlane
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import write_launchers
from tests.integration.planes.data_plane.running_region import RunningRegion


@dataclass
class Killable:
    """A region process and what is needed to talk to it."""

    place: RunningRegion
    process: subprocess.Popen[str]

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(240)

    def runner_server(self) -> int:
        """The pid of the process that forks runners."""
        (found,) = self.children("planes.data_plane.runner.server")
        return found

    def children(self, module: str) -> list[int]:
        """Pids of its children that run a module."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for child in children for pid in child.read_text().split()]
        return [pid for pid in pids if module.encode() in _command(pid)]


@asynccontextmanager
async def region_process(
    folder: Path,
    control: LeasingControlPlane,
    organization_id: str,
    workspace_id: str,
    *,
    started_by: Sequence[str] = (),
) -> AsyncGenerator[Killable]:
    """`started_by` is a command that becomes the one that follows it."""
    wheels = folder.parent / "wheels"
    if not wheels.exists():
        wheels.mkdir()
        write_launchers(wheels)
    process = subprocess.Popen(
        [*started_by, sys.executable, "-m", "tests.fakes.region_process", str(folder), control.url, str(wheels)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = (await anyio.to_thread.run_sync(process.stdout.readline)).strip()
        assert url.startswith("http")
        async with httpx.AsyncClient(base_url=url, timeout=240, trust_env=False) as client:
            region = RunningDataPlane(
                plane=None,  # pyright: ignore[reportArgumentType] - it lives in the other process
                control=control, client=client, folder=folder,
                organization_id=organization_id, workspace_id=workspace_id,
            )  # fmt: skip
            yield Killable(RunningRegion(region=region, control=control), process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(240)
        assert process.stdout is not None
        process.stdout.close()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
