"""People start jobs: `-trigger` with selectors and ids, create-run for one job (Contract: 4.3, operations 34, 42)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planes.control_plane.services.access import WorkspaceAccess, authorize_workspace
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.definitions import check_words
from planes.control_plane.services.work.handover import handing_over
from planes.control_plane.services.work.triggers import Fired, FireRequest, Scene, fire, hold_work
from planes.domain.access import Permission, Principal
from planes.domain.errors import Conflict, InvalidRequest, NotAllowed, NotFound, PlaneError, Reason
from planes.domain.identifiers import DataPlaneId, JobId
from planes.domain.runs import Run
from planes.domain.triggers import CONTRACT_SKIPS, Accepted, Declined, ReceiptStatus, Source
from planes.manifest.errors import InvalidTriggerForm
from planes.manifest.triggers import (
    Selectable,
    fires_for,
    match_selectors,
    parse_trigger_form,
    pick_trigger,
    trigger_for_named_job,
)
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import VersionedJob
from planes.wire.runs import CreateJobRunRequest, TriggerJobsRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerReceipt:
    """What became of each job: started, declined in the contract's words, or failed (ref, sentence)."""

    succeeded: list[Fired]
    skipped: list[Fired]
    failed: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Started:
    """The run of a create-run request; `is_new` is False for one that was active already."""

    job: VersionedJob
    run: Run
    is_new: bool


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A create-run request that the gate declined."""

    declined: Declined


async def trigger_jobs(
    parts: Parts, principal: Principal, workspace_id: str, request: TriggerJobsRequest
) -> TriggerReceipt:
    """Starts the jobs named by id or found by selectors, upstream jobs first. All in one transaction.

    Raises: InvalidRequest without ids and selectors, or for a profile that is not configured; for a single job id
    whatever keeps it from starting in words that the contract's receipt lacks.
    """
    if not request.job_ids and not request.selectors:
        raise InvalidRequest("invalid_request", "Name jobs by job_ids or by selectors.")
    check_words({"profile": request.profile})
    await windows.prepare()
    async with handing_over(parts) as (connection, handover):
        access = await authorize_workspace(connection, principal, workspace_id, Permission.CREATE_RUN)
        await hold_work(parts, connection, access.workspace_id)
        named, unknown = await _named_jobs(connection, access, request.job_ids or [])
        found = await _selected_jobs(connection, access, request.selectors or [])
        requests = [_fire_request(access, job, matched, request) for job, matched in _union(named, found)]
        fired = await fire(parts, connection, _scene(access), requests, dry_run=request.dry_run)
        _refuse_as_a_whole(request, fired, unknown)
        await handover.grant(connection, access.dataplane_id, fired)
    return _receipt(fired, unknown)


async def create_run(
    parts: Parts, principal: Principal, workspace_id: str, request: CreateJobRunRequest
) -> Started | NotStarted:
    """Starts one job, or answers its active run with `mode=when_not_running`.

    Raises: NotFound for an unknown job, InvalidRequest for a trigger that is none or a profile that is not configured.
    """
    check_words({"trigger": request.trigger, "profile": request.profile})
    await windows.prepare()
    trigger = await windows.in_thread(lambda: _parse_trigger(request.trigger))
    async with handing_over(parts) as (connection, handover):
        access = await authorize_workspace(connection, principal, workspace_id, Permission.CREATE_RUN)
        await hold_work(parts, connection, access.workspace_id)
        job = await stored_jobs.find_job(connection, access.workspace_id, request.job_id)
        if job is None:
            raise no_job()
        if request.mode == "when_not_running":
            active = await stored_runs.newest_active_run(connection, job.job.id)
            if active is not None:
                return Started(job, active, is_new=False)
        wanted = FireRequest(
            job=job,
            trigger=fires_for(trigger, job.job.job_ref),
            source=Source.PERSON,
            profile=request.profile,
            is_refresh=request.refresh,
            skips_freshness=request.skip_freshness,
            triggered_by=access.membership_id,
            role=access.role,
        )
        (fired,) = await fire(parts, connection, _scene(access), [wanted])
        await handover.grant(connection, access.dataplane_id, [fired])
    if isinstance(fired.decision, Declined):
        if fired.decision.status not in CONTRACT_SKIPS:
            raise refusal(fired.decision)
        return NotStarted(fired.decision)
    assert fired.run is not None, "an accepted request has a run"
    return Started(fired.request.job, fired.run, is_new=True)


def no_job() -> NotFound:
    """A job id that is not in the workspace."""
    return NotFound("job_not_found", "There is no such job in this workspace.")


def refusal(declined: Declined) -> PlaneError:
    """What is declined in words that the contract's receipt lacks, as an error."""
    detail = " ".join(declined.reasons)
    match declined.status:
        case ReceiptStatus.PROFILE_NOT_ALLOWED:
            return NotAllowed(declined.status.value, detail)
        case ReceiptStatus.PROFILE_NOT_CONFIGURED:
            reasons = tuple(Reason(key="profile", message=reason) for reason in declined.reasons)
            return InvalidRequest(declined.status.value, "This profile cannot be used here.", reasons)
        case _:
            return Conflict(declined.status.value, detail)


