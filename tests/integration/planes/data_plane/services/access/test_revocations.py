"""What the control plane says about tokens, as several polls at once bring it."""

from __future__ import annotations

import anyio
import pytest

from planes.data_plane.services.access.revocations import Revocations
from planes.domain.clock import SystemClock
from planes.domain.identifiers import new_id
from planes.storage.database import Database
from planes.wire.link import PollResponse, Revocation, RevokedClaim

pytestmark = pytest.mark.anyio


async def test_several_polls_that_hear_the_same_are_all_taken(database_url: str) -> None:
    """Each brings leases and cancels, too: what fails of one costs those."""
    database = await Database.open(database_url, "planes.storage.data.migrations")
    revocations = Revocations(database, "eu1", SystemClock())
    await revocations.load()
    for first in range(1, 41, 10):
        told = [Revocation(epoch=first + number, claim=RevokedClaim.SESSION, value=new_id()) for number in range(10)]
        answer = PollResponse(leases=[], cancels=[], epoch=first + 9, revocations=told, keys=[])
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(revocations.apply, answer)

    assert (revocations.epoch, len(revocations)) == (40, 40)
    await database.close()
