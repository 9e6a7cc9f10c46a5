"""A log from its first line until it is sealed, for any number of followers at once.

Followers of one log share its wake-ups and, at its end, one reader: each batch that is read there is given to all who
are there. A follower that fell behind reads on its own, from the segments: it costs no memory and slows nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import anyio
from anyio import CapacityLimiter, to_thread

from planes.data_plane.segments import is_sealed
from planes.data_plane.segments.reader import LogCursor

BATCH_BYTES = 64 * 1024
# For those who read on their own: for each connection that hardly takes anything some batches are held, and as long as
# many catch up at once, who is at the end must not queue behind them.
_OWN_BATCH_BYTES = 16 * 1024
_OWN_READS_AT_ONCE = 4
# What a follower may fall behind before it reads on its own. For all followers of a run together.
_KEPT_BATCHES = 4


class WakeSource(Protocol):
    """Whoever knows that a log has grown."""

    async def wait(self) -> None:
        """Return when the log may have grown or been sealed since the last call returned; too often does no harm."""
        ...


class _Batch(NamedTuple):
    first_line: int
    next_line: int
    content: bytes


class Followers:
    """The followed logs of a plane: one reader and one source of wake-ups for each, as long as somebody follows."""

    def __init__(self) -> None:
        self._shared: dict[Path, _SharedReader] = {}
        self._own_reads = CapacityLimiter(_OWN_READS_AT_ONCE)

    async def follow(
        self, folder: Path, wakes: AbstractAsyncContextManager[WakeSource], from_line: int = 0
    ) -> AsyncGenerator[bytes]:
        """As `follow`. `wakes` is used if this is the first follower of the log."""
        reader = self._shared.get(folder)
        if reader is None:
            reader = self._shared[folder] = _SharedReader(folder, wakes, self._own_reads)
        reader.followers += 1
        try:
            async with aclosing(reader.batches(from_line)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            reader.followers -= 1
            if not reader.followers:
                if self._shared.get(folder) is reader:
                    del self._shared[folder]
                with anyio.CancelScope(shield=True):
                    await reader.aclose()

    def reads(self, folder: Path) -> int:
        """How many batches were read from the log's files for those who follow it now."""
        reader = self._shared.get(folder)
        return reader.reads if reader is not None else 0


async def follow(
    folder: Path, wakes: AbstractAsyncContextManager[WakeSource], from_line: int = 0, batch_bytes: int = BATCH_BYTES
) -> AsyncIterator[bytes]:
    """Batches of whole wire lines, those already stored and then each as it is stored, until the log is sealed.

    Works for a log that does not exist yet, is written, or is long sealed. Between two batches it holds one open file.
    Waits without end while the run prints nothing.
    """
    reader = _SharedReader(folder, wakes, CapacityLimiter(_OWN_READS_AT_ONCE), batch_bytes)
    try:
        async with aclosing(reader.batches(from_line)) as batches:
            async for batch in batches:
                yield batch
    finally:
        with anyio.CancelScope(shield=True):
            await reader.aclose()


class _SharedReader:
    """Reads a log at its end for all who are there."""

    def __init__(
        self,
        folder: Path,
        wakes: AbstractAsyncContextManager[WakeSource],
        own_reads: CapacityLimiter,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self._folder = folder
        self._wakes = wakes
        self._own_reads = own_reads
        self._batch_bytes = batch_bytes
        self._stack = AsyncExitStack()
        self._source: WakeSource | None = None
        self._wakeups = 0
        self._waiting = anyio.Lock()
        self._reading = anyio.Lock()
        self._cursor: LogCursor | None = None
        self._kept: deque[_Batch] = deque(maxlen=_KEPT_BATCHES)
        self.followers = 0
        self.reads = 0

    async def batches(self, from_line: int) -> AsyncGenerator[bytes]:
        """The log from a line on, for one follower."""
        next_line = max(from_line, 0)
        await self._open_source()
        async with _own_cursor() as own:
            while True:
                wakeups = self._wakeups
                was_sealed = await to_thread.run_sync(is_sealed, self._folder)
                while (batch := await self._next(next_line, own)) is not None:
                    next_line = batch.next_line
                    yield batch.content
                if was_sealed:
                    return
                await self._wait(wakeups)

    async def aclose(self) -> None:
        """Let go of everything; may run again."""
        if self._cursor is not None:
            self._cursor.close()
        self._cursor = None
        await self._stack.aclose()

    async def _open_source(self) -> None:
        async with self._waiting:
            if self._source is None:
                self._source = await self._stack.enter_async_context(self._wakes)

    async def _next(self, line: int, own: list[LogCursor]) -> _Batch | None:
        """The batch that begins at a line: one that is kept, the shared reader's next, or read for this one alone."""
        async with self._reading:
            for batch in self._kept:
                if batch.first_line == line:
                    return batch
            if self._cursor is None:
                self._cursor = LogCursor(self._folder, line)
            is_shared = self._cursor.next_line == line
            if is_shared:
                batch = await self._read(self._cursor, self._batch_bytes, None)
                if batch is not None:
                    self._kept.append(batch)
                return batch
        if not own or own[0].next_line != line:
            _close(own)
            own.append(LogCursor(self._folder, line))
        batch = await self._read(own[0], _OWN_BATCH_BYTES, self._own_reads)
        if batch is None or batch.next_line >= self._cursor.next_line:
            _close(own)
        return batch

    async def _read(self, cursor: LogCursor, size: int, limiter: CapacityLimiter | None) -> _Batch | None:
        first_line = cursor.next_line
        # Not left behind its batch: a cursor that a thread is moving is waited for, also by who is cancelled.
        content = b""
        with anyio.CancelScope(shield=True):
            content = await to_thread.run_sync(cursor.read, size, limiter=limiter)
        if not content:
            return None
        self.reads += 1
        return _Batch(first_line, cursor.next_line, content)

    async def _wait(self, wakeups: int) -> None:
        """Return when the log may have grown since there were so many wake-ups. One follower waits for all."""
        while self._wakeups == wakeups:
            async with self._waiting:
                if self._wakeups != wakeups:
                    return
                assert self._source is not None
                try:
                    await self._source.wait()
                finally:
                    # Also where this follower leaves: what its wait may have swallowed is looked for by the others.
                    self._wakeups += 1


@asynccontextmanager
async def _own_cursor() -> AsyncGenerator[list[LogCursor]]:
    """At most one cursor of one follower, closed at the end."""
    own: list[LogCursor] = []
    try:
        yield own
    finally:
        _close(own)


def _close(own: list[LogCursor]) -> None:
    while own:
        own.pop().close()
