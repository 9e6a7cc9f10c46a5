"""A copy of a plane's SQLite database as it is at one moment, while others write it. Blocking."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from planes.storage.errors import StorageError


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for any other database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def copy_database(source: Path, target: Path) -> None:
    """Writes the database into a new 0600 file: one transaction's view, whatever is committed meanwhile.

    Raises: StorageError, OSError.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            reading.execute("PRAGMA busy_timeout=15000")
            reading.backup(writing)
            check_database(writing)
    except sqlite3.Error as exc:
        raise StorageError(f"{source.name} could not be copied ({exc})") from exc


def check_file(path: Path) -> None:
    """Raises: StorageError when the database in this file is damaged."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            check_database(connection)
    except sqlite3.Error as exc:
        raise StorageError(f"{path.name} is no whole database ({exc})") from exc


def check_database(connection: sqlite3.Connection) -> None:
    """Raises: StorageError when it is damaged, or rows lead to rows that are not there."""
    said = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    strays = connection.execute("PRAGMA foreign_key_check").fetchmany(1)
    if said != ["ok"] or strays:
        raise StorageError("the database is damaged")


def master_key_ids(path: Path) -> list[str]:
    """The master keys that the data keys of a region's database are wrapped with."""
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT DISTINCT master_key_id FROM data_keys ORDER BY 1")]
