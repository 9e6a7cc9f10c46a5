"""The loop that notices silence: leases that ran out, and graces that are over."""

from __future__ import annotations

import anyio
import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work.silence import reap, settle

_LONGEST_SLEEP_SECONDS = 30.0
_SHORTEST_SLEEP_SECONDS = 0.5
_log = structlog.get_logger("planes.control_plane.reaper")


async def run_reaper(parts: Parts) -> None:
    """Runs until cancelled. It begins with one lease of patience: while we were away nobody could renew.

    A lease that is claimed during a sleep runs out no earlier than one lease later, so half a lease is soon enough to
    look again.
    """
    longest = min(_LONGEST_SLEEP_SECONDS, max(parts.lease_seconds / 2, _SHORTEST_SLEEP_SECONDS))
    is_settled = False
    while True:
        pause = longest
        try:
            if not is_settled:
                await settle(parts)
                is_settled = True
            left = await reap(parts)
            if left is not None:
                pause = min(longest, left)
        except Exception:  # noqa: BLE001 - the loop's edge: without it silence would go unnoticed
            _log.exception("reaper_pass_failed")
        await anyio.sleep(max(pause, _SHORTEST_SLEEP_SECONDS))
