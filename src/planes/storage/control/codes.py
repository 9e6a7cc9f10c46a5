"""Sign-ins under way: device codes, and authorizations by a browser on the user's own machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, String, Table, delete, insert, select, update

from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.types import Moment, identifier

device_codes = Table(
    "device_codes",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("device_hash", String(64), nullable=False, unique=True),
    Column("user_code_hash", String(64), nullable=False, unique=True),
    # pending, approved, refused or redeemed
    Column("state", String(16), nullable=False),
    Column("user_id", identifier(), ForeignKey("users.id")),
    Column("requester_address", String(64), nullable=False),
    Column("client", String(120), nullable=False),
    Column("failed_tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("polled_at", Moment),
)

authorizations = Table(
    "authorizations",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("request_hash", String(64), nullable=False, unique=True),
    Column("redirect_uri", String(512), nullable=False),
    Column("code_challenge", String(43), nullable=False),
    Column("client_state", String(512), nullable=False),
    # pending, approved, refused or redeemed
    Column("state", String(16), nullable=False),
    Column("user_id", identifier(), ForeignKey("users.id")),
    Column("requester_address", String(64), nullable=False),
    Column("client", String(120), nullable=False),
    Column("failed_tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("code_hash", String(64), unique=True),
    Column("code_expires_at", Moment),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    id: str
    device_hash: str
    user_code_hash: str
    state: str
    user_id: str | None
    requester_address: str
    client: str
    failed_tries: int
    created_at: datetime
    expires_at: datetime
    polled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    id: str
    request_hash: str
    redirect_uri: str
    code_challenge: str
    client_state: str
    state: str
    user_id: str | None
    requester_address: str
    client: str
    failed_tries: int
    created_at: datetime
    expires_at: datetime
    code_hash: str | None
    code_expires_at: datetime | None


async def add_device_code(connection: Connection, code: DeviceCode) -> None:
    await connection.execute(insert(device_codes).values(
        id=code.id, device_hash=code.device_hash, user_code_hash=code.user_code_hash, state=code.state,
        requester_address=code.requester_address, client=code.client, failed_tries=code.failed_tries,
        created_at=code.created_at, expires_at=code.expires_at,
    ))  # fmt: skip


async def find_device_code(connection: Connection, **by: str) -> DeviceCode | None:
    """By `id`, `device_hash` or `user_code_hash`."""
    conditions = [device_codes.c[name] == value for name, value in by.items()]
    row = (await connection.execute(select(device_codes).where(*conditions))).mappings().first()
    return DeviceCode(**row) if row else None


async def list_pending_device_codes(connection: Connection, now: datetime) -> Sequence[DeviceCode]:
    """Newest first, at most a hundred."""
    query = (
        select(device_codes)
        .where(device_codes.c.state == "pending", device_codes.c.expires_at > now)
        .order_by(device_codes.c.created_at.desc())
        .limit(100)
    )
    return [DeviceCode(**row) for row in (await connection.execute(query)).mappings()]


async def move_device_code(connection: Connection, code_id: str, *, expected: str, values: dict[str, Any]) -> bool:
    """Changes a code that is in state `expected`; True when it was."""
    query = update(device_codes).where(device_codes.c.id == code_id, device_codes.c.state == expected)
    return (await connection.execute(query.values(**values))).rowcount == 1


async def add_authorization(connection: Connection, authorization: Authorization) -> None:
    await connection.execute(insert(authorizations).values(
        id=authorization.id, request_hash=authorization.request_hash, redirect_uri=authorization.redirect_uri,
        code_challenge=authorization.code_challenge, client_state=authorization.client_state,
        state=authorization.state, requester_address=authorization.requester_address, client=authorization.client,
        failed_tries=authorization.failed_tries, created_at=authorization.created_at,
        expires_at=authorization.expires_at,
    ))  # fmt: skip


async def find_authorization(connection: Connection, **by: str) -> Authorization | None:
    """By `id`, `request_hash` or `code_hash`."""
    conditions = [authorizations.c[name] == value for name, value in by.items()]
    row = (await connection.execute(select(authorizations).where(*conditions))).mappings().first()
    return Authorization(**row) if row else None


async def move_authorization(
    connection: Connection, authorization_id: str, *, expected: str, values: dict[str, Any]
) -> bool:
    """Changes an authorization that is in state `expected`; True when it was."""
    query = update(authorizations).where(authorizations.c.id == authorization_id, authorizations.c.state == expected)
    return (await connection.execute(query.values(**values))).rowcount == 1


async def forget_old_codes(connection: Connection, before: datetime) -> None:
    """Drops sign-ins that ran out before this moment."""
    await connection.execute(delete(device_codes).where(device_codes.c.expires_at < before))
    await connection.execute(delete(authorizations).where(authorizations.c.expires_at < before))
