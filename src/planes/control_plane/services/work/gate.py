"""From stored facts to the gate's verdicts: profile, window, freshness, order. Pure but for dlt's arithmetic."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from planes.domain.access import WorkspaceRole, may_start_on
from planes.domain.backfills import NOTHING_TAKEN, Taken, end_before
from planes.domain.triggers import Accepted, Declined, GateFacts, Source, Window, decide_start
from planes.manifest.facts import JobFacts, trigger_kind
from planes.manifest.freshness import check_freshness, decide_refresh, refresh_cascade, upstream_refs
from planes.manifest.profiles import Refusal, pick_profile
from planes.manifest.schedules import run_window
from planes.storage.control.jobs import Job

_Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One job that a trigger would start, with all that the decision depends on. `index` is the request's place."""

    index: int
    job: Job
    definition: _Definition = field(repr=False)
    trigger: str
    source: Source
    requested_profile: str | None
    configured_profiles: Sequence[str]
    is_refresh: bool
    skips_freshness: bool
    role: WorkspaceRole | None
    is_workspace_archived: bool
    active_runs: int
    chain_depth: int
    event_runs: int
    upstream_definitions: Mapping[str, _Definition] = field(repr=False)
    completed_ends: Mapping[str, datetime | None] = field(repr=False)
    active_upstreams: frozenset[str]
    taken: Taken = NOTHING_TAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision on one candidate, and what its run is made of when it is accepted.

    `forgets` are the refs whose watermarks the run's start clears: a refresh that somebody asked for begins everything
    behind it anew.
    """

    index: int
    decision: Accepted | Declined
    profile: str
    is_refresh: bool
    forgets: tuple[str, ...]
    number: int
    time_limit_seconds: int
    grace_seconds: int


@dataclass(slots=True)
class _Batch:
    """What earlier decisions of the same batch mean for later ones."""

    will_run: set[str]
    started: Counter[str]
    forgotten: set[str]


def judge(candidates: Sequence[Candidate], now: datetime) -> list[Verdict]:
    """Verdicts in the order in which the jobs depend on each other: upstream jobs first."""
    batch = _Batch(set(), Counter(), set())
    return [_judge_one(candidate, batch, now) for candidate in _upstream_first(candidates)]


def _judge_one(candidate: Candidate, batch: _Batch, now: datetime) -> Verdict:
    facts = JobFacts.from_definition(candidate.definition)
    job = candidate.job
    is_refresh = decide_refresh(candidate.definition, candidate.is_refresh).is_refresh
    is_told = is_refresh or _is_first(candidate, facts)
    picked = pick_profile(candidate.definition, candidate.configured_profiles, candidate.requested_profile)
    refusal = picked.reason if isinstance(picked, Refusal) else None
    profile = job.profile if isinstance(picked, Refusal) else picked
    window, is_covered = _window(candidate, is_refresh, now)
    decision = decide_start(
        GateFacts(
            source=candidate.source,
            is_workspace_archived=candidate.is_workspace_archived,
            is_job_archived=job.is_archived,
            is_paused=job.is_paused,
            is_manual_refused=trigger_kind(candidate.trigger) == "manual" and not facts.is_manual,
            may_start=candidate.role is None or may_start_on(candidate.role, profile, refresh=is_refresh),
            profile_refusal=refusal,
            concurrency=facts.concurrency,
            active_runs=candidate.active_runs + batch.started[job.id],
            chain_depth=candidate.chain_depth,
            event_runs=candidate.event_runs,
            window=window,
            is_covered=is_covered,
            pending_upstreams=_pending_upstreams(candidate, batch),
            stale_upstreams=_stale_upstreams(candidate, batch, now),
        )
    )
    forgets = _forgets(candidate, decision, is_refresh=is_refresh)
    _remember(candidate, decision, batch)
    batch.forgotten.update(forgets)
    return Verdict(
        index=candidate.index,
        decision=decision,
        profile=profile,
        is_refresh=is_told,
        forgets=forgets,
        number=job.last_run_number + batch.started[job.id],
        time_limit_seconds=facts.max_run_time_seconds,
        grace_seconds=math.ceil(facts.grace_seconds),
    )


def _is_first(candidate: Candidate, facts: JobFacts) -> bool:
    """A job without a watermark is told to begin anew, unless it ignores that (Contract: 4.4)."""
    has_watermark = facts.job_type == "batch"
    is_new = has_watermark and candidate.job.completed_end is None and candidate.taken.is_empty
    return is_new and decide_refresh(candidate.definition, is_requested=True).is_refresh


def _forgets(candidate: Candidate, decision: Accepted | Declined, *, is_refresh: bool) -> tuple[str, ...]:
    if not (candidate.is_refresh and is_refresh and isinstance(decision, Accepted)):
        return ()
    ref = candidate.job.job_ref
    return (ref, *refresh_cascade(ref, candidate.upstream_definitions))


def _remember(candidate: Candidate, decision: Accepted | Declined, batch: _Batch) -> None:
    if isinstance(decision, Accepted):
        batch.started[candidate.job.id] += 1
        batch.will_run.add(candidate.job.job_ref)
    elif decision.status == "skipped_upstream_pending":
        batch.will_run.add(candidate.job.job_ref)


def _window(candidate: Candidate, is_refresh: bool, now: datetime) -> tuple[Window | None, bool]:
    """The window, and whether a backfill holds the time in which it would begin. It ends where the next one begins."""
    window = run_window(
        candidate.definition,
        candidate.trigger,
        now,
        completed_end=candidate.job.completed_end,
        is_refresh=is_refresh,
    )
    if window is None:
        return None, False
    end: datetime | None = window.end
    if window.moves_watermark and not window.is_empty:
        # A refresh loads again what was loaded, but not what is being loaded.
        taken = candidate.taken.open if is_refresh else (*candidate.taken.open, *candidate.taken.done)
        end = end_before(window.start, window.end, taken)
    return Window(window.start, end or window.end, window.moves_watermark), end is None


def _pending_upstreams(candidate: Candidate, batch: _Batch) -> tuple[str, ...]:
    if candidate.skips_freshness:
        return ()
    pending = batch.will_run | candidate.active_upstreams
    return tuple(ref for ref in upstream_refs(candidate.definition) if ref in pending)


def _stale_upstreams(candidate: Candidate, batch: _Batch, now: datetime) -> tuple[str, ...]:
    if candidate.skips_freshness or not upstream_refs(candidate.definition):
        return ()
    ends = {ref: None if ref in batch.forgotten else end for ref, end in candidate.completed_ends.items()}
    freshness = check_freshness(candidate.definition, candidate.upstream_definitions, ends, now)
    return freshness.reasons


def _upstream_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Depth first over freshness; a circle, which dlt refuses at deploy, is cut where it is met."""
    by_ref: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_ref.setdefault(candidate.job.job_ref, []).append(candidate)
    ordered: list[Candidate] = []
    seen: set[str] = set()
    for ref in by_ref:
        stack = [(ref, False)]
        while stack:
            current, is_done = stack.pop()
            if is_done:
                ordered += by_ref[current]
                continue
            if current in seen:
                continue
            seen.add(current)
            stack.append((current, True))
            upstream = upstream_refs(by_ref[current][0].definition)
            stack += [(other, False) for other in reversed(upstream) if other in by_ref]
    return ordered
