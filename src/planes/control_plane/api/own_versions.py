"""Own routes of versions: the history of the code, rolling back, how many are kept (docs/api.md)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.deploy import render_receipt
from planes.control_plane.api.deployments import render_deployment
from planes.control_plane.api.filters import VersionsQuery, WorkspaceIdPath
from planes.control_plane.services.work import deployments, versions
from planes.control_plane.services.work.deploying import Deploys
from planes.control_plane.services.work.versions import Version
from planes.server.asked import asked
from planes.server.late_routes import LateRouter
from planes.server.paging import envelope
from planes.wire.own_versions import DeployedAs, Retention, RollBackRequest, RollBackResponse, VersionResponse
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own: versions"])


@router.get("/versions", response_model=ListPage[VersionResponse])
async def list_versions(
    parts: CurrentParts, principal: CurrentPrincipal, query: Annotated[VersionsQuery, asked(VersionsQuery)]
) -> dict[str, Any]:
    found = await versions.list_versions(parts, principal, query.filter)
    return envelope([_render(each) for each in found.items], query.page, found)


@router.post("/-roll-back")
async def roll_back(
    request: Request,
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    body: RollBackRequest,
) -> RollBackResponse:
    deploys: Deploys = request.app.state.deploys
    plan = await deploys.roll_back(principal, workspace_id, body.deployment_id, is_dry_run=body.dry_run)
    row = await deployments.get_deployment(parts, principal, workspace_id, body.deployment_id)
    receipt = render_receipt(plan, plan.module, parts.public_url)
    return RollBackResponse(**receipt.model_dump(), deployment=render_deployment(row))


@router.get("/retention")
async def get_retention(parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath) -> Retention:
    return Retention(keep_versions=await versions.get_kept(parts, principal, workspace_id))


@router.put("/retention")
async def change_retention(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, body: Retention
) -> Retention:
    kept = await versions.change_kept(parts, principal, workspace_id, body.keep_versions)
    return Retention(keep_versions=kept)


def _render(version: Version) -> VersionResponse:
    release = version.release
    return VersionResponse(
        **render_deployment(version.deployment).model_dump(),
        is_latest=version.is_latest,
        retired_at=version.deployment.retired_at,
        deploy=None
        if release is None
        else DeployedAs(
            deployment_module=release.module,
            configuration_id=release.configuration_id,
            job_count=len(release.job_version_ids),
            deployed_at=release.created_at,
            deployed_by=release.created_by,
        ),
    )
