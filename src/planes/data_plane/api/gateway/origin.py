"""The door of every app's origin: an ASGI layer before all routes of the plane, which looks at the Host first."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

import anyio
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from planes.data_plane.api.gateway import pages
from planes.data_plane.api.gateway.headers import cookie_name, find_cookie
from planes.data_plane.api.gateway.hosts import AppHosts
from planes.data_plane.api.gateway.proxying import AppGone, AppTransports, Exchange, Misframed
from planes.data_plane.api.gateway.sockets import pass_socket_on, refuse_socket
from planes.data_plane.services.access.credentials import refused
from planes.data_plane.services.app_visits import COOKIE_SECONDS, AppVisits
from planes.data_plane.services.apps import App, Apps
from planes.data_plane.services.runs.run_finding import RunFinder
from planes.domain.errors import InvalidRequest, NotAllowed, NotAuthenticated, PlaneError
from planes.server.streams import Stopping
from planes.tokens.claims import Claims
from planes.tokens.opaque import is_api_key

ENTRANCE = "/-/enter"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_NOBODY = NotAuthenticated("not_signed_in", "You are not signed in to this app.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What the gateway of one plane works with. `sign_in_url` is where people sign in to see a run's page."""

    hosts: AppHosts
    apps: Apps
    visits: AppVisits
    stopping: Stopping
    transports: AppTransports
    finder: RunFinder
    sign_in_url: str

    def entrance(self, run_id: str, ticket: str) -> str:
        """The address that lets the holder of a ticket in."""
        return f"{self.hosts.origin(run_id)}{ENTRANCE}?ticket={ticket}"


class GatewayDoor:
    """Requests to names of apps go to their apps; all others go on to the plane's own routes."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self.app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        run_id = None
        if scope["type"] in {"http", "websocket"}:
            hosts = Headers(scope=scope).getlist("host")
            # With two of them none is an app's: the plane's own check refuses it.
            run_id = self._gateway.hosts.find_run(hosts[0]) if len(hosts) == 1 else None
        if run_id is None:
            await self.app(scope, receive, send)
            return
        try:
            answer = await self._serve(run_id, scope, receive, send)
        except PlaneError as exc:
            answer = pages.refused(scope, exc)
        if answer is None:
            return
        if scope["type"] == "websocket":
            await refuse_socket(receive, send)
        else:
            await answer(scope, receive, send)

    async def _serve(self, run_id: str, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """An answer of ours, or None when the app has answered. Raises: PlaneError."""
        gateway = self._gateway
        origin = gateway.hosts.origin(run_id)
        if not scope["raw_path"].startswith(b"/"):
            raise InvalidRequest("bad_request", "The address of a request begins with a slash.")
        _check_origin(scope)
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == ENTRANCE:
            return self._enter(run_id, scope)
        app = gateway.apps.find(run_id)
        claims = await self._visitor(run_id, app, scope)
        if app is None:
            return await self._ended(run_id, claims, scope)
        if claims.public_link is None:
            app.check(claims)
        if app.place is None:
            return pages.starting(scope, app.job_ref)
        with app.in_use():
            if scope["type"] == "websocket":

                async def revoked() -> None:
                    await gateway.visits.wait_revoked(claims)

                endings = (gateway.stopping.wait, app.over.wait, revoked)
                await pass_socket_on(scope, receive, send, app.place, origin, endings=endings)
                return None
            if app.serves_tools and scope["path"] == "/" and pages.wants_page(scope):
                unless = pages.UnlessMissing(send)
                answer = await self._exchange(app, claims, Exchange(scope, receive, unless, origin), scope)
                return pages.tools(origin, app.job_ref) if unless.is_missing else answer
            return await self._exchange(app, claims, Exchange(scope, receive, send, origin), scope)

    async def _ended(self, run_id: str, claims: Claims, scope: Scope) -> Response:
        """Who came by a public address is not told what became of the run."""
        if claims.public_link is not None or claims.workspace_id is None:
            return pages.ended(scope)
        run = await self._gateway.finder.find_run(claims.workspace_id, run_id)
        return pages.ended(scope, run, f"{self._gateway.sign_in_url}/w/{claims.workspace_id}/runs/{run_id}")

    async def _exchange(self, app: App, claims: Claims, exchange: Exchange, scope: Scope) -> Response | None:
        gateway = self._gateway
        place = app.place
        assert place is not None, "only ready apps are asked"
        gone: list[AppGone] = []
        is_misframed = False
        async with anyio.create_task_group() as group:

            async def until_stopped() -> None:
                await gateway.stopping.wait()
                group.cancel_scope.cancel()

            async def until_revoked() -> None:
                await gateway.visits.wait_revoked(claims)
                group.cancel_scope.cancel()

            group.start_soon(until_stopped)
            group.start_soon(until_revoked)
            try:
                await exchange.pass_on(gateway.transports.of(app, place), place)
            except* AppGone as exc:
                gone.extend(found for found in exc.exceptions if isinstance(found, AppGone))
            except* Misframed:
                is_misframed = True
            group.cancel_scope.cancel()
        if is_misframed:
            raise InvalidRequest("bad_request", "The body is not as long as the request says.")
        # Between its last answer and the end of its run an app looks like one that starts.
        return pages.starting(scope, app.job_ref) if gone or not exchange.has_begun else None

    async def _visitor(self, run_id: str, app: App | None, scope: Scope) -> Claims:
        """Raises: NotAuthenticated, in the same words whether there is such an app or not."""
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        visits = self._gateway.visits
        if scheme.lower() == "bearer" and token.count(".") == 2:
            if app is None:
                raise _NOBODY
            return await visits.of_bearer(token.strip(), app)
        cookie = find_cookie(scope["headers"], cookie_name(is_secure=self._gateway.hosts.is_secure))
        if cookie is None:
            raise refused(token) if is_api_key(token) else _NOBODY
        return visits.of_cookie(cookie, run_id)

    def _enter(self, run_id: str, scope: Scope) -> Response:
        ticket = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
        value = self._gateway.visits.spend_ticket(ticket[:128], run_id)
        headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
        answer = RedirectResponse("/", status_code=303, headers=headers)
        is_secure = self._gateway.hosts.is_secure
        answer.set_cookie(
            cookie_name(is_secure=is_secure), value, max_age=COOKIE_SECONDS, path="/", secure=is_secure,
            httponly=True, samesite="lax",
        )  # fmt: skip
        return answer


def _check_origin(scope: Scope) -> None:
    """A page of another origin opens no WebSocket and sends nothing. Raises: NotAllowed."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or (scope["type"] == "http" and scope["method"] in _SAFE):
        return
    if origin.partition("://")[2].lower() != headers.get("host", "").lower():
        raise NotAllowed("foreign_origin", "A page of another origin may not do this.")
