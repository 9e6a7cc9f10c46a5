"""A whole log as a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from anyio import to_thread

from planes.data_plane.logs.matching import decoded_lines


async def as_text(batches: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The contents alone, a line each, in UTF-8."""
    async with aclosing(cast("AsyncGenerator[bytes]", batches)) as source:
        async for batch in source:
            yield await to_thread.run_sync(_contents, batch)


def _contents(batch: bytes) -> bytes:
    text = "".join(document["content"] + "\n" for document in decoded_lines(batch))
    return text.encode("utf-8", "backslashreplace")
