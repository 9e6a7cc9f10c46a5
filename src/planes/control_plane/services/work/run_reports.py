"""What data planes report of runs, and what follows from an end: watermark, job events, starts that waited.

All of it is one transaction with the status, so that an event fires exactly once.
"""

from __future__ import annotations

import structlog

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.leases import rules_of
from planes.control_plane.services.work.retrying import retry
from planes.control_plane.services.work.schedules import CLOCKS
from planes.control_plane.services.work.slices import Ground, pass_over, slice_ended
from planes.control_plane.services.work.triggers import (
    Fired,
    FireRequest,
    Scene,
    begin_anew,
    deferred_request,
    fire,
    hold_work,
    is_put_off,
    otherwise_waiting,
    waits_for_room,
)
from planes.domain import leases
from planes.domain.errors import Conflict, NotFound
from planes.domain.identifiers import DataPlaneId
from planes.domain.runs import Refused, Report, Run, RunStatus, Unchanged, decide_report
from planes.domain.triggers import Declined, Source
from planes.manifest.freshness import passes_refresh_on, refreshable_downstream, upstream_refs
from planes.manifest.triggers import JobOutcome, job_event_trigger
from planes.scrub import find_hits
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control import summaries as stored_summaries
from planes.storage.control.changes import note_runs
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import VersionedJob
from planes.storage.control.summaries import PipelineRunSummary
from planes.storage.control.workspaces import find_workspace
from planes.wire.link import MAXIMUM_SUMMARIES_PER_RUN, WITHHELD, PipelineRunReport, StatusReport

_EVENTS: dict[RunStatus, JobOutcome] = {RunStatus.COMPLETED: "success", RunStatus.FAILED: "fail"}
_log = structlog.get_logger("planes.control_plane.run_reports")


async def report_status(parts: Parts, dataplane_id: DataPlaneId, run_id: str, report: StatusReport) -> Run:
    """Applies a report; a repetition changes nothing.

    Raises: NotFound for a run of another plane, Conflict (`stale_fence`, `run_ended`).
    """
    await windows.prepare()
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        run = await _run_of_plane(parts, connection, dataplane_id, run_id, report.fence)
        said = Report(fence=report.fence, status=RunStatus(report.status.value), at=report.at)
        decision = decide_report(run, said, now)
        if isinstance(decision, Refused):
            raise Conflict(decision.code, decision.reason)
        if isinstance(decision, Unchanged):
            return decision.run
        await stored_runs.save_run(connection, decision.run)
        has_started = await finish(parts, connection, decision.run, fires_events=decision.fires_events)
    if has_started:
        parts.news.tell(dataplane_id)
    if decision.run.status is RunStatus.FAILED:
        parts.news.tell(CLOCKS)  # another try may wait for its time
    return decision.run


async def finish(parts: Parts, connection: Connection, run: Run, *, fires_events: bool) -> bool:
    """What follows from a run's end, in the transaction that ended it; nothing for one that goes on.

    Returns whether runs were created, so that the caller wakes the data plane after the commit.
    """
    if not run.is_terminal:
        return False
    job = await stored_jobs.find_job(connection, run.workspace_id, run.job_id)
    assert job is not None, "a run's job is never removed"
    if run.backfill_id is not None:
        return await _finish_slice(parts, connection, run, job, fires_events=fires_events)
    if run.status is RunStatus.COMPLETED and run.moves_watermark and run.interval_end is not None:
        await _move_watermark(connection, job, run)
    if run.status is RunStatus.COMPLETED and passes_refresh_on(job.version.definition, was_refresh=run.is_refresh):
        await _pass_refresh_on(connection, run, job)
    scene = await _scene_of(connection, run)
    fired: list[Fired] = []
    tried_again = await retry(connection, run, job.job, is_archived=scene.is_archived, now=parts.clock.now())
    if tried_again is not None:
        # Nothing follows from this end: events, and starts that wait, are the last try's.
        return False
    if fires_events and run.status in _EVENTS:
        fired += await _fire_events(parts, connection, scene, run, job, _EVENTS[run.status])
    fired += await _start_waiting(parts, connection, scene, job, is_completed=run.status is RunStatus.COMPLETED)
    return any(item.run is not None for item in fired)


async def _finish_slice(
    parts: Parts, connection: Connection, run: Run, job: VersionedJob, *, fires_events: bool
) -> bool:
    """A slice is a part of something larger: what follows from an end follows from the end of the whole backfill."""
    scene = await _scene_of(connection, run)
    ground = Ground(
        organization_id=scene.organization_id,
        workspace_id=scene.workspace_id,
        dataplane_id=scene.dataplane_id,
        may_go_on=not scene.is_archived and not job.job.is_archived,
        now=parts.clock.now(),
    )
    end = await slice_ended(connection, run, job, ground)
    fired: list[Fired] = []
    if end.outcome is not None:
        is_completed = end.outcome == "success"
        if is_completed and passes_refresh_on(job.version.definition, was_refresh=False):
            await _pass_refresh_on(connection, run, job)
        if fires_events:
            fired += await _fire_events(parts, connection, scene, run, job, end.outcome)
        fired += await _start_waiting(parts, connection, scene, job, is_completed=is_completed)
    return end.has_started or any(item.run is not None for item in fired)


async def _scene_of(connection: Connection, run: Run) -> Scene:
    workspace = await find_workspace(connection, run.workspace_id)
    return Scene(
        workspace_id=run.workspace_id,
        organization_id=run.organization_id,
        dataplane_id=run.dataplane_id,
        is_archived=workspace is None or workspace.archived_at is not None,
    )


