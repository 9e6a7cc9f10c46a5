"""People start, watch, stop and resume backfills of a job that works in windows (docs/api.md).

What happens between is in `slices`: the ends of the runs drive it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from planes.control_plane.services.access import WorkspaceAccess, authorize_workspace
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.definitions import check_words
from planes.control_plane.services.work.runs import end_runs
from planes.control_plane.services.work.slices import Ground, go_on
from planes.control_plane.services.work.starting import no_job, refusal
from planes.control_plane.services.work.triggers import hold_work, nothing_uploaded
from planes.domain.access import Permission, Principal, may_start_on
from planes.domain.backfills import MOST_SLICES, UNDER_WAY, BackfillState, SliceState, Stretch
from planes.domain.errors import Conflict, InvalidRequest, NotFound, Reason
from planes.domain.identifiers import DataPlaneId, new_id
from planes.domain.runs import Run
from planes.domain.triggers import Declined, GateFacts, Source, Window, decide_start
from planes.manifest.facts import JobFacts
from planes.manifest.profiles import Refusal, pick_profile
from planes.manifest.slices import CannotCut, Wanted, cut
from planes.storage.control import backfills as stored
from planes.storage.control import deployments as stored_deployments
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control.backfills import Backfill, Slice
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import VersionedJob

MOST_LISTED = 100
_DEFAULT_PARALLEL = 4
_AGAIN = frozenset({SliceState.FAILED, SliceState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be loaded once more, and how. `parallel` None: as many as the job lets run, 4 at most."""

    wanted: Wanted
    parallel: int | None
    attempts: int
    wait_seconds: int
    profile: str | None
    is_dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A backfill with its job; `slices` and their newest runs where they are asked for."""

    backfill: Backfill
    job_ref: str
    counts: Mapping[str, int]
    slices: Sequence[Slice] = ()
    runs: Mapping[str, Run] | None = None
    is_planned_only: bool = False


async def start(parts: Parts, principal: Principal, workspace_id: str, job_id: str, order: Order) -> Shown:
    """Cuts the time into slices and starts the first ones. A dry run writes nothing.

    Raises: NotFound, InvalidRequest, NotAllowed, Conflict (`backfill_active`, `run_active`, or what a start is declined
    with).
    """
    check_words({"profile": order.profile})
    await windows.prepare()
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
        await hold_work(parts, connection, access.workspace_id)
        found = await stored_jobs.find_job(connection, access.workspace_id, job_id)
        if found is None:
            raise no_job()
        if await stored.find_under_way(connection, job_id) is not None:
            raise Conflict("backfill_active", "A backfill of this job goes on. Wait for its end, or cancel it.")
        backfill = await _planned(connection, access, found, order, now)
        stretches = await _cut(found, order.wanted, now)
        rows = _slices(backfill, found, stretches, now)
        backfill = replace(backfill, starts_at=rows[0].starts_at, ends_at=rows[-1].ends_at)
        await _check_nobody_loads(connection, job_id, rows)
        counts = {SliceState.WAITING.value: len(rows)}
        if order.is_dry_run:
            return Shown(
                backfill=backfill, job_ref=found.job.job_ref, counts=counts, slices=rows, runs={}, is_planned_only=True
            )
        await stored.add(connection, backfill, rows)
        await go_on(connection, backfill, found, _ground(access, found, now))
        shown = await _detailed(connection, access, backfill.id)
    parts.news.tell(access.dataplane_id)
    return shown


async def list_of_job(parts: Parts, principal: Principal, workspace_id: str, job_id: str) -> list[Shown]:
    """The newest first. Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        found = await stored_jobs.find_job(connection, access.workspace_id, job_id)
        if found is None:
            raise no_job()
        listed = await stored.list_of_job(connection, found.job.id, MOST_LISTED)
        counts = await stored.counts_of(connection, [each.id for each in listed])
    return [Shown(backfill=each, job_ref=found.job.job_ref, counts=counts.get(each.id, {})) for each in listed]


