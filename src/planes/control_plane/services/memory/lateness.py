"""How late the scheduler's ticks are: from the moment at which one was due until it was committed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from planes.domain.clock import Clock

_WINDOW_SECONDS = 24 * 3600.0
_MOST_KEPT = 1024


class Lateness:
    """The latest figure, and the worst of the last 24 hours. What was due while nobody looked counts, too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._passes: deque[tuple[float, float]] = deque(maxlen=_MOST_KEPT)
        self.latest_seconds: float | None = None

    def note(self, lags: Sequence[float]) -> None:
        """Seconds of lag of ticks that were committed together."""
        now, worst = self._clock.monotonic(), max(lags)
        self.latest_seconds = worst
        # a smaller figure that is older can never be the worst again
        while self._passes and self._passes[-1][1] <= worst:
            self._passes.pop()
        self._passes.append((now, worst))

    @property
    def worst_seconds(self) -> float | None:
        """The worst of the last 24 hours; None when nothing was due in them."""
        limit = self._clock.monotonic() - _WINDOW_SECONDS
        while self._passes and self._passes[0][0] < limit:
            self._passes.popleft()
        return self._passes[0][1] if self._passes else None
