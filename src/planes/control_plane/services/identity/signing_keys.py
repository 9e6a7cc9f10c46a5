"""Another key signs tokens: after a while, or at once where the present one is in wrong hands (Design: 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from anyio import to_thread

from planes.control_plane.services import audit, revocations
from planes.control_plane.services.access import authorize_administrator
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.tokens.keys import PublicKey
from planes.wire.link import RevokedClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedKey:
    """A key and when its first token is signed."""

    key: PublicKey
    signs_from: datetime


async def rotate(parts: Parts, principal: Principal, *, at_once: bool) -> RotatedKey:
    """A new signing key, for administrators. Tokens of the old one stay good until they run out, unless `at_once`.

    Raises: NotAllowed.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        await authorize_administrator(connection, principal)
        await parts.database.lock(connection, "signing keys")
        key, signs_from = await to_thread.run_sync(partial(parts.signing_keys.rotate, now, at_once=at_once))
        event = Record(action="signing_key_rotated", subject=key.public.kid, facts={"at_once": at_once})
        await audit.record(connection, Actor.of(principal), now, event)
        if at_once:
            # No session has this name; it raises the epoch, so that every plane asks again whom it knows.
            await revocations.revoke(connection, RevokedClaim.SESSION, f"key {key.public.kid}", now)
    parts.news.tell_all()
    return RotatedKey(key=key.public, signs_from=signs_from)
