"""Which screen is up: keys in their order, places opened and left, and the history of where one was."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.screen import Screen
from textual.worker import WorkerError

from dlthub_tui import messages
from dlthub_tui.screens.frame.sweeping import Sweeper
from dlthub_tui.viewmodel.text import Role

if TYPE_CHECKING:
    from dlthub_tui.screens.frame.acting import ActingScreen
    from dlthub_tui.viewmodel.history import History
    from dlthub_tui.viewmodel.places import Place

PATIENCE_SECONDS = 0.5
BEFORE_WAITING_SECONDS = 0.15
START_SECONDS = 10.0
ROLE_SECONDS = 60.0
AT_ONCE = frozenset({"link.retry", "app.quit", "app.interrupt", "app.suspend"})


class MovingApp(App[int], inherit_bindings=False):
    """Subclasses have the `context` that screens get."""

    context: Any

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._keys: deque[events.Key] = deque()
        self._ahead: deque[events.Key] = deque()
        self.sweeper = Sweeper()
        self.is_starting = True
        """Nobody is signed in yet: what is typed waits for home, but for what cannot wait."""

    @cached_property
    def history(self) -> History:
        """Where one was. The first frame needs no places, whose classes take 5 ms to make."""
        from dlthub_tui.viewmodel.history import History

        return History()

    async def on_event(self, event: events.Event) -> None:
        """A key waits until the keys before it are done: what they opened then gets it, however fast it was typed."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.sweeper.pressed_at = time.monotonic()
            self._keys.append(event)
            if len(self._keys) == 1:
                self.post_message(messages.NextKey())
        else:
            await super().on_event(event)

    async def on_next_key(self) -> None:
        """Gives the oldest key to the screen that is up; the next one goes behind what that asks of the app."""
        if self._waits(self._keys[0]):
            self._ahead.append(self._keys[0])
        else:
            await super().on_event(self._keys[0])
            await self._screen_is_done()
        self._keys.popleft()
        if self._keys:
            self.call_next(self._go_on)

    async def _go_on(self) -> None:
        """The next key, behind what the key before it asked of the app by closing a sheet."""
        await self._screen_is_done()
        self.post_message(messages.NextKey())

    def _waits(self, event: events.Key) -> bool:
        from dlthub_tui.screens.frame.acting import ActingScreen

        if not self.is_starting:
            return False
        if not isinstance(self.screen, ActingScreen):
            return True  # the first frame is not up yet
        action = self.screen.action_of(event.key)
        return action is None or action.id not in AT_ONCE

    def start_over(self) -> None:
        """It did not start, or asks who one is: what was typed for home is dropped."""
        self.is_starting = False
        self._ahead.clear()

    async def give_keys(self, home: ActingScreen[None]) -> None:
        """What was typed while it started is done, once home has its rows."""
        import anyio

        assert home.shown is not None, "home says when it has its rows"
        with anyio.move_on_after(START_SECONDS):
            await home.shown.wait()
            loading = [work for work in home.workers if work.group == "load"]
            with suppress(WorkerError):  # home says what it could not load
                await self.workers.wait_for_complete(loading)  # pyright: ignore[reportUnknownMemberType] - generic in Textual
        self.is_starting = False
        is_idle = not self._keys
        self._keys.extend(self._ahead)
        self._ahead.clear()
        if is_idle and self._keys:
            self.post_message(messages.NextKey())

    async def _screen_is_done(self) -> None:
        import anyio

        done = anyio.Event()
        # Without a screen the app was left meanwhile.
        if self.screen_stack and self.screen.is_running and self.screen.call_later(done.set):
            with anyio.move_on_after(PATIENCE_SECONDS):
                await done.wait()

    async def turn(self, change: Callable[[], Awaitable[Any]]) -> None:
        """Changes the screen in one paint: the old one stands until the new one has its rows, for 150 ms at most."""
        import anyio

        from dlthub_tui.screens.frame.acting import ActingScreen

        with self.batch_update():
            await change()
            await self._screen_is_done()
            shown: anyio.Event | None = getattr(self.screen, "shown", None) if self.screen_stack else None
            if shown is not None:
                with anyio.move_on_after(BEFORE_WAITING_SECONDS):
                    await shown.wait()
                await self._screen_is_done()
        if self.screen_stack:
            if isinstance(self.screen, ActingScreen):
                self.screen.paint_now()
            self.run_worker(self._learn_role(self.screen), group="role", exclusive=True, exit_on_error=False)

    async def _learn_role(self, screen: Screen[Any]) -> None:
        """What one may do in the workspace that was opened; it may be another than in the organization, or before."""
        from dlthub_tui.client.errors import ClientError
        from dlthub_tui.client.organizations import get_workspace_role
        from dlthub_tui.screens.places.place import PlaceScreen

        workspace = screen.workspace_here() if isinstance(screen, PlaceScreen) else None
        if workspace is None or self.context.connection is None or not isinstance(screen, PlaceScreen):
            return
        if time.monotonic() < self.context.roles_again.get(workspace.id, 0):
            return
        try:
            role = await get_workspace_role(self.context.connection.control, workspace.id)
        except ClientError:
            return  # the place says what it was refused
        self.context.roles_again[workspace.id] = time.monotonic() + ROLE_SECONDS
        taken, self.context.roles[workspace.id] = self.context.role_in(workspace), role
        if role != taken:
            screen.redraw()

    async def on_go_back(self) -> None:
        """One step back."""
        if len(self.screen_stack) > 2:
            await self.turn(self.pop_screen)
            self.history.went_back(self._place())

    def _place(self) -> Place:
        """Where the screen that is up is."""
        from dlthub_tui.screens.places.place import PlaceScreen
        from dlthub_tui.viewmodel.places import HomePlace

        return self.screen.where() if isinstance(self.screen, PlaceScreen) else HomePlace()

    async def on_go_in_history(self, message: messages.GoInHistory) -> None:
        """To the place that was visited before, or forward again."""
        from dlthub_tui.screens.frame.acting import ActingScreen
        from dlthub_tui.screens.opening import screen_of
        from dlthub_tui.screens.places.place import PlaceScreen
        from dlthub_tui.viewmodel.places import HomePlace

        place = self.history.step(message.steps)
        if place is None:
            if isinstance(self.screen, ActingScreen):
                self.screen.say("No place before this one." if message.steps < 0 else "No place ahead of this one.")
            return
        below = [isinstance(screen, PlaceScreen) and screen.where() == place for screen in self.screen_stack]
        if isinstance(place, HomePlace):
            await self.turn(self._pop_to_home)
        elif any(below):
            above = below[::-1].index(True)
            await self.turn(lambda: self._pop(above))
        elif message.steps < 0 and len(self.screen_stack) > 2:
            await self.turn(lambda: self.switch_screen(screen_of(place, self.context)))  # pyright: ignore[reportUnknownMemberType, reportUnknownLambdaType] - generic in Textual
        else:
            await self.turn(lambda: self.push_screen(screen_of(place, self.context)))

    async def _pop(self, count: int) -> None:
        for _ in range(count):
            await self.pop_screen()

    async def _pop_to_home(self) -> None:
        await self._pop(len(self.screen_stack) - 2)

    async def on_open(self, message: messages.Open) -> None:
        """Goes to a place."""
        from dlthub_tui.screens.opening import screen_of
        from dlthub_tui.viewmodel.places import HomePlace

        if isinstance(message.place, HomePlace):
            self.post_message(messages.GoHome())
            return
        screen = screen_of(message.place, self.context)
        if message.instead and len(self.screen_stack) > 2:
            await self.turn(lambda: self.switch_screen(screen))  # pyright: ignore[reportUnknownMemberType, reportUnknownLambdaType] - generic in Textual
        else:
            await self.turn(lambda: self.push_screen(screen))
        self.history.visit(message.place)

    def on_go_home(self, message: messages.GoHome) -> None:
        """Back to home; with something done there, to the guide if that is where one came from."""
        from dlthub_tui.screens.frame.acting import ActingScreen
        from dlthub_tui.screens.installation.guide import GuideScreen
        from dlthub_tui.screens.installation.home import HomeScreen

        for screen in self.screen_stack:
            if message.row and isinstance(screen, HomeScreen):
                screen.stand_on(message.row)
        while len(self.screen_stack) > 2 and not (message.text and isinstance(self.screen, GuideScreen)):
            self.pop_screen()
        self.history.visit(self._place())
        if message.text and isinstance(self.screen, ActingScreen):
            self.call_later(self.screen.say, message.text, Role.OK)
