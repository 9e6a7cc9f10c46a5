"""Routes of code versions: list, read, and the right to upload (Contract: 1.5, operations 24-27)."""

from __future__ import annotations

from typing import Annotated, Any

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import VersionIdPath, VersionsQuery, WorkspaceIdPath
from planes.control_plane.services.work import deployments
from planes.server.asked import asked
from planes.server.late_routes import LateRouter
from planes.server.paging import envelope
from planes.storage.control.deployments import Deployment
from planes.wire.deploying import IssueUploadDeploymentResponse
from planes.wire.deployments import DeploymentResponse
from planes.wire.pages import ListPage

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}/deployments", tags=["deployments"])


@router.post("/-issue-upload")
async def issue_upload(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath
) -> IssueUploadDeploymentResponse:
    ticket = await deployments.issue_upload(parts, principal, workspace_id, "deployment")
    return IssueUploadDeploymentResponse(deployment_id=ticket.id, upload_url=ticket.url, upload_token=ticket.token)


@router.get("", response_model=ListPage[DeploymentResponse])
async def list_deployments(
    parts: CurrentParts, principal: CurrentPrincipal, query: Annotated[VersionsQuery, asked(VersionsQuery)]
) -> dict[str, Any]:
    found = await deployments.list_deployments(parts, principal, query.filter)
    return envelope([render_deployment(row) for row in found.items], query.page, found)


@router.get("/{deployment_id}")
async def get_deployment(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, deployment_id: VersionIdPath
) -> DeploymentResponse:
    return render_deployment(await deployments.get_deployment(parts, principal, workspace_id, deployment_id))


def render_deployment(row: Deployment) -> DeploymentResponse:
    """The wire form, the same for clients and data planes. A version never changes, so it was updated when made."""
    return DeploymentResponse(
        id=row.id,
        workspace_id=row.workspace_id,
        version=row.version,
        content_hash=row.content_hash,
        file_count=row.file_count,
        size_bytes=row.size_bytes,
        requirements_size_bytes=row.requirements_size_bytes,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.created_at,
    )
