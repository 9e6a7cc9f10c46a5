"""SQLite through aiosqlite, with one turn of its thread for a statement.

aiosqlite takes one for the cursor, one for the statement, one for its rows and one for the cursor's end, each a switch
of threads and back, which costs more than most statements. Here the first rows come with the statement, and a cursor
that has no more of them is closed already. A transaction begins in the turn of its first statement. A rollback of
nothing, with which the pool takes each connection back, costs none.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self, cast

import aiosqlite

_FIRST_ROWS = 128


class Cursor:
    """What SQLAlchemy's adapter uses of a cursor. More rows than the first wait in SQLite until they are asked for."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: sqlite3.Cursor | None = None
        self._rows: deque[Any] = deque()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Self:
        """Raises: sqlite3.Error."""
        await self._run(lambda cursor: cursor.execute(operation, parameters))
        return self

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Raises: sqlite3.Error."""
        await self._run(lambda cursor: cursor.executemany(operation, parameters))
        return self

    async def fetchall(self) -> list[Any]:
        """All that were not fetched yet."""
        if self._open is not None:
            self._rows += await self._connection.turn(self._open.fetchall)
        rows = list(self._rows)
        self._rows.clear()
        return rows

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows, as many as there are up to `size`."""
        wanted = size or self.arraysize
        if self._open is not None and len(self._rows) < wanted:
            self._rows += await self._connection.turn(partial(self._open.fetchmany, wanted - len(self._rows)))
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    async def fetchone(self) -> Any:
        """The next row, or None."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def close(self) -> None:
        """May run again."""
        cursor, self._open = self._open, None
        if cursor is not None:
            await self._connection.turn(cursor.close)

    async def _run(self, function: Callable[[sqlite3.Cursor], object]) -> None:
        await self.close()
        self._rows.clear()

        def run(connection: sqlite3.Connection) -> None:
            cursor = connection.cursor()
            try:
                function(cursor)
                self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
                if cursor.description:
                    self._rows += cursor.fetchmany(_FIRST_ROWS)
            except BaseException:
                cursor.close()
                raise
            if len(self._rows) < _FIRST_ROWS:
                cursor.close()
            else:
                self._open = cursor

        await self._connection.turn_with(run)


class Connection(aiosqlite.Connection):
    """aiosqlite's, with such cursors."""

    _is_in_transaction = False
    _beginning: str | None = None

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, _FIRST_ROWS)
        self._thread.daemon = True  # it keeps no process: as SQLAlchemy does with connections that it makes

    def cursor(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - SQLAlchemy enters what it answers
        """A cursor; nothing happens until it executes."""
        return Cursor(self)

    def begin_with_next(self, statement: str) -> None:
        """Has the next statement begin a transaction by this one, and fail if that does. If none comes, none begins.

        No sooner is anything seen or written in it, so no sooner need it hold the writer's place.
        """
        self._beginning = statement

    async def commit(self) -> None:
        """Nothing where no statement came. Raises: sqlite3.Error."""
        beginning, self._beginning = self._beginning, None
        if beginning is None:
            await self.turn_with(lambda connection: connection.commit())

    async def rollback(self) -> None:
        """Nothing where nothing is to be rolled back. Raises: sqlite3.Error."""
        self._beginning = None
        if self._is_in_transaction:
            await self.turn_with(lambda connection: connection.rollback())

    async def turn(self, function: Callable[[], Any]) -> Any:
        """Calls it in the connection's thread."""
        return await cast("Any", self)._execute(function)  # aiosqlite gives it no types

    async def turn_with(self, function: Callable[[sqlite3.Connection], None]) -> None:
        """Calls it in the connection's thread, and notes what has become of the transaction."""

        def run() -> None:
            connection = self._conn
            try:
                if self._beginning is not None:
                    connection.execute(self._beginning)
                    self._beginning = None  # not before: after a failure the next one must not write outside of any
                function(connection)
            finally:
                self._is_in_transaction = connection.in_transaction

        await self.turn(run)


def connect(database: str, **settings: Any) -> Connection:
    """For SQLAlchemy's `async_creator_fn`: a connection to be awaited. `settings` are those of `sqlite3.connect`."""
    return Connection(partial(sqlite3.connect, database, **settings))
