from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect
from sqlalchemy.ext.asyncio import create_async_engine
from tests.fakes.identity_stage import IdentityStage

import planes.storage.control
from planes.control_plane.ledger import LEDGER
from planes.storage.control.metadata import metadata

pytestmark = pytest.mark.anyio


@pytest.fixture
def tables() -> MetaData:
    """Every table of the control plane."""
    for module in iter_modules(planes.storage.control.__path__):
        if not module.ispkg:
            import_module(f"planes.storage.control.{module.name}")
    return metadata


async def inspected(url: str, look: Any) -> Any:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


async def test_every_stored_column_is_in_the_ledger(stage: IdentityStage, database_url: str) -> None:
    def columns(connection: Connection) -> dict[str, set[str]]:
        inspector = inspect(connection)
        return {
            table: {column["name"] for column in inspector.get_columns(table)} for table in inspector.get_table_names()
        }

    found = await inspected(database_url, columns)
    found.pop("alembic_version")

    assert found == {table: set(columns) for table, columns in LEDGER.items()}


async def test_migrations_make_what_the_code_declares(
    stage: IdentityStage, database_url: str, tables: MetaData
) -> None:
    def differences(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection), tables)

    assert await inspected(database_url, differences) == []


async def test_published_document_says_400_for_bad_requests(stage: IdentityStage) -> None:
    document = (await stage.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert not any("422" in operation["responses"] for operation in operations)
    assert all("400" in operation["responses"] for operation in operations)
    assert not any(path.startswith(("/device", "/authorize", "/w/")) for path in document["paths"])
