"""A server that is cancelled rather than stopped leaves nothing open."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress

import anyio
import pytest
from anyio.abc import SocketStream
from fastapi import FastAPI
from starlette.responses import Response

from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping, ndjson_response

pytestmark = pytest.mark.anyio


def application(stopping: Stopping, ended: anyio.Event) -> FastAPI:
    app = FastAPI()

    @app.get("/waiting")
    async def waiting() -> Response:
        async def lines() -> AsyncGenerator[bytes]:
            try:
                yield b"{}\n"
                await anyio.sleep_forever()
            finally:
                ended.set()

        return ndjson_response(lines(), stopping)

    return app


async def read_to_the_end(stream: SocketStream) -> None:
    with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
        while True:
            await stream.receive()


async def test_a_server_that_is_cancelled_leaves_no_listener_connection_or_request() -> None:
    stopping, ended = Stopping(), anyio.Event()
    listener = listen_tcp("127.0.0.1", 0)
    host, port = listener.getsockname()
    server = AppServer(application(stopping, ended), [listener], stopping, grace_seconds=90)
    streams: list[SocketStream] = []

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            await server.wait_ready()
            for path in (b"/nowhere", b"/waiting"):
                stream = await anyio.connect_tcp(host, port)
                streams.append(stream)
                await stream.send(b"GET %s HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" % path)
                while b"}" not in await stream.receive():
                    pass  # only its head came yet
            group.cancel_scope.cancel()
        for stream in streams:
            async with stream:
                await read_to_the_end(stream)

    assert listener.fileno() == -1
    assert ended.is_set()
    assert not stopping.is_set, "nobody stopped it"
