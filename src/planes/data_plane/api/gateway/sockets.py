"""Passes WebSockets on to an app: messages in both directions, one at a time, until either side or the plane ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from planes.data_plane.api.gateway.headers import to_app
from planes.data_plane.executor.apps import LOOPBACK, AppPlace
from planes.unix_sockets.connecting import connected_socket

MOST_MESSAGE_BYTES = 64 * 1024 * 1024
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_QUEUED_MESSAGES = 4
_POLICY_VIOLATION, _INTERNAL_ERROR, _GOING_AWAY = 1008, 1011, 1001
_HANDSHAKE = frozenset({
    b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions", b"sec-websocket-protocol", b"host",
    b"origin", b"user-agent",
})  # fmt: skip
_SENDABLE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})

Ending = Callable[[], Awaitable[None]]


async def refuse_socket(receive: Receive, send: Send) -> None:
    """Ends a WebSocket before it begins: the browser sees 403."""
    await receive()
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})


async def pass_socket_on(
    scope: Scope, receive: Receive, send: Send, place: AppPlace, origin: str, *, endings: tuple[Ending, ...]
) -> None:
    """Connects to the app and passes messages until one side closes, or one of `endings` returns."""
    await receive()  # the request to connect
    try:
        upstream = await _connect(scope, place, origin)
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI):
        await send({"type": "websocket.close", "code": _INTERNAL_ERROR})
        return
    try:
        await send({"type": "websocket.accept", "subprotocol": upstream.subprotocol, "headers": []})
        await _relay(receive, send, upstream, endings)
    finally:
        with anyio.CancelScope(shield=True):
            await upstream.close()


async def _relay(receive: Receive, send: Send, upstream: ClientConnection, endings: tuple[Ending, ...]) -> None:
    async with anyio.create_task_group() as group:

        async def to_the_app() -> None:
            while True:
                message: Message = await receive()
                if message["type"] == "websocket.disconnect":
                    break
                content = message.get("bytes")
                try:
                    await upstream.send(content if content is not None else message["text"])
                except ConnectionClosed:
                    return  # the other direction says so
            group.cancel_scope.cancel()

        async def to_the_browser() -> None:
            try:
                while True:
                    content = await upstream.recv()
                    key = "text" if isinstance(content, str) else "bytes"
                    await send({"type": "websocket.send", key: content})
            except OSError:
                pass  # the browser has left while the app was speaking
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd is not None else _GOING_AWAY
                await _close(send, code if code in _SENDABLE_CODES or 3000 <= code < 5000 else _GOING_AWAY)
            group.cancel_scope.cancel()

        async def until(ending: Ending) -> None:
            await ending()
            await _close(send, _GOING_AWAY)
            group.cancel_scope.cancel()

        group.start_soon(to_the_app)
        group.start_soon(to_the_browser)
        for ending in endings:
            group.start_soon(until, ending)


async def _close(send: Send, code: int) -> None:
    with suppress(OSError):  # the browser has left
        await send({"type": "websocket.close", "code": code})


async def _connect(scope: Scope, place: AppPlace, origin: str) -> ClientConnection:
    passed = to_app(scope["headers"], origin, place.port)
    query: bytes = scope["query_string"]
    target = scope["raw_path"].decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
    uri = f"ws://localhost:{place.port}{target}"
    options: dict[str, Any] = {
        "additional_headers": [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in passed if name not in _HANDSHAKE
        ],
        "origin": next((value.decode("latin-1") for name, value in passed if name == b"origin"), None),
        "user_agent_header": next((value.decode("latin-1") for name, value in passed if name == b"user-agent"), None),
        "subprotocols": list(scope.get("subprotocols") or ()) or None,
        "compression": None,
        "max_size": MOST_MESSAGE_BYTES,
        "max_queue": _QUEUED_MESSAGES,
        "open_timeout": _CONNECT_SECONDS,
        "close_timeout": _CLOSE_SECONDS,
        "ping_interval": None,
        "proxy": None,
    }
    if place.socket is None:
        return await connect(uri, host=LOOPBACK, port=place.port, **options)
    plain = await connected_socket(place.socket)
    try:
        return await connect(uri, sock=plain, **options)
    except BaseException:
        plain.close()
        raise
