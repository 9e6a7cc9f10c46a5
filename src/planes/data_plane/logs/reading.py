"""A log as it is stored now: the whole of it, or a range."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

from anyio import to_thread

from planes.data_plane.segments.reader import LogCursor, range_blocks

CHUNK_BYTES = 256 * 1024
MAX_RANGE_LINES = 10_000


async def iterate(folder: Path) -> AsyncIterator[bytes]:
    """Every line stored so far, oldest first, in chunks of whole NDJSON lines. Contract: 6 (stored)."""
    cursor = LogCursor(folder)
    try:
        while chunk := await to_thread.run_sync(cursor.read, CHUNK_BYTES):
            yield chunk
    finally:
        cursor.close()


async def iterate_range(folder: Path, from_line: int, limit: int) -> AsyncGenerator[bytes]:
    """At most `limit` (and `MAX_RANGE_LINES`) lines from `from_line` on, as NDJSON; negative counts from the end.

    In blocks, none of which is held: ten thousand lines of the longest are gigabytes.
    In a log whose middle was dropped one line stands for the gap, with the number of the first missing line.
    """
    blocks = range_blocks(folder, from_line, min(limit, MAX_RANGE_LINES))
    try:
        while block := await to_thread.run_sync(next, blocks, b""):
            yield block
    finally:
        blocks.close()


async def end_of(folder: Path, lines: int, most_bytes: int) -> bytes:
    """The last `lines` of a log as it is stored now: fewer, where these are more than about `most_bytes`."""
    held: deque[bytes] = deque()
    async with aclosing(iterate_range(folder, -lines, lines)) as blocks:
        async for block in blocks:
            held.append(block)
            while len(held) > 1 and sum(map(len, held)) > most_bytes:
                held.popleft()
    return b"".join(held)
