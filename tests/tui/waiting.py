"""Waits for the app to be done with what it was told, never for time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

DEADLINE_SECONDS = 240.0
NAMES = {
    "@": "at", ".": "full_stop", "-": "minus", "/": "slash", "_": "underscore", " ": "space", ":": "colon",
    "#": "number_sign", "?": "question_mark", "*": "asterisk",
    "&": "ampersand", "<": "less_than_sign", ">": "greater_than_sign", "{": "left_curly_bracket",
    "!": "exclamation_mark", "}": "right_curly_bracket", "=": "equals_sign",
}  # fmt: skip
# Work that goes on for as long as its screen is there.
ENDLESS = {"feed", "live", "planes"}
QUIET_ROUNDS = 4


async def settle(pilot: Pilot[Any]) -> None:
    """Returns when no worker but an endless one runs, every message was handled, and that stays so."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    quiet = 0
    while quiet < QUIET_ROUNDS:
        await pilot.pause()
        busy = [worker for worker in pilot.app.workers if not worker.is_finished and worker.group not in ENDLESS]
        quiet = 0 if busy else quiet + 1
        if time.monotonic() > deadline:
            raise AssertionError([(worker.name, worker.group, worker.state) for worker in busy])
        await pilot.pause(0.005)


async def until(pilot: Pilot[Any], condition: Callable[[], bool], what: str) -> None:
    """Returns when the condition holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never: {what}\n{screen_text(pilot.app)}")
        await pilot.pause(0.01)


def screen_text(app: Any) -> str:
    """What is on the screen, as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
