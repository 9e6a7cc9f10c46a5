"""Runs that are leased by the transaction that creates them, to a poll that waits (Borders: 1).

    created ─► claimed ─► committed ─► the poll is answered ─► leased
                   └─► not committed, nobody waits or has hung up: the poll looks itself when it is told

It is a look of that poll like any other: what waits longer goes first, and an answer that gets lost is given again. The
start waits for one transaction less. A start that clears watermarks leaves it to the poll: it holds runs under way.
What makes a look fail is some other run's, so it ends that look and not this start.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import structlog

from planes.control_plane.services.memory.waiting import WaitingPoll
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work.leases import Look, look_within
from planes.control_plane.services.work.triggers import Fired
from planes.domain.identifiers import DataPlaneId
from planes.storage.control.connection import Connection

_log = structlog.get_logger("planes.control_plane.leases")


class Handover:
    """What a transaction has for a data plane; `handing_over` makes it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._dataplane_id: DataPlaneId | None = None
        self._poll: WaitingPoll | None = None
        self._look: Look | None = None

    async def grant(self, connection: Connection, dataplane_id: str, fired: Sequence[Fired]) -> None:
        """What was created of these is for this plane. To be called last in the transaction."""
        if all(item.run is None for item in fired):
            return
        parts, self._dataplane_id = self._parts, DataPlaneId(dataplane_id)
        if any(item.forgets for item in fired):
            return  # a look locks all runs under way in the order of ids: the two would wait for each other
        self._poll = poll = parts.waiting.take(dataplane_id)
        if poll is None or parts.regions.find_newer(self._dataplane_id, poll.process) or await poll.is_gone():
            return
        try:
            async with connection.begin_nested():
                look = await look_within(parts, connection, self._dataplane_id, poll.request)
        except Exception as exc:  # noqa: BLE001 - what is written of this start is whole; the poll meets it by itself
            _log.error("lease_not_handed_over", dataplane_id=dataplane_id, exc_info=exc)
            return
        self._look = look if look.is_news else None

    def tell(self) -> None:
        """After the commit: of what the answer holds nobody else need hear."""
        look, poll = self._look, self._poll
        if poll is not None and look is not None:
            poll.settle(look.response)
            self._poll = None
        if self._dataplane_id is not None and (look is None or not look.is_all):
            self._parts.news.tell(self._dataplane_id)

    def release(self) -> None:
        """The poll goes on, unless it was answered. May run again."""
        if self._poll is not None:
            self._poll.settle(None)
            self._poll = None


@asynccontextmanager
async def handing_over(parts: Parts) -> AsyncGenerator[tuple[Connection, Handover]]:
    """A transaction, and what it has to hand over, of which the data plane is told after the commit."""
    handover = Handover(parts)
    try:
        async with parts.database.transaction() as connection:
            yield connection, handover
        handover.tell()
    finally:
        handover.release()
