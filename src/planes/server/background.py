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

    A loop that fails stops the whole application: one that answers requests and does half of its work would look well.
    """
    try:
        async with anyio.create_task_group() as group:
            for loop in loops:
                group.start_soon(loop)
            yield
            stopping.stop()
            group.cancel_scope.cancel()
    except Exception as exc:
        if not stopping.is_set:
            _log.critical("background_failed", exc_info=exc)
            stopping.fail(exc)
        raise
