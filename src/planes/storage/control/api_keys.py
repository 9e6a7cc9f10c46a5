"""API keys: personal ones, and those of a workspace, whose user is a service account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table, func, insert, select, update

from planes.storage.control.connection import Connection
from planes.storage.control.identity import users
from planes.storage.control.metadata import metadata
from planes.storage.control.workspaces import workspaces
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Moment, identifier

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    # Whom the key speaks for: a person, or the workspace key's own service account.
    Column("user_id", identifier(), ForeignKey("users.id"), nullable=False, index=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), index=True),
    Column("role", String(16)),
    Column("created_by", identifier(), ForeignKey("users.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """`workspace_id` and `role` are set for a workspace key only."""

    id: str
    key_hash: str
    name: str
    user_id: str
    workspace_id: str | None
    role: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key with whose it is: a person's address, or the name of the workspace that it belongs to."""

    key: ApiKey
    email: str | None
    workspace_name: str | None


async def add_api_key(connection: Connection, key: ApiKey) -> None:
    await connection.execute(insert(api_keys).values(
        id=key.id, key_hash=key.key_hash, name=key.name, user_id=key.user_id, workspace_id=key.workspace_id,
        role=key.role, created_by=key.created_by, created_at=key.created_at, expires_at=key.expires_at,
    ))  # fmt: skip


async def find_api_key(connection: Connection, **by: str) -> ApiKey | None:
    """By `id` or `key_hash`; revoked and expired ones too."""
    conditions = [api_keys.c[name] == value for name, value in by.items()]
    row = (await connection.execute(select(api_keys).where(*conditions))).mappings().first()
    return ApiKey(**row) if row else None


async def list_personal_keys(connection: Connection, user_id: str) -> Sequence[ApiKey]:
    """Keys that are not revoked, newest first."""
    return await _list(connection, (api_keys.c.user_id == user_id) & api_keys.c.workspace_id.is_(None))


async def list_workspace_keys(connection: Connection, workspace_id: str) -> Sequence[ApiKey]:
    """Keys that are not revoked, newest first."""
    return await _list(connection, api_keys.c.workspace_id == workspace_id)


async def list_all_keys(connection: Connection, bounds: Bounds, now: datetime) -> Listed[HeldKey]:
    """Everybody's that work, also those of workspaces; the one that ends first on top."""
    query = (
        select(api_keys, users.c.email.label("holder"), workspaces.c.name.label("workspace_name"))
        .join(users, users.c.id == api_keys.c.user_id)
        .join(workspaces, workspaces.c.id == api_keys.c.workspace_id, isouter=True)
        .where(api_keys.c.revoked_at.is_(None), api_keys.c.expires_at > now)
    )
    total = (await connection.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    rows, last = await read_page(connection, query, [Key(api_keys.c.expires_at), Key(api_keys.c.id)], bounds)
    return Listed([_held(dict(row)) for row in rows], total, last)


def _held(row: dict[str, Any]) -> HeldKey:
    holder, name = row.pop("holder"), row.pop("workspace_name")
    return HeldKey(key=ApiKey(**row), email=None if row["workspace_id"] else holder, workspace_name=name)


async def revoke_api_key(connection: Connection, key_id: str, now: datetime) -> bool:
    """True when it was not revoked before."""
    query = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    return (await connection.execute(query.values(revoked_at=now))).rowcount == 1


async def used_api_key(connection: Connection, key_id: str, now: datetime) -> None:
    await connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))


async def _list(connection: Connection, condition: object) -> Sequence[ApiKey]:
    query = select(api_keys).where(condition, api_keys.c.revoked_at.is_(None))  # pyright: ignore[reportArgumentType]
    rows = await connection.execute(query.order_by(api_keys.c.created_at.desc(), api_keys.c.id).limit(1000))
    return [ApiKey(**row) for row in rows.mappings()]
