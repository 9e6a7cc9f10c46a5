"""Who comes when: SQLite has one writer, whose place goes in turn; of its connections the warmest goes first."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import text

from planes.domain.errors import InvalidRequest
from planes.storage.database import Database

pytestmark = pytest.mark.anyio


async def test_writers_come_in_the_order_in_which_they_asked(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", "planes.storage.control.migrations")
    came: list[int] = []

    async def write(number: int) -> None:
        async with database.transaction() as connection:
            came.append(number)
            await connection.execute(text("select 1"))

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(write, number)
            await checkpoint()
    await database.close()

    assert came == list(range(40))


async def test_a_transaction_that_fails_or_is_given_up_lets_the_next_one_write(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", "planes.storage.control.migrations")
    with pytest.raises(InvalidRequest):
        async with database.transaction():
            raise InvalidRequest("invalid_request", "no")
    async with database.transaction(), anyio.create_task_group() as group:
        group.start_soon(_write, database)
        await checkpoint()
        group.cancel_scope.cancel()
    with anyio.fail_after(240):
        await _write(database)
    await database.close()


async def test_after_a_crowd_one_connection_does_what_one_can_do(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", "planes.storage.control.migrations")
    used: list[object] = []

    async def read() -> None:
        async with database.reading() as connection:
            used.append((await connection.get_raw_connection()).driver_connection)
            await checkpoint()

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(read)
    assert len(set(map(id, used))) == 4
    used.clear()
    for _ in range(8):
        await read()
    await database.close()

    assert len(set(map(id, used))) == 1


async def _write(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("select 1"))
