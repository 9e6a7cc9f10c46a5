"""When a stopped run is signalled: TERM, the grace period, TERM, then KILL. Contract: 5.5."""

IDLE = "idle"
"""The reason of an app's end that nobody has used."""

TIME_LIMIT = "time_limit"
"""The reason of a run's end that has lasted as long as it may."""

KILL_AFTER_SECONDS = 1.0
"""Between the second SIGTERM, which a launcher no longer catches, and SIGKILL."""


class StopPlan:
    """Remembers why and when a run was told to stop; the first reason stays. Times are of the monotonic clock."""

    def __init__(self, grace_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._terms: list[float] = []
        self.reason: str | None = None
        self.kill_at: float | None = None

    def request(self, reason: str, now: float, grace_seconds: float | None = None) -> bool:
        """Begin; False if it had begun before. A run that takes too much may have a shorter grace."""
        grace = self._grace_seconds if grace_seconds is None else min(grace_seconds, self._grace_seconds)
        if self.reason is not None:
            return False
        self.reason = reason
        self._terms = [now, now + grace] if grace > 0 else []
        self.kill_at = now + grace + KILL_AFTER_SECONDS if grace > 0 else now
        return True

    def take_due_term(self, now: float) -> bool:
        """Whether a SIGTERM is due now; each is taken once."""
        if self._terms and now >= self._terms[0]:
            self._terms.pop(0)
            return True
        return False

    def next_at(self) -> float | None:
        """When something is due next."""
        return self._terms[0] if self._terms else self.kill_at
