"""Who may see the terminal app in a browser: whoever had the one-time link, and nobody else (Security: 11).

Other users of the machine, and web pages that the owner's browser has open, can reach a loopback port too. So every
request needs our host name (a page of another site that was rebound to this address has its own), every page a cookie
that only the link gives, and a WebSocket also the page's own origin.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

TOKEN_BYTES = 32
COOKIE = "dlthub_tui_web"
TOKEN_FIELD = "token"  # noqa: S105 - the name of the field

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Styles are also set from the terminal's own script, hence 'unsafe-inline' for them; scripts never are.
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ENTERED = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><a href="/">dlthub-tui</a>'
)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """The links given out and the browsers let in, of one server.

    The host is a random name below localhost, since cookies ignore ports: what listens on another port of this machine
    would be sent a cookie of the host localhost.
    """

    def __init__(self, port: int) -> None:
        self.host = f"w-{secrets.token_hex(8)}.localhost:{port}"
        """What requests must name, with the port."""
        self.origin = f"http://{self.host}"
        self._token: bytes | None = None
        self._cookies: set[bytes] = set()

    def new_link(self) -> str:
        """A link that lets one browser in, once. A link before it that nobody used is void."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._token = _digest(token)
        return f"{self.origin}/?{TOKEN_FIELD}={token}"

    @web.middleware
    async def check(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Passes on what is allowed. Answers 421 for another host, 403 for all else that is not."""
        if request.headers.getall("Host", []) != [self.host]:
            return _refusal(421, "This address is not the one of the link.")
        if request.method == "GET" and request.path == "/" and TOKEN_FIELD in request.query:
            return self._let_in(request)
        if not self._is_in(request.cookies.get(COOKIE, "")):
            return _refusal(403, "Only the link that dlthub-tui web printed opens this page.")
        origins = request.headers.getall("Origin", [])
        if origins != [self.origin] and (origins or "Upgrade" in request.headers):
            return _refusal(403, "Only our own page may connect here.")
        return await handler(request)

    async def sign(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Puts on every answer what keeps it to this page: nothing stored, framed or loaded from elsewhere."""
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = _POLICY.format(host=self.host)
        # What serves, and in which version, is nobody's business.
        response.headers["Server"] = "dlthub-tui"

    def _let_in(self, request: web.Request) -> web.Response:
        given = _digest(request.query[TOKEN_FIELD])
        if self._token is None or not hmac.compare_digest(given, self._token):
            return _refusal(
                403, "This link was used already, or is not the last one. Press Enter where it was printed."
            )
        self._token = None
        cookie = secrets.token_urlsafe(TOKEN_BYTES)
        self._cookies.add(_digest(cookie))
        # A page that goes on, not a redirect: a strict cookie is not sent on one that began at another site, such as
        # a link in a web terminal.
        response = web.Response(text=_ENTERED, content_type="text/html")
        response.set_cookie(COOKIE, cookie, path="/", httponly=True, samesite="Strict")
        return response

    def _is_in(self, cookie: str) -> bool:
        given = _digest(cookie)
        return any(hmac.compare_digest(given, known) for known in self._cookies)


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode("utf-8", "surrogateescape")).digest()


def _refusal(status: int, sentence: str) -> web.Response:
    text = f'<!doctype html><meta charset="utf-8"><title>dlthub-tui</title><p>{html.escape(sentence)}</p>'
    return web.Response(status=status, text=text, content_type="text/html")
