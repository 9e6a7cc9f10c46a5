"""The loops that an application has beside its routes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import structlog

from planes.server.streams import Stopping

_log = structlog.get_logger("planes.server")


@asynccontextmanager
async def in_background(
    loops: Iterable[Callable[[], Coroutine[Any, Any, object]]], stopping: Stopping
) -> AsyncGenerator[None]:
    """Runs the loops until the block is left, then stops the streams and cancels the loops.

    A loop that fails stops the whole application, in order: one that answers requests and does half of its work would
    look well.
    """

    async def run(loop: Callable[[], Coroutine[Any, Any, object]]) -> None:
        try:
            await loop()
        except Exception as exc:  # noqa: BLE001 - the edge of a loop: whatever it is, the application ends by it
            _log.critical("background_failed", exc_info=exc)
            stopping.fail(exc)

    async with anyio.create_task_group() as group:
        for loop in loops:
            group.start_soon(run, loop)
        yield
        stopping.stop()
        group.cancel_scope.cancel()
