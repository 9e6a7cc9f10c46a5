"""Sign-in by a browser on the user's own machine: authorization code with PKCE to a loopback address (Contract: 2.3).

issue URL ──► page: password ──approve──► code (60 s, once) ──► redeem with the verifier
                     └─refuse, or five wrong passwords──► refused
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from planes.control_plane.services import audit
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.sessions import SignedIn, start_session
from planes.control_plane.services.parts import Parts
from planes.domain.errors import InvalidRequest, NotFound, Reason
from planes.domain.identifiers import new_id
from planes.storage.control import codes as stored
from planes.storage.control import identity
from planes.storage.control.codes import Authorization
from planes.storage.control.connection import Connection
from planes.tokens.opaque import hash_secret, new_secret, same_secret

LIFETIME = timedelta(minutes=5)
CODE_LIFETIME = timedelta(seconds=60)
_TRIES = 5
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks for; `redirect_uri` must be an address of its own machine."""

    redirect_uri: str
    code_challenge: str
    state: str
    address: str
    client: str


async def issue_url(parts: Parts, request: AuthorizationRequest) -> str:
    """The address to open in the browser.

    Raises: InvalidRequest when the redirect leaves the machine; TooManyRequests.
    """
    _check_redirect(request.redirect_uri)
    parts.starts.check(request.address)
    parts.starts.count(request.address)
    now = parts.clock.now()
    secret = new_secret()
    async with parts.database.transaction() as connection:
        await stored.add_authorization(connection, Authorization(
            id=new_id(), request_hash=hash_secret(secret), redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge, client_state=request.state, state="pending", user_id=None,
            requester_address=request.address, client=request.client, failed_tries=0, created_at=now,
            expires_at=now + LIFETIME, code_hash=None, code_expires_at=None,
        ))  # fmt: skip
    return f"{parts.public_url}/authorize?{urlencode({'request': secret})}"


async def get_pending(parts: Parts, request_secret: str) -> Authorization:
    """The sign-in that a page is about.

    Raises: NotFound.
    """
    async with parts.database.reading() as connection:
        found = await stored.find_authorization(connection, request_hash=hash_secret(request_secret))
    if found is None or found.state != "pending" or found.expires_at <= parts.clock.now():
        raise _not_pending()
    return found


async def approve(parts: Parts, authorization: Authorization, user_id: str) -> str:
    """Where the browser goes next: the client's own address, with the code.

    Raises: NotFound when it is no longer pending.
    """
    now = parts.clock.now()
    code = new_secret()
    values = {
        "state": "approved",
        "user_id": user_id,
        "code_hash": hash_secret(code),
        "code_expires_at": now + CODE_LIFETIME,
    }
    async with parts.database.transaction() as connection:
        if not await stored.move_authorization(connection, authorization.id, expected="pending", values=values):
            raise _not_pending()
        event = Record(action="authorization_approved", subject=authorization.id, facts={"user_id": user_id})
        await audit.record(connection, Actor(user_id=user_id), now, event)
    return _redirect(authorization, {"code": code})


async def refuse(parts: Parts, authorization: Authorization) -> str:
    """Where the browser goes next: the client's own address, with the error."""
    async with parts.database.transaction() as connection:
        values = {"state": "refused"}
        await stored.move_authorization(connection, authorization.id, expected="pending", values=values)
    return _redirect(authorization, {"error": "access_denied"})


async def count_wrong_password(parts: Parts, authorization: Authorization) -> None:
    """One try less: the fifth refuses the sign-in."""
    async with parts.database.transaction() as connection:
        current = await stored.find_authorization(connection, id=authorization.id)
        if current is None:
            return
        tries = current.failed_tries + 1
        values = {"failed_tries": tries, "state": "refused" if tries >= _TRIES else "pending"}
        await stored.move_authorization(connection, authorization.id, expected="pending", values=values)


async def redeem(parts: Parts, code: str, code_verifier: str) -> SignedIn:
    """The session. A code is spent by the first try, right or wrong.

    Raises: InvalidRequest.
    """
    async with parts.database.transaction() as connection:
        signed_in = await _redeem(connection, parts, code, code_verifier)
    if signed_in is None:
        raise InvalidRequest("invalid_grant", "The code is unknown, has run out or was used, or the verifier is wrong.")
    return signed_in


async def _redeem(connection: Connection, parts: Parts, code: str, code_verifier: str) -> SignedIn | None:
    found = await stored.find_authorization(connection, code_hash=hash_secret(code))
    if found is None or found.code_expires_at is None or found.code_expires_at <= parts.clock.now():
        return None
    if not await stored.move_authorization(connection, found.id, expected="approved", values={"state": "redeemed"}):
        return None
    digest = hashlib.sha256(code_verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    user = await identity.find_user(connection, found.user_id or "")
    if user is None or not same_secret(challenge, found.code_challenge):
        return None
    return await start_session(connection, parts, user, "authorization_code")


def _check_redirect(redirect_uri: str) -> None:
    try:
        parts = urlsplit(redirect_uri)
        is_ours = parts.scheme == "http" and parts.hostname in _LOOPBACK and bool(parts.port)
    except ValueError:
        is_ours, parts = False, urlsplit("")
    is_plain = redirect_uri.isascii() and redirect_uri.isprintable() and " " not in redirect_uri
    if not is_ours or not is_plain or "@" in parts.netloc or parts.fragment or "\\" in redirect_uri:
        reason = Reason(key="redirect_uri", message="must be http, at a port of the loopback address")
        raise InvalidRequest("invalid_request", "The redirect must stay on the user's machine.", (reason,))


def _redirect(authorization: Authorization, answer: dict[str, str]) -> str:
    separator = "&" if urlsplit(authorization.redirect_uri).query else "?"
    return f"{authorization.redirect_uri}{separator}{urlencode(answer | {'state': authorization.client_state})}"


def _not_pending() -> NotFound:
    return NotFound("sign_in_not_found", "This sign-in has run out or was decided. Start it again in your terminal.")
