"""Loads what the first deploy, roll-back or start after a start of this process would wait for: dlt, and the rules."""

from __future__ import annotations

import anyio
import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.definitions import check_words
from planes.storage.control.jobs import has_jobs

# The terminal app reads its first screens meanwhile; an import in another thread makes them wait (Borders: 11).
_AFTER_START_SECONDS = 1.0
_log = structlog.get_logger("planes.control_plane.loading")


async def run_loading(parts: Parts) -> None:
    """Ends when all is loaded. Where nothing was ever deployed nothing is: the first deploy does it then."""
    await anyio.sleep(_AFTER_START_SECONDS)
    try:
        async with parts.database.reading() as connection:
            if not await has_jobs(connection):
                return
        await windows.prepare()
        await windows.in_thread(lambda: check_words({"name": "of a job"}))
    except Exception:  # noqa: BLE001 - the loop's edge: what is not loaded now is loaded when it is needed
        _log.exception("loading_failed")
