"""Connections over Unix sockets through the loop's own transports, also for HTTP.

`anyio.connect_unix` waits with a bare reader of the loop. Where bytes arrive in the same turn in which the read is
cancelled, as when a browser leaves while its app answers, that reader sets the result of a cancelled future, and the
loop reports `InvalidStateError` with a traceback (anyio 4.16; its issue 1267 mended the same race for closing alone).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anyio
import httpcore
import httpx
from anyio.abc import SocketStream

# The public names of both are made at run time, which types cannot follow; the stream has none.
from httpcore._backends.anyio import AnyIOBackend, AnyIOStream

from planes.certificates import nobody
from planes.unix_sockets.listening import socket_address


async def connected_socket(path: str | Path) -> socket.socket:
    """A socket that is connected to the one at this path. Raises: OSError."""
    plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        plain.setblocking(False)
        with socket_address(Path(path)) as address:
            await asyncio.get_running_loop().sock_connect(plain, address)
    except BaseException:
        plain.close()
        raise
    return plain


async def connect_unix(path: str | Path) -> SocketStream:
    """A connection to the socket at this path. Raises: OSError."""
    return await SocketStream.from_socket(await connected_socket(path))


class UnixTransport(httpx.AsyncHTTPTransport):
    """Sends each request over the socket at this path, whatever host its address names, and without TLS.

    The address may be one for clients elsewhere (https), whose TLS ends in a proxy: nobody listens in on a socket.
    """

    def __init__(self, path: str, limits: httpx.Limits) -> None:
        super().__init__(verify=nobody(), trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            uds=path,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises: httpx.TransportError."""
        plain = httpx.Request(
            request.method,
            request.url.copy_with(scheme="http"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await super().handle_async_request(plain)


class _Backend(AnyIOBackend):
    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        try:
            with anyio.fail_after(timeout):
                return AnyIOStream(await connect_unix(path))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
