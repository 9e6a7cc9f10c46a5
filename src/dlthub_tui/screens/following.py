"""The app's side of the stream of changes: one worker that tells the place that is up."""

from __future__ import annotations

from typing import Any

import anyio
from textual.app import App

from dlthub_tui.screens.context import Context
from dlthub_tui.screens.living import Living
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.text import Role

PLANES_SECONDS = 5.0


async def follow(app: App[Any], context: Context) -> None:
    """Follows until cancelled. Raises: NotSignedIn when the session is over."""
    from dlthub_tui.session.live import Live
    from dlthub_tui.session.live_state import QUIET_SECONDS, News

    state = context.live

    async def heard(news: News) -> None:
        for screen in app.screen_stack:
            if isinstance(screen, Living) and screen.is_current:
                screen.heard(news)

    def moved() -> None:
        screen = app.screen
        if isinstance(screen, Living):
            if state.is_up and state.away_seconds >= QUIET_SECONDS and state.is_silent:
                screen.say(f"control answers again after {words.duration(state.away_seconds)}.", Role.OK)
            app.call_later(screen.stream_moved)

    live = Live(context.connected.control, state, heard, moved)
    try:
        await live.run(context.batch_seconds)
    finally:
        state.is_up = False


async def watch_planes(app: App[Any], context: Context) -> None:
    """Asks now and then how the planes are: silence is no change that anybody tells of. Runs until cancelled."""
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.client.installation import get_health
    from dlthub_tui.viewmodel.home import plane_states

    while True:
        await anyio.sleep(PLANES_SECONDS)
        if not context.live.is_up:
            continue
        try:
            health = await get_health(context.connected.control)
        except ClientError:
            continue  # the stream says what is wrong
        context.planes = plane_states(health.planes, context.look)
        if isinstance(app.screen, Living):
            app.screen.planes_heard(health)
