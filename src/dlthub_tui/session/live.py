"""Keeps the one stream of changes of an installation, and hands changes on in frames.

However many changes come, they are handed on at most once a frame, each run and job once, with its newest state. Taking
them in may cost a quarter of the time: a screen that draws slowly gets them less often.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio

from dlthub_tui.client.changes import Change, ChangesEvent, follow_changes
from dlthub_tui.client.errors import ClientError, NotReachable, NotSignedIn, TimedOut
from dlthub_tui.client.transport import Transport
from dlthub_tui.session.live_state import LiveState, News

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_PENDING = 5000
_SHARE = 3.0


@dataclass(slots=True)
class _Pending:
    """Changes that were read and not handed on: one for each thing, so that a flood is bounded."""

    changes: dict[tuple[str, str | None, str | None], Change] = field(
        default_factory=dict[tuple[str, "str | None", "str | None"], Change]
    )
    is_all: bool = False
    event: anyio.Event = field(default_factory=anyio.Event)

    def put(self, event: ChangesEvent) -> None:
        self.is_all = self.is_all or event.is_reset
        for change in event.changes:
            self.changes[(change.workspace_id, change.job_id, change.run_id)] = change
        if len(self.changes) > _MOST_PENDING:
            self.changes.clear()
            self.is_all = True
        if self.changes or self.is_all:
            self.event.set()

    def take(self) -> News:
        news = News(tuple(self.changes.values()), self.is_all)
        self.changes, self.is_all, self.event = {}, False, anyio.Event()
        return news


class Live:
    """One stream for one connection. `heard` gets what changed, `moved` is told when the stream comes or goes."""

    def __init__(
        self, control: Transport, state: LiveState, heard: Callable[[News], Awaitable[None]], moved: Callable[[], None]
    ) -> None:
        self._control = control
        self.state = state
        self._heard = heard
        self._moved = moved
        self._last_id: int | None = None
        self._pending = _Pending()

    async def run(self, frame_seconds: float) -> None:
        """Follows until cancelled. Raises: NotSignedIn when the session is over."""
        failure: NotSignedIn | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._hand_on, frame_seconds)
            try:
                await self._follow_for_ever()
            except NotSignedIn as exc:  # raised outside of the group, which would hide what it is
                failure = exc
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _follow_for_ever(self) -> None:
        tries = 0
        while True:
            try:
                async with aclosing(follow_changes(self._control, self._last_id)) as events:
                    async for event in events:
                        tries = 0
                        self._take(event)
                self._went(is_silent=False)
            except NotSignedIn:
                self._went(is_silent=False)
                raise
            except ClientError as exc:
                self.state.why = exc.what
                self._went(is_silent=isinstance(exc, NotReachable | TimedOut))
            pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
            tries += 1
            self.state.tries = tries
            self.state.next_try_at = time.monotonic() + pause
            self._moved()
            await anyio.sleep(pause)

    def _take(self, event: ChangesEvent) -> None:
        if not self.state.is_up:
            # What was shown before may be older than where a new stream begins.
            event = event if self._last_id is not None else ChangesEvent(event.id, event.changes, is_reset=True)
            self.state.is_up, self.state.next_try_at = True, None
            self._moved()
            self.state.away_since, self.state.is_silent = None, False
        self._last_id = event.id
        self._pending.put(event)

    def _went(self, *, is_silent: bool) -> None:
        self.state.is_up, self.state.is_silent = False, is_silent
        self.state.away_since = self.state.away_since or time.monotonic()

    async def _hand_on(self, frame_seconds: float) -> None:
        while True:
            await self._pending.event.wait()  # a quiet installation is still followed
            begun = time.monotonic()
            await self._heard(self._pending.take())
            await anyio.sleep(max(frame_seconds, _SHARE * (time.monotonic() - begun)))
