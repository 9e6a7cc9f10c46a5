"""Fixtures of tests that run real processes through the real executor: imported where they are used."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.planes.data_plane.executor.run_places import RunPlace, end_runner, make_place

from planes.data_plane.executor.local import LocalExecutor


@pytest.fixture
def runs_root() -> Iterator[Path]:
    """A folder that the job's uid may pass through (pytest's own are closed to it)."""
    root = Path(tempfile.mkdtemp(prefix="runs-"))
    root.chmod(0o711)
    yield root
    for record in root.glob("*/ctl/runner.json"):
        end_runner(record)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def place(runs_root: Path) -> RunPlace:
    # What is left of a run is found by its id, in all processes of the machine: tests beside this one have runs, too.
    return make_place(runs_root, f"run-{os.urandom(4).hex()}")


@pytest.fixture
async def executor(anyio_backend: str) -> AsyncIterator[LocalExecutor]:
    async with LocalExecutor() as opened:
        yield opened
