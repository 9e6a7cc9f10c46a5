"""Whether a trigger starts a run: the one gate for people, the clock, job events and deploys (Contract: 4.3, 4.5).

A refusal is a value with the contract's receipt status; the caller decides whether it becomes a receipt, a 409 or a
note. Nothing that is declined leaves a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAXIMUM_CHAIN_DEPTH = 32
"""Jobs that start each other by `job.success:`/`job.fail:` stop after this many steps (Contract: D.13)."""

MAXIMUM_EVENT_RUNS = 60
EVENT_RUNS_WITHIN = timedelta(minutes=10)
"""Nor do events start a job more often than this: many short chains, begun again and again, stop too."""


class Source(StrEnum):
    """Who fires."""

    PERSON = "person"
    CLOCK = "clock"
    JOB_EVENT = "job_event"
    DEPLOY = "deploy"
    WEBHOOK = "webhook"


class ReceiptStatus(StrEnum):
    """What became of one job in a receipt; the contract's words, then ours."""

    TRIGGERED = "triggered"
    SKIPPED_FRESH = "skipped_fresh"
    SKIPPED_UPSTREAM_PENDING = "skipped_upstream_pending"
    SKIPPED_OUT_OF_INTERVAL = "skipped_out_of_interval"
    SKIPPED_CONCURRENCY_LIMIT = "skipped_concurrency_limit"
    SKIPPED_ALREADY_COVERED = "skipped_already_covered"
    SKIPPED_PAUSED = "skipped_paused"
    SKIPPED_WORKSPACE_ARCHIVED = "skipped_workspace_archived"
    JOB_ARCHIVED = "job_archived"
    MANUAL_NOT_ALLOWED = "manual_not_allowed"
    PROFILE_NOT_ALLOWED = "profile_not_allowed"
    PROFILE_NOT_CONFIGURED = "profile_not_configured"
    CHAIN_TOO_LONG = "chain_too_long"
    CHAIN_TOO_FAST = "chain_too_fast"


CONTRACT_SKIPS = frozenset(status for status in ReceiptStatus if status.startswith("skipped_"))
"""Declined in words that the released client knows; the others are shown as failures."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of time that the run covers, half open; `moves_watermark` as in the manifest's arithmetic."""

    start: datetime
    end: datetime
    moves_watermark: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run may start and covers `window`."""

    window: Window


@dataclass(frozen=True, slots=True)
class Declined:
    """No run starts. `reasons` are sentences for people."""

    status: ReceiptStatus
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """What the gate looks at. `concurrency` None is no limit; `window` None means outside the job's interval.

    `is_manual_refused`: a person's `manual:` at a job that does not take it. `stale_upstreams` are the reasons why
    upstream jobs are not fresh, `pending_upstreams` the refs of those that the same batch starts.
    `is_covered`: a backfill is loading the time in which the window begins or, of a rerun, any of it.
    `event_runs` is how many runs of the job events started within `EVENT_RUNS_WITHIN`.
    """

    source: Source
    is_workspace_archived: bool
    is_job_archived: bool
    is_paused: bool
    is_manual_refused: bool
    may_start: bool
    profile_refusal: str | None
    concurrency: int | None
    active_runs: int
    chain_depth: int
    event_runs: int
    window: Window | None
    pending_upstreams: tuple[str, ...] = ()
    stale_upstreams: tuple[str, ...] = ()
    is_covered: bool = False


def decide_start(facts: GateFacts) -> Accepted | Declined:
    """The gate. Order matters: what can never work is said before what may work later."""
    refusal = _never(facts) or _not_now(facts)
    if refusal is not None:
        return refusal
    if facts.window is None:
        return Declined(ReceiptStatus.SKIPPED_OUT_OF_INTERVAL, ("The job's interval does not reach this moment.",))
    if facts.is_covered:
        return Declined(
            ReceiptStatus.SKIPPED_ALREADY_COVERED,
            ("A backfill is loading this time. What lies behind it starts when it has ended.",),
        )
    return Accepted(facts.window)


def _never(facts: GateFacts) -> Declined | None:
    if facts.is_workspace_archived:
        return Declined(ReceiptStatus.SKIPPED_WORKSPACE_ARCHIVED, ("The workspace is archived.",))
    if facts.is_job_archived:
        return Declined(ReceiptStatus.JOB_ARCHIVED, ("The job is archived. Unarchive it, or deploy it again.",))
    if facts.is_manual_refused:
        return Declined(ReceiptStatus.MANUAL_NOT_ALLOWED, ("The job does not let itself be started by hand.",))
    if facts.profile_refusal is not None:
        return Declined(ReceiptStatus.PROFILE_NOT_CONFIGURED, (facts.profile_refusal,))
    if not facts.may_start:
        return Declined(
            ReceiptStatus.PROFILE_NOT_ALLOWED,
            ("A viewer starts jobs on the access profile only, and without refresh.",),
        )
    if facts.chain_depth > MAXIMUM_CHAIN_DEPTH:
        return Declined(
            ReceiptStatus.CHAIN_TOO_LONG,
            (f"More than {MAXIMUM_CHAIN_DEPTH} runs started each other by job events.",),
        )
    if facts.source is Source.JOB_EVENT and facts.event_runs >= MAXIMUM_EVENT_RUNS:
        minutes = int(EVENT_RUNS_WITHIN.total_seconds() // 60)
        return Declined(
            ReceiptStatus.CHAIN_TOO_FAST,
            (f"Job events started this job {facts.event_runs} times within {minutes} minutes.",),
        )
    return None


def _not_now(facts: GateFacts) -> Declined | None:
    if facts.is_paused and facts.source is Source.CLOCK:
        return Declined(ReceiptStatus.SKIPPED_PAUSED, ("The job's schedule is paused.",))
    if facts.pending_upstreams:
        return Declined(
            ReceiptStatus.SKIPPED_UPSTREAM_PENDING,
            tuple(f"It starts when {ref} has completed." for ref in facts.pending_upstreams),
        )
    if facts.stale_upstreams:
        return Declined(ReceiptStatus.SKIPPED_FRESH, facts.stale_upstreams)
    if facts.concurrency is not None and facts.active_runs >= facts.concurrency:
        return Declined(
            ReceiptStatus.SKIPPED_CONCURRENCY_LIMIT,
            (f"{facts.active_runs} of at most {facts.concurrency} runs of this job are active.",),
        )
    return None
