"""The one loop that fires what is due: it sleeps until the next moment, or until a clock is set.

Of several control planes on one Postgres one does this; another takes its place when it ends or loses its connection.
"""

from __future__ import annotations

import anyio
import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.schedules import CLOCKS
from planes.control_plane.services.work.ticking import Resting, fire_due
from planes.control_plane.services.work.time_put_back import WallTime, go_on_from_now
from planes.storage.database import Holding

_LONGEST_SLEEP_SECONDS = 60.0
"""Then it looks at the clock again: a machine that slept, or a clock that was set, is noticed."""

_PAUSE_AFTER_FAILURE_SECONDS = 5.0
_PAUSE_OF_OTHERS_SECONDS = 2.0
_log = structlog.get_logger("planes.control_plane.clock")


async def run_clock(parts: Parts) -> None:
    """Runs until cancelled. What fails is logged and tried again."""
    while True:
        pause = _PAUSE_OF_OTHERS_SECONDS
        try:
            async with parts.database.sole_holder("scheduler") as holding:
                if holding is not None:
                    await _tick_while(parts, holding)
        except Exception:  # noqa: BLE001 - the loop's edge: without it nothing would ever fire again
            _log.exception("clock_pass_failed")
            pause = _PAUSE_AFTER_FAILURE_SECONDS
        await anyio.sleep(pause)


async def _tick_while(parts: Parts, holding: Holding) -> None:
    """For as long as this process is the scheduler; it ends by an exception only."""
    resting = Resting(parts.clock)
    wall = WallTime(parts.clock)
    is_to_go_on = True  # this process cannot know what the time was before it
    _log.info("scheduler_began")
    while True:
        seen = parts.news.seen(CLOCKS)
        await holding.check()
        if wall.was_put_back() or is_to_go_on:
            await go_on_from_now(parts)
            is_to_go_on = False
        done = await fire_due(parts, resting)
        pause = _LONGEST_SLEEP_SECONDS
        if done.next_due_at is not None:
            await windows.prepare()  # now rather than at the tick, which would be a second late
            pause = min(pause, max(0.0, (done.next_due_at - parts.clock.now()).total_seconds()))
        await parts.news.wait(CLOCKS, seen, pause)
