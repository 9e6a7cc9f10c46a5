"""Taking a region's load off it, and making room there: for whoever runs the platform.

Both are kept here and hold whether the region answers now or later. Of environments this plane knows no name
(docs/adr/0010), so a region is told a moment: what nobody needs and was last used before it goes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from planes.control_plane.services import audit
from planes.control_plane.services.access import authorize_administrator
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.domain.errors import NotFound
from planes.storage.control import data_planes as stored
from planes.storage.control.connection import Connection
from planes.storage.control.data_planes import DataPlane

# A region that was silent for longer is not told any more: it would remove what is wanted again by then.
CLEANING_WAITS = timedelta(days=1)


async def drain(parts: Parts, principal: Principal, dataplane_id: str) -> DataPlane:
    """The region is given no new run; those that it has go on. May run twice. Raises: NotAllowed, NotFound."""
    return await _set_drained(parts, principal, dataplane_id, is_drained=True)


async def resume(parts: Parts, principal: Principal, dataplane_id: str) -> DataPlane:
    """It is given runs again, those that waited first. May run twice. Raises: NotAllowed, NotFound."""
    return await _set_drained(parts, principal, dataplane_id, is_drained=False)


async def clean(parts: Parts, principal: Principal, dataplane_id: str) -> DataPlane:
    """The region hears with its next poll that what was unused until now may go. Raises: NotAllowed, NotFound."""
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        await authorize_administrator(connection, principal)
        await _find(connection, dataplane_id)
        await stored.clean(connection, dataplane_id, now)
        event = Record(action="data_plane_cleaned", subject=dataplane_id, facts={})
        await audit.record(connection, Actor.of(principal), now, event)
        return await _find(connection, dataplane_id)


def still_to_clean(plane: DataPlane, now: datetime) -> datetime | None:
    """What a poll of the plane is told."""
    asked_at = plane.clean_before
    return asked_at if asked_at is not None and abs(now - asked_at) < CLEANING_WAITS else None


async def _set_drained(parts: Parts, principal: Principal, dataplane_id: str, *, is_drained: bool) -> DataPlane:
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        await authorize_administrator(connection, principal)
        plane = await _find(connection, dataplane_id)
        if (plane.drained_at is not None) == is_drained:
            return plane
        await stored.drain(connection, dataplane_id, now if is_drained else None)
        action = "data_plane_drained" if is_drained else "data_plane_resumed"
        await audit.record(connection, Actor.of(principal), now, Record(action=action, subject=dataplane_id, facts={}))
        plane = await _find(connection, dataplane_id)
    parts.news.tell(dataplane_id)
    return plane


async def _find(connection: Connection, dataplane_id: str) -> DataPlane:
    plane = await stored.find_data_plane(connection, dataplane_id)
    if plane is None:
        raise NotFound("data_plane_not_found", "There is no such data plane.")
    return plane
