"""The cursors of SQLite answer what SQLAlchemy asks, however many rows there are and however a statement ends."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, text
from sqlalchemy.exc import OperationalError

from planes.storage.database import Database
from planes.storage.errors import AlreadyThere, StorageError

pytestmark = pytest.mark.anyio

ITEMS = Table("items", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(9), unique=True))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    opened = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", "planes.storage.control.migrations")
    async with opened.transaction() as connection:
        await connection.run_sync(ITEMS.metadata.create_all)
        await connection.execute(insert(ITEMS), [{"name": f"n{number}"} for number in range(1000)])
    yield opened
    await opened.close()


@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 256, 1000])
async def test_every_row_comes_once_and_in_order(database: Database, count: int) -> None:
    query = select(ITEMS.c.id).order_by(ITEMS.c.id).limit(count)
    async with database.reading() as connection:
        listed = (await connection.execute(query)).scalars().all()
        streamed = [row.id async for row in await connection.stream(query)]
        first = (await connection.execute(query)).first()

    assert listed == streamed == list(range(1, count + 1))
    assert (first.id if first else None) == (1 if count else None)


async def test_a_refused_statement_undoes_its_transaction_and_leaves_the_next_one_alone(database: Database) -> None:
    added: list[object] = []

    async def add(*names: str) -> None:
        async with database.transaction() as connection:
            for name in names:
                result = await connection.execute(insert(ITEMS).values(name=name))
                added.append(result.inserted_primary_key)

    with pytest.raises(AlreadyThere):
        await add("new", "n1")
    with pytest.raises(StorageError):
        async with database.reading() as connection:
            await connection.execute(text("select nothing from nowhere"))
    async with database.transaction() as connection:
        changed = await connection.execute(text("update items set name = 'x' where name in ('n5', 'new')"))
        rows = (await connection.execute(text("select count(*) from items"))).scalar_one()

    assert added == [(1001,)]
    assert (changed.rowcount, rows) == (1, 1000)


async def test_a_result_that_is_left_half_read_does_not_stand_in_the_way(database: Database) -> None:
    async with database.reading() as connection:
        result = await connection.stream(select(ITEMS))
        await result.fetchmany(3)
    async with database.transaction() as connection:
        await connection.execute(text("delete from items"))
    async with database.reading() as connection:
        left = (await connection.execute(text("select count(*) from items"))).scalar_one()

    assert left == 0


async def test_a_transaction_that_could_not_begin_writes_nothing_outside_of_one(
    database: Database, tmp_path: Path
) -> None:
    lost = insert(ITEMS).values(name="lost")

    async def try_twice(other: sqlite3.Connection) -> None:
        async with database.transaction() as connection:
            with pytest.raises(OperationalError, match="locked"):
                await connection.execute(lost)
            other.execute("rollback")
            await connection.execute(lost)
            raise ZeroDivisionError

    async with database.reading() as connection:
        await connection.execute(text("pragma busy_timeout = 0"))  # of the connection that goes next, too
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(ZeroDivisionError):
            await try_twice(other)
        found = other.execute("select count(*) from items where name = 'lost'").fetchone()

    assert found == (0,)


async def test_a_transaction_without_a_statement_holds_nothing_and_leaves_the_next_one_alone(
    database: Database, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=0)) as other:
        async with database.transaction():
            other.execute("delete from items where id > 1")
        async with database.transaction() as connection:
            await connection.execute(text("delete from items"))
        found = other.execute("select count(*) from items").fetchone()

    assert found == (0,)
