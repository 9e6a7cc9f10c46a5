"""Rows of a database whose disk fails: what was kept, and what became of the next try, as one line of JSON.

Run below `strace`, which lets a call fail: `python -m tests.reliability.failing_sync_work FOLDER`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anyio
from sqlalchemy import text

from planes.storage.database import Database
from planes.storage.errors import StorageError

MOST = 200


async def work(folder: Path) -> None:
    """Writes until it fails, and once more."""
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'plane.db'}", "planes.storage.data.migrations")
    told: list[str] = []
    database.on_broken = lambda error: told.append(str(error))
    kept, refused = 0, list[str]()
    async with database.transaction() as connection:
        await connection.execute(text("create table kept (number integer primary key)"))
    for number in range(MOST):
        try:
            async with database.transaction() as connection:
                await connection.execute(text("insert into kept values (:number)"), {"number": number})
            assert not refused, "a disk that failed was asked again"
            kept = number + 1
        except StorageError as exc:
            refused.append(str(exc))
    print(json.dumps({"kept": kept, "told": told, "refused": len(refused)}))
    sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(work, Path(sys.argv[1]))
