"""Versions of code and configuration: lists, the right to upload, and the rows that data planes write back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from planes.control_plane.services import revocations
from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.identity.tokens import UploadKind, mint_upload
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import versions
from planes.domain.access import Permission, Principal
from planes.domain.errors import Conflict, NotAllowed, NotFound, Unavailable
from planes.domain.identifiers import ConfigurationId, DataPlaneId, DeploymentId, MembershipId, WorkspaceId, new_id
from planes.storage.control import deployments as stored
from planes.storage.control import releases as stored_releases
from planes.storage.control.connection import Connection
from planes.storage.control.deployments import Configuration, Deployment, VersionFilter
from planes.storage.control.workspaces import find_workspace
from planes.storage.keyset import Listed
from planes.wire.link import ConfigurationReport, DeploymentReport, VersionIds

Version = TypeVar("Version", Deployment, Configuration)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTicket:
    """The right to upload one archive: its id to be, where to, and a token for that alone."""

    id: str
    url: str
    token: str


async def list_deployments(parts: Parts, principal: Principal, wanted: VersionFilter) -> Listed[Deployment]:
    """One page, newest version first."""
    async with parts.database.reading() as connection:
        await authorize_workspace(connection, principal, wanted.workspace_id, Permission.READ)
        return await stored.list_deployments(connection, wanted)


async def list_configurations(parts: Parts, principal: Principal, wanted: VersionFilter) -> Listed[Configuration]:
    """One page, newest version first."""
    async with parts.database.reading() as connection:
        await authorize_workspace(connection, principal, wanted.workspace_id, Permission.READ)
        return await stored.list_configurations(connection, wanted)


async def get_deployment(parts: Parts, principal: Principal, workspace_id: str, deployment_id: str) -> Deployment:
    """`latest` is a literal id. Raises: NotFound, also when nothing is uploaded yet."""
    find = stored.find_deployment
    return await _get(parts, principal, workspace_id, deployment_id, (find, stored.latest_deployment))


async def get_configuration(
    parts: Parts, principal: Principal, workspace_id: str, configuration_id: str
) -> Configuration:
    """`latest` is a literal id. Raises: NotFound, also when nothing is uploaded yet."""
    find = stored.find_configuration
    return await _get(parts, principal, workspace_id, configuration_id, (find, stored.latest_configuration))


async def issue_upload(parts: Parts, principal: Principal, workspace_id: str, kind: UploadKind) -> UploadTicket:
    """A ticket for one upload at the workspace's data plane. No row exists until the bytes are stored there.

    Raises: Unavailable while the data plane has not reported an address.
    """
    async with parts.database.reading() as connection:
        epoch = await revocations.current_epoch(connection)
        access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
    origin = access.workspace.dataplane_url
    if not origin:
        raise Unavailable("data_plane_unknown", f"Data plane {access.dataplane_id} has not reported an address yet.")
    upload_id = new_id()
    token = mint_upload(parts, principal, access, (kind, upload_id), epoch)
    url = f"{origin}/api/v1/workspaces/{access.workspace_id}/{kind}s/{upload_id}/-upload"
    return UploadTicket(id=upload_id, url=url, token=token.token)


async def record_deployment(
    parts: Parts, dataplane_id: DataPlaneId, deployment_id: str, report: DeploymentReport
) -> Deployment:
    """Keeps the row of an uploaded deployment and gives it the next version. May run twice: the row stays as it is.

    It is the latest from then on, also where an older version was rolled back to.

    Raises: NotAllowed for a workspace of another region, Conflict when the id belongs to something else.
    """
    async with parts.database.transaction() as connection:
        await _hold_workspace(parts, connection, dataplane_id, report.workspace_id)
        present = await stored.find_deployment(connection, deployment_id)
        if present is not None:
            return _same(present, report)
        row = Deployment(
            id=DeploymentId(deployment_id),
            workspace_id=WorkspaceId(report.workspace_id),
            version=await stored.next_version(connection, stored.deployments, WorkspaceId(report.workspace_id)),
            content_hash=report.content_hash,
            file_count=report.file_count,
            size_bytes=report.size_bytes,
            requirements_size_bytes=report.requirements_size_bytes,
            created_by=MembershipId(report.created_by),
            created_at=report.created_at,
        )
        await stored.insert_deployment(connection, row)
        await stored_releases.end_roll_back(connection, row.workspace_id)
        await versions.retire(parts, connection, row.workspace_id)
    return row


async def record_configuration(
    parts: Parts, dataplane_id: DataPlaneId, configuration_id: str, report: ConfigurationReport
) -> Configuration:
    """The same for a configuration."""
    async with parts.database.transaction() as connection:
        await _hold_workspace(parts, connection, dataplane_id, report.workspace_id)
        present = await stored.find_configuration(connection, configuration_id)
        if present is not None:
            return _same(present, report)
        row = Configuration(
            id=ConfigurationId(configuration_id),
            workspace_id=WorkspaceId(report.workspace_id),
            version=await stored.next_version(connection, stored.configurations, WorkspaceId(report.workspace_id)),
            content_hash=report.content_hash,
            file_count=report.file_count,
            size_bytes=report.size_bytes,
            profiles=tuple(report.profiles),
            created_by=MembershipId(report.created_by),
            created_at=report.created_at,
        )
        await stored.insert_configuration(connection, row)
    return row


async def find_versions(parts: Parts, dataplane_id: DataPlaneId, asked: VersionIds) -> VersionIds:
    """Those of the asked ids that are versions of this plane's workspaces. Of another's it is told nothing."""
    async with parts.database.reading() as connection:

        async def is_known(find: _Find[Deployment] | _Find[Configuration], version_id: str) -> bool:
            found = await find(connection, version_id)
            workspace = await find_workspace(connection, found.workspace_id) if found is not None else None
            return workspace is not None and workspace.dataplane_id == dataplane_id

        return VersionIds(
            deployments=[each for each in asked.deployments if await is_known(stored.find_deployment, each)],
            configurations=[each for each in asked.configurations if await is_known(stored.find_configuration, each)],
        )


_Find = Callable[[Connection, str], Awaitable[Version | None]]
_Latest = Callable[[Connection, WorkspaceId], Awaitable[Version | None]]


async def _get(
    parts: Parts,
    principal: Principal,
    workspace_id: str,
    version_id: str,
    finders: tuple[_Find[Version], _Latest[Version]],
) -> Version:
    find, latest = finders
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        if version_id == "latest":
            found = await latest(connection, access.workspace_id)
        else:
            found = await find(connection, version_id)
    if found is None or found.workspace_id != access.workspace_id:
        raise NotFound("version_not_found", "There is no such version in this workspace.")
    return found


async def _hold_workspace(parts: Parts, connection: Connection, dataplane_id: DataPlaneId, workspace_id: str) -> None:
    """One write-back of a workspace at a time, and only from the plane of its organization."""
    workspace = await find_workspace(connection, workspace_id)
    if workspace is None or workspace.dataplane_id != dataplane_id:
        raise NotAllowed("foreign_workspace", "This workspace does not belong to the region of this data plane.")
    await parts.database.lock(connection, f"versions:{workspace_id}")


def _same(present: Version, report: DeploymentReport | ConfigurationReport) -> Version:
    if present.workspace_id != report.workspace_id or present.content_hash != report.content_hash:
        raise Conflict("id_taken", "This id belongs to another upload.")
    return present
