"""What the region's log says of a control plane that is away, or that takes another process for the region."""

from __future__ import annotations

import structlog

from planes.domain.clock import Clock
from planes.domain.errors import PlaneError
from planes.domain.region_processes import ANOTHER_PROCESS

_log = structlog.get_logger("planes.data_plane.absence")


class Absence:
    """Each reason once, and how long it was when it is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: float | None = None
        self._said: set[tuple[str, str]] = set()
        self.tries = 0

    def note(self, error: PlaneError) -> None:
        """A try has failed."""
        self.tries += 1
        if self._began is None:
            self._began = self._clock.monotonic()
        if (error.code, error.detail) not in self._said:
            self._said.add((error.code, error.detail))
            event = "refused_as_another_process" if error.code == ANOTHER_PROCESS else "control_plane_away"
            _log.warning(event, code=error.code, reason=error.detail)

    def end(self, asked_at: float | None = None) -> None:
        """It has answered what was asked at `asked_at`, by the monotonic clock. May run twice."""
        if self._began is None:
            return
        seconds = (self._clock.monotonic() if asked_at is None else asked_at) - self._began
        _log.info("control_plane_back", away_seconds=round(max(0.0, seconds), 1), tries=self.tries)
        self._began, self.tries = None, 0
        self._said.clear()
