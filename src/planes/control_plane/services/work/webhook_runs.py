"""Runs that regions ask for when a webhook was called: by ids only, what was sent is not told here (Security: 2)."""

from __future__ import annotations

from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.triggers import FireRequest, find_scene, fire, hold_work
from planes.domain.errors import NotAllowed, NotFound
from planes.domain.identifiers import DataPlaneId, WorkspaceId
from planes.domain.triggers import Declined, ReceiptStatus, Source
from planes.manifest.facts import trigger_kind
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import runs as stored_runs
from planes.storage.control.connection import Connection
from planes.storage.control.workspaces import find_workspace
from planes.wire.link import WebhookJobRequest, WebhookJobResponse, WebhookRunRequest, WebhookRunResponse

_LATER = frozenset(
    {
        ReceiptStatus.SKIPPED_CONCURRENCY_LIMIT,
        ReceiptStatus.SKIPPED_FRESH,
        ReceiptStatus.SKIPPED_UPSTREAM_PENDING,
        ReceiptStatus.SKIPPED_ALREADY_COVERED,
        ReceiptStatus.CHAIN_TOO_FAST,
    }
)
"""The call waits in its region and is asked about again."""


async def find_job(parts: Parts, dataplane_id: DataPlaneId, request: WebhookJobRequest) -> WebhookJobResponse:
    """The `webhook:` triggers of a job of this plane. Raises: NotFound, NotAllowed."""
    async with parts.database.reading() as connection:
        await _check_ours(connection, dataplane_id, request.workspace_id)
        found = await stored_jobs.find_job(connection, WorkspaceId(request.workspace_id), request.job_id)
    if found is None or found.job.is_archived:
        raise NotFound("job_not_found", "There is no such job in this workspace.")
    triggers = [trigger for trigger in found.version.triggers if trigger_kind(trigger) == "webhook"]
    return WebhookJobResponse(job_ref=found.job.job_ref, triggers=triggers)


async def start(parts: Parts, dataplane_id: DataPlaneId, request: WebhookRunRequest) -> WebhookRunResponse:
    """The run that answers a call, created at the first time of asking.

    Raises: NotFound, NotAllowed, Conflict when the workspace has no code yet.
    """
    await windows.prepare()
    workspace_id = WorkspaceId(request.workspace_id)
    async with parts.database.transaction() as connection:
        await _check_ours(connection, dataplane_id, workspace_id)
        await hold_work(parts, connection, workspace_id)
        known = await stored_runs.first_run_of_call(connection, workspace_id, request.call_id)
        if known is not None:
            return WebhookRunResponse(run_id=known, status=ReceiptStatus.TRIGGERED.value, is_final=True)
        scene = await find_scene(connection, workspace_id)
        found = await stored_jobs.find_job(connection, workspace_id, request.job_id)
        if scene is None or found is None:
            raise NotFound("job_not_found", "There is no such job in this workspace.")
        if request.trigger not in found.version.triggers:
            return WebhookRunResponse(run_id=None, status="trigger_gone", is_final=True)
        wanted = FireRequest(job=found, trigger=request.trigger, source=Source.WEBHOOK, webhook_call_id=request.call_id)
        (fired,) = await fire(parts, connection, scene, [wanted])
    if isinstance(fired.decision, Declined):
        status = fired.decision.status
        return WebhookRunResponse(run_id=None, status=status.value, is_final=status not in _LATER)
    assert fired.run is not None, "an accepted request has a run"
    parts.news.tell(scene.dataplane_id)
    return WebhookRunResponse(run_id=fired.run.id, status=ReceiptStatus.TRIGGERED.value, is_final=True)


async def _check_ours(connection: Connection, dataplane_id: DataPlaneId, workspace_id: str) -> None:
    workspace = await find_workspace(connection, workspace_id)
    if workspace is None or workspace.dataplane_id != dataplane_id:
        raise NotAllowed("foreign_workspace", "This workspace does not belong to the region of this data plane.")
