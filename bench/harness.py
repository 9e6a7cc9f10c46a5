"""A real platform in its own process and a client of it, for the benchmarks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dlthub_tui.client import organizations, sessions
from dlthub_tui.client.jobs import list_jobs
from dlthub_tui.client.models import Workspace
from dlthub_tui.session.connection import Connection, read_owner_key
from dlthub_tui.session.deploys import Deploy
from dlthub_tui.session.store import SessionStore

ROOT = Path(__file__).parents[1]
REGION = "eu1"


@dataclass
class Served:
    """A platform that runs as `dlthub-tui serve`."""

    home: Path
    process: subprocess.Popen[str]
    control_plane: str


@contextmanager
def open_folder(prefix: str = "dlthub-tui-bench-", below: str | None = None) -> Iterator[Path]:
    """A temporary folder that jobs of other uids can pass through, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=below))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """A platform with both regions on free ports."""
    home.mkdir(exist_ok=True)
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dlthub_tui.cli.main", "serve", "--home", str(home), "--port", "0"],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Served(home, process, ready["control_plane"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        if process.stdout:
            process.stdout.close()


@asynccontextmanager
async def connected(platform: Served) -> AsyncGenerator[Connection]:
    """The owner of a new installation."""
    socket = json.loads((platform.home / "platform.json").read_text())["socket"]
    store = SessionStore(platform.home / "client", uses_keyring=False)
    connection = Connection(platform.control_plane, store, socket_path=socket)
    try:
        key = read_owner_key(platform.home) or ""
        pair = await sessions.create_first_owner(connection.open_plane, key, "bench@dlthub-tui.example", None)
        await connection.begin(pair, is_kept=False)
        yield connection
    finally:
        await connection.aclose()


async def deployed(connection: Connection, folder: Path, cache: Path) -> tuple[Workspace, dict[str, str]]:
    """A new workspace in the region with this folder deployed; answers job ids by reference."""
    organization = await organizations.create_organization(connection.control, "bench")
    await organizations.set_region(connection.control, organization.id, REGION)
    workspace = await organizations.create_workspace(connection.control, organization.id, "bench")
    deploy = Deploy(connection, workspace, cache)
    try:
        difference = await deploy.prepare(folder, lambda _step: None)
        await deploy.send(difference, lambda _step: None)
    finally:
        deploy.close()
    return workspace, {job.job_ref: job.id for job in await list_jobs(connection.control, workspace.id)}


def write_workspace(folder: Path, source: str) -> Path:
    """A workspace of one module whose jobs are in `source`."""
    (folder / ".dlt").mkdir(parents=True)
    (folder / ".dlt" / ".workspace").touch()
    (folder / ".dlt" / "config.toml").write_text("[runtime]\ndlthub_telemetry = false\n")
    (folder / "requirements.txt").write_text("dlt[duckdb]>=1.31,<1.32\n")
    (folder / "jobs_of_bench.py").write_text(source)
    names = [line.split("(")[0].removeprefix("def ") for line in source.splitlines() if line.startswith("def ")]
    listed = ", ".join(names)
    (folder / "__deployment__.py").write_text(f"from jobs_of_bench import {listed}\n\n__all__ = {names!r}\n")
    return folder


def percentiles(values: Sequence[float]) -> str:
    """Median, 95th percentile, smallest and largest, in milliseconds."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return (
        f"p50 {statistics.median(ordered):.1f} ms  p95 {p95:.1f} ms  "
        f"min {ordered[0]:.1f}  max {ordered[-1]:.1f}  (n={len(ordered)})"
    )


def machine() -> str:
    """What this ran on."""
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
