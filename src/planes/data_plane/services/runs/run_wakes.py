"""Wakes followers of a log that may not have a runner yet."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import anyio

from planes.data_plane.executor.runner_link import RunnerWakes


class RunWakes:
    """The runner's own wake-ups, from the moment it has taken the run. `taken` is None for a run that has ended."""

    def __init__(self, folder: Path, taken: anyio.Event | None) -> None:
        self._folder = folder
        self._taken = taken
        self._source: RunnerWakes | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._taken is None or self._taken.is_set():
            self._source = await self._stack.enter_async_context(RunnerWakes(self._folder))
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self._stack.aclose()

    async def wait(self) -> None:
        """Returns when the log may have more lines or be sealed. Waits without end while nothing happens."""
        if self._source is not None:
            await self._source.wait()
            return
        assert self._taken is not None
        await self._taken.wait()
        self._source = await self._stack.enter_async_context(RunnerWakes(self._folder))
