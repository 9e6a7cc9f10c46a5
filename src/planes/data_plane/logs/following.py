"""A log from its first line until it is sealed."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from anyio import to_thread

from planes.data_plane.segments import LogCursor, is_sealed

BATCH_BYTES = 64 * 1024


class WakeSource(Protocol):
    """Whoever knows that a log has grown."""

    async def wait(self) -> None:
        """Return when the log may have grown or been sealed since the last call returned; too often does no harm."""
        ...


async def follow(
    folder: Path, wakes: AbstractAsyncContextManager[WakeSource], from_line: int = 0, batch_bytes: int = BATCH_BYTES
) -> AsyncIterator[bytes]:
    """Batches of whole wire lines, those already stored and then each as it is stored, until the log is sealed.

    Works for a log that does not exist yet, is written, or is long sealed. Between two batches it holds one open file:
    a slow reader gets its lines from the segments later, costs no memory and slows nobody. Waits without end while the
    run prints nothing.
    """
    cursor = LogCursor(folder, from_line)
    try:
        async with wakes as source:
            while True:
                was_sealed = await to_thread.run_sync(is_sealed, folder)
                while batch := await to_thread.run_sync(cursor.read, batch_bytes):
                    yield batch
                if was_sealed:
                    return
                await source.wait()
    finally:
        cursor.close()
