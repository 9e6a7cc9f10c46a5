"""Sessions: starting, refreshing, swapping, ending (Contract: 2.4).

start ──► refresh token A ──refresh──► B ──refresh──► C …        one family, one session
                │
                └─ again within 10 s: the same B and the same JWT (racing callers)
                   again later: somebody else has it; the family is revoked
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from planes.control_plane.services import audit, revocations
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.tokens import mint_session
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.domain.errors import NotAuthenticated, NotFound
from planes.domain.identifiers import new_id
from planes.storage.control import identity
from planes.storage.control import sessions as stored
from planes.storage.control.connection import Connection
from planes.storage.control.identity import User
from planes.storage.control.sessions import LiveSession, RefreshToken, Session
from planes.tokens.opaque import derive_secret, hash_secret, new_secret
from planes.wire.link import RevokedClaim

GRACE = timedelta(seconds=10)
SWAP_CODE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session as its client gets it."""

    user: User
    session_id: str
    jwt: str
    refresh_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    jwt: str
    refresh_token: str


class _Refusal(Enum):
    UNUSABLE = auto()
    REUSED = auto()


async def start_session(connection: Connection, parts: Parts, user: User, method: str) -> SignedIn:
    """A new session for a user who has just proved who they are, by `method`."""
    now = parts.clock.now()
    session = Session(
        id=new_id(), user_id=user.id, method=method, created_at=now, revoked_at=None, revoked_because=None
    )
    refresh_token = new_secret()
    await stored.add_session(connection, session)
    await _add_refresh_token(connection, parts, session.id, refresh_token, now)
    actor = Actor(user_id=user.id, session_id=session.id)
    await audit.record(
        connection, actor, now, Record(action="session_started", subject=session.id, facts={"method": method})
    )
    jwt = mint_session(parts, user, session.id, issued_at=now, token_id=new_id())
    return SignedIn(user=user, session_id=session.id, jwt=jwt, refresh_token=refresh_token)


async def refresh(parts: Parts, refresh_token: str) -> TokenPair:
    """The next pair. Callers that race with one token get one pair; what they wait for their turn does not count.

    Raises: NotAuthenticated when the token is unknown, has run out, was revoked, or was used before.
    """
    token_hash = hash_secret(refresh_token)
    asked_at = parts.clock.now()
    async with parts.database.transaction() as connection:
        await parts.database.lock(connection, f"refresh:{token_hash}")
        outcome = await _next_pair(connection, parts, refresh_token, asked_at)
    if isinstance(outcome, TokenPair):
        return outcome
    # After the commit: a family that was revoked for reuse stays revoked.
    if outcome is _Refusal.REUSED:
        parts.news.tell_all()
    raise _rejected()


async def issue_swap_code(parts: Parts, refresh_token: str) -> str:
    """A code that signs the holder's browser in once, within a minute.

    Raises: NotAuthenticated.
    """
    now = parts.clock.now()
    code = new_secret()
    async with parts.database.transaction() as connection:
        token = await stored.find_refresh_token(connection, hash_secret(refresh_token))
        session = await stored.find_session(connection, token.session_id) if token else None
        is_usable = token is not None and token.expires_at > now and _within_grace(token, now)
        if session is None or session.revoked_at is not None or not is_usable:
            raise _rejected()
        expires_at = now + timedelta(seconds=SWAP_CODE_SECONDS)
        await stored.add_swap_code(connection, hash_secret(code), session.id, now=now, expires_at=expires_at)
    return code


async def end_session(parts: Parts, refresh_token: str) -> None:
    """Revokes the session of a refresh token, and every token minted in it. An unknown one is ended already."""
    async with parts.database.transaction() as connection:
        token = await stored.find_refresh_token(connection, hash_secret(refresh_token))
        if token is not None:
            await revoke_session(connection, parts, token.session_id, "signed_out")
    parts.news.tell_all()


async def list_sessions(parts: Parts, principal: Principal) -> Sequence[LiveSession]:
    """The caller's own sessions that go on."""
    async with parts.database.reading() as connection:
        return await stored.list_live_sessions(connection, principal.user_id, parts.clock.now())


async def end_own_session(parts: Parts, principal: Principal, session_id: str) -> None:
    """Signs the caller out there: its tokens are refused at once. An ended one is ended already.

    Raises: NotFound for a session of somebody else, or none.
    """
    async with parts.database.transaction() as connection:
        session = await stored.find_session(connection, session_id)
        if session is None or session.user_id != principal.user_id:
            raise NotFound("session_not_found", "You have no such session.")
        await revoke_session(connection, parts, session_id, "signed_out")
    parts.news.tell_all()


async def _next_pair(connection: Connection, parts: Parts, secret: str, asked_at: datetime) -> TokenPair | _Refusal:
    now, token_hash = parts.clock.now(), hash_secret(secret)
    token = await stored.find_refresh_token(connection, token_hash)
    session = await stored.find_session(connection, token.session_id) if token else None
    user = await identity.find_user(connection, session.user_id) if session else None
    if token is None or session is None or user is None or session.revoked_at is not None or token.expires_at <= now:
        return _Refusal.UNUSABLE
    successor = derive_secret(parts.secret_key, "refresh", secret)
    if token.spent_at is None:
        await stored.spend_refresh_token(connection, token_hash, now)
        await _add_refresh_token(connection, parts, session.id, successor, now)
    elif not _within_grace(token, asked_at):
        await revoke_session(connection, parts, session.id, "refresh_token_reused")
        return _Refusal.REUSED
    # Both follow from what is stored, so every caller within the grace gets the same bytes.
    token_id = hash_secret(f"jti:{successor}")[:32]
    jwt = mint_session(parts, user, session.id, issued_at=token.spent_at or now, token_id=token_id)
    return TokenPair(jwt=jwt, refresh_token=successor)


async def revoke_session(connection: Connection, parts: Parts, session_id: str, because: str) -> None:
    """Every token that was minted in it is refused, once `news` is told after the commit. May run twice."""
    now = parts.clock.now()
    session = await stored.find_session(connection, session_id)
    if session is None or not await stored.revoke_session(connection, session_id, because, now):
        return
    await revocations.revoke(connection, RevokedClaim.SESSION, session_id, now)
    actor = Actor(user_id=session.user_id, session_id=session_id)
    await audit.record(
        connection, actor, now, Record(action="session_revoked", subject=session_id, facts={"because": because})
    )


async def _add_refresh_token(connection: Connection, parts: Parts, session_id: str, secret: str, now: datetime) -> None:
    expires_at = now + timedelta(seconds=parts.refresh_seconds)
    await stored.add_refresh_token(connection, RefreshToken(
        token_hash=hash_secret(secret), session_id=session_id, created_at=now, expires_at=expires_at, spent_at=None
    ))  # fmt: skip


def _within_grace(token: RefreshToken, now: datetime) -> bool:
    return token.spent_at is None or now - token.spent_at <= GRACE


def _rejected() -> NotAuthenticated:
    return NotAuthenticated("refresh_token_rejected", "This session has ended. Sign in again.")
