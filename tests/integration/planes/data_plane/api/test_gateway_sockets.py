"""WebSockets whose browser is gone before the app has noticed."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from starlette.types import Message
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from planes.data_plane.api.gateway.sockets import pass_socket_on
from planes.data_plane.executor.apps import AppPlace

pytestmark = pytest.mark.anyio


class Gone(OSError):
    """As the server raises it for a browser that has left."""


async def test_app_that_speaks_to_nobody_is_left_and_nothing_fails() -> None:
    heard: list[Any] = []
    left = anyio.Event()

    async def speak_on(socket: ServerConnection) -> None:
        try:
            while True:
                await socket.send("still here")
                await anyio.sleep(0)  # the other end lives on this loop, too
        except ConnectionClosed:
            left.set()

    async def receive() -> dict[str, Any]:
        if heard:
            await anyio.sleep_forever()
        heard.append("asked")
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        heard.append(message["type"])
        if len(heard) > 4:
            raise Gone

    scope = {"type": "websocket", "headers": [], "query_string": b"", "raw_path": b"/ws"}
    async with serve(speak_on, "127.0.0.1", 0) as server:
        place = AppPlace(port=server.sockets[0].getsockname()[1], health="http")
        with anyio.fail_after(240):
            await pass_socket_on(scope, receive, send, place, "http://app.localhost", endings=())
            await left.wait()

    assert heard == ["asked", "websocket.accept", *["websocket.send"] * 3]
