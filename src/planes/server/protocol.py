"""One connection: who is at its other end, how much of a head is taken, and our error body for what is no HTTP."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from planes.server import room
from planes.server.errors import error_response

PEER = "planes.peer"
BREAK = "planes.break"
MAXIMUM_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
"""From the connection, or the first byte of a further request, to the end of its head."""
BODY_SECONDS = 60.0
"""How long each `BODY_PIECE_BYTES` of a body may take, and what is less than that to its end, while the application
wants more. Time from one byte to the next would let one a minute hold a connection for years."""
BODY_PIECE_BYTES = 64 * 1024
_EXTRA_SECONDS = 5.0
"""How long one for whom there is no room has to say what it wants, to be told so."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of the unix socket."""

    pid: int
    uid: int
    gid: int


@lru_cache(maxsize=1)
def _dated(second: int) -> list[tuple[bytes, bytes]]:
    """What each answer begins with (RFC 9110, 6.6.1)."""
    return [(b"date", formatdate(second, usegmt=True).encode())]


def break_off(scope: Scope) -> bool:
    """Closes the connection of a request whose answer cannot be completed; False where there is none to close."""
    close = scope.get("extensions", {}).get(BREAK)
    if close is None:
        return False
    close()
    return True


def peer_of(scope: Scope) -> Peer | None:
    """Who is at the other end, for a request that came over the unix socket; None for TCP."""
    return scope.get("extensions", {}).get(PEER)


class PlaneProtocol(HttpToolsProtocol):
    """Remembers the peer of a unix connection (uvicorn leaves `client` empty there) and bounds the head of a request.

    Beyond those for which there is room a connection is answered 503; this machine's own, by the unix socket, are not.
    The parser takes an address and headers of any size, and what it cannot read is answered in plain text by uvicorn.
    Uvicorn waits without end for what a client has begun: here it is answered 408, or closed in the middle of a body.
    """

    peer: Peer | None = None
    _is_extra = False
    _is_refused = False
    _is_in_head = False
    _head_bytes = 0
    _piece_bytes = 0
    _unused_bytes = 0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family == socket.AF_UNIX:
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            self.peer = Peer(*struct.unpack("3i", raw))
            return
        excess = room.excess()
        if excess > room.most_waiting():
            self._refuse_connection()
        elif excess > 0:  # who has asked before the answer comes is sure to read it
            self._is_extra = True
            self.loop.call_later(_EXTRA_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._unused_bytes += len(data)
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAXIMUM_HEAD_BYTES:
                self._refuse_head()
        elif self._unused_bytes > MAXIMUM_HEAD_BYTES:  # of what frames a body, or follows it
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._head_bytes, self._unused_bytes = True, 0, 0
        self._wait(HEAD_SECONDS)
        extensions: dict[str, Any] = {**(self.scope.get("extensions") or {}), BREAK: self.transport.abort}
        if self.peer is not None:
            extensions[PEER] = self.peer
        cast("dict[str, Any]", self.scope)["extensions"] = extensions

    def on_header(self, name: bytes, value: bytes) -> None:
        """Drops trailers, which uvicorn takes for headers: they have passed a proxy that sets or checks these."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.server_state.default_headers = _dated(int(time.time()))
        self._is_in_head, self._piece_bytes, self._unused_bytes = False, 0, 0
        self._wait(BODY_SECONDS)
        if self._is_refused:
            return
        if self._is_extra:
            self._refuse_connection()
            return
        headers = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.url) + headers > MAXIMUM_HEAD_BYTES:
            self._refuse_head()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unused_bytes = 0
        self._piece_bytes += len(body)
        if self._piece_bytes >= BODY_PIECE_BYTES:
            self._piece_bytes = 0
            self._wait(BODY_SECONDS)
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._wait(None)
        if not self._is_refused:
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._wait(None)
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        self._refuse(HTTPStatus.BAD_REQUEST, "bad_request", "This is no HTTP request.")

    def _wait(self, seconds: float | None) -> None:
        """For the next part of a request; None: there is none to wait for."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if self.flow.read_paused:  # it is the application that takes its time
            self._wait(BODY_SECONDS)
        elif self._is_in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The request was begun and not sent.")
        else:
            self.transport.close()

    def _refuse_connection(self) -> None:
        detail = "There is no room for more connections. Try again in a moment."
        self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", detail, {"retry-after": "1"})

    def _refuse_head(self) -> None:
        if len(self.url) > MAXIMUM_HEAD_BYTES // 2:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, "address_too_long", "The address is too long.")
        else:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The headers are too large.")

    def _refuse(
        self, status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Answers with the error body, past the application, and closes."""
        if self._is_refused:
            return
        self._is_refused = True
        answer = error_response(status, code, detail, headers={"connection": "close", **headers})
        head = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        head += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        self.transport.close()
