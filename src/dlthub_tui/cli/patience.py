"""Going on with what is watched although a plane falls silent: a restart takes seconds, and nothing was lost by it."""

from __future__ import annotations

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.client.errors import ClientError, NotReachable, PlaneFailed, TimedOut

# As long as a run that nobody hears of counts as going on (Design: 7).
PATIENCE_SECONDS = 600
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
SILENT = (NotReachable, TimedOut, PlaneFailed)
"""What may be otherwise the next time."""


class Patience:
    """Asks again, later each time. `goes_on` says what does so meanwhile: "the run"."""

    def __init__(self, goes_on: str) -> None:
        self._goes_on = goes_on
        self._tries = 0
        self._silent_since: float | None = None

    async def wait_after(self, silence: ClientError) -> None:
        """Told once. Raises: the silence itself, when it has lasted ten minutes."""
        now = anyio.current_time()
        self._silent_since = now if self._silent_since is None else self._silent_since
        if now - self._silent_since > PATIENCE_SECONDS:
            raise silence
        if not self._tries:
            exits.say_error(f"{silence.what} Trying again; {self._goes_on} goes on.")
        await anyio.sleep(_RETRY_SECONDS[min(self._tries, len(_RETRY_SECONDS) - 1)])
        self._tries += 1

    def end(self, who: str) -> None:
        """There was an answer."""
        if self._tries:
            exits.say_error(f"{who} answers again.")
        self._tries, self._silent_since = 0, None
