"""Several questions at once, as if they were one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import anyio


async def ask_at_once(questions: Iterable[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """Asks them all. Raises: what the first that failed raises; a group of failures would hide what it is."""
    try:
        async with anyio.create_task_group() as group:
            for ask in questions:
                group.start_soon(ask)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
