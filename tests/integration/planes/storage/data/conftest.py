"""The region's database, on SQLite and, where the machine has it, on Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from planes.storage.database import Database

MIGRATIONS = "planes.storage.data.migrations"


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    opened = await Database.open(database_url, MIGRATIONS)
    try:
        yield opened
    finally:
        await opened.close()
