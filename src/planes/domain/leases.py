"""A data plane's time-limited claim on a run, and the one rule for silence (Borders: 1).

    claim ──▶ held ──lease expires──▶ unreachable ──grace──▶ lost (the run is failed)
               ▲ │                        │                      │
               └─┘ renewal                └──▶ held (renewal)    └──▶ a report with the same fence corrects it, once

An expired lease ends nothing: the job may well be running. The fence rises only when a run is taken from a plane, so
that whoever held it before can no longer write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from planes.domain.runs import LEASED, Run, RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRules:
    """`lease_seconds` from claim or renewal to expiry; `lost_after_seconds` from then until the run is given up."""

    lease_seconds: int
    lost_after_seconds: int

    def expiry(self, now: datetime) -> datetime:
        """When a lease that begins or is renewed now ends."""
        return now + timedelta(seconds=self.lease_seconds)

    @property
    def grace(self) -> timedelta:
        """How long an unreachable run is waited for."""
        return timedelta(seconds=self.lost_after_seconds)


def claim(run: Run, now: datetime, rules: LeaseRules) -> Run:
    """A waiting run in the hands of its data plane, with the first fence."""
    assert run.status is RunStatus.PENDING, "only a waiting run can be claimed"
    return replace(
        run,
        status=RunStatus.STARTING,
        fence=1,
        claimed_at=now,
        lease_expires_at=rules.expiry(now),
        updated_at=now,
    )


def renew(run: Run, fence: int, now: datetime, rules: LeaseRules) -> Run | None:
    """The run with a longer lease; None when there is nothing to renew: another fence, or an ended run."""
    if run.status not in LEASED or run.fence != fence:
        return None
    return replace(run, lease_expires_at=rules.expiry(now), unreachable_since=None, is_acknowledged=True)


def decide_silence(run: Run, now: datetime, rules: LeaseRules) -> Run | None:
    """What silence has made of a run: unreachable, then lost; None while nothing is to be changed.

    Unreachable counts from when it was noticed, not from the expiry: while the control plane was down nobody could
    renew.
    """
    if run.status not in LEASED:
        return None
    if run.unreachable_since is not None:
        if now < run.unreachable_since + rules.grace:
            return None
        return replace(
            run, status=RunStatus.FAILED, is_lost=True, finished_at=now, updated_at=now, lease_expires_at=None
        )
    if run.lease_expires_at is None or now < run.lease_expires_at:
        return None
    return replace(run, unreachable_since=now, updated_at=now)
