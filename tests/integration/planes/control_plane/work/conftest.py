"""A filled control plane for tests of deploys, jobs and runs. `make check` meets it on SQLite, `make test` on both."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.control_stage import Stage, control_stage


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'control.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> AsyncGenerator[Stage]:
    async with control_stage(tmp_path, database_url) as opened:
        yield opened
