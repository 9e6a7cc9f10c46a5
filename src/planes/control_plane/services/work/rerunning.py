"""A past run once more: its exact code, configuration, definition, profile and window, whatever was deployed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from planes.control_plane.services.access import WorkspaceAccess, authorize_workspace
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work.runs import no_run
from planes.control_plane.services.work.triggers import hold_work
from planes.domain.access import Permission, Principal, WorkspaceRole, may_start_on
from planes.domain.backfills import NOTHING_TAKEN, end_before
from planes.domain.errors import Conflict
from planes.domain.runs import Run, once_more
from planes.domain.triggers import Declined, GateFacts, Source, Window, decide_start
from planes.manifest.facts import JobFacts
from planes.storage.control import backfills as stored_backfills
from planes.storage.control import deployments as stored_deployments
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import Job


async def rerun(parts: Parts, principal: Principal, workspace_id: str, run_id: str) -> Run | Declined:
    """Starts a run like this one; what the gate declines is an answer.

    Freshness is not asked again: the window is past. What a backfill is to load is left to it. Each call starts
    another run.

    Raises: NotFound, Conflict (`run_active` while it goes on, `version_retired` when its code is no longer kept).
    """
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.CREATE_RUN)
        await parts.database.lock(connection, f"versions:{access.workspace_id}")  # its code is not retired meanwhile
        await hold_work(parts, connection, access.workspace_id)
        past = await stored_runs.find_run(connection, run_id, workspace_id=access.workspace_id)
        if past is None:
            raise no_run()
        if not past.is_terminal:
            raise Conflict("run_active", "The run goes on. Wait for its end, or cancel it.")
        decided = await _decide(connection, access, past, parts.clock.now())
        if isinstance(decided, Declined):
            return decided
        await stored_runs.insert_runs(connection, [decided])
    parts.news.tell(access.dataplane_id)
    return decided


async def _decide(connection: Connection, access: WorkspaceAccess, past: Run, now: datetime) -> Run | Declined:
    found = await stored_jobs.find_job(connection, access.workspace_id, past.job_id)
    deployment = await stored_deployments.find_deployment(connection, past.deployment_id)
    version = (await stored_jobs.versions_by_id(connection, [past.job_version_id]))[past.job_version_id]
    assert found is not None, "a run's job is never removed"
    assert deployment is not None, "a run's deployment is never removed"
    if deployment.retired_at is not None:
        raise Conflict("version_retired", f"Version {deployment.version} of the code is no longer kept.")
    facts = JobFacts.from_definition(version.definition)
    active = await stored_runs.active_counts(connection, [past.job_id], of_backfills=False)
    window = Window(past.interval_start or now, past.interval_end or now, moves_watermark=past.moves_watermark)
    taken = (await stored_backfills.taken_by_job(connection, [past.job_id])).get(past.job_id, NOTHING_TAKEN)
    declined = decide_start(
        GateFacts(
            source=Source.PERSON,
            is_workspace_archived=access.is_archived,
            is_job_archived=found.job.is_archived,
            is_paused=found.job.is_paused,
            is_manual_refused=not facts.is_manual,
            may_start=may_start_on(access.role, past.profile, refresh=past.is_refresh),
            profile_refusal=None,
            concurrency=facts.concurrency,
            active_runs=active.get(past.job_id, 0),
            chain_depth=past.chain_depth,
            event_runs=0,
            window=window,
            is_covered=window.start < window.end and end_before(window.start, window.end, taken.open) != window.end,
        )
    )
    return declined if isinstance(declined, Declined) else _again(past, found.job, access, now)


def _again(past: Run, job: Job, access: WorkspaceAccess, now: datetime) -> Run:
    return replace(
        once_more(past, job.last_run_number + 1, now),
        moves_watermark=past.moves_watermark and _joins(past, job),
        triggered_by=access.membership_id,
        follows_viewer=access.role is WorkspaceRole.VIEWER,
        backfill_id=None,
        previous_job_run_id=past.previous_job_run_id if past.attempt == 1 else None,  # it is no further try of that one
    )


def _joins(past: Run, job: Job) -> bool:
    """Whether its window begins where the job has come to, so that completing it leaves no gap."""
    if past.interval_start is None or past.interval_start == past.interval_end:
        return True
    return past.is_refresh if job.completed_end is None else past.interval_start <= job.completed_end
