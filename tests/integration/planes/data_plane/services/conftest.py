"""A running data plane for each test of its services."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.fakes.leasing import LeasingControlPlane
from tests.integration.planes.data_plane.region_fixtures import folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

__all__ = ["folder"]


@pytest.fixture
async def region(tmp_path: Path) -> AsyncGenerator[RunningDataPlane]:
    async with FakeControlPlane().serving() as control, running_data_plane(tmp_path / "eu1", control) as running:
        yield running


@pytest.fixture
async def place(folder: Path) -> AsyncGenerator[RunningRegion]:
    async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
        yield running
