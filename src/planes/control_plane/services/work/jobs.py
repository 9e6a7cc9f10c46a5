"""Reading jobs, and what a person may do to one: pause, archive, publish (Contract: 4.1, operations 32, 33, 35-40)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import schedules, windows
from planes.control_plane.services.work.app_links import end_public_link
from planes.control_plane.services.work.runs import Downstream, find_downstream
from planes.control_plane.services.work.starting import no_job
from planes.control_plane.services.work.triggers import hold_work
from planes.domain.access import Permission, Principal
from planes.domain.errors import InvalidRequest
from planes.domain.identifiers import WorkspaceId, new_id
from planes.domain.runs import Run
from planes.domain.triggers import ReceiptStatus
from planes.manifest.freshness import upstream_refs
from planes.manifest.schedules import Tick
from planes.storage.control import clocks as stored_clocks
from planes.storage.control import job_lists, run_lists
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control import summaries as stored_summaries
from planes.storage.control.connection import Connection
from planes.storage.control.job_lists import JobFilter, ShortJob
from planes.storage.control.jobs import Job, JobVersion, VersionedJob
from planes.storage.control.passed_over import PassedOver, find_passed_over, list_passed_over
from planes.storage.control.run_lists import DownstreamRun, RecentRun
from planes.storage.control.summaries import PipelineRunSummary
from planes.storage.keyset import Listed

Change = Callable[[Connection, VersionedJob], Awaitable[Job]]


@dataclass(frozen=True, slots=True)
class Extras:
    """What is wanted beside each job: how many recent runs, which downstream runs of the latest one."""

    recent_runs: int | None = None
    downstream: Downstream = field(default_factory=Downstream)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedJob:
    """A job with its latest run; `recent` and `downstream` None: not asked for."""

    job: VersionedJob
    latest_run: Run | None
    summaries: Sequence[PipelineRunSummary]
    recent: Sequence[RecentRun] | None
    downstream: Sequence[DownstreamRun] | None


async def list_jobs(parts: Parts, principal: Principal, wanted: JobFilter, extras: Extras) -> Listed[DetailedJob]:
    """One page with all that a job is shown with."""
    async with parts.database.reading() as connection:
        await authorize_workspace(connection, principal, wanted.workspace_id, Permission.READ)
        found = await job_lists.list_jobs(connection, wanted)
        return found.carrying(await _detailed(connection, wanted.workspace_id, found.items, extras))


async def list_short_jobs(parts: Parts, principal: Principal, wanted: JobFilter, recent_limit: int) -> Listed[ShortJob]:
    """One page with what a list shows of a job."""
    async with parts.database.reading() as connection:
        await authorize_workspace(connection, principal, wanted.workspace_id, Permission.READ)
        return await job_lists.list_short_jobs(connection, wanted, recent_limit)


async def get_job(parts: Parts, principal: Principal, workspace_id: str, job_id: str, extras: Extras) -> DetailedJob:
    """Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        found = await stored_jobs.find_job(connection, access.workspace_id, job_id)
        if found is None:
            raise no_job()
        return (await _detailed(connection, access.workspace_id, [found], extras))[0]


@dataclass(frozen=True, slots=True)
class FireTimes:
    """When a job fires next. `waits_for` are the refs that a start which was put off waits for: its own, for room.

    `passed_over` is the newest start that fired by itself and was declined.
    """

    job: VersionedJob
    ticks: Sequence[Tick]
    waits_for: tuple[str, ...]
    passed_over: PassedOver | None


async def fire_times(parts: Parts, principal: Principal, workspace_id: str, job_id: str, count: int) -> FireTimes:
    """The job's next ticks, also while it is paused: its time goes on. Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        found = await stored_jobs.find_job(connection, access.workspace_id, job_id)
        if found is None:
            raise no_job()
        clocks = await stored_clocks.clocks_of(connection, [found.job.id])
        passed_over = await find_passed_over(connection, found.job.id)
    definition, now = found.version.definition, parts.clock.now()
    ticks = await windows.in_thread(lambda: schedules.upcoming_ticks(definition, clocks, now, count))
    return FireTimes(found, ticks, _waits_for(found), passed_over)


async def passed_over_starts(parts: Parts, principal: Principal, workspace_id: str) -> list[PassedOver]:
    """Of each live job the start that was passed over, where none has come after it."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        return await list_passed_over(connection, access.workspace_id)


def _waits_for(found: VersionedJob) -> tuple[str, ...]:
    kept = found.job.deferred
    if kept is None:
        return ()
    if kept.get("status") == ReceiptStatus.SKIPPED_CONCURRENCY_LIMIT:
        return (found.job.job_ref,)
    return upstream_refs(found.version.definition)


