"""Which organizations and workspaces this region serves. Rows are written once and never change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.tables import organizations, workspaces

# Made once, as those of `runs`.
_ORGANIZATION = select(workspaces.c.organization_id).where(workspaces.c.id == bindparam("workspace"))


async def find_plane_of(connection: AsyncConnection, organization_id: str) -> str | None:
    """The data plane that the organization is pinned to, if it was ever seen here."""
    query = select(organizations.c.dataplane_id).where(organizations.c.id == organization_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def find_organization_of(connection: AsyncConnection, workspace_id: str) -> str | None:
    """The organization that the workspace belongs to, if it was ever seen here."""
    return (await connection.execute(_ORGANIZATION, {"workspace": workspace_id})).scalar_one_or_none()


async def add_organization(connection: AsyncConnection, organization_id: str, dataplane_id: str, now: datetime) -> None:
    """Pins the organization."""
    row = {"id": organization_id, "dataplane_id": dataplane_id, "pinned_at": now}
    await connection.execute(insert(organizations).values(row))


async def add_workspace(connection: AsyncConnection, workspace_id: str, organization_id: str, now: datetime) -> None:
    """Remembers whose workspace this is."""
    row = {"id": workspace_id, "organization_id": organization_id, "first_seen_at": now}
    await connection.execute(insert(workspaces).values(row))
