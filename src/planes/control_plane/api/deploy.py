"""`POST /workspaces/{ws}/-deploy` (Contract: 1.5, operation 23)."""

from __future__ import annotations

from fastapi import Request

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import WorkspaceIdPath
from planes.control_plane.api.job_views import render_job, render_version
from planes.control_plane.services.work.deploy_plan import DeployPlan, PlannedJob
from planes.control_plane.services.work.deploying import Deploys
from planes.domain.deploying import DeployOutcome
from planes.server.late_routes import LateRouter
from planes.wire.deploying import DeployedJob, DeployWorkspaceRequest, DeployWorkspaceResponse, JobsDeployReceipt

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}", tags=["deploy"])


@router.post("/-deploy")
async def deploy(
    request: Request,
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    body: DeployWorkspaceRequest,
) -> DeployWorkspaceResponse:
    deploys: Deploys = request.app.state.deploys
    plan = await deploys.deploy(principal, workspace_id, body)
    return render_receipt(plan, body.deployment_module, parts.public_url)


def render_receipt(plan: DeployPlan, module: str | None, public_url: str) -> DeployWorkspaceResponse:
    """What a deploy or a roll-back did, or would do."""
    changed = [item for item in plan.jobs if item.outcome is not DeployOutcome.UNCHANGED]
    same = [item for item in plan.jobs if item.outcome is DeployOutcome.UNCHANGED]
    return DeployWorkspaceResponse(
        deployment_module=module,
        job_receipt=JobsDeployReceipt(
            succeeded=[_render(item, public_url) for item in changed],
            skipped=[_render(item, public_url) for item in same],
            failed=[],
        ),
        warnings=plan.warnings,
    )


def _render(item: PlannedJob, public_url: str) -> DeployedJob:
    return DeployedJob(
        job=render_job(item.job, public_url),
        outcome=item.outcome.value,
        previous_version=None if item.previous is None else render_version(item.previous),
    )
