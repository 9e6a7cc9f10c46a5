"""What a deploy does to the jobs of a workspace: created, updated, unchanged, archived (Contract: 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class DeployOutcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedJob:
    """What reconciliation needs to know of a job that is there. `module` None: it only came by ad-hoc deploys."""

    job_ref: str
    definition_hash: str
    profile: str
    module: str | None
    is_archived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedJob:
    """One definition of the deploy."""

    job_ref: str
    definition_hash: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one job. `makes_version` is False when only flags change: a job that comes back as it was."""

    job_ref: str
    outcome: DeployOutcome
    makes_version: bool
    module: str | None


def reconcile(present: Iterable[DeployedJob], wanted: Sequence[WantedJob], module: str | None) -> list[Change]:
    """The changes, wanted jobs first and in their order, then the archived ones by ref.

    Only jobs that came last from this same module are archived; an ad-hoc deploy (module None) archives nothing and
    leaves a job's module as it is.
    """
    by_ref = {job.job_ref: job for job in present}
    changes = [_change(by_ref.get(job.job_ref), job, module) for job in wanted]
    if module is not None:
        kept = {job.job_ref for job in wanted}
        gone = sorted(ref for ref, job in by_ref.items() if job.module == module and ref not in kept)
        changes += [
            Change(job_ref=ref, outcome=DeployOutcome.ARCHIVED, makes_version=False, module=module)
            for ref in gone
            if not by_ref[ref].is_archived
        ]
    return changes


def _change(present: DeployedJob | None, wanted: WantedJob, module: str | None) -> Change:
    if present is None:
        return Change(job_ref=wanted.job_ref, outcome=DeployOutcome.CREATED, makes_version=True, module=module)
    is_changed = (present.definition_hash, present.profile) != (wanted.definition_hash, wanted.profile)
    outcome = DeployOutcome.UPDATED if is_changed or present.is_archived else DeployOutcome.UNCHANGED
    return Change(job_ref=wanted.job_ref, outcome=outcome, makes_version=is_changed, module=module or present.module)
