"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Wall and monotonic time that only `advance` and `set` move."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        self._monotonic = 1000.0
        self._jumps: list[tuple[int, timedelta]] = []

    def now(self) -> datetime:
        now = self._now
        for left, step in self._jumps:
            if left <= 1:
                self._now += step
        self._jumps = [(left - 1, step) for left, step in self._jumps if left > 1]
        return now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, **parts: float) -> None:
        """Moves both by this much, in words of `timedelta`."""
        step = timedelta(**parts)
        self._now += step
        self._monotonic += step.total_seconds()

    def set(self, now: datetime) -> None:
        """Moves to a later moment."""
        self.advance(seconds=(now - self._now).total_seconds())

    def jump(self, *, after_reads: int = 0, **parts: float) -> None:
        """Somebody sets the wall clock, forward or back; monotonic time goes on as before.

        With `after_reads` it happens behind that many more readings.
        """
        step = timedelta(**parts)
        if after_reads:
            self._jumps.append((after_reads, step))
        else:
            self._now += step
