"""From a validated manifest and the jobs that are there to the rows that a deploy writes. Loads dlt; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from planes.control_plane.services.work.schedules import clear_clocks, plan_clocks
from planes.control_plane.services.work.triggers import waiting_by
from planes.domain.deploying import Change, DeployedJob, DeployOutcome, WantedJob, reconcile
from planes.domain.errors import InvalidRequest, Reason
from planes.domain.identifiers import JobId, JobVersionId, MembershipId, WorkspaceId, new_id
from planes.manifest.facts import WINDOWED, JobFacts, part, trigger_kind
from planes.manifest.profiles import Refusal, pick_profile
from planes.manifest.triggers import is_self_firing
from planes.manifest.validation import ValidatedJob, ValidatedManifest
from planes.storage.control.clocks import JobClock
from planes.storage.control.jobs import Job, JobVersion, VersionedJob

DASHBOARD_REF = "jobs.workspace.dashboard"
"""The job that every module deploy brings along; its runs are hidden from lists unless asked for (Contract: 4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployGround:
    """What a deploy meets. `profiles` None: no configuration is known yet, so none can be checked (dry run)."""

    workspace_id: WorkspaceId
    module: str | None
    membership_id: MembershipId
    profiles: Collection[str] | None
    present: Sequence[VersionedJob]
    clocks: Mapping[str, Sequence[JobClock]]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """One job after the deploy. `new_version` is to be written; `clocks` None: they stay as they are."""

    outcome: DeployOutcome
    job: VersionedJob
    previous: JobVersion | None
    new_version: JobVersion | None
    clocks: Sequence[JobClock] | None


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """Everything that the transaction writes, and what the caller is told."""

    module: str | None
    jobs: list[PlannedJob]
    warnings: list[str]


def plan_deploy(manifest: ValidatedManifest, ground: DeployGround, *, is_dry_run: bool) -> DeployPlan:
    """The rows after the deploy; ids of new jobs are made up here.

    Raises: InvalidRequest when a profile has no configuration; on a dry run that is a warning, because the
    configuration that would come with the deploy is not uploaded.
    """
    warnings = [*manifest.warnings, *_elsewhere(manifest), *_never_started(manifest)]
    profiles, missing = _profiles(manifest, ground)
    if missing and not is_dry_run:
        raise InvalidRequest("profile_not_configured", "A job asks for a profile that cannot be used.", tuple(missing))
    warnings += [f"{reason.key}: {reason.message}" for reason in missing]
    by_ref = {found.job.job_ref: found for found in ground.present}
    validated = {job.job_ref: job for job in manifest.jobs}
    wanted = [
        WantedJob(job_ref=job.job_ref, definition_hash=job.definition_hash, profile=profiles[job.job_ref])
        for job in manifest.jobs
    ]
    planned: list[PlannedJob] = []
    for change in reconcile([_deployed(found) for found in ground.present], wanted, ground.module):
        before = by_ref.get(change.job_ref)
        if change.outcome is DeployOutcome.ARCHIVED:
            assert before is not None, "only a job that is there can be archived"
            planned.append(_archived(before, ground))
        else:
            job = validated[change.job_ref]
            planned.append(_live(change, before, job, profiles[change.job_ref], ground))
    warnings += [_over(item) for item in planned if _is_over(item, ground)]
    return DeployPlan(ground.module, planned, warnings)


def _elsewhere(manifest: ValidatedManifest) -> list[str]:
    """Of jobs that ask for a region: the organization has chosen its own, for good."""
    return [
        f"{job.job_ref}: `require.region` has no effect, its runs stay in the organization's region"
        for job in manifest.jobs
        if part(job.definition, "require").get("region")
    ]


def _never_started(manifest: ValidatedManifest) -> list[str]:
    return [
        f"{job.job_ref}: nothing starts it, it has no trigger and `expose.manual` is false"
        for job in manifest.jobs
        if not job.triggers
    ]


def _is_over(item: PlannedJob, ground: DeployGround) -> bool:
    """Of a live job: that it has a schedule, and nothing is left of it."""
    if item.outcome is DeployOutcome.ARCHIVED:
        return False
    clocks = ground.clocks.get(item.job.job.id, ()) if item.clocks is None else item.clocks
    moments = [clock.next_fire_at for clock in clocks if trigger_kind(clock.trigger) in WINDOWED]
    return bool(moments) and not any(moments)


def _over(item: PlannedJob) -> str:
    facts = JobFacts.from_definition(item.job.version.definition)
    why = f" since its interval ends at {facts.interval_end.isoformat()}" if facts.interval_end is not None else ""
    return f"{facts.job_ref}: its schedule starts nothing any more{why}; by hand it loads what is left"


def _profiles(manifest: ValidatedManifest, ground: DeployGround) -> tuple[dict[str, str], list[Reason]]:
    picked: dict[str, str] = {}
    missing: list[Reason] = []
    for index, job in enumerate(manifest.jobs):
        profile = pick_profile(job.definition, ground.profiles or ())
        if isinstance(profile, Refusal):
            if ground.profiles is not None:
                # its place among the jobs that the client found tells nobody which it is
                said = f"{job.job_ref}: {profile.reason}"
                missing.append(Reason(key=f"jobs[{index}].require.profile", message=said))
            profile = job.facts.required_profile or ""
        picked[job.job_ref] = profile
    return picked, missing


def _deployed(found: VersionedJob) -> DeployedJob:
    return DeployedJob(
        job_ref=found.job.job_ref,
        definition_hash=found.version.definition_hash,
        profile=found.version.profile,
        module=found.job.module,
        is_archived=found.job.is_archived,
    )


def _archived(before: VersionedJob, ground: DeployGround) -> PlannedJob:
    job = replace(
        before.job,
        is_archived=True,
        is_paused=False,
        paused_at=None,
        next_fire_at=None,
        deferred=None,
        updated_at=ground.now,
    )
    clocks = clear_clocks(ground.clocks.get(job.id, ()))
    return PlannedJob(
        outcome=DeployOutcome.ARCHIVED,
        job=VersionedJob(job, before.version),
        previous=before.version,
        new_version=None,
        clocks=clocks,
    )


def _live(
    change: Change, before: VersionedJob | None, wanted: ValidatedJob, profile: str, ground: DeployGround
) -> PlannedJob:
    if change.outcome is DeployOutcome.UNCHANGED and before is not None:
        job = before.job if before.job.module == change.module else replace(before.job, module=change.module)
        same = VersionedJob(job, before.version)
        return PlannedJob(outcome=change.outcome, job=same, previous=None, new_version=None, clocks=None)
    job_id = JobId(new_id()) if before is None else before.job.id
    version = _version(job_id, before, wanted, profile, ground) if change.makes_version else None
    kept = version or (before.version if before is not None else None)
    assert kept is not None, "a job has a version from the start"
    clocks = plan_clocks(job_id, wanted.definition, ground.clocks.get(job_id, ()), ground.now)
    job = _job(before, wanted, kept, change.module, ground)
    next_fire_at = min((clock.next_fire_at for clock in clocks if clock.next_fire_at is not None), default=None)
    job = replace(job, next_fire_at=next_fire_at)
    if next_fire_at is None:  # a job without a schedule cannot be paused
        job = replace(job, is_paused=False, paused_at=None)
    return PlannedJob(
        outcome=change.outcome,
        job=VersionedJob(job, kept),
        previous=None if before is None else before.version,
        new_version=version,
        clocks=clocks,
    )


def _version(
    job_id: JobId, before: VersionedJob | None, wanted: ValidatedJob, profile: str, ground: DeployGround
) -> JobVersion:
    return JobVersion(
        id=JobVersionId(new_id()),
        job_id=job_id,
        version=1 if before is None else before.job.version + 1,
        definition=wanted.definition,
        definition_hash=wanted.definition_hash,
        engine_version=wanted.definition["engine_version"],
        module=ground.module,
        profile=profile,
        triggers=wanted.triggers,
        default_trigger=wanted.default_trigger,
        created_by=ground.membership_id,
        created_at=ground.now,
    )


def _job(
    before: VersionedJob | None,
    wanted: ValidatedJob,
    version: JobVersion,
    module: str | None,
    ground: DeployGround,
) -> Job:
    facts = wanted.facts
    described = Job(
        id=version.job_id,
        workspace_id=ground.workspace_id,
        job_ref=wanted.job_ref,
        name=facts.display_name,
        job_type=facts.job_type,
        category=facts.category,
        profile=version.profile,
        pipeline_name=facts.pipeline_name,
        module=module,
        version=version.version,
        version_id=version.id,
        is_self_firing=is_self_firing(wanted.triggers),
        is_system=wanted.job_ref == DASHBOARD_REF,
        created_by=ground.membership_id,
        created_at=ground.now,
        updated_at=ground.now,
    )
    if before is None:
        return described
    kept = before.job
    return replace(
        described,
        created_by=kept.created_by,
        created_at=kept.created_at,
        public_secret=kept.public_secret,
        is_paused=kept.is_paused,
        paused_at=kept.paused_at,
        last_run_number=kept.last_run_number,
        latest_run_id=kept.latest_run_id,
        completed_end=kept.completed_end,
        deferred=waiting_by(kept.deferred, wanted.triggers),
    )


def trigger_pairs(version: JobVersion) -> list[tuple[str, str]]:
    """(trigger, kind) of each trigger by which the job is found."""
    return [(trigger, trigger_kind(trigger)) for trigger in version.triggers]
