"""Reading the audit log and checking its chain; for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from planes.control_plane.services.access import authorize_administrator, authorize_organization
from planes.control_plane.services.parts import Parts
from planes.domain.access import Permission, Principal
from planes.storage.control import audit as stored
from planes.storage.control.audit import EventFilter, StoredAuditEvent
from planes.storage.database import Database
from planes.storage.keyset import Bounds, Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """`is_intact` is of the whole log."""

    events: Sequence[StoredAuditEvent]
    is_intact: bool


async def is_intact(database: Database) -> bool:
    """Walks the whole chain of a control plane's database."""
    async with database.reading() as connection:
        return await stored.chain_is_intact(connection)


async def list_page(
    parts: Parts, principal: Principal, wanted: EventFilter, bounds: Bounds
) -> Listed[StoredAuditEvent]:
    """Events that fit, newest first: of one organization for its owners, of all for administrators.

    Raises: NotFound, NotAllowed.
    """
    async with parts.database.reading() as connection:
        if wanted.organization_id is None:
            await authorize_administrator(connection, principal)
        else:
            needed = Permission.MANAGE_ORGANIZATION
            access = await authorize_organization(connection, principal, wanted.organization_id, needed)
            wanted = replace(wanted, organization_id=access.organization_id)
        return await stored.list_page(connection, wanted, bounds)


async def list_events(parts: Parts, principal: Principal, after: int, limit: int) -> AuditPage:
    """Events in the order of the chain, after a sequence number.

    Raises: NotAllowed.
    """
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
        events = await stored.list_events(connection, after=after, limit=limit)
        return AuditPage(events=events, is_intact=await stored.chain_is_intact(connection))
