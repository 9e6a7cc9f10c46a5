"""Reading the audit log and checking its chain; for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planes.control_plane.services.access import authorize_administrator
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.storage.control import audit as stored
from planes.storage.control.audit import StoredAuditEvent
from planes.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """`is_intact` is of the whole log."""

    events: Sequence[StoredAuditEvent]
    is_intact: bool


async def is_intact(database: Database) -> bool:
    """Walks the whole chain of a control plane's database."""
    async with database.reading() as connection:
        return await stored.chain_is_intact(connection)


async def list_events(parts: Parts, principal: Principal, after: int, limit: int) -> AuditPage:
    """Events in the order of the chain, after a sequence number.

    Raises: NotAllowed.
    """
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
        events = await stored.list_events(connection, after=after, limit=limit)
        return AuditPage(events=events, is_intact=await stored.chain_is_intact(connection))
