"""Beginning and renewing a session (Contract: 2.3, 2.4), and by the home's socket (Security: 5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import anyio

from dlthub_tui.client.errors import ClientError, NotAllowed
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport

_PATH = "/auth/v1/sessions"
_OWN = "/own/v1/sessions"
_LEAVE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """A session: a token for an hour and the one that gets the next. `email` is empty after a refresh."""

    jwt: str
    refresh_token: str
    email: str = ""

    def __repr__(self) -> str:
        return f"TokenPair({self.email!r})"

    @property
    def issued_at(self) -> int:
        """When the token was given, in seconds since 1970; 0 where it does not say, as a key does not."""
        issued_at = self._claims().get("iat")
        return issued_at if isinstance(issued_at, int) else 0

    @property
    def user_id(self) -> str:
        """Whose it is; empty where it does not say."""
        return str(self._claims().get("sub", ""))

    def _claims(self) -> dict[str, Any]:
        """What the token says. It is read, not trusted: the plane that gave it checks it."""
        try:
            claims = self.jwt.split(".")[1]
            said: Any = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        except (IndexError, ValueError):
            return {}
        return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What the user types elsewhere."""

    device_code: str
    user_code: str
    verification_uri: str
    interval_seconds: int


class Pending(Exception):
    """Nobody has approved yet. `slow_down` asks for longer pauses."""

    def __init__(self, *, slow_down: bool) -> None:
        super().__init__("pending")
        self.slow_down = slow_down


async def issue_device_code(plane: Transport) -> DeviceCode:
    """Contract: 1.5 (1)."""
    fields = Fields(await plane.post(f"{_PATH}/-issue-device-code"), "device code")
    return DeviceCode(
        device_code=fields.text("device_code"),
        user_code=fields.text("user_code"),
        verification_uri=fields.text("verification_uri"),
        interval_seconds=fields.number("interval", 5),
    )


async def redeem_device_code(plane: Transport, device_code: str) -> TokenPair:
    """Contract: 1.5 (2). Raises: Pending while nobody has approved; Refused when the code has run out."""
    try:
        return parse_pair(await plane.post(f"{_PATH}/-redeem-device-code", {"device_code": device_code}))
    except NotAllowed as exc:
        raise Pending(slow_down="slow_down" in f"{exc.code} {exc.detail}") from exc


async def refresh(plane: Transport, refresh_token: str) -> TokenPair:
    """The next pair; the old refresh token is spent. Contract: 2.4."""
    return parse_pair(await plane.post(f"{_PATH}/-refresh", {"refresh_token": refresh_token}))


async def leave(plane: Transport, pair: TokenPair) -> bool:
    """Ends a session, also that of a command that was interrupted; says whether it did. Contract: 1.5 (7).

    Where the plane does not answer, the session runs out by itself.
    """
    with anyio.move_on_after(_LEAVE_SECONDS, shield=True), suppress(ClientError):
        await plane.post(f"{_PATH}/-revoke", {"refresh_token": pair.refresh_token})
        return True
    return False


async def _answered(plane: Transport, owner_key: str) -> dict[str, Any]:
    """A challenge and its answer: who can read the home's `owner.key` is the owner."""
    challenge = Fields(await plane.post(f"{_OWN}/-challenge"), "challenge").text("challenge")
    answer = hmac.new(owner_key.encode(), challenge.encode(), hashlib.sha256).hexdigest()
    return {"challenge": challenge, "answer": answer}


async def sign_in_locally(socket: Transport, owner_key: str) -> TokenPair:
    """Signs the home's owner in over its socket. Raises: Conflict when nobody owns the installation yet."""
    return parse_pair(await socket.post(f"{_OWN}/-local", await _answered(socket, owner_key)))


async def create_first_owner(socket: Transport, owner_key: str, email: str, password: str | None) -> TokenPair:
    """Creates the owner of an empty installation and signs them in."""
    body = await _answered(socket, owner_key) | {"email": email, "password": password}
    return parse_pair(await socket.post(f"{_OWN}/-first-owner", body))


def parse_pair(raw: Any) -> TokenPair:
    """A session, as each way to one answers it."""
    fields = Fields(raw, "session")
    return TokenPair(
        jwt=fields.text("jwt"), refresh_token=fields.text("refresh_token"), email=fields.maybe_text("email") or ""
    )
