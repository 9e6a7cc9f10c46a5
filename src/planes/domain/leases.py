"""A data plane's time-limited claim on a run, and the one rule for silence (Borders: 1).

    claim ──▶ held ──lease expires──▶ unreachable ──grace──▶ lost (the run is failed)
               ▲ │                        │                      │
               └─┘ renewal                └──▶ held (renewal)    └──▶ a report with the same fence corrects it, once

An expired lease ends nothing: the job may well be running. The fence rises only when a run is taken from a plane, so
that whoever held it before can no longer write.

A claim of which nothing was heard is made again, by the home that it was given to only: there the process before has
ended, or the new one would not run. In a copy of that home nobody knows whether the other one hangs, with the answer on
its way to it. So what such a process was given is its own, or lost.

A lease ends by time that passed, not by what the machine's clock is set to: `lease_expires_at` is in steady time, which
is wall time when the control plane starts and never jumps after that. Of an unreachable run it is the end of its grace.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from planes.domain.runs import LEASED, Run, RunStatus

GIVEN_AGAIN = frozenset({RunStatus.STARTING, RunStatus.CANCELLING})
"""What a run is whose claim may have got lost on its way."""

_FRESH_PART = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRules:
    """`lease_seconds` from claim or renewal to expiry; `lost_after_seconds` from then until the run is given up.

    `drift` is steady time less wall time, now.
    """

    lease_seconds: int
    lost_after_seconds: int
    drift: timedelta = timedelta()

    def steady(self, now: datetime) -> datetime:
        """This moment in steady time."""
        return now + self.drift

    def expiry(self, now: datetime) -> datetime:
        """When a lease that begins or is renewed now ends, in steady time."""
        return self.steady(now) + timedelta(seconds=self.lease_seconds)

    @property
    def grace(self) -> timedelta:
        """How long an unreachable run is waited for."""
        return timedelta(seconds=self.lost_after_seconds)


def claim(run: Run, home: str | None, now: datetime, rules: LeaseRules) -> Run:
    """A waiting run in the hands of its data plane, with the first fence. `home` is None where it does not say."""
    assert run.status is RunStatus.PENDING, "only a waiting run can be claimed"
    return replace(
        run,
        status=RunStatus.STARTING,
        fence=1,
        claimed_at=now,
        claimed_by=home,
        lease_expires_at=rules.expiry(now),
        updated_at=now,
    )


def claim_held(run: Run, fence: int, home: str | None, now: datetime, rules: LeaseRules) -> Run:
    """A waiting run that its data plane holds already, or speaks of, under this fence.

    That it was claimed is forgotten here: what this control plane knows comes from a backup.
    """
    return replace(claim(run, home, now, rules), fence=fence)


def is_given_again(run: Run, home: str | None) -> bool:
    """Whether a run that is delivered again may go to this home. One that does not say which it is is trusted."""
    return run.claimed_by is None or home is None or run.claimed_by == home


def claim_again(run: Run, now: datetime, rules: LeaseRules) -> Run:
    """The run in the hands of the plane that showed no sign of its claim: the same fence, a lease and a grace anew."""
    assert run.status in GIVEN_AGAIN, "only a claim that nothing was heard of is made again"
    return replace(run, claimed_at=now, lease_expires_at=rules.expiry(now), unreachable_since=None)


def renew(run: Run, fence: int, now: datetime, rules: LeaseRules) -> Run | None:
    """The run with a longer lease; None when there is nothing to renew: another fence, or an ended run."""
    if run.status not in LEASED or run.fence != fence:
        return None
    return replace(run, lease_expires_at=rules.expiry(now), unreachable_since=None, is_acknowledged=True)


def is_renewal_due(run: Run, fence: int, now: datetime, rules: LeaseRules) -> bool:
    """Whether a renewal would be worth a write: not right after the claim or the last one, where it gains nothing."""
    renewed = renew(run, fence, now, rules)
    if renewed is None:
        return False
    if run.unreachable_since is not None or run.lease_expires_at is None:
        return True
    return run.lease_expires_at < rules.expiry(now) - timedelta(seconds=rules.lease_seconds * _FRESH_PART)


def decide_silence(run: Run, now: datetime, rules: LeaseRules) -> Run | None:
    """What silence has made of a run: unreachable, then lost; None while nothing is to be changed.

    The grace counts from when unreachability was noticed, not from the expiry: while the control plane was down nobody
    could renew.
    """
    if run.status not in LEASED or run.lease_expires_at is None or rules.steady(now) < run.lease_expires_at:
        return None
    if run.unreachable_since is None:
        grace_ends_at = rules.steady(now) + rules.grace
        return replace(run, unreachable_since=now, lease_expires_at=grace_ends_at, updated_at=now)
    return replace(run, status=RunStatus.FAILED, is_lost=True, finished_at=now, updated_at=now, lease_expires_at=None)


def settle(run: Run, now: datetime, rules: LeaseRules) -> Run | None:
    """A leased run when a control plane starts; None for any other.

    Whoever holds it gets one lease to renew it, since nobody could while we were away, and what steady time was before
    is unknown. A grace that has begun goes on.
    """
    if run.status not in LEASED:
        return None
    earliest = rules.expiry(now)
    if run.unreachable_since is None or run.lease_expires_at is None:
        return replace(run, lease_expires_at=earliest)
    latest = rules.steady(now) + rules.grace
    return replace(run, lease_expires_at=max(earliest, min(run.lease_expires_at, latest)))
