"""Sessions (each a family of refresh tokens), and swap codes. All secrets are SHA-256 hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Table, delete, exists, func, insert, or_, select, update

from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.types import Moment, identifier

_MOST_LISTED = 1000

sessions = Table(
    "sessions",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("user_id", identifier(), ForeignKey("users.id"), nullable=False, index=True),
    # How the person signed in: device_code, authorization_code, local, local_root.
    Column("method", String(24), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_because", String(24)),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("session_id", identifier(), ForeignKey("sessions.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("spent_at", Moment),
)

swap_codes = Table(
    "swap_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("session_id", identifier(), ForeignKey("sessions.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("spent_at", Moment),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    user_id: str
    method: str
    created_at: datetime
    revoked_at: datetime | None
    revoked_because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """A session that goes on; it ends at `expires_at` unless it is refreshed before."""

    id: str
    method: str
    created_at: datetime
    last_refreshed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    token_hash: str
    session_id: str
    created_at: datetime
    expires_at: datetime
    spent_at: datetime | None


async def add_session(connection: Connection, session: Session) -> None:
    await connection.execute(insert(sessions).values(
        id=session.id, user_id=session.user_id, method=session.method, created_at=session.created_at,
        revoked_at=session.revoked_at, revoked_because=session.revoked_because,
    ))  # fmt: skip


async def find_session(connection: Connection, session_id: str) -> Session | None:
    row = (await connection.execute(select(sessions).where(sessions.c.id == session_id))).mappings().first()
    return Session(**row) if row else None


async def list_live_sessions(connection: Connection, user_id: str, now: datetime) -> list[LiveSession]:
    """The user's sessions that can still be refreshed, the one used last first."""
    last = func.max(refresh_tokens.c.created_at).label("last_refreshed_at")
    end = func.max(refresh_tokens.c.expires_at).label("expires_at")
    query = (
        select(sessions.c.id, sessions.c.method, sessions.c.created_at, last, end)
        .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.id)
        .where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None), refresh_tokens.c.expires_at > now)
        .group_by(sessions.c.id, sessions.c.method, sessions.c.created_at)
        .order_by(last.desc(), sessions.c.id)
        .limit(_MOST_LISTED)
    )
    return [LiveSession(**row) for row in (await connection.execute(query)).mappings()]


async def revoke_session(connection: Connection, session_id: str, because: str, now: datetime) -> bool:
    """True when it was not revoked before."""
    query = update(sessions).where(sessions.c.id == session_id, sessions.c.revoked_at.is_(None))
    return (await connection.execute(query.values(revoked_at=now, revoked_because=because))).rowcount == 1


async def add_refresh_token(connection: Connection, token: RefreshToken) -> None:
    await connection.execute(insert(refresh_tokens).values(
        token_hash=token.token_hash, session_id=token.session_id, created_at=token.created_at,
        expires_at=token.expires_at, spent_at=token.spent_at,
    ))  # fmt: skip


async def find_refresh_token(connection: Connection, token_hash: str) -> RefreshToken | None:
    query = select(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash)
    row = (await connection.execute(query)).mappings().first()
    return RefreshToken(**row) if row else None


async def spend_refresh_token(connection: Connection, token_hash: str, now: datetime) -> None:
    query = update(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash)
    await connection.execute(query.values(spent_at=now))


async def add_swap_code(
    connection: Connection, code_hash: str, session_id: str, *, now: datetime, expires_at: datetime
) -> None:
    await connection.execute(insert(swap_codes).values(
        code_hash=code_hash, session_id=session_id, created_at=now, expires_at=expires_at
    ))  # fmt: skip


async def spend_swap_code(connection: Connection, code_hash: str, now: datetime) -> str | None:
    """The session of a valid code, for the one caller that spends it."""
    valid = (swap_codes.c.code_hash == code_hash) & swap_codes.c.spent_at.is_(None) & (swap_codes.c.expires_at > now)
    query = update(swap_codes).where(valid).values(spent_at=now).returning(swap_codes.c.session_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def forget_expired(connection: Connection, now: datetime) -> None:
    """Drops secrets that have run out, and sessions to which none is left: nothing can come of them any more.

    A spent refresh token stays until then: its reuse must be noticed.
    """
    await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at < now))
    await connection.execute(delete(swap_codes).where(swap_codes.c.expires_at < now))
    left = [exists().where(table.c.session_id == sessions.c.id) for table in (refresh_tokens, swap_codes)]
    await connection.execute(delete(sessions).where(sessions.c.created_at < now, ~or_(*left)))
