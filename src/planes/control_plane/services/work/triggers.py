"""Firing a trigger: the one way in which a run comes to be (Style: 3).

People, clocks, job events and deploys all come here, inside the transaction of whoever fires. The gate of
`planes.domain.triggers` decides; what it accepts becomes one `pending` run, what it declines an answer only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.gate import Candidate, Verdict, judge
from planes.domain.access import WorkspaceRole
from planes.domain.backfills import NOTHING_TAKEN
from planes.domain.errors import Conflict
from planes.domain.identifiers import DataPlaneId, MembershipId, OrganizationId, RunId, WorkspaceId, new_id
from planes.domain.runs import Run, RunStatus
from planes.domain.triggers import EVENT_RUNS_WITHIN, Accepted, Declined, ReceiptStatus, Source
from planes.manifest.facts import trigger_kind
from planes.manifest.freshness import upstream_refs
from planes.storage.control import backfills as stored_backfills
from planes.storage.control import deployments as stored_deployments
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control.connection import Connection
from planes.storage.control.deployments import Configuration, Deployment
from planes.storage.control.jobs import VersionedJob
from planes.storage.control.passed_over import PassedOver, keep_passed_over
from planes.storage.control.workspaces import find_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where runs are started: a workspace and the data plane that its organization is pinned to."""

    workspace_id: WorkspaceId
    organization_id: OrganizationId
    dataplane_id: DataPlaneId
    is_archived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRequest:
    """One trigger of one job. `role` is the person's, None where no person fires.

    `previous_job_run_id` is the run whose end fired this, `chain_depth` how many such steps led here.
    `waits_for_active` makes upstream jobs that are running count as not yet fresh: for starts that were put off until
    they end.
    """

    job: VersionedJob
    trigger: str
    source: Source
    matched: tuple[str, ...] = ()
    profile: str | None = None
    is_refresh: bool = False
    skips_freshness: bool = False
    triggered_by: MembershipId | None = None
    role: WorkspaceRole | None = None
    follows_viewer: bool = False
    previous_job_run_id: RunId | None = None
    chain_depth: int = 0
    waits_for_active: bool = False
    webhook_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """What became of a request; `run` only when one was created, whose start clears the watermarks of `forgets`."""

    request: FireRequest
    decision: Accepted | Declined
    run: Run | None
    forgets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the gate and new runs need to know of the workspace."""

    deployment: Deployment
    configuration: Configuration
    candidates: list[Candidate]
    now: datetime


async def find_scene(connection: Connection, workspace_id: WorkspaceId) -> Scene | None:
    """The scene of a workspace, for whoever fires without a caller."""
    workspace = await find_workspace(connection, workspace_id)
    if workspace is None:
        return None
    return Scene(
        workspace_id=workspace_id,
        organization_id=OrganizationId(workspace.organization_id),
        dataplane_id=DataPlaneId(workspace.dataplane_id),
        is_archived=workspace.archived_at is not None,
    )


async def hold_work(parts: Parts, connection: Connection, workspace_id: WorkspaceId) -> None:
    """Lets one transaction at a time change the jobs and runs of a workspace.

    Take it before any row of them: so two starters see each other's runs, a run's number is its own, and no two
    transactions wait for each other.
    """
    await parts.database.lock(connection, f"work:{workspace_id}")


async def fire(
    parts: Parts,
    connection: Connection,
    scene: Scene,
    requests: Sequence[FireRequest],
    *,
    dry_run: bool = False,
    at: datetime | None = None,
) -> list[Fired]:
    """Decides each request and creates the runs, upstream jobs first.

    `at` is the moment for which it decides: a tick keeps its own though the clock was set back since.

    The caller has called `windows.prepare` before its transaction and `hold_work` in it, and tells the data plane
    after the commit if any run came of it. A dry run writes nothing.

    Raises: Conflict when the workspace has no code or configuration yet.
    """
    if not requests:
        return []
    ground = await _read_ground(connection, scene, requests, at or parts.clock.now())
    verdicts = await windows.in_thread(lambda: judge(ground.candidates, ground.now))
    fired = [_fired(scene, requests[verdict.index], verdict, ground) for verdict in verdicts]
    if dry_run:
        return [Fired(item.request, item.decision, None) for item in fired]
    await _write(connection, scene, fired, ground.now)
    return fired


def _fired(scene: Scene, request: FireRequest, verdict: Verdict, ground: _Ground) -> Fired:
    run = _new_run(scene, request, verdict, ground) if isinstance(verdict.decision, Accepted) else None
    return Fired(request, verdict.decision, run, verdict.forgets)


async def _write(connection: Connection, scene: Scene, fired: Sequence[Fired], now: datetime) -> None:
    forgotten = sorted({ref for item in fired for ref in item.forgets})
    await begin_anew(connection, scene.workspace_id, forgotten)
    await stored_runs.insert_runs(connection, [item.run for item in fired if item.run is not None])
    for item in fired:
        job = item.request.job.job
        if isinstance(item.decision, Declined):
            if is_put_off(item.request, item.decision):
                await stored_jobs.change_job(connection, job.id, deferred=_waiting(item.request, item.decision))
        elif job.deferred is not None and item.request.source is not Source.WEBHOOK:
            await stored_jobs.change_job(connection, job.id, deferred=_still_waiting(item.request, job.deferred))
    await keep_passed_over(connection, [_passed_over(item, now) for item in fired if _is_passed_over(item)])


def _is_passed_over(fired: Fired) -> bool:
    """What waits is told as such, a person has a receipt and a webhook's call its state.

    Who pauses a job knows that its ticks pass; a moment that comes once does not come again.
    """
    is_once = trigger_kind(fired.request.trigger) == "once"
    return (
        isinstance(fired.decision, Declined)
        and fired.request.source in {Source.CLOCK, Source.JOB_EVENT, Source.DEPLOY}
        and (fired.decision.status is not ReceiptStatus.SKIPPED_PAUSED or is_once)
        and not is_put_off(fired.request, fired.decision)
    )


def _passed_over(fired: Fired, at: datetime) -> PassedOver:
    assert isinstance(fired.decision, Declined), "only what was declined is passed over"
    job, status = fired.request.job.job, fired.decision.status
    return PassedOver(job_id=job.id, at=at, trigger=fired.request.trigger, status=status.value)


async def begin_anew(connection: Connection, workspace_id: WorkspaceId, job_refs: Sequence[str]) -> None:
    """These jobs have loaded nothing: neither by their schedule nor, ahead of it, by a backfill."""
    if not job_refs:
        return
    await stored_runs.clear_watermarks(connection, workspace_id, job_refs)
    found = await stored_jobs.live_jobs(connection, workspace_id, job_refs)
    await stored_backfills.forget_loaded(connection, [each.job.id for each in found])


async def _read_ground(connection: Connection, scene: Scene, requests: Sequence[FireRequest], now: datetime) -> _Ground:
    job_ids = [request.job.job.id for request in requests]
    deployment = await stored_deployments.latest_deployment(connection, scene.workspace_id)
    configuration = await stored_deployments.latest_configuration(connection, scene.workspace_id)
    if deployment is None or configuration is None:
        raise nothing_uploaded(deployment is None)
    active = await stored_runs.active_counts(connection, job_ids, of_backfills=False)
    taken = await stored_backfills.taken_by_job(connection, job_ids)
    by_events = [request.job.job.id for request in requests if request.source is Source.JOB_EVENT]
    event_runs = await stored_runs.event_run_counts(connection, by_events, now - EVENT_RUNS_WITHIN)
    upstreams = await _upstream_facts(connection, scene, requests)
    candidates = [
        Candidate(
            index=index,
            job=request.job.job,
            definition=request.job.version.definition,
            trigger=request.trigger,
            source=request.source,
            requested_profile=request.profile,
            configured_profiles=configuration.profiles,
            is_refresh=request.is_refresh,
            skips_freshness=request.skips_freshness,
            role=WorkspaceRole.VIEWER if request.follows_viewer else request.role,
            is_workspace_archived=scene.is_archived,
            active_runs=active.get(request.job.job.id, 0),
            chain_depth=request.chain_depth,
            event_runs=event_runs.get(request.job.job.id, 0),
            upstream_definitions=upstreams.definitions,
            completed_ends=upstreams.completed_ends,
            active_upstreams=upstreams.active if request.waits_for_active else frozenset(),
            taken=taken.get(request.job.job.id, NOTHING_TAKEN),
        )
        for index, request in enumerate(requests)
    ]
    return _Ground(deployment, configuration, candidates, now)


@dataclass(frozen=True, slots=True)
class _Upstreams:
    definitions: Mapping[str, Mapping[str, Any]]
    completed_ends: Mapping[str, datetime | None]
    active: frozenset[str]


async def _upstream_facts(connection: Connection, scene: Scene, requests: Iterable[FireRequest]) -> _Upstreams:
    """The jobs that these wait for; every live job of the workspace when one of them begins anew."""
    refs = {ref for request in requests for ref in upstream_refs(request.job.version.definition)}
    is_refresh = any(request.is_refresh for request in requests)
    if not refs and not is_refresh:
        return _Upstreams({}, {}, frozenset())
    live = await stored_jobs.live_jobs(connection, scene.workspace_id, None if is_refresh else refs)
    active = await stored_runs.active_counts(connection, [found.job.id for found in live])
    return _Upstreams(
        {found.job.job_ref: found.version.definition for found in live},
        {found.job.job_ref: found.job.completed_end for found in live},
        frozenset(found.job.job_ref for found in live if found.job.id in active),
    )


def nothing_uploaded(is_code_missing: bool) -> Conflict:
    """What a workspace without code or configuration answers."""
    what = "code" if is_code_missing else "configuration"
    return Conflict("nothing_uploaded", f"No {what} has been uploaded to this workspace yet. Deploy it first.")


def _new_run(scene: Scene, request: FireRequest, verdict: Verdict, ground: _Ground) -> Run:
    assert isinstance(verdict.decision, Accepted), "only an accepted request becomes a run"
    window = verdict.decision.window
    return Run(
        id=RunId(new_id()),
        organization_id=scene.organization_id,
        workspace_id=scene.workspace_id,
        dataplane_id=scene.dataplane_id,
        job_id=request.job.job.id,
        job_version_id=request.job.version.id,
        number=verdict.number,
        status=RunStatus.PENDING,
        trigger=request.trigger,
        profile=verdict.profile,
        deployment_id=ground.deployment.id,
        configuration_id=ground.configuration.id,
        time_limit_seconds=verdict.time_limit_seconds,
        grace_seconds=verdict.grace_seconds,
        created_at=ground.now,
        updated_at=ground.now,
        is_refresh=verdict.is_refresh,
        is_system=request.job.job.is_system,
        interval_start=window.start,
        interval_end=window.end,
        moves_watermark=window.moves_watermark,
        triggered_by=request.triggered_by,
        follows_viewer=request.follows_viewer or request.role is WorkspaceRole.VIEWER,
        previous_job_run_id=request.previous_job_run_id,
        chain_depth=request.chain_depth,
        webhook_call_id=request.webhook_call_id,
    )


def is_put_off(request: FireRequest, declined: Declined) -> bool:
    """A start in a batch waits for its upstreams; what fires by itself and finds them stale, too (Contract: 4.4).

    What happens once and finds no room waits for it.
    """
    if request.source is Source.WEBHOOK:
        return False  # the call waits in its region
    if declined.status is ReceiptStatus.SKIPPED_UPSTREAM_PENDING:
        return True
    if declined.status is ReceiptStatus.SKIPPED_CONCURRENCY_LIMIT:
        kept = request.job.job.deferred
        return waits_for_room(request) and (kept is None or kept["source"] == request.source.value)
    return declined.status is ReceiptStatus.SKIPPED_FRESH and request.source is not Source.PERSON


def waits_for_room(request: FireRequest) -> bool:
    """Whether a start that finds as many runs active as the job may have starts when one of them ends.

    The next tick of a schedule covers what a tick could not; what happens once would be lost.
    Of several the last waits.
    """
    return request.source in {Source.JOB_EVENT, Source.DEPLOY} or (
        request.source is Source.CLOCK and trigger_kind(request.trigger) == "once"
    )


def _waiting(request: FireRequest, declined: Declined) -> dict[str, Any]:
    """What waits once this does, too: a person's start comes first, with the profile and the refresh that it has.

    What fires by itself waits `otherwise`: where the person's start is given up.
    """
    kept, new = request.job.job.deferred, _deferred(request, declined)
    if kept is None or request.source is not Source.PERSON:
        return new if kept is None or not _is_by_person(kept) else {**kept, "otherwise": new}
    return {**new, "otherwise": kept.get("otherwise") if _is_by_person(kept) else dict(kept)}


def _still_waiting(started: FireRequest, kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """What waits on when a run has started: a start that a person was promised, unless this is it or another one."""
    is_kept = _is_by_person(kept) and started.source is not Source.PERSON
    return {**kept, "otherwise": None} if is_kept else None


def _is_by_person(kept: Mapping[str, Any]) -> bool:
    return Source(kept["source"]) is Source.PERSON


def _deferred(request: FireRequest, declined: Declined) -> dict[str, Any]:
    return {
        "status": declined.status.value,
        "trigger": request.trigger,
        "source": request.source.value,
        "profile": request.profile,
        "is_refresh": request.is_refresh,
        "triggered_by": request.triggered_by,
        "follows_viewer": request.follows_viewer or request.role is WorkspaceRole.VIEWER,
        "previous_job_run_id": request.previous_job_run_id,
        "chain_depth": request.chain_depth,
    }


def deferred_request(job: VersionedJob) -> FireRequest | None:
    """The start of this job that waits for upstream jobs or for room; None when none does."""
    kept = job.job.deferred
    if kept is None:
        return None
    return FireRequest(
        job=job,
        trigger=kept["trigger"],
        source=Source(kept["source"]),
        profile=kept["profile"],
        is_refresh=kept["is_refresh"],
        triggered_by=kept["triggered_by"],
        follows_viewer=kept["follows_viewer"],
        previous_job_run_id=kept["previous_job_run_id"],
        chain_depth=kept["chain_depth"],
        waits_for_active=True,
    )


def waiting_by(kept: Mapping[str, Any] | None, triggers: Collection[str]) -> Mapping[str, Any] | None:
    """What waits on when a deploy has left a job these triggers: a start by another is given up."""
    if kept is None:
        return None
    otherwise = waiting_by(kept.get("otherwise"), triggers)
    if kept["trigger"] not in triggers:
        return otherwise
    return {**kept, "otherwise": otherwise} if "otherwise" in kept else kept


def otherwise_waiting(job: VersionedJob) -> Mapping[str, Any] | None:
    """What of this job fires by itself and waits on when a person's start of it is given up."""
    return None if job.job.deferred is None else job.job.deferred.get("otherwise")
