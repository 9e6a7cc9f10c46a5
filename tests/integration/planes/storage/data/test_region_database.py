"""The region's tables: the migration makes what the code says, on both databases."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import planes.storage.data
from planes.domain.errors import InvalidRequest
from planes.domain.identifiers import new_id
from planes.storage.data import audit, residency, told, uploads
from planes.storage.data.audit import EntryFilter
from planes.storage.data.metadata import metadata
from planes.storage.data.tables import audit_log
from planes.storage.database import Database
from planes.storage.errors import AlreadyThere, StorageError
from planes.storage.keyset import Bounds

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


async def seen(database: Database) -> tuple[str, str]:
    organization_id, workspace_id = new_id(), new_id()
    async with database.transaction() as connection:
        await residency.add_organization(connection, organization_id, "eu1", NOW)
        await residency.add_workspace(connection, workspace_id, organization_id, NOW)
    return organization_id, workspace_id


async def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    for module in pkgutil.iter_modules(planes.storage.data.__path__):
        importlib.import_module(f"planes.storage.data.{module.name}")

    def differences(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with database.reading() as connection:
        found = await connection.run_sync(differences)

    assert found == []


async def test_a_token_is_spent_once_among_many(database: Database) -> None:
    outcomes: list[str] = []

    async def spend() -> None:
        try:
            async with database.transaction() as connection:
                await uploads.spend_token(connection, "t", NOW + timedelta(minutes=10), NOW)
            outcomes.append("spent")
        except AlreadyThere:
            outcomes.append("refused")

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(spend)

    assert sorted(outcomes) == ["refused"] * 19 + ["spent"]


async def test_expired_tokens_are_forgotten(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.spend_token(connection, "old", NOW, NOW)
    later = NOW + timedelta(hours=1)
    async with database.transaction() as connection:
        await uploads.spend_token(connection, "new", later, later)
    async with database.transaction() as connection:
        await uploads.spend_token(connection, "old", later, later)


async def test_a_row_becomes_a_version_once_and_is_then_kept(database: Database) -> None:
    organization_id, workspace_id = await seen(database)
    row = {
        "id": new_id(), "organization_id": organization_id, "workspace_id": workspace_id, "archive_sha256": "a" * 64,
        "content_hash": "b" * 44, "file_count": 1, "size_bytes": 2**40, "requirements": b"{}", "listing": b"\0\xff",
        "created_by": new_id(), "created_at": NOW, "stored_at": None,
    }  # fmt: skip
    async with database.transaction() as connection:
        await uploads.add(connection, uploads.DEPLOYMENTS, row)
        await uploads.mark_stored(connection, uploads.DEPLOYMENTS, row["id"], NOW)
        await uploads.mark_stored(connection, uploads.DEPLOYMENTS, row["id"], NOW + timedelta(days=1))
        await uploads.remove_unstored(connection, uploads.DEPLOYMENTS, row["id"])

    async with database.reading() as connection:
        assert await uploads.find(connection, uploads.DEPLOYMENTS, row["id"]) == {
            **row,
            "stored_at": NOW,
            "retired_at": None,
        }
        assert await uploads.count_kept(connection, organization_id, "a" * 64, without=[]) == 1


async def test_the_highest_revocation_counts(database: Database) -> None:
    async with database.transaction() as connection:
        for epoch in (5, 9, 7):
            await told.save_revocation(connection, "mem", "m", epoch)
        found = await told.list_revocations(connection)

    assert found == [{"claim": "mem", "value": "m", "epoch": 9}]


async def test_entries_can_be_added_and_never_changed_or_removed(database: Database) -> None:
    entry: dict[str, Any] = {
        "number": 1, "at": NOW, "actor": "a", "membership_id": None, "email": None, "token_id": "t",
        "organization_id": new_id(), "workspace_id": new_id(), "action": "x", "object_id": None, "details": {"n": 1},
        "previous_hash": "0" * 64, "hash": "1" * 64,
    }  # fmt: skip
    async with database.transaction() as connection:
        await audit.append(connection, [entry])
    for statement in (audit_log.update().values(actor="b"), audit_log.delete()):
        with pytest.raises(StorageError):
            async with database.transaction() as connection:
                await connection.execute(statement)

    async with database.reading() as connection:
        assert [row async for row in audit.iterate(connection)] == [entry]
        assert await audit.find_last(connection) == (1, "1" * 64)
        assert (
            await audit.list_page(connection, EntryFilter(workspace_id=entry["workspace_id"]), Bounds(limit=10))
        ).items == [entry]


async def test_the_file_is_private_before_anything_is_in_it(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'region.db'}", "planes.storage.data.migrations")
    try:
        async with database.transaction() as connection:
            await residency.add_organization(connection, new_id(), "eu1", NOW)

        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    finally:
        await database.close()


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
async def test_text_that_the_database_cannot_hold_is_the_request_s_fault(database: Database, value: str) -> None:
    """Postgres takes neither; what SQLite takes is no failure."""
    if database.dialect != "postgresql":
        pytest.skip("SQLite looks for any text")
    with pytest.raises(InvalidRequest):
        async with database.reading() as connection:
            await residency.find_organization_of(connection, value)
