"""Organizations and who belongs to them. A set `dataplane_id` is permanent: triggers of the migration see to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Select,
    String,
    Table,
    UniqueConstraint,
    bindparam,
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

organizations = Table(
    "organizations",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("description", String(4096)),
    Column("dataplane_id", String(16), ForeignKey("data_planes.id"), index=True),
    Column("personal_user_id", identifier(), ForeignKey("users.id"), unique=True),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

organization_memberships = Table(
    "organization_memberships",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("organization_id", identifier(), ForeignKey("organizations.id"), nullable=False),
    Column("user_id", identifier(), ForeignKey("users.id"), nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("organization_id", "user_id"),
)

# Made once: to write such a question anew takes as long as to ask it, and each request and each start asks them.
_MEMBERSHIPS = select(organization_memberships).where(
    organization_memberships.c.organization_id == bindparam("organization")
)
_MEMBERSHIP = _MEMBERSHIPS.where(organization_memberships.c.user_id == bindparam("user"))
_MEMBERSHIP_BY_ID = _MEMBERSHIPS.where(organization_memberships.c.id == bindparam("membership"))

_people = organization_memberships.join(users, users.c.id == organization_memberships.c.user_id)
_members = select(
    organization_memberships.c.id,
    organization_memberships.c.organization_id,
    organization_memberships.c.user_id,
    organization_memberships.c.role,
    organization_memberships.c.created_at,
    users.c.email,
    users.c.name,
    users.c.kind,
).select_from(_people)
_MEMBER = _members.where(
    organization_memberships.c.organization_id == bindparam("organization"),
    organization_memberships.c.id == bindparam("membership"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """`personal_user_id` names the person whose own organization this is."""

    id: str
    name: str
    description: str | None
    dataplane_id: str | None
    personal_user_id: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationMembership:
    id: str
    organization_id: str
    user_id: str
    role: str
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationMember:
    """A membership with the person's names."""

    id: str
    organization_id: str
    user_id: str
    role: str
    created_at: datetime
    email: str
    name: str | None
    kind: str


async def add_organization(connection: Connection, organization: Organization) -> None:
    await connection.execute(insert(organizations).values(
        id=organization.id, name=organization.name, description=organization.description,
        dataplane_id=organization.dataplane_id, personal_user_id=organization.personal_user_id,
        created_at=organization.created_at, updated_at=organization.updated_at,
    ))  # fmt: skip


async def find_organization(connection: Connection, organization_id: str) -> Organization | None:
    query = select(organizations).where(organizations.c.id == organization_id)
    row = (await connection.execute(query)).mappings().first()
    return Organization(**row) if row else None


async def find_personal_organization(connection: Connection, user_id: str) -> Organization | None:
    query = select(organizations).where(organizations.c.personal_user_id == user_id)
    row = (await connection.execute(query)).mappings().first()
    return Organization(**row) if row else None


async def count_by_dataplane(connection: Connection) -> dict[str, int]:
    """How many are locked to each data plane that has any."""
    place, number = organizations.c.dataplane_id, func.count().label("number")
    query = select(place, number).where(place.is_not(None)).group_by(place)
    return {row.dataplane_id: row.number for row in await connection.execute(query)}


async def set_dataplane(connection: Connection, organization_id: str, dataplane_id: str, now: datetime) -> bool:
    """True when the organization had none; a set one stays."""
    query = update(organizations).where(
        organizations.c.id == organization_id, organizations.c.dataplane_id.is_(None)
    )  # fmt: skip
    result = await connection.execute(query.values(dataplane_id=dataplane_id, updated_at=now))
    return result.rowcount == 1


async def list_organizations_of(
    connection: Connection, user_id: str, bounds: Bounds, order: tuple[tuple[str, bool], ...] = ()
) -> Listed[Organization]:
    """Where the user is an active member, oldest first unless `order` says otherwise."""
    belongs = (
        select(organization_memberships.c.organization_id)
        .where(organization_memberships.c.user_id == user_id, organization_memberships.c.is_active)
    )  # fmt: skip
    query = select(organizations).where(organizations.c.id.in_(belongs))
    return await _list(connection, query, bounds, order or (("created_at", False),))


