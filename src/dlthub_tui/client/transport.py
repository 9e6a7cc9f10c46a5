"""One origin, one session: the only place that sends requests.

A transport refuses to carry its bearer anywhere but its own origin, uses plain http to loopback only, follows no
redirect, and waits for every answer with a deadline (Security: 10).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.request import getproxies, proxy_bypass

import httpx

from dlthub_tui.client.errors import (
    NoAddress,
    NothingBehind,
    NotReachable,
    NotSignedIn,
    ProxyFailed,
    SentOn,
    TimedOut,
    UnexpectedAnswer,
    UnknownAuthority,
    UnsafeAddress,
    WrongOrigin,
    refusal,
)
from planes.asking import Asking
from planes.certificates import find_tls_error, is_of_unknown_authority, nobody, trusted, words_of
from planes.unix_sockets.connecting import UnixTransport
from planes.wire.addresses import LAST_PORT, is_loopback

USER_AGENT = "dlthub-tui/0.1"
ANSWER_SECONDS = 15.0
CONNECT_SECONDS = 5.0
# Those of httpx.
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
# What a proxy says of what it stands before; a plane says more.
_OF_GATEWAYS = frozenset({502, 503, 504})
Query = Mapping[str, "str | int | bool | list[str] | None"]


class TokenSource(Protocol):
    """Gives the bearer of a session and a new one when the plane refuses it."""

    async def bearer(self) -> str | None:
        """The token to send, None for none."""
        ...

    async def renewed(self, rejected: str) -> str | None:
        """Another token after `rejected` was refused; None when the session is over."""
        ...


class FixedToken:
    """A token without a successor, as a key or a permit is."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def bearer(self) -> str | None:
        """The token."""
        return self._token

    async def renewed(self, rejected: str) -> str | None:  # noqa: ARG002 - there is no other
        """None."""
        return None


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host  # an IPv6 address
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the address is this machine."""
        return is_loopback(self.host)


def origin_of(url: str) -> Origin:
    """The origin of an address, its host as it is looked up.

    Raises: UnsafeAddress when it is neither https nor http on this machine, NoAddress when it is none.
    """
    try:
        origin = _origin_of(httpx.URL(url))
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise NoAddress(url) from exc
    if not origin.host or origin.scheme not in {"http", "https"} or origin.port > LAST_PORT:
        raise NoAddress(url)
    if origin.scheme == "http" and not origin.is_loopback:
        raise UnsafeAddress(str(origin))
    return origin


class Transport:
    """Requests to one plane. Close it with `aclose`."""

    def __init__(self, url: str, tokens: TokenSource | None = None, *, socket_path: str | None = None) -> None:
        self.origin = origin_of(url)
        self._tokens = tokens
        self._asking = Asking()
        try:
            self._http = httpx.AsyncClient(
                base_url=str(self.origin),
                transport=UnixTransport(socket_path, _LIMITS) if socket_path else None,
                verify=nobody() if self.origin.scheme == "http" else trusted(),
                headers={"user-agent": USER_AGENT, "accept": "application/json"},
                timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=not self.origin.is_loopback,
            )
        except (ImportError, ValueError, httpx.InvalidURL) as exc:  # ImportError: SOCKS, which is not installed
            why = "SOCKS is not spoken here" if isinstance(exc, ImportError) else "it is no address of one"
            raise ProxyFailed(str(self.origin), f"the proxy that the environment names cannot be used: {why}") from exc

    async def aclose(self) -> None:
        """Ends what is asked, and all connections. May be called twice."""
        await self._asking.end()
        await self._http.aclose()

    async def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON of an answer."""
        return await self._json("GET", path, query=query)

    async def post(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer; without a body none is sent."""
        return await self._json("POST", path, body=body)

    async def patch(self, path: str, body: Any) -> Any:
        """The JSON of an answer."""
        return await self._json("PATCH", path, body=body)

    async def put(self, path: str, body: Any) -> Any:
        """The JSON of an answer."""
        return await self._json("PUT", path, body=body)

    async def delete(self, path: str) -> None:
        """Ends what is there."""
        parse_answer(await self.send(self.request("DELETE", path)))

    async def _json(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Any:
        request = self.request(method, path, query=query, body=body)
        response = await self.send(request)
        return parse_answer(response)

    def request(
        self, method: str, path: str, *, query: Query | None = None, body: Any = None, **more: Any
    ) -> httpx.Request:
        """A request to this origin, without its session yet."""
        if body is not None:
            more["json"] = body
        params = {key: value for key, value in (query or {}).items() if value is not None}
        return self._http.build_request(method, path, params=params or None, **more)

    async def send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """Sends with the session; a refused token is renewed once.

        Raises: NotReachable, TimedOut, WrongOrigin.
        """
        if _origin_of(request.url) != self.origin:
            raise WrongOrigin(str(self.origin), str(request.url))
        token = await self._tokens.bearer() if self._tokens else None
        response = await self._send_once(request, token, stream=stream)
        if response.status_code != 401 or not self._tokens or token is None:
            return response
        fresh = await self._tokens.renewed(token)
        if fresh is None or fresh == token:
            return response
        await response.aclose()
        return await self._send_once(request, fresh, stream=stream)

    async def _send_once(self, request: httpx.Request, token: str | None, *, stream: bool) -> httpx.Response:
        if token is not None:
            request.headers["authorization"] = f"Bearer {token}"
        if not self._asking.has_ended:  # who leaves closes it, and something may still ask
            with self._asking.asked():
                try:
                    return await self._http.send(request, stream=stream)
                except httpx.TimeoutException as exc:
                    if isinstance(exc, httpx.ConnectTimeout) and (proxy := _proxy_for(self.origin)) is not None:
                        raise ProxyFailed(str(self.origin), f"no answer by way of the proxy {proxy}") from exc
                    raise TimedOut(str(self.origin), was_sent=isinstance(exc, httpx.ReadTimeout)) from exc
                except httpx.TransportError as exc:
                    raise not_reached(self.origin, exc) from exc
        raise NotReachable(str(self.origin), "this connection was ended")

    @asynccontextmanager
    async def streaming(self, request: httpx.Request) -> AsyncGenerator[httpx.Response]:
        """An answer that is read while it comes; refusals raise before the first byte."""
        response = await self.send(request, stream=True)
        try:
            if response.status_code >= 300:
                await response.aread()
                parse_answer(response)
            yield response
        except httpx.TimeoutException as exc:
            raise TimedOut(str(self.origin)) from exc
        except httpx.TransportError as exc:
            raise not_reached(self.origin, exc) from exc
        finally:
            await response.aclose()


def parse_answer(response: httpx.Response) -> Any:
    """The JSON of an answer.

    Raises: SentOn for an answer that names another address; a Refused for every other status but 2xx;
    UnexpectedAnswer for a 2xx that is no JSON.
    """
    if response.has_redirect_location:
        asked = _origin_of(response.request.url)
        raise SentOn(str(asked), str(_named_by(response) or asked))
    try:
        body = response.json() if response.content else None
    except ValueError as exc:
        if response.is_success:
            raise UnexpectedAnswer(f"no JSON from {response.request.url.path}") from exc
        body = None
    if response.is_success:
        return body
    if response.status_code in _OF_GATEWAYS and body is None:
        address = _origin_of(response.request.url)
        raise NothingBehind(response.status_code, f"A proxy answers at {address}, and no plane behind it.")
    if response.status_code == 401 and body is None:
        raise NotSignedIn(401, "The session is not accepted.")
    raise refusal(response.status_code, body)


def _named_by(response: httpx.Response) -> Origin | None:
    """Where an answer sends on to; None where that cannot be read, or is no page."""
    try:
        origin = _origin_of(response.request.url.join(response.headers["location"]))
    except (httpx.InvalidURL, UnicodeError):
        return None
    return origin if origin.scheme in {"http", "https"} else None


def _origin_of(url: httpx.URL) -> Origin:
    """Of any address, without what else is in it: a page or a query may carry a secret.

    Raises: UnicodeError where no name can be looked up: one that only looks like Punycode, one with an empty label.
    """
    url.host.encode("idna")
    return Origin(url.scheme, url.raw_host.decode("ascii").lower(), url.port or (443 if url.scheme == "https" else 80))


def not_reached(origin: Origin, error: httpx.TransportError) -> NotReachable:
    """What a connection that failed is to people."""
    broken = find_tls_error(error)
    is_on_the_way = broken is None and isinstance(error, httpx.ConnectError | httpx.ProxyError)
    if is_on_the_way and (proxy := _proxy_for(origin)) is not None:
        why = f"it answers {error}" if isinstance(error, httpx.ProxyError) else reason_of(error)
        return ProxyFailed(str(origin), f"by way of the proxy {proxy}: {why}")
    kind = UnknownAuthority if broken is not None and is_of_unknown_authority(broken) else NotReachable
    return kind(str(origin), reason_of(error))


def _proxy_for(origin: Origin) -> Origin | None:
    """The proxy by which an address is asked, as the environment names it; without the password that may be in it."""
    named = getproxies()
    found = named.get(origin.scheme) or named.get("all")
    if origin.is_loopback or not found or proxy_bypass(origin.host):
        return None
    return _origin_of(httpx.URL(found if "://" in found else f"http://{found}"))


def reason_of(error: httpx.TransportError) -> str:
    """Why a connection failed, in a few words without addresses of ours."""
    if (broken := find_tls_error(error)) is not None:
        return words_of(broken)
    text = str(error).casefold()
    if "refused" in text or "all connection attempts failed" in text:
        return "connection refused"
    if "name or service" in text or "nodename" in text or "getaddrinfo" in text:
        return "unknown name"
    return "connection broke" if isinstance(error, httpx.ReadError | httpx.RemoteProtocolError) else "no connection"
