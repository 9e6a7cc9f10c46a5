"""What data planes ask and report: `/link/v1` but for enrolment (Borders: 1)."""

from __future__ import annotations

from typing import Annotated

import anyio
from fastapi import Path, Request

from planes.control_plane.api.authentication import CurrentDataPlane, CurrentParts, FollowedDataPlane
from planes.control_plane.api.configurations import render_configuration
from planes.control_plane.api.deployments import render_deployment
from planes.control_plane.services.identity import recipients
from planes.control_plane.services.work import app_links, deployments, leases, run_reports, runs, versions, webhook_runs
from planes.domain.errors import PlaneError
from planes.server.late_routes import LateRouter
from planes.server.streams import Stopping
from planes.storage.errors import StorageError
from planes.wire.deployments import ConfigurationResponse, RecordedDeployment
from planes.wire.link import (
    ConfigurationReport,
    DeploymentReport,
    EndedRunRequest,
    EndedRunResponse,
    KeyChangesRequest,
    MemberIds,
    MembersResponse,
    PipelineRunReport,
    PollRequest,
    PollResponse,
    PublicLinkRequest,
    PublicLinkResponse,
    RedeemSwapCodeResponse,
    RunTokenRequest,
    RunTokenResponse,
    StatusReport,
    SwapCodeRequest,
    VersionIds,
    WebhookJobRequest,
    WebhookJobResponse,
    WebhookRunRequest,
    WebhookRunResponse,
)

router = LateRouter(prefix="/link/v1", tags=["link"])

IdPath = Annotated[str, Path(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]


@router.post("/-poll")
async def poll(
    request: Request, parts: CurrentParts, dataplane_id: CurrentDataPlane, body: PollRequest
) -> PollResponse:
    stopping: Stopping = request.app.state.stopping

    async def is_gone() -> bool:
        return stopping.is_set or await request.is_disconnected()

    async def wake_at_stop() -> None:
        await stopping.wait()
        parts.news.tell(dataplane_id)

    answers: list[PollResponse] = []
    failure: PlaneError | StorageError | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(wake_at_stop)
        try:
            answers.append(await leases.poll(parts, dataplane_id, body, is_gone))
        except (PlaneError, StorageError) as exc:
            failure = exc  # out of the group it would come as one of many
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return answers[0]


@router.post("/-change-key")
async def change_key(dataplane_id: FollowedDataPlane, body: KeyChangesRequest) -> dict[str, str]:  # noqa: ARG001 - read before
    return {"dataplane_id": dataplane_id}


@router.put("/runs/{run_id}/status")
async def report_status(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, run_id: IdPath, body: StatusReport
) -> dict[str, str]:
    run = await run_reports.report_status(parts, dataplane_id, run_id, body)
    return {"status": run.status.value}


@router.post("/runs/{run_id}/-issue-token")
async def issue_run_token(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, run_id: IdPath, body: RunTokenRequest
) -> RunTokenResponse:
    minted = await leases.issue_run_token(parts, dataplane_id, run_id, body.fence)
    return RunTokenResponse(token=minted.token, expires_at=minted.expires_at)


@router.post("/-find-ended-run")
async def find_ended_run(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, body: EndedRunRequest
) -> EndedRunResponse:
    return EndedRunResponse(has_ended=await runs.has_ended(parts, dataplane_id, body))


@router.post("/swap-codes/-redeem")
async def redeem_swap_code(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, body: SwapCodeRequest
) -> RedeemSwapCodeResponse:
    token = await app_links.redeem_swap_code(parts, dataplane_id, body)
    return RedeemSwapCodeResponse(token=token)


@router.post("/public-links/-find")
async def find_public_link(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, body: PublicLinkRequest
) -> PublicLinkResponse:
    found = await app_links.find_public_link(parts, dataplane_id, body.secret)
    return PublicLinkResponse(
        organization_id=found.workspace.organization_id,
        workspace_id=found.workspace.id,
        job_id=found.job_id,
        epoch=found.epoch,
    )


@router.post("/webhooks/-find-job")
async def find_webhook_job(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, body: WebhookJobRequest
) -> WebhookJobResponse:
    return await webhook_runs.find_job(parts, dataplane_id, body)


@router.post("/webhooks/-start")
async def start_webhook_run(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, body: WebhookRunRequest
) -> WebhookRunResponse:
    return await webhook_runs.start(parts, dataplane_id, body)


@router.put("/deployments/{deployment_id}")
async def record_deployment(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, deployment_id: IdPath, body: DeploymentReport
) -> RecordedDeployment:
    row = await deployments.record_deployment(parts, dataplane_id, deployment_id, body)
    retired = await versions.list_retired(parts, row.workspace_id)
    return RecordedDeployment(**render_deployment(row).model_dump(), retired=retired)


@router.put("/configurations/{configuration_id}")
async def record_configuration(
    parts: CurrentParts, dataplane_id: CurrentDataPlane, configuration_id: IdPath, body: ConfigurationReport
) -> ConfigurationResponse:
    return render_configuration(await deployments.record_configuration(parts, dataplane_id, configuration_id, body))


@router.post("/-find-versions")
async def find_versions(parts: CurrentParts, dataplane_id: CurrentDataPlane, body: VersionIds) -> VersionIds:
    return await deployments.find_versions(parts, dataplane_id, body)


@router.post("/-find-members")
async def find_members(parts: CurrentParts, dataplane_id: CurrentDataPlane, body: MemberIds) -> MembersResponse:
    return await recipients.find_members(parts, dataplane_id, body)


@router.put("/runs/{run_id}/pipeline-runs/{pipeline_run_id}")
async def report_pipeline_run(
    parts: CurrentParts,
    dataplane_id: CurrentDataPlane,
    run_id: IdPath,
    pipeline_run_id: IdPath,
    body: PipelineRunReport,
) -> dict[str, str]:
    await run_reports.report_pipeline_run(parts, dataplane_id, run_id, pipeline_run_id, body)
    return {"id": pipeline_run_id}
