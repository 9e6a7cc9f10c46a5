"""Signing in by a browser of this machine: the code comes back to a port here, good with a verifier alone.

Contract: 2.3. What arrives without the state that was sent is answered, and is nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlsplit

import anyio
from anyio.abc import ByteStream, SocketAttribute

from dlthub_tui.client.errors import ClientError, UnexpectedAnswer
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.sessions import TokenPair, parse_pair
from dlthub_tui.client.transport import Transport

_PATH = "/auth/v1/sessions"
_CALLBACK = "/callback"
_WAITS_SECONDS = 300.0  # as long as the plane keeps what it was asked
_REQUEST_SECONDS = 10.0
_REQUEST_BYTES = 16_384
_HEADERS = "content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
# Who hangs up, and what is no address.
_NO_REQUEST = (anyio.BrokenResourceError, anyio.EndOfStream, ValueError)


class NotApproved(ClientError):
    """The browser came back without a code, or did not come back."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "{open.web} opens the browser again; the code works, too.")


async def sign_in_by_browser(plane: Transport, opens: Callable[[str], Awaitable[bool]]) -> TokenPair | None:
    """The session of whoever approves in the browser; None where there is no such page, or `opens` opened nothing.

    Raises: NotApproved.
    """
    verifier, state = token_urlsafe(64), token_urlsafe(24)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {"code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "state": state}
    async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0) as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - of a socket, not of a query
        asked["redirect_uri"] = f"http://127.0.0.1:{port}{_CALLBACK}"
        try:
            answer = Fields(await plane.post(f"{_PATH}/-issue-authorization-url", asked), "sign-in")
        except ClientError:
            return None  # the code is there for that
        address = answer.text("authorization_url")
        if urlsplit(address).scheme not in {"http", "https"}:
            raise UnexpectedAnswer("an address that is no web page")
        came = Callback(state)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, came.take)
            tasks.start_soon(came.open, opens, address)  # a browser may not return before it is closed
            with anyio.move_on_after(_WAITS_SECONDS):
                await came.answered.wait()
            tasks.cancel_scope.cancel()
    if not came.is_opened:
        return None
    if came.code is None:
        raise NotApproved("The browser did not come back." if came.error is None else "The browser says no.")
    return parse_pair(
        await plane.post(f"{_PATH}/-redeem-authorization-code", {"code": came.code, "code_verifier": verifier})
    )


class Callback:
    """What a browser brings. `answered` is set once it has its page, or none could be opened."""

    def __init__(self, state: str) -> None:
        self._state = state
        self.is_opened = True
        self.code: str | None = None
        self.error: str | None = None
        self.answered = anyio.Event()

    async def open(self, opens: Callable[[str], Awaitable[bool]], address: str) -> None:
        """Opens the page to sign in at."""
        if not await opens(address):
            self.is_opened = False
            self.answered.set()

    async def take(self, stream: ByteStream) -> None:
        """One connection. Nothing that it sends, or does not send, ends the wait for another one."""
        async with stream:
            with anyio.move_on_after(_REQUEST_SECONDS), suppress(*_NO_REQUEST):
                received = b""
                while b"\r\n\r\n" not in received and len(received) < _REQUEST_BYTES:
                    received += await stream.receive()
                is_ours, said = self._read(received)
                status = "200 OK" if is_ours else "404 Not Found"
                try:
                    await stream.send(f"HTTP/1.1 {status}\r\n{_HEADERS}{said}\n".encode())
                finally:
                    if is_ours:
                        self.answered.set()

    def _read(self, received: bytes) -> tuple[bool, str]:
        """Whether it is the answer that is waited for, and what the browser shows."""
        method, _, rest = received.decode("latin-1").partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        is_ours = (method, target.path) == ("GET", _CALLBACK) and query.get("state") == self._state
        if not is_ours or self.answered.is_set():
            return False, "This is no answer to a sign-in that waits here."
        self.code, self.error = query.get("code"), query.get("error")
        if self.code is None:
            return True, "Nobody was signed in. Go back to the terminal."
        return True, "You are signed in. Go back to the terminal; this page can be closed."
