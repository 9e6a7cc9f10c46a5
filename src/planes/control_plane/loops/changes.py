"""The loop that reads the log of changes for the streams that follow it."""

from __future__ import annotations

import anyio
import structlog

from planes.control_plane.services.parts import Parts

_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_log = structlog.get_logger("planes.control_plane.changes")


async def run_changes(parts: Parts) -> None:
    """Runs until cancelled."""
    while True:
        try:
            await parts.changes.read_for_ever()
        except Exception:  # noqa: BLE001 - the loop's edge: without it every stream would stand still
            _log.exception("changes_failed")
        await anyio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
