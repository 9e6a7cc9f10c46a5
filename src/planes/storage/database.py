"""One plane's database: opening, migrating, transactions. SQLite in WAL mode by default, Postgres by URL.

A committed change survives `kill -9` of the process and, by `synchronous=FULL`, loss of power. A disk that did not
sync is not asked again: it may have forgotten what it was given, and say that all is well the next time (Reliability:
R2). Then nothing is written any more until the process was started anew.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

import anyio
from anyio.lowlevel import checkpoint_if_cancelled
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from planes.domain.errors import InvalidRequest, StorageFull, Unavailable
from planes.storage import sqlite_turns
from planes.storage.errors import AlreadyThere, SchemaTooNew, StorageError

_IMMEDIATE = "planes_immediate"
_BUSY_SECONDS = 15
# Of each connection. SQLite's own 2 MB are what a platform grows by with its runs; pages come back as fast from the
# system's cache.
_CACHE_KIB = 256
_NOTED = "planes_noted"
_NOT_SYNCED = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"})
_SQL_DISK_FULL = "53100"
_HOW_ADDRESSES_READ = "it reads postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE or sqlite+aiosqlite:///FILE"
_BROKEN = "the disk of the database failed to write what it was given; look at the disk, then start the plane again"
_Answer = TypeVar("_Answer")


class Database:
    """The engine of one plane. `transaction` writes, `reading` reads one consistent state."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.dialect = engine.dialect.name
        # SQLite has one writer. Who waits for its file looks again and again and may be overtaken for long; who waits
        # here comes next, at once. Other processes at the same file wait as SQLite does.
        self._writing = anyio.Lock(fast_acquire=True) if self.dialect == "sqlite" else None
        self.on_noted: Callable[[], None] | None = None
        """Called after the commit of a transaction that asked for it by `note_commit`."""
        self.on_broken: Callable[[StorageError], None] | None = None
        """Called once, when the disk did not sync: whoever serves from here has to stop."""
        self._broken: StorageError | None = None

    @staticmethod
    async def open(url: str, migrations: str) -> Database:
        """Connects and brings the schema up to date.

        `url` is a SQLAlchemy URL (`sqlite+aiosqlite:///…`, `postgresql+asyncpg://…`); `migrations` the package that
        holds alembic's scripts, such as `planes.storage.control.migrations`. May run twice.

        Raises: SchemaTooNew, StorageError that names the database and says what is wrong with it.
        """
        is_sqlite = url.startswith("sqlite")
        try:
            engine = create_async_engine(
                url,
                pool_pre_ping=not is_sqlite,
                # The one that came back last goes next: its statements and pages are at hand, and the others, which are
                # there for crowds, need not come to know as many.
                pool_use_lifo=True,
                hide_parameters=True,
                connect_args=_connect_arguments(is_sqlite=is_sqlite),
            )
        except (SQLAlchemyError, ImportError, ValueError) as exc:
            raise StorageError(
                f"The address of a plane's database (DLTHUB_TUI_ID_DATABASE_URL) is none: {_HOW_ADDRESSES_READ}."
            ) from exc
        if engine.dialect.name == "sqlite":
            _make_private(engine.url.database)
            _prepare_sqlite(engine)
        database = Database(engine)
        try:
            async with database._connected() as connection:
                await connection.run_sync(_migrate, migrations)
                await connection.commit()
        except BaseException as exc:
            with anyio.CancelScope(shield=True):
                await engine.dispose()
            if isinstance(exc, StorageError | DBAPIError | TypeError):
                raise _cannot_open(engine, exc) from exc
            raise
        return database

    @staticmethod
    def attach(url: str, *, is_written: bool = False) -> Database:
        """A database that another process may be using, as it is: no schema is made or changed.

        An SQLite file must exist; it is opened for reading only unless `is_written`.
        """
        scheme, is_file, path = url.partition(":///")
        is_sqlite = scheme.startswith("sqlite") and is_file
        mode = "rw" if is_written else "ro"
        engine = create_async_engine(
            f"{scheme}:///file:{quote(path)}?mode={mode}&uri=true" if is_sqlite else url,
            hide_parameters=True,
            connect_args=_connect_arguments(is_sqlite=bool(is_sqlite)),
        )
        if is_sqlite and is_written:
            _prepare_sqlite(engine)
        return Database(engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that may write; on SQLite it takes the writer's place at once, so it never fails half-way.

        Cancellation waits for its end: a driver's call that is cut off leaves a connection that nobody can close.

        Raises: AlreadyThere when a unique constraint refuses a row, InvalidRequest when a value cannot be stored,
        StorageFull, StorageError.
        """
        await checkpoint_if_cancelled()
        if self._broken is not None:
            raise self._broken
        is_noted = False
        try:
            async with self._turn_to_write():
                with anyio.CancelScope(shield=True):
                    async with self._connected() as connection:
                        await connection.execution_options(**{_IMMEDIATE: True})
                        connection.info.pop(_NOTED, None)
                        async with connection.begin():
                            yield connection
                        is_noted = connection.info.pop(_NOTED, False)
            if is_noted and self.on_noted is not None:
                self.on_noted()
        except IntegrityError as exc:
            raise AlreadyThere(str(exc.orig)) from exc
        except DBAPIError as exc:
            if getattr(exc.orig, "sqlite_errorname", "") in _NOT_SYNCED:
                self._break(exc)
            raise _failure(exc) from exc

    def _break(self, error: DBAPIError) -> None:
        """Raises: StorageError."""
        is_first, self._broken = self._broken is None, StorageError(_BROKEN)
        if is_first and self.on_broken is not None:
            self.on_broken(self._broken)
        raise self._broken from error

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that only reads; cancellation waits for its end, too.

        Raises: InvalidRequest when a value cannot be looked for, StorageError.
        """
        await checkpoint_if_cancelled()
        try:
            with anyio.CancelScope(shield=True):
                async with self._connected() as connection, connection.begin():
                    yield connection
        except DBAPIError as exc:
            raise _failure(exc) from exc

    @asynccontextmanager
    async def _turn_to_write(self) -> AsyncGenerator[None]:
        """Raises: StorageError when those before do not come to an end."""
        if self._writing is None:
            yield
            return
        try:
            with anyio.fail_after(_BUSY_SECONDS):
                await self._writing.acquire()
        except TimeoutError as exc:
            raise StorageError("the database failed: it is busy") from exc
        try:
            yield
        finally:
            self._writing.release()

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[AsyncConnection]:
        connection = self._engine.connect()
        with _reaching():
            await connection.start()
        try:
            yield connection
        finally:
            await connection.close()

    async def lock(self, connection: AsyncConnection, name: str) -> None:
        """Lets one transaction at a time pass for this name. SQLite has one writer anyway."""
        if self.dialect == "postgresql":
            await connection.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})

    @asynccontextmanager
    async def sole_holder(self, name: str) -> AsyncGenerator[Holding | None]:
        """The one process that holds this name until the block ends or its connection is lost; None for all others.

        An SQLite file has one control plane anyway, which holds every name.

        Raises: StorageError.
        """
        if self.dialect != "postgresql":
            yield Holding(None)
            return
        async with self.alone() as connection:
            yield await _try_to_hold(connection, name)

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[AsyncConnection]:
        """A connection of its own without a transaction, for what belongs to a session: locks and notices of Postgres.

        It never goes back to the pool. Raises: StorageError.
        """
        await checkpoint_if_cancelled()
        connection = await self._connect_alone()
        try:
            yield connection
        finally:
            with anyio.CancelScope(shield=True):
                await connection.invalidate()
                await connection.close()

    async def _connect_alone(self) -> AsyncConnection:
        with _reaching():
            return await _shielded(self._engine.execution_options(isolation_level="AUTOCOMMIT").connect)

    async def empty_journal(self) -> None:
        """Empties SQLite's journal, which still holds what rows said before they changed; unless somebody reads in it.

        May run at any time. What another database keeps of old rows is its own affair.
        """
        if self.dialect != "sqlite":
            return
        async with self._engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    async def close(self) -> None:
        """Closes every connection."""
        await self._engine.dispose()


