"""Revoking tokens before they run out: a claim and value that data planes learn over their open poll (Design: 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from planes.storage.control import revocations as stored
from planes.storage.control.connection import Connection
from planes.wire.link import Revocation, RevokedClaim

# A data plane only meets tokens of ten minutes, so an older revocation has nothing left to refuse.
_KEPT = timedelta(hours=2)
_MAXIMUM = 1000


async def revoke(connection: Connection, claim: RevokedClaim, value: str, now: datetime) -> int:
    """Refuses every token whose `claim` is `value` and that was minted before; returns the new epoch.

    After the commit, `news.tell_all()` carries it to the data planes. May run twice. Prunes old revocations.
    """
    await stored.forget_revocations(connection, now - _KEPT)
    return await stored.add_revocation(connection, claim.value, value, now)


async def current_epoch(connection: Connection) -> int:
    """The epoch that a token minted now carries.

    Read it before checking what the caller may do: then a revocation in between is above the token's epoch.
    """
    return await stored.read_epoch(connection)


async def since(connection: Connection, epoch: int) -> list[Revocation]:
    """What a data plane that knows `epoch` has not heard yet, oldest first, at most 1,000 at a time."""
    rows: Sequence[stored.RevocationRow] = await stored.list_revocations(connection, epoch, _MAXIMUM)
    return [Revocation(epoch=row.epoch, claim=RevokedClaim(row.claim), value=row.value) for row in rows]


def told_up_to(epoch: int, revoked: Sequence[Revocation]) -> int:
    """What a data plane knows once it has heard these: the current `epoch`, unless it has to ask for the rest."""
    return revoked[-1].epoch if len(revoked) == _MAXIMUM else epoch
