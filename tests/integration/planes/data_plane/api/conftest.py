"""A running data plane for each test of its routes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane


@pytest.fixture
async def region(tmp_path: Path) -> AsyncGenerator[RunningDataPlane]:
    async with FakeControlPlane().serving() as control, running_data_plane(tmp_path / "eu1", control) as running:
        yield running


@pytest.fixture
async def small_region(tmp_path: Path) -> AsyncGenerator[RunningDataPlane]:
    """Takes archives up to 1 MiB that unpack to 2."""
    limits = {"upload_limit_bytes": 1024 * 1024, "unpacked_limit_bytes": 2 * 1024 * 1024}
    async with (
        FakeControlPlane().serving() as control,
        running_data_plane(tmp_path / "eu1", control, **limits) as running,
    ):
        yield running
