"""Users, and the one-use links by which somebody chooses a first password.

A workspace key is a user too, of kind `service_account`: it has memberships and can be named as the maker of things.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, bindparam, func, insert, select, update

from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Moment, identifier

users = Table(
    "users",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200)),
    Column("kind", String(16), nullable=False),
    Column("password_hash", String(256)),
    Column("is_administrator", Boolean, nullable=False),
    Column("is_vouched", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

sign_up_links = Table(
    "sign_up_links",
    metadata,
    Column("link_hash", String(64), primary_key=True),
    Column("user_id", identifier(), ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("spent_at", Moment),
)

_USER = select(users).where(users.c.id == bindparam("user"))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`kind` is `human`, `managed` or `service_account`; `email` is lower case.

    `is_vouched`: an administrator says that the address is this person's. An account that came by an invite may be
    of whoever held the link.
    """

    id: str
    email: str
    name: str | None
    kind: str
    password_hash: str | None
    is_administrator: bool
    is_vouched: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpLink:
    link_hash: str
    user_id: str
    created_at: datetime
    expires_at: datetime
    spent_at: datetime | None


async def add_user(connection: Connection, user: User) -> None:
    """Raises AlreadyThere, at the end of the transaction, when the e-mail is taken."""
    await connection.execute(insert(users).values(
        id=user.id, email=user.email, name=user.name, kind=user.kind, password_hash=user.password_hash,
        is_administrator=user.is_administrator, is_vouched=user.is_vouched,
        created_at=user.created_at, updated_at=user.updated_at,
    ))  # fmt: skip


async def find_user(connection: Connection, user_id: str) -> User | None:
    row = (await connection.execute(_USER, {"user": user_id})).mappings().first()
    return User(**row) if row else None


async def find_user_by_email(connection: Connection, email: str) -> User | None:
    """`email` in lower case."""
    row = (await connection.execute(select(users).where(users.c.email == email))).mappings().first()
    return User(**row) if row else None


async def find_first_administrator(connection: Connection) -> User | None:
    """The owner of the home: the administrator who was there first."""
    query = select(users).where(users.c.is_administrator).order_by(users.c.created_at, users.c.id).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return User(**row) if row else None


async def list_humans(connection: Connection, bounds: Bounds) -> Listed[User]:
    """One page by e-mail."""
    human = users.c.kind == "human"
    total = (await connection.execute(select(func.count()).select_from(users).where(human))).scalar_one()
    rows, last = await read_page(connection, select(users).where(human), [Key(users.c.email)], bounds)
    return Listed([User(**row) for row in rows], total, last)


async def set_password(connection: Connection, user_id: str, password_hash: str, now: datetime) -> None:
    """By a link that an administrator gave, who so vouches for the address."""
    values = {"password_hash": password_hash, "is_vouched": True, "updated_at": now}
    await connection.execute(update(users).where(users.c.id == user_id).values(**values))


async def add_sign_up_link(connection: Connection, link: SignUpLink) -> None:
    await connection.execute(insert(sign_up_links).values(
        link_hash=link.link_hash, user_id=link.user_id, created_at=link.created_at, expires_at=link.expires_at,
        spent_at=link.spent_at,
    ))  # fmt: skip


async def find_sign_up_link(connection: Connection, link_hash: str) -> SignUpLink | None:
    query = select(sign_up_links).where(sign_up_links.c.link_hash == link_hash)
    row = (await connection.execute(query)).mappings().first()
    return SignUpLink(**row) if row else None


async def spend_sign_up_link(connection: Connection, link_hash: str, now: datetime) -> bool:
    """True for the one caller that spends it."""
    query = update(sign_up_links).where(sign_up_links.c.link_hash == link_hash, sign_up_links.c.spent_at.is_(None))
    return (await connection.execute(query.values(spent_at=now))).rowcount == 1