async def list_versions(
    parts: Parts, principal: Principal, workspace_id: str, job_id: str, limit: int
) -> list[JobVersion]:
    """The definitions that the job had, the newest first. Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        found = await stored_jobs.find_job(connection, access.workspace_id, job_id)
        if found is None:
            raise no_job()
        return await stored_jobs.versions_of_job(connection, found.job.id, limit)


async def pause(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> VersionedJob:
    """The scheduler passes the job over from now on; its time goes on. May run twice.

    Raises: InvalidRequest for a job that is archived or has no schedule.
    """

    async def change(_connection: Connection, found: VersionedJob) -> Job:
        if found.job.is_archived:
            raise InvalidRequest("job_archived", "An archived job cannot be paused.")
        if found.job.next_fire_at is None:
            raise InvalidRequest("job_not_scheduled", "Only a job with a schedule can be paused.")
        if found.job.is_paused:
            return found.job
        return replace(found.job, is_paused=True, paused_at=parts.clock.now())

    return await _change(parts, principal, workspace_id, job_id, change)


async def resume(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> VersionedJob:
    """Undoes `pause`. May run twice."""

    async def change(_connection: Connection, found: VersionedJob) -> Job:
        return replace(found.job, is_paused=False, paused_at=None)

    return await _change(parts, principal, workspace_id, job_id, change)


async def archive(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> VersionedJob:
    """Nothing starts the job any more; its runs stay. May run twice."""

    async def change(connection: Connection, found: VersionedJob) -> Job:
        if not found.job.is_archived:
            await schedules.stop_job(connection, found.job.id)
        return replace(found.job, is_archived=True, is_paused=False, paused_at=None, next_fire_at=None, deferred=None)

    return await _change(parts, principal, workspace_id, job_id, change)


async def unarchive(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> VersionedJob:
    """Undoes `archive`; the schedule goes on from now. May run twice."""
    await windows.prepare()

    async def change(connection: Connection, found: VersionedJob) -> Job:
        if found.job.is_archived:
            await schedules.restart_job(connection, found, parts.clock.now())
        fresh = await stored_jobs.find_job(connection, found.job.workspace_id, found.job.id)
        assert fresh is not None, "the job is held by this transaction"
        return replace(fresh.job, is_archived=False)

    return await _change(parts, principal, workspace_id, job_id, change)


async def publish(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> VersionedJob:
    """Gives an interactive job a new secret address; an old one ends. Raises: InvalidRequest for any other job."""

    async def change(connection: Connection, found: VersionedJob) -> Job:
        if found.job.job_type != "interactive":
            raise InvalidRequest("job_not_interactive", "Only an interactive job can be published.")
        if found.job.is_archived:
            raise InvalidRequest("job_archived", "An archived job cannot be published.")
        await end_public_link(connection, parts, found.job.public_secret)
        return replace(found.job, public_secret=new_id())

    changed = await _change(parts, principal, workspace_id, job_id, change)
    parts.news.tell_all()
    return changed


async def unpublish(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> VersionedJob:
    """Ends the secret address, and what it opened. May run twice."""

    async def change(connection: Connection, found: VersionedJob) -> Job:
        await end_public_link(connection, parts, found.job.public_secret)
        return replace(found.job, public_secret=None)

    changed = await _change(parts, principal, workspace_id, job_id, change)
    parts.news.tell_all()
    return changed


async def _change(parts: Parts, principal: Principal, workspace_id: str, job_id: str, change: Change) -> VersionedJob:
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
        await hold_work(parts, connection, access.workspace_id)
        found = await stored_jobs.find_job(connection, access.workspace_id, job_id)
        if found is None:
            raise no_job()
        after = await change(connection, found)
        if after != found.job:
            after = replace(after, updated_at=parts.clock.now())
            await stored_jobs.save_job(connection, after)
    parts.news.tell(schedules.CLOCKS)
    return VersionedJob(after, found.version)


async def _detailed(
    connection: Connection, workspace_id: WorkspaceId, found: Sequence[VersionedJob], extras: Extras
) -> list[DetailedJob]:
    latest_ids = [item.job.latest_run_id for item in found if item.job.latest_run_id is not None]
    latest = await stored_runs.runs_by_id(connection, latest_ids, workspace_id=workspace_id)
    summaries = await stored_summaries.summaries_of(connection, latest_ids)
    following = await find_downstream(connection, latest_ids, extras.downstream)
    count = extras.recent_runs
    recent = None if count is None else await run_lists.recent_runs(connection, [item.job.id for item in found], count)
    return [
        DetailedJob(
            job=item,
            latest_run=latest.get(item.job.latest_run_id or ""),
            summaries=summaries.get(item.job.latest_run_id or "", []),
            recent=None if recent is None else recent.get(item.job.id, []),
            downstream=None if following is None else following.get(item.job.latest_run_id or "", []),
        )
        for item in found
    ]
