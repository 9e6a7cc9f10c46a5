"""A database server that is not there is told in our words."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sqlalchemy import text

from planes.domain.errors import StorageFull
from planes.storage.database import Database
from planes.storage.errors import StorageError

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", ["reading", "transaction"])
async def test_server_that_is_not_there_is_a_storage_error(kind: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # taken, and nobody listens
        database = Database.attach(f"postgresql+asyncpg://nobody@127.0.0.1:{held.getsockname()[1]}/none")

        with pytest.raises(StorageError, match="cannot be reached"):
            async with getattr(database, kind)():
                pytest.fail("there is no connection")
        await database.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "postgresql+asyncpg://ana:hunter22@127.0.0.1:{port}/none",
            r"ana:\*\*\*@127.0.0.1:\d+/none cannot be opened: C",
        ),
        ("postgresql+asyncpg://ana:hunter22@127.0.0.1:{port}/none?sslmode=require", "unexpected keyword .*sslmode"),
        ("postgresql://ana:hunter22@127.0.0.1:{port}/none", r"reads postgresql\+asyncpg://USER"),
        ("hunter22", r"reads postgresql\+asyncpg://USER"),
    ],
)
async def test_database_that_cannot_be_opened_is_named_without_its_password(address: str, said: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))

        with pytest.raises(StorageError, match=said) as refused:
            await Database.open(address.format(port=held.getsockname()[1]), "planes.storage.control.migrations")

    assert "hunter22" not in str(refused.value)


async def test_full_disk_is_told_by_its_code_in_whatever_language_the_server_speaks(postgres_url: str) -> None:
    database = Database.attach(postgres_url)
    with pytest.raises(StorageFull):
        async with database.transaction() as connection:
            await connection.execute(
                text("do $$ begin raise exception 'Auf dem Gerät ist kein Platz' using errcode = '53100'; end $$")
            )
    await database.close()


async def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "region.db"
    file.write_text("what somebody else wrote " * 100)

    with pytest.raises(StorageError, match=r"region.db cannot be opened: file is not a database"):
        await Database.open(f"sqlite+aiosqlite:///{file}", "planes.storage.data.migrations")
