"""The region's database, on SQLite and, where the machine has it, on Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from tests.fakes.postgres import HAS_POSTGRES, running_postgres

from planes.storage.database import Database

MIGRATIONS = "planes.storage.data.migrations"


@pytest.fixture(scope="module")
def postgres_url() -> Generator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(not HAS_POSTGRES, reason="no initdb"))]
)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'region.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    opened = await Database.open(url, MIGRATIONS)
    try:
        yield opened
    finally:
        if request.param == "postgres":
            async with opened.transaction() as connection:
                await connection.exec_driver_sql("drop schema public cascade")
                await connection.exec_driver_sql("create schema public")
        await opened.close()
