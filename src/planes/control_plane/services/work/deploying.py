"""`-deploy`: a manifest's jobs against those that are there, all or nothing (Contract: 3.1, 3.4, 4.1; Security: 2)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import anyio

from planes.control_plane.services import audit
from planes.control_plane.services.access import WorkspaceAccess, authorize_workspace
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import schedules, versions, windows
from planes.control_plane.services.work.definitions import check_definitions, check_words
from planes.control_plane.services.work.deploy_plan import (
    DeployGround,
    DeployPlan,
    PlannedJob,
    plan_deploy,
    trigger_pairs,
)
from planes.control_plane.services.work.triggers import (
    FireRequest,
    Scene,
    deferred_request,
    fire,
    hold_work,
    nothing_uploaded,
)
from planes.domain.access import Permission, Principal
from planes.domain.deploying import DeployOutcome
from planes.domain.errors import Conflict, InvalidRequest, Reason
from planes.domain.identifiers import DataPlaneId, new_id
from planes.domain.triggers import Source
from planes.manifest.errors import InvalidDefinition
from planes.manifest.facts import trigger_kind
from planes.manifest.validation import ValidatedManifest, migrate_and_validate
from planes.storage.control import clocks as stored_clocks
from planes.storage.control import deployments as stored_deployments
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import releases as stored_releases
from planes.storage.control.clocks import JobClock
from planes.storage.control.connection import Connection
from planes.storage.control.deployments import Configuration, Deployment
from planes.storage.control.releases import Release
from planes.storage.control.workspaces import change_workspace
from planes.storage.errors import AlreadyThere
from planes.wire.deploying import DeployWorkspaceRequest

LOCK_SECONDS = 120
"""A deploy that takes longer has lost its lock and writes nothing."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The newest code and configuration of the workspace; None where nothing is uploaded."""

    deployment: Deployment | None
    configuration: Configuration | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose workspace, by which lock, and the version that is rolled back to, if any."""

    access: WorkspaceAccess
    holder: str
    version_id: str | None


class Deploys:
    """Deploys, one at a time for each workspace: the second of two at once is refused.

    A set knows those of this process from the moment they begin, a lock in the database those of all processes.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._in_flight: set[str] = set()

    async def deploy(self, principal: Principal, workspace_id: str, request: DeployWorkspaceRequest) -> DeployPlan:
        """What the deploy did, or would do on a dry run, which writes nothing.

        Raises: InvalidRequest for definitions that may not be stored, Conflict (`deploy_in_flight`,
        `nothing_uploaded`).
        """
        return await self._deploy(principal, workspace_id, request, None)

    async def roll_back(
        self, principal: Principal, workspace_id: str, version_id: str, *, is_dry_run: bool
    ) -> DeployPlan:
        """Makes an earlier version of the code the latest again, with the jobs that it was deployed with.

        Nothing is uploaded. Configuration and variables stay as they are; runs that go on are not touched.

        Raises: NotFound, Conflict (`version_retired`, `version_not_deployed`, `deploy_in_flight`), InvalidRequest.
        """
        async with self._parts.database.reading() as connection:
            access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
            request = await versions.request_of(connection, access.workspace_id, version_id, is_dry_run=is_dry_run)
        return await self._deploy(principal, workspace_id, request, version_id)

    async def _deploy(
        self, principal: Principal, workspace_id: str, request: DeployWorkspaceRequest, version_id: str | None
    ) -> DeployPlan:
        parts = self._parts
        was_busy = workspace_id in self._in_flight
        async with parts.database.reading() as connection:
            access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
        if request.dry_run:
            manifest = await windows.in_thread(lambda: _validate(request, is_strict=access.workspace.is_strict))
            return await _dry_run(parts, access, request, manifest)
        if was_busy or access.workspace_id in self._in_flight:
            raise _in_flight()
        self._in_flight.add(access.workspace_id)
        try:
            plan, has_started = await _deploy_alone(parts, principal, access, request, version_id)
        finally:
            self._in_flight.discard(access.workspace_id)
        parts.news.tell(schedules.CLOCKS)
        if has_started:
            parts.news.tell(access.dataplane_id)
        return plan


