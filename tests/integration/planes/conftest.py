"""Databases for tests of storage and of the control plane: SQLite always, Postgres where `initdb` is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from tests.fakes.postgres import HAS_POSTGRES, new_database, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    """A server of this test session."""
    if not HAS_POSTGRES:
        pytest.skip("Postgres is not installed here")
    with running_postgres() as server:
        yield server


@pytest.fixture
async def postgres_url(postgres: str, anyio_backend: str) -> AsyncGenerator[str]:
    """The URL of a new, empty database of that server."""
    async with new_database(postgres) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'control.db'}"
    return request.getfixturevalue("postgres_url")
