"""Where a region of a test lives, and its database: imported where they are used."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.fakes.postgres import HAS_POSTGRES
from tests.fakes.workspaces import open_folder


@pytest.fixture
def folder() -> Generator[Path]:
    with open_folder("region-") as opened:
        yield opened


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(not HAS_POSTGRES, reason="no initdb"))]
)
def database(request: pytest.FixtureRequest) -> Generator[dict[str, str]]:
    """What names the database in a region's settings, on SQLite and on Postgres."""
    if request.param == "sqlite":
        yield {}
        return
    yield {"database_url": request.getfixturevalue("postgres_url")}
