"""What stands before every route: Host, Origin and client checks, the size of bodies, HEAD, and the service log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import anyio
import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from planes.domain.errors import InvalidRequest, Misdirected, NotAllowed, NotFound, Reason, TooLarge
from planes.server.clients import MINIMUM_HEADER, OLDEST_TEXT, is_too_old
from planes.server.errors import error_response, render_error
from planes.server.host_names import host_name

_log = structlog.get_logger("planes.server")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ID_SEGMENT = re.compile(r"(?<=/)[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![^/])")
_CODE = re.compile(rb"(?:^|&)swap=")
_NUL = re.compile(rb"%00|\x00")
DEFAULT_BODY_LIMIT_BYTES = 4 * 1024 * 1024


class HostCheck:
    """Answers 421 for a Host that is not ours and 403 for an unsafe request from another Origin (Security: 11).

    `names` answers the host names (without port) that this server goes by, lower case. A request over the home's unix
    socket is let through: no browser can make one.
    """

    def __init__(self, app: ASGIApp, names: Callable[[], frozenset[str]]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or scope.get("extensions", {}).get("planes.peer") is not None:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        names = self._names()
        hosts = headers.getlist("host")
        # With two of them, who stands before this server may have read the other one (RFC 9112, 3.2).
        if len(hosts) != 1 or host_name(hosts[0]) not in names:
            error = Misdirected("misdirected", "This server does not go by the name in the Host header.")
            await render_error(error)(scope, receive, send)
            return
        origin = headers.get("origin")
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if origin is not None and unsafe and _authority(origin) != headers.get("host", "").lower():
            error = NotAllowed("foreign_origin", "A page of another origin may not do this.")
            await render_error(error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class BodyLimit:
    """Answers 413 when a body is larger than the limit, without reading it whole, and 415 when it is compressed.

    Routes in `unlimited` (a predicate on the path) bound their bodies themselves: uploads.
    """

    def __init__(
        self, app: ASGIApp, limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES, unlimited: Callable[[str], bool] | None = None
    ) -> None:
        self.app = app
        self._limit = limit_bytes
        self._unlimited = unlimited or _never

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            detail = "A compressed body is not taken. Send it as it is, without Content-Encoding."
            # RFC 9110, 12.5.3: which codings would be taken.
            answer = error_response(415, "unsupported_media_type", detail, headers={"Accept-Encoding": "identity"})
            await answer(scope, receive, send)
            return
        if self._unlimited(scope["path"]):
            await self.app(scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > self._limit:
            await render_error(TooLarge("too_large", "The body is too large."))(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._limit:
                    # FastAPI turns any other error of the body's reader into a 400.
                    raise HTTPException(413)
            return message

        await self.app(scope, bounded, send)


class PlainAddresses:
    """Answers 400 for an address that holds NUL: no stored text does, and Postgres refuses to look for one.

    A slash that is written `%2F` divides nothing (RFC 3986, 2.2), so it makes no address of ours: a proxy in front may
    look at addresses by their beginnings.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for part, holds_it in (("path", "\0" in scope["path"]), ("query", _NUL.search(scope["query_string"]))):
                if holds_it:
                    reason = Reason(key=part, message="holds the character NUL")
                    error = InvalidRequest("invalid_request", "The request breaks a rule.", (reason,))
                    await render_error(error)(scope, receive, send)
                    return
            if b"%2f" in scope.get("raw_path", b"").lower():
                await render_error(NotFound("not_found", "Not Found"))(scope, receive, send)
                return
        await self.app(scope, receive, send)


class KnownClients:
    """Answers 426 to the released client in a version with another protocol, whatever it asks for.

    Some addresses are the same in both, and what they answer is not: half served it would fail in words of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_too_old(Headers(scope=scope).get("user-agent"), scope["path"]):
            detail = f"dlthub-client before {OLDEST_TEXT} speaks an earlier protocol: upgrade it to go on."
            refusal = error_response(426, "client_too_old", detail, headers={MINIMUM_HEADER: OLDEST_TEXT})
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


class SmallIds:
    """Reads an id of a path that is written in capitals as the same one in small letters (RFC 9562, 4).

    Whoever stores ids as text needs it, or answers 404 for what another plane has just found.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            path = _ID_SEGMENT.sub(lambda found: found[0].lower(), scope["path"])
            if path != scope["path"]:
                # Where an answer leads back to it, its cookie's path is the one in small letters.
                raw = _ID_SEGMENT.sub(lambda found: found[0].lower(), scope["raw_path"].decode("latin-1"))
                scope = {**scope, "path": path, "raw_path": raw.encode("latin-1")}
        await self.app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET without the body (RFC 9110, 9.3.2).

    An address with a code that is good once takes none: whoever looks ahead at a link would spend it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or _CODE.search(scope["query_string"]):
            await self.app(scope, receive, send)
            return
        with anyio.CancelScope() as answering:

            async def head_only(message: Message) -> None:
                if message["type"] != "http.response.start":
                    return
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                if not any(name == b"content-length" for name, _ in message["headers"]):
                    answering.cancel()  # a stream, which might go on for hours

            # The server goes by its own scope: to it this stays a HEAD, with a length and no body.
            asked: Scope = {**scope, "method": "GET"}
            try:
                await self.app(asked, receive, head_only)
            finally:
                scope["route"] = asked.get("route")


class ServiceLog:
    """One line a request: method, route template, status, milliseconds. No path values, no query (Security: 9)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            took = round((time.perf_counter() - started) * 1000, 1)
            _log.debug("request", method=scope["method"], route=route, status=status, took_ms=took)


def _never(_path: str) -> bool:
    return False


def _authority(origin: str) -> str:
    """Host and port of an origin; empty, which is no Host, for `null` and for what is no origin."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
