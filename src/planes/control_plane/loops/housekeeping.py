"""The loop that tidies up: now and then, what has run out is dropped."""

from __future__ import annotations

import anyio
import structlog

from planes.control_plane.services.installation.housekeeping import tidy
from planes.control_plane.services.parts import Parts

_PAUSE_SECONDS = 600.0
_log = structlog.get_logger("planes.control_plane.housekeeping")


async def run_housekeeping(parts: Parts) -> None:
    """Runs until cancelled."""
    while True:
        await anyio.sleep(_PAUSE_SECONDS)
        try:
            await tidy(parts)
        except Exception:  # noqa: BLE001 - the loop's edge: the next pass tries again
            _log.exception("housekeeping_pass_failed")
