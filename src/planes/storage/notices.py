"""Short words between the control planes of one Postgres, by LISTEN and NOTIFY. An SQLite file has one control plane.

A word may get lost with a connection, so it only saves waiting: whoever waits for it looks by itself now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from planes.domain.identifiers import new_id
from planes.storage.database import Database
from planes.storage.errors import StorageError

_CHANNEL = "planes_news"
_CHECK_SECONDS = 10.0


async def exchange_notices(
    database: Database, outgoing: MemoryObjectReceiveStream[str], hear: Callable[[str], None]
) -> None:
    """Sends what comes in on `outgoing`, and calls `hear` with what other processes sent. Runs until cancelled.

    Raises: StorageError when the connection is lost.
    """
    own = new_id()

    def heard(_connection: object, _process: int, _channel: str, payload: str) -> None:
        sender, _, word = payload.partition(" ")
        if sender != own:
            hear(word)

    async with database.alone() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.add_listener(_CHANNEL, heard)
        while True:
            word = await _next(outgoing)
            try:
                with anyio.CancelScope(shield=True):
                    if word is None:
                        await connection.execute(text("select 1"))
                    else:
                        query = text("select pg_notify(:channel, :payload)")
                        await connection.execute(query, {"channel": _CHANNEL, "payload": f"{own} {word}"})
            except DBAPIError as exc:
                raise StorageError(f"the database failed: {type(exc.orig).__name__}") from exc


async def _next(outgoing: MemoryObjectReceiveStream[str]) -> str | None:
    """What is to be sent next; None when there was nothing for a while."""
    with anyio.move_on_after(_CHECK_SECONDS):
        return await outgoing.receive()
    return None
