"""When an alert is sent, of which runs, and when it is tried again (Contract: D.15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase


class AlertTrigger(StrEnum):
    """What happened. `TEST` was asked for by a person."""

    RUN_FAILURE = "job-run-failure"
    RUN_SUCCESS = "job-run-success"
    PRINTS_SECRETS = "job-prints-secrets"
    TEST = "test"


class AlertChannel(StrEnum):
    """How it is sent. `SLACK` is what Slack, Mattermost and Rocket.Chat take at an incoming webhook."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    SLACK = "slack"


class DeliveryState(StrEnum):
    """Where one message stands.

    pending ──taken by the receiver──► sent
       ├─────refused, or tried for long enough──► failed
       └─────too many, or the alert was turned off──► held_back
    """

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    HELD_BACK = "held_back"


MOST_PER_HOUR = 60
"""Messages of one alert in any hour; what is more is held back, and the next message says how many were."""
MOST_PENDING = 1_000
"""Messages of one workspace that wait; what is more is held back."""
NEXT_TRY_GRACE = timedelta(minutes=5)
"""A failure that is tried again is told when no next try has begun so long after it was due: it has fallen away."""
MOST_TESTS_PER_HOUR = 20
HOUR = timedelta(hours=1)

RETRY_SECONDS = (10.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0)
"""How long to wait after each try that failed; after the last one it is given up: nine tries in some eight hours."""


def next_try_at(tries: int, now: datetime, waits: Sequence[float] = RETRY_SECONDS) -> datetime | None:
    """When a message that was tried `tries` times is tried again; None: never."""
    return now + timedelta(seconds=waits[tries - 1]) if tries <= len(waits) else None


def concerns(jobs: Sequence[str], pipelines: Sequence[str], job_ref: str, ran: Iterable[str]) -> bool:
    """Whether an alert for these jobs and pipelines is of a run of `job_ref` that `ran` some pipelines.

    `jobs` are refs, with or without the leading `jobs.`, and may hold `*` and `?`. Nothing chosen is everything; a run
    that fits either choice is meant.
    """
    if not jobs and not pipelines:
        return True
    names = (job_ref, job_ref.removeprefix("jobs."))
    if any(fnmatchcase(name, pattern) for pattern in jobs for name in names):
        return True
    return not set(pipelines).isdisjoint(ran)
