"""Invites that wait to be accepted. One that was accepted or revoked is gone; the audit log keeps that it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from planes.storage.control.connection import Connection
from planes.storage.control.identity import users
from planes.storage.control.metadata import metadata
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Moment, identifier

invites = Table(
    "invites",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False),
    Column("email", String(254), nullable=False),
    Column("role", String(16), nullable=False),
    Column("link_hash", String(64), nullable=False, unique=True),
    Column("invited_by", identifier(), ForeignKey("users.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    UniqueConstraint("organization_id", "email", name="uq_invites_email"),
)

invite_workspaces = Table(
    "invite_workspaces",
    metadata,
    Column("invite_id", identifier(), ForeignKey("invites.id"), primary_key=True),
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), primary_key=True),
    Column("role", String(16), nullable=False),
)

_with_inviter = select(
    *(invites.c[name] for name in ("id", "organization_id", "email", "role", "invited_by", "created_at", "expires_at")),
    users.c.email.label("invited_by_email"),
).select_from(invites.join(users, users.c.id == invites.c.invited_by))


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """`email` in lower case; `workspaces` are ids with the roles that are given there."""

    id: str
    organization_id: str
    email: str
    role: str
    invited_by: str
    invited_by_email: str
    created_at: datetime
    expires_at: datetime
    workspaces: Mapping[str, str]


async def add_invite(connection: Connection, invite: Invite, link_hash: str) -> None:
    await connection.execute(insert(invites).values(
        id=invite.id, organization_id=invite.organization_id, email=invite.email, role=invite.role,
        link_hash=link_hash, invited_by=invite.invited_by, created_at=invite.created_at, expires_at=invite.expires_at,
    ))  # fmt: skip
    for workspace_id, role in invite.workspaces.items():
        values = {"invite_id": invite.id, "workspace_id": workspace_id, "role": role}
        await connection.execute(insert(invite_workspaces).values(**values))


async def find_invite(connection: Connection, organization_id: str, invite_id: str) -> Invite | None:
    return await _find(connection, invites.c.id == invite_id, invites.c.organization_id == organization_id)


async def find_invite_of(connection: Connection, organization_id: str, email: str) -> Invite | None:
    """The one of this address in this organization, also when it has run out."""
    return await _find(connection, invites.c.email == email, invites.c.organization_id == organization_id)


async def find_invite_by_link(connection: Connection, link_hash: str) -> Invite | None:
    """Also one that has run out."""
    return await _find(connection, invites.c.link_hash == link_hash)


async def list_invites(
    connection: Connection, organization_id: str, bounds: Bounds, workspace_id: str | None = None
) -> Listed[Invite]:
    """One page by e-mail, with those that have run out; of one workspace: collaborators of it alone."""
    mine = invites.c.organization_id == organization_id
    if workspace_id is not None:
        places = select(invite_workspaces.c.invite_id)
        here, there = (
            places.where(invite_workspaces.c.workspace_id == workspace_id),
            places.where(invite_workspaces.c.workspace_id != workspace_id),
        )
        mine &= (invites.c.role == "collaborator") & invites.c.id.in_(here) & invites.c.id.not_in(there)
    total = await _count(connection, mine)
    rows, last = await read_page(connection, _with_inviter.where(mine), [Key(invites.c.email)], bounds)
    return Listed(await _whole(connection, rows), total, last)


async def count_invites(connection: Connection, organization_id: str) -> int:
    return await _count(connection, invites.c.organization_id == organization_id)


async def list_invites_by(connection: Connection, organization_id: str, user_id: str) -> list[Invite]:
    """What this person invited to the organization."""
    mine = (invites.c.organization_id == organization_id) & (invites.c.invited_by == user_id)
    return await _whole(connection, list((await connection.execute(_with_inviter.where(mine))).mappings()))


async def renew_invite(connection: Connection, invite: Invite, link_hash: str) -> None:
    """Another link in place of the old one, with `expires_at` and `invited_by` of `invite`."""
    values = {"link_hash": link_hash, "expires_at": invite.expires_at, "invited_by": invite.invited_by}
    await connection.execute(update(invites).where(invites.c.id == invite.id).values(**values))


async def remove_invite(connection: Connection, invite_id: str) -> bool:
    """True for the one caller that removes it."""
    await connection.execute(delete(invite_workspaces).where(invite_workspaces.c.invite_id == invite_id))
    return (await connection.execute(delete(invites).where(invites.c.id == invite_id))).rowcount == 1


async def forget_invites(connection: Connection, before: datetime) -> None:
    """Removes those that ran out before this."""
    old = select(invites.c.id).where(invites.c.expires_at < before)
    await connection.execute(delete(invite_workspaces).where(invite_workspaces.c.invite_id.in_(old)))
    await connection.execute(delete(invites).where(invites.c.expires_at < before))


async def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return (await connection.execute(select(func.count()).select_from(invites).where(condition))).scalar_one()


async def _find(connection: Connection, *conditions: ColumnElement[bool]) -> Invite | None:
    found = list((await connection.execute(_with_inviter.where(*conditions))).mappings())
    return next(iter(await _whole(connection, found)), None)


async def _whole(connection: Connection, rows: Any) -> list[Invite]:
    places: dict[str, dict[str, str]] = {row["id"]: {} for row in rows}
    query = select(invite_workspaces).where(invite_workspaces.c.invite_id.in_(list(places)))
    for place in (await connection.execute(query)).mappings():
        places[place["invite_id"]][place["workspace_id"]] = place["role"]
    return [Invite(**row, workspaces=places[row["id"]]) for row in rows]