async def _deploy_alone(
    parts: Parts, principal: Principal, access: WorkspaceAccess, request: DeployWorkspaceRequest, version_id: str | None
) -> tuple[DeployPlan, bool]:
    async with _only_deploy(parts, access) as holder:
        manifest = await windows.in_thread(lambda: _validate(request, is_strict=access.workspace.is_strict))
        return await _carry_out(parts, principal, request, manifest, _Place(access, holder, version_id))


def _in_flight() -> Conflict:
    return Conflict("deploy_in_flight", "Another deploy of this workspace is in flight. Try again when it is done.")


def _validate(request: DeployWorkspaceRequest, *, is_strict: bool) -> ValidatedManifest:
    """Runs in a thread: about 2 ms a definition, and the first import of dlt."""
    check_definitions(request.jobs)
    check_words(
        {"deployment_module": request.deployment_module, "description": request.description},
        prose=frozenset({"description"}),
    )
    try:
        return migrate_and_validate(
            request.jobs,
            request.job_definition_engine_version,
            request.deployment_module,
            is_strict=is_strict,
        )
    except InvalidDefinition as exc:
        reasons = tuple(Reason(key="jobs", message=reason) for reason in exc.reasons)
        raise InvalidRequest(exc.code, "The job definitions are not valid.", reasons) from exc


@asynccontextmanager
async def _only_deploy(parts: Parts, access: WorkspaceAccess) -> AsyncGenerator[str]:
    """The workspace's deploy lock, a row that holds across processes. A holder that died gives way after a while.

    Raises: Conflict when another deploy has it.
    """
    holder, now = new_id(), parts.clock.now()
    until = now + timedelta(seconds=LOCK_SECONDS)
    try:
        async with parts.database.transaction() as connection:
            is_ours = await stored_deployments.take_deploy_lock(connection, access.workspace_id, holder, now, until)
    except AlreadyThere:  # two first deploys of the workspace at once
        is_ours = False
    if not is_ours:
        raise _in_flight()
    try:
        yield holder
    finally:
        with anyio.move_on_after(10, shield=True):
            async with parts.database.transaction() as connection:
                await stored_deployments.release_deploy_lock(connection, access.workspace_id, holder)


async def _dry_run(
    parts: Parts, access: WorkspaceAccess, request: DeployWorkspaceRequest, manifest: ValidatedManifest
) -> DeployPlan:
    async with parts.database.reading() as connection:
        uploaded = await _uploaded(connection, access)
        ground = await _ground(parts, connection, access, request, uploaded.configuration)
    return await windows.in_thread(lambda: plan_deploy(manifest, ground, is_dry_run=True))


async def _carry_out(
    parts: Parts,
    principal: Principal,
    request: DeployWorkspaceRequest,
    manifest: ValidatedManifest,
    place: _Place,
) -> tuple[DeployPlan, bool]:
    """One transaction; whether runs were created."""
    access, holder, was_strict = place.access, place.holder, place.access.workspace.is_strict
    async with parts.database.transaction() as connection:
        if place.version_id is not None:
            await parts.database.lock(connection, f"versions:{access.workspace_id}")
            await versions.request_of(connection, access.workspace_id, place.version_id, is_dry_run=False)
        await hold_work(parts, connection, access.workspace_id)
        if not await stored_deployments.holds_deploy_lock(connection, access.workspace_id, holder):
            raise Conflict("deploy_in_flight", "This deploy took so long that another one has begun.")
        access = await authorize_workspace(connection, principal, access.workspace_id, Permission.WRITE)
        if access.workspace.is_strict != was_strict:
            raise Conflict(
                "deploy_in_flight", "The workspace became strict, or stopped to be, meanwhile. Deploy again."
            )
        if place.version_id is not None:
            await _note_roll_back(parts, connection, principal, access, place.version_id)
        uploaded = await _uploaded(connection, access)
        if uploaded.deployment is None or uploaded.configuration is None:
            raise nothing_uploaded(uploaded.deployment is None)
        ground = await _ground(parts, connection, access, request, uploaded.configuration)
        plan = await windows.in_thread(lambda: plan_deploy(manifest, ground, is_dry_run=False))
        await _write(connection, plan.jobs)
        has_started = False
        if request.deployment_module is not None:
            await change_workspace(
                connection, access.workspace_id, {"description": request.description}, parts.clock.now()
            )
            pair = (uploaded.deployment.id, uploaded.configuration.id)
            is_other_code = await stored_deployments.replace_deployed_pair(connection, access.workspace_id, *pair)
            await stored_releases.save_release(connection, _release(request, plan, uploaded, ground))
            if is_other_code or any(job.outcome is not DeployOutcome.UNCHANGED for job in plan.jobs):
                has_started = await _fire_deployment(parts, connection, access, plan.jobs)
    return plan, has_started


