"""Routes of configuration versions: list, read, and the right to upload (Contract: 1.5, operations 28-31)."""

from __future__ import annotations

from typing import Annotated, Any

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import VersionIdPath, VersionsQuery, WorkspaceIdPath
from planes.control_plane.services.work import deployments
from planes.server.asked import asked
from planes.server.late_routes import LateRouter
from planes.server.paging import envelope
from planes.storage.control.deployments import Configuration
from planes.wire.deploying import IssueUploadConfigurationResponse
from planes.wire.deployments import ConfigurationResponse
from planes.wire.pages import ListPage

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}/configurations", tags=["configurations"])


@router.post("/-issue-upload")
async def issue_upload(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath
) -> IssueUploadConfigurationResponse:
    ticket = await deployments.issue_upload(parts, principal, workspace_id, "configuration")
    return IssueUploadConfigurationResponse(
        configuration_id=ticket.id, upload_url=ticket.url, upload_token=ticket.token
    )


@router.get("", response_model=ListPage[ConfigurationResponse])
async def list_configurations(
    parts: CurrentParts, principal: CurrentPrincipal, query: Annotated[VersionsQuery, asked(VersionsQuery)]
) -> dict[str, Any]:
    found = await deployments.list_configurations(parts, principal, query.filter)
    return envelope([render_configuration(row) for row in found.items], query.page, found)


@router.get("/{configuration_id}")
async def get_configuration(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, configuration_id: VersionIdPath
) -> ConfigurationResponse:
    return render_configuration(await deployments.get_configuration(parts, principal, workspace_id, configuration_id))


def render_configuration(row: Configuration) -> ConfigurationResponse:
    """The wire form, the same for clients and data planes. A version never changes, so it was updated when made."""
    return ConfigurationResponse(
        id=row.id,
        workspace_id=row.workspace_id,
        version=row.version,
        content_hash=row.content_hash,
        file_count=row.file_count,
        size_bytes=row.size_bytes,
        profiles=list(row.profiles),
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.created_at,
    )
