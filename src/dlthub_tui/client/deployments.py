"""Versions of code and configuration, and handing job definitions to the control plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dlthub_tui.client.errors import NotFound
from dlthub_tui.client.models import (
    Configuration,
    Deployment,
    Job,
    parse_configuration,
    parse_deployment,
    parse_job,
)
from dlthub_tui.client.paging import Page, get_page
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport

Kind = Literal["deployments", "configurations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPermit:
    """One upload, valid ten minutes."""

    id: str
    url: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """What the control plane is told about jobs: the body of `-deploy`, as it will be sent."""

    engine_version: int
    manifest_hash: str
    jobs: tuple[dict[str, Any], ...]
    module: str | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedJob:
    """`outcome` is created, updated, unchanged or archived."""

    job: Job
    outcome: str
    previous_definition: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployReceipt:
    """What `-deploy` did, or would do. `version`: which deployment runs now; None where that was not asked."""

    jobs: tuple[DeployedJob, ...]
    warnings: tuple[str, ...]
    version: int | None = None


async def list_deployments(plane: Transport, workspace_id: str) -> Page[Deployment]:
    """Newest version first. Contract: 1.5 (24)."""
    return await get_page(plane, f"/api/v1/workspaces/{workspace_id}/deployments", parse_deployment)


async def find_latest_deployment(plane: Transport, workspace_id: str) -> Deployment | None:
    """None before the first deploy. Contract: 1.5 (25)."""
    try:
        return parse_deployment(await plane.get(f"/api/v1/workspaces/{workspace_id}/deployments/latest"))
    except NotFound:
        return None


async def list_configurations(plane: Transport, workspace_id: str) -> Page[Configuration]:
    """Newest version first. Contract: 1.5 (28)."""
    return await get_page(plane, f"/api/v1/workspaces/{workspace_id}/configurations", parse_configuration)


async def find_latest_configuration(plane: Transport, workspace_id: str) -> Configuration | None:
    """None before the first deploy. Contract: 1.5 (29)."""
    try:
        return parse_configuration(await plane.get(f"/api/v1/workspaces/{workspace_id}/configurations/latest"))
    except NotFound:
        return None


async def issue_upload(plane: Transport, workspace_id: str, kind: Kind) -> UploadPermit:
    """Contract: 1.5 (27) (31)."""
    fields = Fields(await plane.post(f"/api/v1/workspaces/{workspace_id}/{kind}/-issue-upload"), "upload permit")
    key = "deployment_id" if kind == "deployments" else "configuration_id"
    return UploadPermit(id=fields.text(key), url=fields.text("upload_url"), token=fields.text("upload_token"))


async def deploy(plane: Transport, workspace_id: str, what: Definitions, *, dry_run: bool) -> DeployReceipt:
    """All or nothing. Contract: 1.5 (23). Raises: Conflict while another deploy is in flight."""
    body: dict[str, Any] = {
        "job_definition_engine_version": what.engine_version,
        "job_definition_hash": what.manifest_hash,
        "jobs": list(what.jobs),
        "deployment_module": what.module,
        "description": what.description,
        "dry_run": dry_run,
    }
    return parse_receipt(await plane.post(f"/api/v1/workspaces/{workspace_id}/-deploy", body))


def parse_receipt(raw: Any) -> DeployReceipt:
    """The receipt of a deploy, or of a roll-back."""
    fields = Fields(raw, "deploy receipt")
    receipt = fields.within("job_receipt")
    jobs = (*receipt.many("succeeded", _parse_deployed), *receipt.many("skipped", _parse_deployed))
    return DeployReceipt(jobs=jobs, warnings=fields.texts("warnings"))


def _parse_deployed(raw: Any) -> DeployedJob:
    fields = Fields(raw, "deployed job")
    previous = fields.maybe_within("previous_version")
    definition = previous.maybe_within("job_definition") if previous else None
    return DeployedJob(
        job=parse_job(fields.raw("job")),
        outcome=fields.text("outcome"),
        previous_definition=definition.whole() if definition else None,
    )
