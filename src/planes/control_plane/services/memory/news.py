"""Wakes waiting polls at once: a data plane's poll ends when there is something for it (Design: 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio

EVERYBODY = "*"
"""Stands for every data plane where news go from one control plane to another."""


class News:
    """A number per data plane that rises with each piece of news, and an event for whoever waits for the next one.

    Tell after the commit. Read `seen` before looking into the database, so that nothing slips between looking and
    waiting. It knows this process only; `passes_on` tells the others where there are any.
    """

    def __init__(self) -> None:
        self.passes_on: Callable[[str], None] | None = None
        self._numbers: defaultdict[str, int] = defaultdict(int)
        self._events: dict[str, anyio.Event] = {}
        self._all = 0
        self._turns: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._dealt_with: dict[str, int] = {}

    def seen(self, dataplane_id: str) -> int:
        """The number of the latest news for this data plane."""
        return self._numbers[dataplane_id] + self._all

    def tell(self, dataplane_id: str) -> None:
        """Wakes the polls of one data plane."""
        self.hear(dataplane_id)
        if self.passes_on is not None:
            self.passes_on(dataplane_id)

    def tell_all(self) -> None:
        """Wakes every poll: revocations, a stop."""
        self.hear(EVERYBODY)
        if self.passes_on is not None:
            self.passes_on(EVERYBODY)

    def hear(self, dataplane_id: str) -> None:
        """News that another process told: they end here."""
        if dataplane_id != EVERYBODY:
            self._numbers[dataplane_id] += 1
            self._wake(dataplane_id)
            return
        self._all += 1
        for dataplane_id in list(self._events):
            self._wake(dataplane_id)

    async def wait(self, dataplane_id: str, seen: int, timeout: float) -> int:
        """Returns the number of the latest news, as soon as it is above `seen` or after `timeout` seconds."""
        with anyio.move_on_after(timeout):
            while self.seen(dataplane_id) <= seen:
                await self._events.setdefault(dataplane_id, anyio.Event()).wait()
        return self.seen(dataplane_id)

    @asynccontextmanager
    async def turn(self, dataplane_id: str) -> AsyncGenerator[None]:
        """One look at a time for a data plane: of polls that the same news woke, the next sees what the first left."""
        async with self._turns[dataplane_id]:
            yield

    def is_dealt_with(self, dataplane_id: str, number: int) -> bool:
        """Whether an answer to the data plane held all there was at this number."""
        return self._dealt_with.get(dataplane_id, -1) >= number

    def deal_with(self, dataplane_id: str, number: int) -> None:
        """An answer, on its way, holds all that the news up to this number were about."""
        self._dealt_with[dataplane_id] = max(number, self._dealt_with.get(dataplane_id, -1))

    def _wake(self, dataplane_id: str) -> None:
        event = self._events.pop(dataplane_id, None)
        if event is not None:
            event.set()
