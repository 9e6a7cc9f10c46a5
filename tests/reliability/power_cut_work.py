"""What a plane keeps, written by its own code and told on standard error as soon as it counts as kept.

Run below `strace` by `power_cuts.record`: `python -m tests.reliability.power_cut_work FOLDER STEPS`.
"""

from __future__ import annotations

import json
import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
from sqlalchemy import text

from planes.data_plane.segments import Origin, SegmentWriter, write_synced
from planes.storage.blobs import Blobs
from planes.storage.database import Database

LOG_BYTES = 512 * 1024
"""Segments have an eighth of it, so there are several."""


def content_of(number: int, size: int = 5000) -> bytes:
    """What is kept under a number."""
    return random.Random(number).randbytes(size)


def line_of(number: int) -> str:
    """A line of the log."""
    return f"line {number} {content_of(number, 150).hex()}"


def blob_key(number: int) -> str:
    """Where a blob is kept."""
    return f"organizations/o/blobs/{number}"


async def work(folder: Path, steps: int) -> None:
    """Keeps rows, lines, records and blobs in turn."""
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'plane.db'}", "planes.storage.data.migrations")
    async with database.transaction() as connection:
        await connection.execute(text("create table kept (number integer primary key, content blob not null)"))
    blobs = Blobs.in_folder(folder / "blobs")
    log = SegmentWriter(folder / "log", LOG_BYTES)
    for number in range(steps):
        async with database.transaction() as connection:
            values = {"number": number, "content": content_of(number)}
            await connection.execute(text("insert into kept values (:number, :content)"), values)
        say("row", number)
        log.append(
            [line_of(log.next_line + more) for more in range(3)], Origin("stdout", "user", "run"), datetime.now(UTC)
        )
        if number % 8 == 0:
            log.sync()
            say("line", log.next_line - 1)
        if number % 6 == 0:
            write_synced(folder / "record", json.dumps({"number": number}).encode())
            say("record", number)
        if number % 7 == 0:
            await blobs.put(blob_key(number), content_of(number, 20_000))
            say("blob", number)
        if number == steps // 2:
            await database.empty_journal()
    log.seal()
    say("sealed", log.next_line)
    log.close()
    await database.close()
    say("closed", steps)


def say(kind: str, number: int) -> None:
    """One of a kind is kept from here on."""
    os.write(2, f"{kind} {number}\n".encode())


if __name__ == "__main__":
    anyio.run(work, Path(sys.argv[1]), int(sys.argv[2]), backend_options={"use_uvloop": True})
