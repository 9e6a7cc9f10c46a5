"""Passes requests on to an app and its answers back, piece by piece in both directions: nothing is held."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing
from typing import Any, cast

import anyio
import httpx
from starlette.types import Message, Receive, Scope, Send

from planes.asking import Asking
from planes.data_plane.api.gateway.headers import Raw, from_app, to_app
from planes.data_plane.executor.apps import LOOPBACK, AppPlace
from planes.data_plane.services.apps import MOST_CONNECTIONS, App
from planes.unix_sockets.connecting import UnixTransport

# An answer may stream as long as it likes (server-sent events); everything else is bounded.
_TIMEOUT: dict[str, float | None] = {"connect": 5.0, "read": None, "write": 60.0, "pool": 10.0}
_NO_BODY = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class AppGone(Exception):
    """The app did not answer: it ended, or closed the connection. Nothing was sent to the client yet."""


class Misframed(Exception):
    """The body is not as long as the request's head says (RFC 9112, 6.3). The app got none of it whole."""


class AppTransport(httpx.AsyncBaseTransport):
    """Connections to one app, whose end is the end of what was asked there and has no answer yet."""

    def __init__(self, transport: httpx.AsyncHTTPTransport) -> None:
        self._transport = transport
        self._asking = Asking()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises: httpx.TransportError, also when it is or was closed."""
        if not self._asking.has_ended:
            with self._asking.asked():
                return await self._transport.handle_async_request(request)
        raise httpx.ConnectError("the connections to this app were ended", request=request)

    async def aclose(self) -> None:
        """Ends what is asked, and all connections. May run twice."""
        await self._asking.end()
        await self._transport.aclose()


class AppTransports:
    """Connections to apps, kept while their runs last. An app's own cookies are the browser's, so no client is kept."""

    def __init__(self) -> None:
        self._transports: dict[str, AppTransport] = {}

    def of(self, app: App, place: AppPlace) -> AppTransport:
        """The one of this app."""
        found = self._transports.get(app.run_id)
        if found is None:
            limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=15.0)
            found = self._transports[app.run_id] = AppTransport(
                httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
                if place.socket is None
                else UnixTransport(place.socket, limits)
            )
        return found

    async def keep_only(self, run_ids: Collection[str]) -> None:
        """Closes the connections of all runs but these. May run twice."""
        for run_id in [run_id for run_id in self._transports if run_id not in run_ids]:
            await self._transports.pop(run_id).aclose()

    async def aclose(self) -> None:
        """Closes all of them."""
        await self.keep_only(())


class Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, origin: str) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._origin = origin
        self._is_read = anyio.Event()
        self.has_begun = False

    async def pass_on(
        self, transport: AppTransport, place: AppPlace, adapt: Callable[[Raw], Raw] | None = None
    ) -> None:
        """Sends the request and passes the answer back; `adapt` has the last word on its headers.

        Returns early when the client leaves. Raises: AppGone, Misframed, before anything was sent back.
        """
        async with anyio.create_task_group() as group:

            async def watch_client() -> None:
                await self._is_read.wait()
                while (await self._receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(watch_client)
            try:
                await self._exchange_surely(transport, place, adapt)
            except (httpx.TransportError, _ClientGone) as exc:
                if isinstance(exc, _ClientGone):
                    return
                if not self.has_begun:
                    raise AppGone from exc
                # The client sees an answer that was cut off, as it was.
                raise ConnectionAbortedError from exc
            finally:
                group.cancel_scope.cancel()

    async def _exchange_surely(
        self, transport: AppTransport, place: AppPlace, adapt: Callable[[Raw], Raw] | None
    ) -> None:
        """Asks once more where nothing can happen twice: an app may close a kept connection (RFC 9112, 9.3)."""
        try:
            await self._exchange(transport, place, adapt)
        except httpx.TransportError:
            is_safe = self._scope["method"].encode() in _NO_BODY and not self._framing()
            if self.has_begun or not is_safe:
                raise
            await self._exchange(transport, place, adapt)

    async def _exchange(self, transport: AppTransport, place: AppPlace, adapt: Callable[[Raw], Raw] | None) -> None:
        answer = await transport.handle_async_request(self._request(place))
        try:
            headers = from_app(answer.headers.raw, self._origin, place.port)
            self.has_begun = True
            await self._send({
                "type": "http.response.start", "status": answer.status_code,
                "headers": adapt(headers) if adapt else headers,
            })  # fmt: skip
            async with aclosing(cast("AsyncGenerator[bytes]", aiter_raw(answer))) as pieces:
                async for piece in pieces:
                    await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            with anyio.CancelScope(shield=True):
                await answer.aclose()

    def _request(self, place: AppPlace) -> httpx.Request:
        scope = self._scope
        query: bytes = scope["query_string"]
        target: bytes = scope["raw_path"] + (b"?" + query if query else b"")
        headers = to_app(scope["headers"], self._origin, place.port)
        framing = self._framing()
        if framing == _FRAMING:
            raise Misframed
        has_body = bool(framing)
        if not has_body:
            self._is_read.set()
        elif b"content-length" not in framing:
            headers.append((b"transfer-encoding", b"chunked"))
        return httpx.Request(
            scope["method"],
            httpx.URL(scheme="http", host=LOOPBACK, port=place.port, raw_path=target),
            headers=headers,
            stream=_Body(self._body()) if has_body else httpx.ByteStream(b""),
            extensions={"timeout": _TIMEOUT},
        )

    def _framing(self) -> frozenset[bytes]:
        """The headers that say how long the body is; none: there is none."""
        return _FRAMING & {name for name, _ in self._scope["headers"]}

    async def _body(self) -> AsyncGenerator[bytes]:
        lengths = [int(value) for name, value in self._scope["headers"] if name == b"content-length"]
        passed = 0
        while True:
            message: Message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
            if message.get("body"):
                passed += len(message["body"])
                yield message["body"]
            if not message.get("more_body"):
                if any(length != passed for length in lengths):
                    raise Misframed
                self._is_read.set()
                return


class _ClientGone(Exception):
    """The client left before its request was whole."""


class _Body(httpx.AsyncByteStream):
    def __init__(self, pieces: AsyncGenerator[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                yield piece


async def aiter_raw(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The bytes as they came, compressed or not."""
    stream: Any = answer.stream
    async for piece in stream:
        yield piece