@contextmanager
def _reaching() -> Generator[None]:
    """Around the making of a connection: a server that is not there or refuses us; too many that wait.

    Raises: StorageError.
    """
    try:
        yield
    except (OSError, PoolTimeout, DBAPIError) as exc:
        raise StorageError(f"the database cannot be reached: {type(exc).__name__}") from exc


def _cannot_open(engine: AsyncEngine, error: BaseException) -> StorageError:
    """What is said at a start, to whoever runs the plane: which database, without its password, and the server's word.

    Details of the word are left out: they may hold values.
    """
    if isinstance(error, SchemaTooNew):
        return error
    cause = error.__cause__ if isinstance(error, StorageError) else error
    said = cause.orig if isinstance(cause, DBAPIError) else cause
    why = said.strerror if isinstance(said, OSError) and said.strerror else str(said).partition("\n")[0]
    return StorageError(f"The database {engine.url.render_as_string(hide_password=True)} cannot be opened: {why}.")


def note_commit(connection: AsyncConnection) -> None:
    """Asks that `on_noted` of the database is called when this transaction was committed."""
    connection.info[_NOTED] = True


async def _try_to_hold(connection: AsyncConnection, name: str) -> Holding | None:
    query = text("select pg_try_advisory_lock(hashtextextended(:name, 1))")
    try:
        answer = await _shielded(lambda: connection.execute(query, {"name": name}))
    except DBAPIError as exc:
        raise _failure(exc) from exc
    return Holding(connection) if answer.scalar_one() else None


