"""Tries after a failure: what was failed runs again as it was, a while later, where its job asks for it (opt-in).

A try is a run of its own with the next number and the same code, configuration, definition, profile and window. It
waits as `pending` until its time; whoever waits for the job's end waits for the last try's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work.starting import no_job
from planes.domain.access import Permission, Principal
from planes.domain.retries import RetryPolicy, decide_retry
from planes.domain.runs import Run, RunStatus, once_more
from planes.storage.control import deployments as stored_deployments
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import retries as stored
from planes.storage.control import runs as stored_runs
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import Job


async def get_policy(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> RetryPolicy:
    """Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        if await stored_jobs.find_job(connection, access.workspace_id, job_id) is None:
            raise no_job()
        return await stored.find_policy(connection, job_id)


async def change_policy(
    parts: Parts, principal: Principal, workspace_id: str, job_id: str, policy: RetryPolicy
) -> RetryPolicy:
    """Holds for failures from now on. Raises: NotFound."""
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
        if await stored_jobs.find_job(connection, access.workspace_id, job_id) is None:
            raise no_job()
        await stored.save_policy(connection, job_id, policy)
    return policy


async def retry(connection: Connection, run: Run, job: Job, *, is_archived: bool, now: datetime) -> Run | None:
    """The next try of a run that has just ended, in the transaction that ended it; None when there is none.

    The caller holds the workspace's work.
    """
    if run.status is not RunStatus.FAILED or is_archived or job.is_archived:
        return None
    return await try_again(connection, run, job, await stored.find_policy(connection, run.job_id), now)


async def try_again(connection: Connection, run: Run, job: Job, policy: RetryPolicy, now: datetime) -> Run | None:
    """The same by this policy, for a job that may still run."""
    not_before = decide_retry(run, policy, now)
    if not_before is None:
        return None
    deployment = await stored_deployments.find_deployment(connection, run.deployment_id)
    if deployment is None or deployment.retired_at is not None:
        return None
    again = replace(
        once_more(run, job.last_run_number + 1, now),
        attempt=run.attempt + 1,
        not_before=not_before,
        previous_job_run_id=run.id,
    )
    await stored_runs.insert_runs(connection, [again])
    return again
