"""A region that runs jobs, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.postgres import HAS_POSTGRES, running_postgres
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region


@pytest.fixture
def folder() -> Generator[Path]:
    with open_folder("region-") as opened:
        yield opened


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(not HAS_POSTGRES, reason="no initdb"))]
)
def database(request: pytest.FixtureRequest) -> Generator[dict[str, str]]:
    if request.param == "sqlite":
        yield {}
        return
    with running_postgres() as url:
        yield {"database_url": url}


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
