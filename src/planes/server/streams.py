"""Streaming answers: server-sent events and NDJSON, both of which end when the server stops."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import anyio
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from planes.server.protocol import break_off

NDJSON = "application/x-ndjson"
EVENT_STREAM = "text/event-stream"
# A comment more often than once a second would keep `dlthub job logs` from ever ending (Contract: 6).
KEEP_ALIVE_SECONDS = 15.0
_KEEP_ALIVE = b": still here\n\n"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Stopping:
    """Tells every open stream that the server stops, so that none of them holds it up.

    `failure` is why, when it stops because a part of it failed.
    """

    def __init__(self) -> None:
        self._event = anyio.Event()
        self.failure: BaseException | None = None

    def stop(self) -> None:
        """Ends the streams. May be called twice."""
        self._event.set()

    def fail(self, failure: BaseException) -> None:
        """Stops because of this."""
        self.failure = failure
        self.stop()

    @property
    def is_set(self) -> bool:
        """Whether the server stops."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Returns when the server stops."""
        await self._event.wait()


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a stream of events says where it is cut short: by the stop of the server, or by the end of who asked."""

    stopped: str = ""
    refused: str = ""


NO_WORDS = LastWords()


class StreamResponse(Response):
    """An answer whose body comes as it is made.

    It ends when `chunks` ends, the client leaves, the server stops, or `until` returns. Nothing piles up: a chunk is
    asked for when the one before was taken by the connection. With `keep_alive`, silence is filled with that comment.
    A document (`is_document`) has an end of its own: where it is cut short its connection breaks, for half a log must
    not look like a whole one. A stream of events says it with its `last_words`, if it has any.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        stopping: Stopping,
        *,
        media_type: str,
        keep_alive: bytes | None = None,
        until: Callable[[], Awaitable[None]] | None = None,
        is_document: bool = False,
        last_words: LastWords = NO_WORDS,
    ) -> None:
        super().__init__(media_type=media_type, headers=_HEADERS)
        del self.headers["content-length"]
        self._chunks = chunks
        self._stopping = stopping
        self._keep_alive = keep_alive
        self._until = until
        self._is_document = is_document
        self._is_whole = False
        self._last_words = last_words
        self._why_cut = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await self._stream(receive, send)
        except ClientDisconnect:
            return
        if self._is_document and not self._is_whole and break_off(scope):
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        # One without last words ends cleanly too: its client asks for the run's state and goes on.
        last = _error_event(self._why_cut) if self._why_cut and not self._is_whole else b""
        await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _stream(self, receive: Receive, send: Send) -> None:
        turn = anyio.Lock()
        sent_at = anyio.current_time()

        async def emit(chunk: bytes) -> None:
            nonlocal sent_at
            async with turn:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                sent_at = anyio.current_time()

        async def pump() -> None:
            async with aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    await emit(chunk)
            self._is_whole = True
            group.cancel_scope.cancel()

        async def fill_silence(comment: bytes) -> None:
            while True:
                await anyio.sleep_until(sent_at + KEEP_ALIVE_SECONDS)
                if anyio.current_time() - sent_at >= KEEP_ALIVE_SECONDS:
                    await emit(comment)

        async def watch_client() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        async def end_with(condition: Callable[[], Awaitable[None]], why: str) -> None:
            await condition()
            self._why_cut = self._why_cut or why
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(pump)
            group.start_soon(watch_client)
            group.start_soon(end_with, self._stopping.wait, self._last_words.stopped)
            if self._keep_alive is not None:
                group.start_soon(fill_silence, self._keep_alive)
            if self._until is not None:
                group.start_soon(end_with, self._until, self._last_words.refused)


def ndjson_response(
    chunks: AsyncGenerator[bytes], stopping: Stopping, until: Callable[[], Awaitable[None]] | None = None
) -> StreamResponse:
    """One JSON object a line; `chunks` may hold any number of whole lines. `until` breaks them off, too."""
    return StreamResponse(chunks, stopping, media_type=NDJSON, until=until, is_document=True)


def event_stream_response(
    events: AsyncGenerator[bytes],
    stopping: Stopping,
    until: Callable[[], Awaitable[None]] | None = None,
    last_words: LastWords = NO_WORDS,
) -> StreamResponse:
    """Server-sent events; `events` yields any number of whole, framed events at a time. `until` ends them, too."""
    return StreamResponse(
        events, stopping, media_type=EVENT_STREAM, keep_alive=_KEEP_ALIVE, until=until, last_words=last_words
    )


def _error_event(why: str) -> bytes:
    """The event that clients believe (Contract: 6)."""
    return b"event: error\ndata: " + json.dumps({"error": why}).encode("ascii") + b"\n\n"
