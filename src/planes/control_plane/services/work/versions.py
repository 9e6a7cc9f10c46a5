"""Versions of code as a history: what each was deployed as, which is the latest, which are still kept (docs/api.md)."""

from __future__ import annotations

from dataclasses import dataclass

from planes.control_plane.services import audit
from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.parts import Parts
from planes.domain.access import Permission, Principal
from planes.domain.errors import Conflict, NotFound
from planes.domain.identifiers import WorkspaceId
from planes.storage.control import deployments as stored
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import releases as stored_releases
from planes.storage.control.connection import Connection
from planes.storage.control.deployments import Deployment, VersionFilter
from planes.storage.control.releases import Release
from planes.storage.keyset import Listed
from planes.wire.deploying import DeployWorkspaceRequest

KEPT_BY_DEFAULT = 100
_TOLD_RETIRED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A deployment in the history. Without a release it was uploaded and never deployed as a module."""

    deployment: Deployment
    release: Release | None
    is_latest: bool


async def list_versions(parts: Parts, principal: Principal, wanted: VersionFilter) -> Listed[Version]:
    """One page, newest version first."""
    async with parts.database.reading() as connection:
        await authorize_workspace(connection, principal, wanted.workspace_id, Permission.READ)
        found = await stored.list_deployments(connection, wanted)
        releases = await stored_releases.releases_of(connection, [row.id for row in found.items])
        latest = await stored.latest_deployment(connection, wanted.workspace_id)
    latest_id = None if latest is None else latest.id
    return found.carrying([
        Version(deployment=row, release=releases.get(row.id), is_latest=row.id == latest_id) for row in found.items
    ])  # fmt: skip


async def request_of(
    connection: Connection, workspace_id: WorkspaceId, deployment_id: str, *, is_dry_run: bool
) -> DeployWorkspaceRequest:
    """The deploy that brings back the jobs of a version.

    Raises: NotFound; Conflict when the version's archive is gone, or it was never deployed as a module.
    """
    found = await stored.find_deployment(connection, deployment_id)
    if found is None or found.workspace_id != workspace_id:
        raise NotFound("version_not_found", "There is no such version in this workspace.")
    if found.retired_at is not None:
        raise Conflict("version_retired", f"Version {found.version} is no longer kept. Deploy its code again.")
    release = (await stored_releases.releases_of(connection, [deployment_id])).get(deployment_id)
    if release is None:
        raise Conflict(
            "version_not_deployed", f"Version {found.version} was uploaded and never deployed, so its jobs are unknown."
        )
    by_id = await stored_jobs.versions_by_id(connection, release.job_version_ids)
    jobs = [by_id[version_id] for version_id in release.job_version_ids]
    return DeployWorkspaceRequest(
        job_definition_engine_version=max(job.engine_version for job in jobs),
        job_definition_hash=found.content_hash,
        jobs=[dict(job.definition) for job in jobs],
        deployment_module=release.module,
        description=release.description,
        dry_run=is_dry_run,
    )


async def get_kept(parts: Parts, principal: Principal, workspace_id: str) -> int:
    """How many of the newest versions the workspace keeps."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        return await stored_releases.kept_versions(connection, access.workspace_id) or KEPT_BY_DEFAULT


async def change_kept(parts: Parts, principal: Principal, workspace_id: str, count: int) -> int:
    """Holds from the next upload on."""
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.MANAGE_WORKSPACE)
        await parts.database.lock(connection, f"versions:{access.workspace_id}")
        await stored_releases.keep_versions(connection, access.workspace_id, count)
        event = Record(
            action="retention_changed",
            subject=access.workspace_id,
            organization_id=access.organization_id,
            facts={"keep_versions": count},
        )
        await audit.record(connection, Actor.of(principal), parts.clock.now(), event)
    return count


async def retire(parts: Parts, connection: Connection, workspace_id: WorkspaceId) -> None:
    """Retires versions beyond those that are kept. Call it under the workspace's lock of versions."""
    latest = await stored.latest_deployment(connection, workspace_id)
    if latest is not None:
        kept = await stored_releases.kept_versions(connection, workspace_id) or KEPT_BY_DEFAULT
        await stored_releases.retire_versions(connection, workspace_id, kept, latest.id, parts.clock.now())


async def list_retired(parts: Parts, workspace_id: str) -> list[str]:
    """What a region need not keep any more: the ids of versions that were retired last."""
    async with parts.database.reading() as connection:
        return await stored_releases.retired_versions(connection, WorkspaceId(workspace_id), _TOLD_RETIRED)