async def get(parts: Parts, principal: Principal, workspace_id: str, backfill_id: str) -> Shown:
    """With every slice. Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        return await _detailed(connection, access, backfill_id)


async def cancel(parts: Parts, principal: Principal, workspace_id: str, backfill_id: str) -> Shown:
    """What waits is not started, what runs is told to stop. May run twice.

    Raises: NotFound, Conflict (`backfill_ended`).
    """
    await windows.prepare()
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access, backfill, found = await _held(parts, connection, principal, workspace_id, backfill_id)
        if backfill.state not in UNDER_WAY:
            raise Conflict("backfill_ended", f"The backfill has already ended as {backfill.state}.")
        await stored.change(connection, backfill.id, state=BackfillState.CANCELLING.value, updated_at=now)
        await stored.change_waiting(connection, backfill.id, SliceState.CANCELLED, now)
        active = [row.run_id for row in await stored.slices_of(connection, backfill.id) if row.run_id]
        await end_runs(parts, connection, access.workspace_id, active)
        present = await stored.find(connection, backfill.id)
        if present is not None and present.state is BackfillState.CANCELLING:
            await go_on(connection, present, found, _ground(access, found, now))
        shown = await _detailed(connection, access, backfill.id)
    parts.news.tell(access.dataplane_id)
    return shown


async def resume(parts: Parts, principal: Principal, workspace_id: str, backfill_id: str) -> Shown:
    """Slices that failed or were cancelled are loaded again, but for those that the schedule has loaded since.

    Raises: NotFound, Conflict (`backfill_active`, `backfill_complete`, `run_active`, `version_retired`).
    """
    await windows.prepare()
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        reader = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
        await parts.database.lock(connection, f"versions:{reader.workspace_id}")  # its code is not retired meanwhile
        access, backfill, found = await _held(parts, connection, principal, workspace_id, backfill_id)
        other = await stored.find_under_way(connection, backfill.job_id)
        if other is not None:
            raise Conflict("backfill_active", "A backfill of this job goes on. Wait for its end, or cancel it.")
        deployment = await stored_deployments.find_deployment(connection, backfill.deployment_id)
        if deployment is None or deployment.retired_at is not None:
            raise Conflict("version_retired", "The code of this backfill is no longer kept. Start another one.")
        rows = [row for row in await stored.slices_of(connection, backfill.id) if row.state in _AGAIN]
        if not rows:
            raise Conflict("backfill_complete", "Every slice of this backfill was loaded.")
        _refuse(_gate(access, found, backfill.profile, now))
        again = [_as_of_now(row, found.job.completed_end) for row in rows]
        await _check_nobody_loads(connection, backfill.job_id, [row for row in again if row.state in _AGAIN])
        for row in again:
            state = SliceState.WAITING if row.state in _AGAIN else row.state
            await stored.change_slice(
                connection, row,
                state=state.value, starts_at=row.starts_at, is_ahead=row.is_ahead, updated_at=now,
            )  # fmt: skip
        values = {"state": BackfillState.RUNNING.value, "updated_at": now, "finished_at": None}
        await stored.change(connection, backfill.id, **values)
        running = replace(backfill, state=BackfillState.RUNNING, finished_at=None)
        await go_on(connection, running, found, _ground(access, found, now))
        shown = await _detailed(connection, access, backfill.id)
    parts.news.tell(access.dataplane_id)
    return shown


def _as_of_now(row: Slice, watermark: datetime | None) -> Slice:
    """What of a slice ahead of the schedule is still to be loaded: the schedule may have come into it meanwhile."""
    if not row.is_ahead or watermark is None or watermark <= row.starts_at:
        return row
    if watermark >= row.ends_at:
        return replace(row, state=SliceState.COVERED, is_ahead=False)
    return replace(row, starts_at=watermark)


async def _held(
    parts: Parts, connection: Connection, principal: Principal, workspace_id: str, backfill_id: str
) -> tuple[WorkspaceAccess, Backfill, VersionedJob]:
    access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
    await hold_work(parts, connection, access.workspace_id)
    backfill = await stored.find(connection, backfill_id, workspace_id=access.workspace_id, for_update=True)
    if backfill is None:
        raise no_backfill()
    found = await stored_jobs.find_job(connection, access.workspace_id, backfill.job_id)
    assert found is not None, "a backfill's job is never removed"
    return access, backfill, found


async def _planned(
    connection: Connection, access: WorkspaceAccess, found: VersionedJob, order: Order, now: datetime
) -> Backfill:
    deployment = await stored_deployments.latest_deployment(connection, access.workspace_id)
    configuration = await stored_deployments.latest_configuration(connection, access.workspace_id)
    if deployment is None or configuration is None:
        raise nothing_uploaded(deployment is None)
    picked = pick_profile(found.version.definition, configuration.profiles, order.profile)
    if isinstance(picked, Refusal):
        reason = Reason(key="profile", message=picked.reason)
        raise InvalidRequest("profile_not_configured", "This profile cannot be used here.", (reason,))
    _refuse(_gate(access, found, picked, now))
    limit = JobFacts.from_definition(found.version.definition).concurrency
    return Backfill(
        id=new_id(),
        workspace_id=access.workspace_id,
        job_id=found.job.id,
        job_version_id=found.version.id,
        deployment_id=deployment.id,
        configuration_id=configuration.id,
        profile=picked,
        state=BackfillState.RUNNING,
        starts_at=now,
        ends_at=now,
        slice_size=order.wanted.size,
        parallel=order.parallel or min(limit or _DEFAULT_PARALLEL, _DEFAULT_PARALLEL),
        attempts=order.attempts,
        wait_seconds=order.wait_seconds,
        created_by=access.membership_id,
        created_at=now,
        updated_at=now,
    )


def _gate(access: WorkspaceAccess, found: VersionedJob, profile: str, now: datetime) -> Declined | None:
    facts = JobFacts.from_definition(found.version.definition)
    decision = decide_start(
        GateFacts(
            source=Source.PERSON,
            is_workspace_archived=access.is_archived,
            is_job_archived=found.job.is_archived,
            is_paused=found.job.is_paused,
            is_manual_refused=not facts.is_manual,
            may_start=may_start_on(access.role, profile, refresh=False),
            profile_refusal=None,
            concurrency=None,
            active_runs=0,
            chain_depth=0,
            event_runs=0,
            window=Window(now, now, moves_watermark=False),
        )
    )
    return decision if isinstance(decision, Declined) else None


def _refuse(declined: Declined | None) -> None:
    if declined is not None:
        raise refusal(declined)


async def _cut(found: VersionedJob, wanted: Wanted, now: datetime) -> list[Stretch]:
    try:
        cuts = await windows.in_thread(lambda: cut(found.version.definition, wanted, now))
    except CannotCut as exc:
        reason = Reason(key=exc.key, message=str(exc))
        raise InvalidRequest("invalid_backfill", "This cannot be loaded so; nothing was started.", (reason,)) from exc
    assert len(cuts) <= MOST_SLICES, "the cut is bounded"
    return [Stretch(start, end) for start, end in cuts]


def _slices(backfill: Backfill, found: VersionedJob, stretches: Sequence[Stretch], now: datetime) -> list[Slice]:
    watermark = found.job.completed_end
    if watermark is not None:
        # A slice over the watermark is cut there: only what lies ahead of it is the schedule's.
        stretches = [part for each in stretches for part in _cut_at(each, watermark)]
    return [
        Slice(
            backfill_id=backfill.id,
            position=position,
            job_id=backfill.job_id,
            starts_at=each.start,
            ends_at=each.end,
            state=SliceState.WAITING,
            is_ahead=watermark is None or each.start >= watermark,
            updated_at=now,
        )
        for position, each in enumerate(stretches)
    ]


def _cut_at(stretch: Stretch, moment: datetime) -> list[Stretch]:
    if stretch.start < moment < stretch.end:
        return [Stretch(stretch.start, moment), Stretch(moment, stretch.end)]
    return [stretch]


async def _check_nobody_loads(connection: Connection, job_id: str, rows: Sequence[Slice]) -> None:
    """A run of the job that goes on may be loading what lies ahead already."""
    ahead = [row for row in rows if row.is_ahead]
    if not ahead:
        return
    for run in await stored_runs.active_runs(connection, job_id):
        start, end = run.interval_start, run.interval_end
        if start is None or end is None or not run.moves_watermark:
            continue
        if any(start < row.ends_at and row.starts_at < end for row in ahead):
            raise Conflict("run_active", f"Run {run.number} of this job is loading this time. Wait for its end.")


async def _detailed(connection: Connection, access: WorkspaceAccess, backfill_id: str) -> Shown:
    backfill = await stored.find(connection, backfill_id, workspace_id=access.workspace_id)
    if backfill is None:
        raise no_backfill()
    found = await stored_jobs.find_job(connection, access.workspace_id, backfill.job_id)
    assert found is not None, "a backfill's job is never removed"
    rows = await stored.slices_of(connection, backfill.id)
    run_ids = [row.run_id for row in rows if row.run_id is not None]
    runs = await stored_runs.runs_by_id(connection, run_ids, workspace_id=access.workspace_id)
    counts = (await stored.counts_of(connection, [backfill.id])).get(backfill.id, {})
    return Shown(backfill=backfill, job_ref=found.job.job_ref, counts=counts, slices=rows, runs=runs)


def _ground(access: WorkspaceAccess, found: VersionedJob, now: datetime) -> Ground:
    return Ground(
        organization_id=access.organization_id,
        workspace_id=access.workspace_id,
        dataplane_id=DataPlaneId(access.dataplane_id),
        may_go_on=not access.is_archived and not found.job.is_archived,
        now=now,
    )


def no_backfill() -> NotFound:
    """An id that is no backfill of the workspace."""
    return NotFound("backfill_not_found", "There is no such backfill in this workspace.")
