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


async def test_a_control_plane_from_a_backup_gives_out_its_numbers_again(database_url: str) -> None:
    """What was revoked since the backup is not, or whoever signs in now would be refused; what comes later is heard."""
    database = await Database.open(database_url, "planes.storage.data.migrations")
    revocations = Revocations(database, "eu1", SystemClock())
    await revocations.load()
    first, second, third = (Revocation(epoch=epoch, claim=RevokedClaim.SESSION, value=new_id()) for epoch in (1, 2, 3))

    def answer(epoch: int, *revoked: Revocation) -> PollResponse:
        return PollResponse(leases=[], cancels=[], epoch=epoch, revocations=list(revoked), keys=[])

    await revocations.apply(answer(3, first, second, third), 0)
    await revocations.apply(answer(2), 2)  # of a poll that began before the last one was heard of
    late = len(revocations)
    await revocations.apply(answer(1), 3)
    stored = Revocations(database, "eu1", SystemClock())
    await stored.load()
    anew = second.model_copy(update={"value": new_id()})
    await revocations.apply(answer(2, anew), 1)
    await database.close()

    assert late == 3
    assert (stored.epoch, len(stored)) == (1, 1)
    assert (revocations.epoch, len(revocations)) == (2, 2)


async def test_what_is_heard_of_a_control_plane_from_a_backup_outlives_late_answers(database_url: str) -> None:
    """Of polls that began before: neither is forgotten what was revoked since, nor taken for heard what was not."""
    database = await Database.open(database_url, "planes.storage.data.migrations")
    revocations = Revocations(database, "eu1", SystemClock())
    await revocations.load()
    before, since, missed = (Revocation(epoch=epoch, claim=RevokedClaim.SESSION, value=new_id()) for epoch in (9, 4, 5))

    def answer(epoch: int, *revoked: Revocation) -> PollResponse:
        return PollResponse(leases=[], cancels=[], epoch=epoch, revocations=list(revoked), keys=[])

    await revocations.apply(answer(9, before), 0)
    await revocations.apply(answer(3), 9)
    await revocations.apply(answer(4, since), 3)
    await revocations.apply(answer(3), 9)
    kept = revocations.epoch, len(revocations)
    await revocations.apply(answer(5), 9)
    heard = revocations.epoch
    await revocations.apply(answer(5, missed), heard)
    stored = Revocations(database, "eu1", SystemClock())
    await stored.load()
    await database.close()

    assert (kept, heard) == ((4, 1), 4)
    assert (revocations.epoch, len(revocations)) == (stored.epoch, len(stored)) == (5, 2)