async def _shielded(call: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Cancellation waits for the end of a driver's call."""
    with anyio.CancelScope(shield=True):
        return await call()
    raise AssertionError("nothing cancels a shielded scope")


class Holding:
    """A name that this process holds."""

    def __init__(self, connection: AsyncConnection | None) -> None:
        self._connection = connection

    async def check(self) -> None:
        """Raises: StorageError when the connection that holds the name is gone."""
        if self._connection is None:
            return
        try:
            await _shielded(partial(self._connection.execute, text("select 1")))
        except DBAPIError as exc:
            raise _failure(exc) from exc


@contextmanager
def writing_down() -> Generator[None]:
    """Around the writing of an audit entry: whatever it is of is not done when the entry cannot be written.

    Raises: Unavailable, StorageFull.
    """
    try:
        yield
    except DBAPIError as exc:
        failure = _failure(exc)
        if isinstance(failure, StorageFull):
            raise failure from exc
        raise Unavailable(
            "audit_unwritable",
            "Nothing was changed, because the audit log cannot be written. Try again later. "
            "If it goes on: whoever runs the platform finds the cause in its service log.",
        ) from exc


def _failure(error: DBAPIError) -> Exception:
    """Our words for what the driver said. Its text may hold values, so it stays in the cause."""
    text_of_driver, state = str(error.orig), _state_of(error)
    # Of the data (class 22 of SQL): a NUL in a text, a number out of range.
    if state.startswith("22"):
        return InvalidRequest("invalid_request", "The request holds a text or a number that cannot be stored.")
    # Servers say it in their own language, too.
    if state == _SQL_DISK_FULL or "disk is full" in text_of_driver or "No space left" in text_of_driver:
        return StorageFull("storage_full", "The plane has no room left.")
    return StorageError(f"the database failed: {type(error.orig).__name__}")


def _state_of(error: DBAPIError) -> str:
    """The code that SQL has for it; empty where the driver tells none."""
    state = getattr(error.orig, "sqlstate", None) or getattr(getattr(error.orig, "__cause__", None), "sqlstate", None)
    return state if isinstance(state, str) else ""


def _connect_arguments(*, is_sqlite: bool) -> dict[str, Any]:
    return {"async_creator_fn": sqlite_turns.connect} if is_sqlite else {}


def _make_private(path: str | None) -> None:
    """The file is 0600 before the first byte is in it; SQLite gives its companions the same mode."""
    if path and path != ":memory:":
        Path(path).touch(mode=0o600)


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # the driver's own BEGIN would come too late
        cursor = connection.cursor()
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA foreign_keys=ON",
            f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}",
            f"PRAGMA cache_size=-{_CACHE_KIB}",
        ):
            cursor.execute(statement)
        cursor.close()
        # SQLite's own knows ASCII only: a search for "É" would not find "É".
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        driver = cast("sqlite_turns.Connection", connection.connection.driver_connection)
        driver.begin_with_next("BEGIN IMMEDIATE" if connection.get_execution_options().get(_IMMEDIATE) else "BEGIN")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _migrate(connection: Connection, migrations: str) -> None:
    """Schemas are steps in a row, each a script with the step's own name: whoever did the last has nothing to do."""
    known = sorted(script.name[:-3] for script in (files(migrations) / "versions").iterdir() if _is_step(script.name))
    present = _present_step(connection)
    if present == known[-1]:
        return
    if present is not None and present not in known:
        raise SchemaTooNew(
            f"The database has schema {present}, which this version does not know. "
            "Start the version that wrote it, or a newer one."
        )
    # 10 MB and 0.1 s that only a new schema needs.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files(migrations)).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_step(name: str) -> bool:
    return name.endswith(".py") and name[:4].isdigit()


def _present_step(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
