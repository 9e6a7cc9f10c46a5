"""A database server that is not there is told in our words."""

from __future__ import annotations

import socket

import pytest

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
