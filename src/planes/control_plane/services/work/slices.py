"""A backfill goes on by itself: each end of a slice's run starts the next slices, in the same transaction.

So a control plane that is killed between two slices loses none and starts none twice. What a slice's end means for the
schedule is in `planes.domain.backfills`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from planes.control_plane.services.work import windows
from planes.control_plane.services.work.retrying import try_again
from planes.domain.backfills import OPEN, UNDER_WAY, BackfillState, SliceState, outcome_of, passed_over
from planes.domain.identifiers import DataPlaneId, OrganizationId, RunId, WorkspaceId, new_id
from planes.domain.retries import RetryPolicy
from planes.domain.runs import Run, RunStatus
from planes.manifest.facts import JobFacts
from planes.manifest.schedules import declared_bounds
from planes.manifest.triggers import JobOutcome
from planes.storage.control import backfills as stored
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control.backfills import Backfill, Slice
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import JobVersion, VersionedJob

_STATES = {
    RunStatus.COMPLETED: SliceState.COMPLETED,
    RunStatus.FAILED: SliceState.FAILED,
    RunStatus.CANCELLED: SliceState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where a backfill's runs are started; `may_go_on` is False once the job or its workspace is archived."""

    organization_id: OrganizationId
    workspace_id: WorkspaceId
    dataplane_id: DataPlaneId
    may_go_on: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class SliceEnd:
    """What followed from a slice's end: whether runs were created, and how the backfill ended if it did now."""

    has_started: bool
    outcome: JobOutcome | None = None


async def slice_ended(connection: Connection, run: Run, job: VersionedJob, ground: Ground) -> SliceEnd:
    """Moves a backfill on when a run of it has ended. The caller holds the workspace's work and saved the run.

    A run that the slice does not count as its newest, because it was resumed since, moves nothing.
    """
    assert run.backfill_id is not None, "a run of a backfill"
    backfill = await stored.find(connection, run.backfill_id, for_update=True)
    found = await stored.find_slice_of_run(connection, run.backfill_id, run.id)
    if backfill is None or found is None:
        return SliceEnd(False)
    if backfill.state is BackfillState.RUNNING and ground.may_go_on:
        policy = RetryPolicy(attempts=backfill.attempts, wait_seconds=backfill.wait_seconds)
        again = await try_again(connection, run, job.job, policy, ground.now)
        if again is not None:
            await stored.change_slice(connection, found, run_id=again.id, updated_at=ground.now)
            return SliceEnd(False)
    await stored.change_slice(connection, found, state=_STATES[run.status].value, updated_at=ground.now)
    if run.status is RunStatus.COMPLETED and found.is_ahead:
        await pass_over(connection, job, fallback=backfill.starts_at)
    return await go_on(connection, backfill, job, ground)


async def go_on(connection: Connection, backfill: Backfill, job: VersionedJob, ground: Ground) -> SliceEnd:
    """Starts as many slices as may run now, and ends the backfill when none is left."""
    if backfill.state is BackfillState.RUNNING and not ground.may_go_on:
        await stored.change_waiting(connection, backfill.id, SliceState.CANCELLED, ground.now)
    rows = await stored.slices_of(connection, backfill.id)
    started: list[Run] = []
    if backfill.state is BackfillState.RUNNING and ground.may_go_on:
        started = await _start(connection, backfill, rows, job, ground)
    if started or any(row.state in OPEN for row in rows):
        return SliceEnd(bool(started))
    is_cancelling = backfill.state in {BackfillState.CANCELLING, BackfillState.CANCELLED}
    state = outcome_of([row.state for row in rows], is_cancelling=is_cancelling)
    had_ended = backfill.state not in UNDER_WAY
    await stored.change(connection, backfill.id, state=state.value, updated_at=ground.now, finished_at=ground.now)
    if had_ended or state is BackfillState.CANCELLED:
        return SliceEnd(False)
    return SliceEnd(False, "success" if state is BackfillState.COMPLETED else "fail")


async def pass_over(connection: Connection, job: VersionedJob, *, fallback: datetime | None = None) -> None:
    """Moves the job's watermark over what backfills have loaded behind it. May run twice.

    A job that never completed has come to the start of its declared interval; without one, to where its first backfill
    begins (`fallback`).
    """
    held = (await stored.taken_by_job(connection, [job.job.id])).get(job.job.id)
    if held is None or not held.done:
        return
    present = (await stored_jobs.jobs_by_id(connection, job.job.workspace_id, [job.job.id]))[0].job.completed_end
    reached = present or await _begins(job) or fallback
    if reached is None:
        return
    after = passed_over(reached, held.done)
    if after > reached:
        await stored_jobs.change_job(connection, job.job.id, completed_end=after)
    if after > reached or present is not None:
        await stored.leave_behind(connection, job.job.id, after)


async def _begins(job: VersionedJob) -> datetime | None:
    facts = JobFacts.from_definition(job.version.definition)
    trigger = facts.interval_trigger
    if trigger is None or facts.interval_start is None:
        return None
    bounds = await windows.in_thread(lambda: declared_bounds(facts, job.version.definition, trigger))
    return None if bounds is None else bounds[0]


async def _start(
    connection: Connection, backfill: Backfill, rows: Sequence[Slice], job: VersionedJob, ground: Ground
) -> list[Run]:
    free = backfill.parallel - sum(row.state is SliceState.ACTIVE for row in rows)
    chosen = [row for row in rows if row.state is SliceState.WAITING][: max(0, free)]
    if not chosen:
        return []
    version = (await stored_jobs.versions_by_id(connection, [backfill.job_version_id]))[backfill.job_version_id]
    number = (await stored_jobs.jobs_by_id(connection, ground.workspace_id, [job.job.id]))[0].job.last_run_number
    runs = [
        _new_run(backfill, row, version, number + step, ground, is_system=job.job.is_system)
        for step, row in enumerate(chosen, start=1)
    ]
    await stored_runs.insert_runs(connection, runs)
    for row, run in zip(chosen, runs, strict=True):
        await stored.change_slice(connection, row, state=SliceState.ACTIVE.value, run_id=run.id, updated_at=ground.now)
    return runs


def _new_run(
    backfill: Backfill, row: Slice, version: JobVersion, number: int, ground: Ground, *, is_system: bool
) -> Run:
    """The code, configuration and definition of when the backfill was started, whatever was deployed since."""
    facts = JobFacts.from_definition(version.definition)
    return Run(
        id=RunId(new_id()),
        organization_id=ground.organization_id,
        workspace_id=ground.workspace_id,
        dataplane_id=ground.dataplane_id,
        job_id=backfill.job_id,
        job_version_id=backfill.job_version_id,
        number=number,
        status=RunStatus.PENDING,
        trigger=f"manual:{facts.job_ref}",
        profile=backfill.profile,
        deployment_id=backfill.deployment_id,
        configuration_id=backfill.configuration_id,
        time_limit_seconds=facts.max_run_time_seconds,
        grace_seconds=math.ceil(facts.grace_seconds),
        created_at=ground.now,
        updated_at=ground.now,
        is_system=is_system,
        interval_start=row.starts_at,
        interval_end=row.ends_at,
        # The watermark is moved over slices by `pass_over`, never by a run of one.
        moves_watermark=False,
        triggered_by=backfill.created_by,
        follows_viewer=False,
        backfill_id=backfill.id,
    )
