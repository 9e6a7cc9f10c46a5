"""Requests that are on their way to somewhere: who ends the way ends them first, and leaves no connection."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import anyio

# For what was cancelled to end, which takes no time.
_END_SECONDS = 5.0


class Asking:
    """What is asked and has no answer yet.

    A pool of connections forgets, when it is closed, one that is being made: it would still carry its request, and then
    stay open. So what is asked ends first; a connection that was made meanwhile is the pool's to close.

    Attributes:
        has_ended: whether nothing is to be asked any more.
    """

    def __init__(self) -> None:
        self._asking: dict[anyio.CancelScope, anyio.Event] = {}
        self.has_ended = False

    @contextmanager
    def asked(self) -> Generator[None]:
        """One question in a `with` that has an end of its own: what stands behind it is for when it was ended."""
        with anyio.CancelScope() as scope:
            self._asking[scope] = anyio.Event()
            try:
                yield
            finally:
                self._asking.pop(scope).set()

    async def end(self) -> None:
        """Ends what is asked, and waits until it has ended. May be called twice."""
        self.has_ended = True
        asking = dict(self._asking)
        for scope in asking:
            scope.cancel()
        with anyio.move_on_after(_END_SECONDS, shield=True):
            for ended in asking.values():
                await ended.wait()
