"""When a stopped run is signalled: TERM, the grace period, TERM, then KILL. Contract: 5.5."""

KILL_AFTER_SECONDS = 1.0
"""Between the second SIGTERM, which a launcher no longer catches, and SIGKILL."""


class StopPlan:
    """Remembers why and when a run was told to stop; the first reason stays. Times are of the monotonic clock."""

    def __init__(self, grace_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._terms: list[float] = []
        self.reason: str | None = None
        self.kill_at: float | None = None

    def request(self, reason: str, now: float) -> bool:
        """Begin; False if it had begun before."""
        if self.reason is not None:
            return False
        self.reason = reason
        self._terms = [now, now + self._grace_seconds]
        self.kill_at = now + self._grace_seconds + KILL_AFTER_SECONDS
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
