"""What screens know of the stream of changes; light, because the first frame has it too."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change

QUIET_SECONDS = 2.0
"""A stream that was away for less is not spoken of."""


@dataclass(frozen=True, slots=True)
class News:
    """What changed since the last frame. `is_all`: more than is listed may have."""

    changes: tuple[Change, ...] = ()
    is_all: bool = False


@dataclass(slots=True)
class LiveState:
    """How the stream is. `away_since` and `next_try_at` are of the monotonic clock.

    `is_silent`: nothing answers; `why` says what came instead, at the last of so many `tries`.
    """

    is_up: bool = False
    away_since: float | None = None
    next_try_at: float | None = None
    is_silent: bool = False
    why: str = ""
    tries: int = 0

    @property
    def is_spoken_of(self) -> bool:
        """Whether the control plane has been silent for long enough to say so."""
        return self.is_silent and self.away_since is not None and self.away_seconds >= QUIET_SECONDS

    @property
    def away_seconds(self) -> float:
        """For how long the stream has been away."""
        return 0.0 if self.away_since is None else time.monotonic() - self.away_since

    @property
    def seconds_to_next_try(self) -> float:
        """In how many seconds it is tried again."""
        return 0.0 if self.next_try_at is None else max(0.0, self.next_try_at - time.monotonic())