async def _named_jobs(
    connection: Connection, access: WorkspaceAccess, job_ids: Sequence[str]
) -> tuple[list[VersionedJob], list[str]]:
    found = await stored_jobs.jobs_by_id(connection, access.workspace_id, job_ids)
    present: dict[str, VersionedJob] = {job.job.id: job for job in found}
    wanted = dict.fromkeys(job_ids)
    unknown = [job_id for job_id in wanted if job_id not in present]
    return [present[job_id] for job_id in wanted if job_id in present], unknown


async def _selected_jobs(
    connection: Connection, access: WorkspaceAccess, selectors: Sequence[str]
) -> list[tuple[VersionedJob, list[str]]]:
    if not selectors:
        return []
    live = await stored_jobs.live_jobs(connection, access.workspace_id)
    choice = [Selectable(found.job.job_ref, found.job.job_type, found.version.triggers) for found in live]
    matched = await windows.in_thread(lambda: match_selectors(choice, selectors))
    return [(found, matched[found.job.job_ref]) for found in live if found.job.job_ref in matched]


def _union(
    named: Sequence[VersionedJob], found: Sequence[tuple[VersionedJob, list[str]]]
) -> list[tuple[VersionedJob, list[str]]]:
    """Jobs named by id stand for their default trigger; one that is also found by a selector has both."""
    matched: dict[JobId, tuple[VersionedJob, list[str]]] = {}
    for job in named:
        trigger = trigger_for_named_job(job.job.job_ref, job.version.default_trigger)
        matched[job.job.id] = (job, [trigger])
    for job, triggers in found:
        before = matched[job.job.id][1] if job.job.id in matched else []
        matched[job.job.id] = (job, list(dict.fromkeys([*before, *triggers])))
    return list(matched.values())


def _fire_request(
    access: WorkspaceAccess, job: VersionedJob, matched: Sequence[str], request: TriggerJobsRequest
) -> FireRequest:
    trigger = pick_trigger(matched, job.version.default_trigger)
    assert trigger is not None, "a job is only here because something matched"
    return FireRequest(
        job=job,
        trigger=trigger,
        source=Source.PERSON,
        matched=tuple(matched),
        profile=request.profile,
        is_refresh=request.refresh,
        triggered_by=access.membership_id,
        role=access.role,
    )


def _refuse_as_a_whole(request: TriggerJobsRequest, fired: Sequence[Fired], unknown: Sequence[str]) -> None:
    """One job id is answered with a status of its own; a profile that nobody configured refuses the whole request."""
    is_single = len(request.job_ids or []) == 1 and not request.selectors
    if is_single and unknown:
        raise no_job()
    for item in fired:
        if isinstance(item.decision, Accepted) or item.decision.status in CONTRACT_SKIPS:
            continue
        is_bad_profile = item.decision.status is ReceiptStatus.PROFILE_NOT_CONFIGURED and request.profile is not None
        if is_single or is_bad_profile:
            raise refusal(item.decision)


def _receipt(fired: Sequence[Fired], unknown: Sequence[str]) -> TriggerReceipt:
    receipt = TriggerReceipt(succeeded=[], skipped=[], failed=[])
    for item in fired:
        if isinstance(item.decision, Accepted):
            receipt.succeeded.append(item)
        elif item.decision.status in CONTRACT_SKIPS:
            receipt.skipped.append(item)
        else:
            receipt.failed.append((item.request.job.job.job_ref, " ".join(item.decision.reasons)))
    receipt.failed.extend((job_id, "There is no such job in this workspace.") for job_id in unknown)
    return receipt


def _scene(access: WorkspaceAccess) -> Scene:
    return Scene(
        workspace_id=access.workspace_id,
        organization_id=access.organization_id,
        dataplane_id=DataPlaneId(access.dataplane_id),
        is_archived=access.is_archived,
    )


def _parse_trigger(trigger: str) -> str:
    try:
        return parse_trigger_form(trigger)
    except InvalidTriggerForm as exc:
        reason = Reason(key="trigger", message=exc.reason)
        raise InvalidRequest("invalid_trigger", "This is no trigger.", (reason,)) from exc
