"""What carries requests to apps that listen on a Unix socket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
import httpx

# The public names of both are made at run time, which types cannot follow; the stream has none.
from httpcore._backends.anyio import AnyIOBackend, AnyIOStream

from planes.server.unix_sockets import connect_unix


class UnixTransport(httpx.AsyncHTTPTransport):
    """Sends each request over the socket at this path, whatever host its address names."""

    def __init__(self, path: str, limits: httpx.Limits) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            uds=path,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(),
        )


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
