"""Of two processes that run as one region the newest works, so that a region's restart waits for nothing.

The other is refused while the newest was heard of lately: neither a clock that was set back nor a process that is gone
locks a region out for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

ANOTHER_PROCESS = "another_process"
"""The code of the refusal, which the refused process knows."""

_LATELY_LEASES = 2


@dataclass(frozen=True, slots=True, order=True)
class RegionProcess:
    """One life of a region's process; the greater is the newer."""

    started_at: datetime
    id: str


def is_refused(
    asking: RegionProcess | None,
    known: RegionProcess | None,
    heard_at: datetime | None,
    now: datetime,
    lease_seconds: int,
) -> bool:
    """Whether the known process, last heard of at `heard_at`, is the region and the asking one is not.

    A process of a version that does not say which it is asks as None, and is never refused.
    """
    if asking is None or known is None or heard_at is None:
        return False
    is_heard = abs(now - heard_at) < timedelta(seconds=_LATELY_LEASES * lease_seconds)
    return is_heard and known > asking
