"""A region that runs jobs, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.integration.planes.data_plane.region_fixtures import database, folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

__all__ = ["database", "folder"]


@pytest.fixture
async def place(folder: Path, database: dict[str, str]) -> AsyncGenerator[RunningRegion]:
    async with (
        LeasingControlPlane().serving() as control,
        running_region(folder / "eu1", control, None, **database) as running,
    ):
        yield running


@pytest.fixture
async def sqlite_place(folder: Path) -> AsyncGenerator[RunningRegion]:
    async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
        yield running
