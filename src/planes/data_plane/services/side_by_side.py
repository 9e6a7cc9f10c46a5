"""Two things at once, of which either may fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

One = TypeVar("One")
Other = TypeVar("Other")


async def side_by_side(
    one: Callable[[], Awaitable[One]],
    other: Callable[[], Awaitable[Other]],
    let_go: Callable[[One], Awaitable[None]] | None = None,
) -> tuple[One, Other]:
    """What both answer. What the first to fail raises ends the other, and is raised as itself, not as a group.

    What `one` has answered by then nobody gets: `let_go` is for what it holds.
    """
    answers: list[Any] = [None, None]
    failures: list[Exception] = []

    async def call(number: int, function: Callable[[], Awaitable[Any]]) -> None:
        try:
            answers[number] = await function()
        except Exception as exc:  # noqa: BLE001 - raised below
            failures.append(exc)
            group.cancel_scope.cancel()

    is_whole = False
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(call, 0, one)
            group.start_soon(call, 1, other)
        if failures:
            raise failures[0]
        is_whole = True
    finally:
        held = answers[0]
        if not is_whole and held is not None and let_go is not None:
            with anyio.CancelScope(shield=True):
                await let_go(held)
    return answers[0], answers[1]
