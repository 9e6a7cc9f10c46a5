"""Whether a failed run is tried again, and when (docs/api.md). Opt-in for each job; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from planes.domain.runs import Run, RunStatus

MOST_ATTEMPTS = 10
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`attempts` counts the first one too: 1 is no retry. The wait doubles from try to try, up to a day."""

    attempts: int
    wait_seconds: int


NO_RETRIES = RetryPolicy(attempts=1, wait_seconds=60)


def decide_retry(run: Run, policy: RetryPolicy, now: datetime) -> datetime | None:
    """When the next try may begin; None when there is none.

    Only what failed: a cancelled run was meant to end, and a lost one may still go on where nobody sees it.
    """
    if run.status is not RunStatus.FAILED or run.is_lost or run.attempt >= policy.attempts:
        return None
    return now + wait_after(run.attempt, policy)


def wait_after(attempt: int, policy: RetryPolicy) -> timedelta:
    """How long after the end of this try the next one may begin."""
    return min(timedelta(seconds=policy.wait_seconds * 2 ** min(attempt - 1, MOST_ATTEMPTS)), LONGEST_WAIT)
