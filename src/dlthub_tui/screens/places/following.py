"""The app's side of the stream of changes: one worker that tells the place that is up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from textual.app import App

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.living import Living
from dlthub_tui.screens.places.troubled import ASKS_SECONDS
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.changed import is_end_of_long_run
from dlthub_tui.viewmodel.frame import PlaneState, back_again
from dlthub_tui.viewmodel.text import Role

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change

MOST_NOTIFIED = 3


async def follow(app: App[Any], context: Context) -> None:
    """Follows until cancelled. Raises: NotSignedIn when the session is over."""
    from dlthub_tui.session.live import Live
    from dlthub_tui.session.live_state import QUIET_SECONDS, News

    state = context.live

    async def heard(news: News) -> None:
        for screen in app.screen_stack:
            if isinstance(screen, Living) and screen.is_seen:
                screen.heard(news)
        if context.chosen.word("notify") == "on":
            for change in [change for change in news.changes if is_end_of_long_run(change)][:MOST_NOTIFIED]:
                app.run_worker(_notify(app, context, change), group="notify", exit_on_error=False)

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


async def _notify(app: App[Any], context: Context, change: Change) -> None:
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.client.runs import get_run
    from dlthub_tui.viewmodel.work.runs import name_of

    try:
        run = await get_run(context.connected.control, change.workspace_id, change.run_id or "")
    except ClientError:
        return
    took = words.duration(run.duration_seconds or 0)
    context.signs.notify(app, f"{name_of(run)} {run.status} after {took}")


async def watch_planes(app: App[Any], context: Context) -> None:
    """Asks now and then how the planes are: silence is no change that anybody tells of. Runs until cancelled."""
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.client.installation import get_health
    from dlthub_tui.viewmodel.installation.home import plane_states

    while True:
        await anyio.sleep(ASKS_SECONDS)
        if not context.live.is_up:
            if context.live.is_spoken_of:
                await _look_at_regions(app, context)
            continue
        try:
            health = await get_health(context.connected.control)
        except ClientError:
            continue  # the stream says what is wrong
        before, context.planes = context.planes, plane_states(health.planes, context.look)
        _count_tries(context)
        context.grace_seconds = health.grace_seconds
        if isinstance(app.screen, Living):
            app.screen.planes_heard(health)
            for text in back_again(before, context.planes):
                app.screen.say(text, Role.OK)


def _count_tries(context: Context) -> None:
    for plane in context.planes:
        if plane.state != "up":
            context.errors.tried(f"region/{plane.id}")


async def _look_at_regions(app: App[Any], context: Context) -> None:
    """While the control plane is silent nobody tells how the regions are: they are asked themselves."""
    from dlthub_tui.client.installation import answers

    found: list[PlaneState] = []
    for plane in context.planes:
        if plane.url:
            is_up, now = await answers(plane.url), context.look.now()
            at = plane.seen_at if plane.state != "up" and plane.seen_at else now
            since = "" if is_up else words.silence((now - at).total_seconds())
            found.append(PlaneState(plane.id, "up" if is_up else "silent", since, now if is_up else at, plane.url))
        else:
            found.append(plane)
    context.planes = tuple(found)
    _count_tries(context)
    if isinstance(app.screen, Living):
        app.screen.stream_moved()
