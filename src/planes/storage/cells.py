"""What a database file holds compressed: telemetry and results are stored so."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path


def compressed_cells(database: Path) -> Iterator[bytes]:
    """Every cell of an SQLite file that was compressed with zlib, as it was before. Reads while others write.

    Raises: sqlite3.Error is not let out: OSError, when the file is no database.
    """
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                quoted = table.replace('"', '""')
                for row in connection.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - its own list of tables
                    for cell in row:
                        if isinstance(cell, bytes):
                            with suppress(zlib.error):
                                yield zlib.decompress(cell)
    except sqlite3.Error as exc:
        raise OSError(f"{database.name} cannot be read as a database") from exc