async def list_all_organizations(connection: Connection, bounds: Bounds) -> Listed[Organization]:
    """Everybody's, by name."""
    return await _list(connection, select(organizations), bounds, (("name", False),))


async def _list(
    connection: Connection, query: Select[Any], bounds: Bounds, order: tuple[tuple[str, bool], ...]
) -> Listed[Organization]:
    total = (await connection.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    keys = [Key(organizations.c[key], descending) for key, descending in order]
    rows, last = await read_page(connection, query, [*keys, Key(organizations.c.id)], bounds)
    return Listed([Organization(**row) for row in rows], total, last)


async def add_membership(connection: Connection, membership: OrganizationMembership) -> None:
    await connection.execute(insert(organization_memberships).values(
        id=membership.id, organization_id=membership.organization_id, user_id=membership.user_id,
        role=membership.role, is_active=membership.is_active, created_at=membership.created_at,
        updated_at=membership.updated_at,
    ))  # fmt: skip


async def find_membership(connection: Connection, organization_id: str, user_id: str) -> OrganizationMembership | None:
    """Also one that is no longer active."""
    of_user = {"organization": organization_id, "user": user_id}
    row = (await connection.execute(_MEMBERSHIP, of_user)).mappings().first()
    return OrganizationMembership(**row) if row else None


async def find_membership_by_id(
    connection: Connection, organization_id: str, membership_id: str
) -> OrganizationMembership | None:
    """Also one that is no longer active."""
    by_id = {"organization": organization_id, "membership": membership_id}
    row = (await connection.execute(_MEMBERSHIP_BY_ID, by_id)).mappings().first()
    return OrganizationMembership(**row) if row else None


async def find_member(connection: Connection, organization_id: str, membership_id: str) -> OrganizationMember | None:
    """Also one that is no longer active."""
    by_id = {"organization": organization_id, "membership": membership_id}
    row = (await connection.execute(_MEMBER, by_id)).mappings().first()
    return OrganizationMember(**row) if row else None


async def list_memberships_of(
    connection: Connection, user_id: str
) -> Sequence[tuple[OrganizationMembership, Organization]]:
    """Every active membership of the user with its organization, oldest first."""
    query = (
        select(organization_memberships)
        .where(organization_memberships.c.user_id == user_id, organization_memberships.c.is_active)
        .order_by(organization_memberships.c.created_at, organization_memberships.c.id)
    )
    memberships = [OrganizationMembership(**row) for row in (await connection.execute(query)).mappings()]
    found = select(organizations).where(organizations.c.id.in_([entry.organization_id for entry in memberships]))
    by_id = {row["id"]: Organization(**row) for row in (await connection.execute(found)).mappings()}
    return [(entry, by_id[entry.organization_id]) for entry in memberships]


async def change_membership(
    connection: Connection, membership_id: str, *, role: str, is_active: bool, now: datetime
) -> None:
    query = update(organization_memberships).where(organization_memberships.c.id == membership_id)
    await connection.execute(query.values(role=role, is_active=is_active, updated_at=now))


async def count_owners(connection: Connection, organization_id: str) -> int:
    query = (
        select(func.count())
        .select_from(organization_memberships)
        .where(
            organization_memberships.c.organization_id == organization_id,
            organization_memberships.c.is_active,
            organization_memberships.c.role == "owner",
        )
    )
    return (await connection.execute(query)).scalar_one()


async def list_members(connection: Connection, organization_id: str, bounds: Bounds) -> Listed[OrganizationMember]:
    """Active human members by e-mail."""
    mine = (
        (organization_memberships.c.organization_id == organization_id)
        & organization_memberships.c.is_active
        & (users.c.kind == "human")
    )
    total = (await connection.execute(select(func.count()).select_from(_people).where(mine))).scalar_one()
    rows, last = await read_page(connection, _members.where(mine), [Key(users.c.email)], bounds)
    return Listed([OrganizationMember(**row) for row in rows], total, last)