async def _note_roll_back(
    parts: Parts, connection: Connection, principal: Principal, access: WorkspaceAccess, version_id: str
) -> None:
    await stored_releases.roll_back_to(connection, access.workspace_id, version_id)
    event = Record(
        action="version_rolled_back",
        subject=access.workspace_id,
        organization_id=access.organization_id,
        facts={"deployment_id": version_id},
    )
    await audit.record(connection, Actor.of(principal), parts.clock.now(), event)


def _release(request: DeployWorkspaceRequest, plan: DeployPlan, uploaded: Uploaded, ground: DeployGround) -> Release:
    assert request.deployment_module is not None
    assert uploaded.deployment is not None
    assert uploaded.configuration is not None
    live = (item.job.version.id for item in plan.jobs if item.outcome is not DeployOutcome.ARCHIVED)
    return Release(
        deployment_id=uploaded.deployment.id,
        workspace_id=ground.workspace_id,
        configuration_id=uploaded.configuration.id,
        module=request.deployment_module,
        description=request.description,
        job_version_ids=tuple(live),
        created_by=ground.membership_id,
        created_at=ground.now,
    )


async def _uploaded(connection: Connection, access: WorkspaceAccess) -> Uploaded:
    return Uploaded(
        await stored_deployments.latest_deployment(connection, access.workspace_id),
        await stored_deployments.latest_configuration(connection, access.workspace_id),
    )


async def _ground(
    parts: Parts,
    connection: Connection,
    access: WorkspaceAccess,
    request: DeployWorkspaceRequest,
    configuration: Configuration | None,
) -> DeployGround:
    present = await stored_jobs.all_jobs(connection, access.workspace_id)
    clocks: dict[str, list[JobClock]] = {}
    for clock in await stored_clocks.clocks_of_workspace(connection, access.workspace_id):
        clocks.setdefault(clock.job_id, []).append(clock)
    return DeployGround(
        workspace_id=access.workspace_id,
        module=request.deployment_module,
        membership_id=access.membership_id,
        profiles=None if configuration is None else configuration.profiles,
        present=present,
        clocks=clocks,
        now=parts.clock.now(),
    )


async def _write(connection: Connection, planned: Sequence[PlannedJob]) -> None:
    created = [item.job.job for item in planned if item.outcome is DeployOutcome.CREATED]
    await stored_jobs.insert_jobs(connection, created)
    versions = [item.new_version for item in planned if item.new_version is not None]
    await stored_jobs.insert_versions(connection, versions)
    for item in planned:
        if item.outcome is not DeployOutcome.CREATED:
            await stored_jobs.save_job(connection, item.job.job)
    await stored_jobs.replace_triggers(connection, {version.job_id: trigger_pairs(version) for version in versions})
    wound = [item for item in planned if item.clocks is not None]
    rows = [clock for item in wound for clock in item.clocks or ()]
    await stored_clocks.replace_clocks(connection, [item.job.job.id for item in wound], rows)


async def _fire_deployment(
    parts: Parts, connection: Connection, access: WorkspaceAccess, planned: Sequence[PlannedJob]
) -> bool:
    """Fires `deployment:` for the jobs of this deploy that wait for it (Contract: 4.3), and looks again at the starts
    that were put off: what they wait for may have changed.
    """
    waiting = [deferred_request(item.job) for item in planned if item.outcome is DeployOutcome.UPDATED]
    requests = [request for request in waiting if request is not None]
    requests += [
        FireRequest(job=item.job, trigger=trigger, source=Source.DEPLOY)
        for item in planned
        if item.outcome is not DeployOutcome.ARCHIVED
        for trigger in item.job.version.triggers
        if trigger_kind(trigger) == "deployment"
    ]
    scene = Scene(
        workspace_id=access.workspace_id,
        organization_id=access.organization_id,
        dataplane_id=DataPlaneId(access.dataplane_id),
        is_archived=access.is_archived,
    )
    return any(item.run is not None for item in await fire(parts, connection, scene, requests))
