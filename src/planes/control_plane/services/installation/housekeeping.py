"""Drops what has run out: codes, links' calls, refresh tokens, sessions. What was used and may come again stays."""

from __future__ import annotations

from datetime import timedelta

from planes.control_plane.services.parts import Parts
from planes.storage.control import codes, data_planes, invites, sessions

# Long enough that somebody who is late reads "has run out" instead of "unknown".
_CODES_KEPT = timedelta(hours=1)
_TOKENS_KEPT = timedelta(days=1)
# An owner sees that nobody came, and sends another link.
_INVITES_KEPT = timedelta(days=30)


async def tidy(parts: Parts) -> None:
    """One pass. May run twice, also at once."""
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        await codes.forget_old_codes(connection, now - _CODES_KEPT)
        # A session's last token may outlive the secret that it came with.
        await sessions.forget_expired(connection, now - max(_TOKENS_KEPT, timedelta(seconds=parts.session_seconds)))
        await invites.forget_invites(connection, now - _INVITES_KEPT)
        await data_planes.forget_calls(connection, now - timedelta(minutes=5))
    await parts.changes.trim()
