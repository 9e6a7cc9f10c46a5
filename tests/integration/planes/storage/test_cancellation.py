from __future__ import annotations

import asyncio
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import text

from planes.storage.database import Database

pytestmark = pytest.mark.anyio


async def test_cancelled_work_leaves_no_connection_that_cannot_close(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", "planes.storage.control.migrations")

    async def work() -> None:
        while True:
            async with database.transaction() as connection:
                await connection.execute(text("select 1"))
            async with database.reading() as connection:
                await connection.execute(text("select 1"))

    for round_number in range(60):
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(work)
            for _ in range(round_number):
                await checkpoint()
            group.cancel_scope.cancel()
    await database.close()

    left = [task for task in asyncio.all_tasks() if "terminate" in repr(task)]
    assert left == []
