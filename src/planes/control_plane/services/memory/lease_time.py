"""Steady time: wall time when the control plane starts, which then goes on evenly whatever the clock is set to."""

from __future__ import annotations

from datetime import datetime, timedelta

from planes.domain.clock import Clock


class LeaseTime:
    """Leases and graces are measured in it. A machine that sleeps stops it: nobody could renew meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = clock.now()
        self._monotonic = clock.monotonic()

    def drift(self) -> timedelta:
        """Steady time less wall time, now."""
        passed = timedelta(seconds=self._clock.monotonic() - self._monotonic)
        return self._wall + passed - self._clock.now()

    def as_wall(self, steady: datetime | None) -> datetime | None:
        """A moment of steady time as clocks show it, for people."""
        return None if steady is None else steady - self.drift()