async def report_pipeline_run(
    parts: Parts, dataplane_id: DataPlaneId, run_id: str, pipeline_run_id: str, report: PipelineRunReport
) -> None:
    """Keeps the names and counts of one pipeline run; the same id again replaces them. At most 100 a run.

    Raises: NotFound, Conflict (`stale_fence`, `too_many_summaries`, or an id of another run).
    """
    async with parts.database.transaction() as connection:
        run = await _run_of_plane(parts, connection, dataplane_id, run_id, report.fence)
        if report.fence != run.fence:
            raise Conflict("stale_fence", "The lease of this run is not the one named by the fence.")
        present = await stored_summaries.find_summary(connection, pipeline_run_id)
        if present is not None and present.run_id != run.id:
            raise Conflict("id_taken", "Another run has this pipeline run.")
        if present is None:
            known = await stored_summaries.count_summaries(connection, run.id)
            if known >= MAXIMUM_SUMMARIES_PER_RUN:
                raise Conflict("too_many_summaries", f"A run keeps {MAXIMUM_SUMMARIES_PER_RUN} pipeline runs.")
        row = PipelineRunSummary(
            id=pipeline_run_id,
            run_id=run.id,
            pipeline_name=_clean(report.pipeline_name) or WITHHELD,
            dataset_name=_clean(report.dataset_name),
            destination_name=_clean(report.destination_name),
            transaction_id=_clean(report.transaction_id),
            status=report.status.value,
            started_at=report.started_at,
            finished_at=report.finished_at,
            duration_ms=report.duration_ms,
            total_rows=report.total_rows,
        )
        await stored_summaries.save_summary(connection, row, is_new=present is None)
        await note_runs(connection, [run])


async def _run_of_plane(
    parts: Parts, connection: Connection, dataplane_id: DataPlaneId, run_id: str, fence: int
) -> Run:
    run = await stored_runs.find_run(connection, run_id)
    if run is not None and run.dataplane_id == dataplane_id:
        await hold_work(parts, connection, run.workspace_id)
        run = await stored_runs.find_run(connection, run_id, for_update=True)
    if run is None or run.dataplane_id != dataplane_id:
        raise NotFound("run_not_found", "There is no such run of this data plane.")
    if run.status is RunStatus.PENDING and fence > 0:
        run = leases.claim_held(run, fence, None, parts.clock.now(), rules_of(parts))
        await stored_runs.save_run(connection, run)
        _log.warning("claim_was_forgotten", run_id=run_id, dataplane_id=dataplane_id)
    return run


async def _move_watermark(connection: Connection, job: VersionedJob, run: Run) -> None:
    assert run.interval_end is not None
    if job.job.completed_end is None or run.interval_end > job.job.completed_end:
        await stored_jobs.change_job(connection, job.job.id, completed_end=run.interval_end)
        await pass_over(connection, job)


async def _pass_refresh_on(connection: Connection, run: Run, job: VersionedJob) -> None:
    """The jobs directly behind this one begin anew (Contract: 4.4)."""
    live = await stored_jobs.live_jobs(connection, run.workspace_id)
    definitions = {found.job.job_ref: found.version.definition for found in live}
    behind = await windows.in_thread(lambda: refreshable_downstream(job.job.job_ref, definitions))
    await begin_anew(connection, run.workspace_id, behind)


async def _fire_events(
    parts: Parts, connection: Connection, scene: Scene, run: Run, job: VersionedJob, outcome: JobOutcome
) -> list[Fired]:
    event = job_event_trigger(job.job.job_ref, outcome)
    listening = await stored_jobs.listening_jobs(connection, run.workspace_id, [event])
    requests = [
        FireRequest(
            job=listener,
            trigger=event,
            source=Source.JOB_EVENT,
            follows_viewer=run.follows_viewer,
            previous_job_run_id=run.id,
            chain_depth=run.chain_depth + 1,
        )
        for listener in listening
        if listener.job.id != run.job_id
    ]
    fired = await fire(parts, connection, scene, requests)
    for item in fired:
        if isinstance(item.decision, Declined):
            _log.info("event_declined", job_id=item.request.job.job.id, status=str(item.decision.status))
    return fired


async def _start_waiting(
    parts: Parts, connection: Connection, scene: Scene, job: VersionedJob, *, is_completed: bool
) -> list[Fired]:
    """Starts that waited for this job, if nothing else holds them. After a failure a person's start is given up.

    A start of the job itself that waited for room does not ask how the run before it ended.
    """
    requests: list[FireRequest] = []
    for found in await stored_jobs.deferred_jobs(connection, scene.workspace_id):
        request = deferred_request(found)
        assert request is not None, "a waiting job has a start that was put off"
        is_behind = job.job.job_ref in upstream_refs(found.version.definition)
        if (is_behind and is_completed) or (found.job.id == job.job.id and waits_for_room(request)):
            requests.append(request)
        elif is_behind and request.source is Source.PERSON:
            await stored_jobs.change_job(connection, found.job.id, deferred=otherwise_waiting(found))
    fired = await fire(parts, connection, scene, requests)
    for item in fired:
        if not isinstance(item.decision, Declined) or is_put_off(item.request, item.decision):
            continue
        if item.decision.status not in {"skipped_fresh", "skipped_upstream_pending"}:
            await stored_jobs.change_job(connection, item.request.job.job.id, deferred=None)
    return fired


def _clean(name: str | None) -> str | None:
    """A second look at what the region has looked at: it may know fewer rules."""
    return WITHHELD if name is not None and find_hits(name) else name
