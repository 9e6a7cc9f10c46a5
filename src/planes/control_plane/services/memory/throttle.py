"""Counts failures by key and answers 429 above a limit. In memory and bounded: it slows guessing, it is no record."""

from __future__ import annotations

from collections import OrderedDict

from planes.domain.clock import Clock
from planes.domain.errors import TooManyRequests

_CAPACITY = 10_000


class Throttle:
    """At most `limit` counted events in each window of `window_seconds` for a key."""

    def __init__(self, clock: Clock, *, limit: int, window_seconds: float) -> None:
        self._clock = clock
        self._limit = limit
        self._window = window_seconds
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Raises: TooManyRequests when one of the keys has used up its window."""
        now = self._clock.monotonic()
        for key in keys:
            started, count = self._counts.get(key, (now, 0))
            if now - started < self._window and count >= self._limit:
                raise TooManyRequests("too_many_tries", "Too many tries. Wait a few minutes, then try again.")

    def count(self, *keys: str) -> None:
        """Counts one event for each key."""
        now = self._clock.monotonic()
        for key in keys:
            started, count = self._counts.pop(key, (now, 0))
            self._counts[key] = (now, 1) if now - started >= self._window else (started, count + 1)
        while len(self._counts) > _CAPACITY:
            self._counts.popitem(last=False)

    def forget(self, *keys: str) -> None:
        """Starts afresh for these keys: after a success."""
        for key in keys:
            self._counts.pop(key, None)
