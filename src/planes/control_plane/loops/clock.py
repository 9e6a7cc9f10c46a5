"""The one loop that fires what is due: it sleeps until the next moment, or until a clock is set."""

from __future__ import annotations

import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.schedules import CLOCKS, fire_due

_LONGEST_SLEEP_SECONDS = 60.0
"""Then it looks at the clock again: a machine that slept, or a clock that was set, is noticed."""

_PAUSE_AFTER_FAILURE_SECONDS = 5.0
_log = structlog.get_logger("planes.control_plane.clock")


async def run_clock(parts: Parts) -> None:
    """Runs until cancelled. A pass that fails is logged and tried again."""
    while True:
        seen = parts.news.seen(CLOCKS)
        pause = _PAUSE_AFTER_FAILURE_SECONDS
        try:
            done = await fire_due(parts)
            if not done.failed:
                pause = _LONGEST_SLEEP_SECONDS
            if done.next_due_at is not None and not done.failed:
                pause = min(pause, max(0.0, (done.next_due_at - parts.clock.now()).total_seconds()))
        except Exception:  # noqa: BLE001 - the loop's edge: without it nothing would ever fire again
            _log.exception("clock_pass_failed")
        await parts.news.wait(CLOCKS, seen, pause)
