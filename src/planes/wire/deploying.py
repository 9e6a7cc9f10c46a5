"""Bodies of `-deploy` and `-issue-upload` (Contract: 1.7, 3.1)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictBool, StringConstraints

from planes.wire.jobs import JobResponse, JobVersionResponse
from planes.wire.runs import BulkItemFailure

MAXIMUM_JOBS = 5000


class IssueUploadDeploymentResponse(BaseModel):
    """Where to upload code, and the right to do it once."""

    deployment_id: str
    upload_url: str
    upload_token: str


class IssueUploadConfigurationResponse(BaseModel):
    """Where to upload configuration, and the right to do it once."""

    configuration_id: str
    upload_url: str
    upload_token: str


class DeployWorkspaceRequest(BaseModel):
    """A manifest's jobs. `deployment_module` null is an ad-hoc deploy."""

    job_definition_engine_version: Annotated[int, Field(ge=1, le=1000, strict=True)]
    job_definition_hash: Annotated[str, StringConstraints(max_length=128)]
    jobs: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAXIMUM_JOBS)]
    deployment_module: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None
    description: str | None = None
    dry_run: StrictBool = False


class DeployedJob(BaseModel):
    """One job of a receipt: `outcome` is created, updated, unchanged or archived."""

    job: JobResponse
    outcome: str
    previous_version: JobVersionResponse | None


class JobsDeployReceipt(BaseModel):
    """Changed jobs are `succeeded`, unchanged ones `skipped`."""

    succeeded: list[DeployedJob]
    skipped: list[DeployedJob]
    failed: list[BulkItemFailure]


class DeployWorkspaceResponse(BaseModel):
    """What a deploy did, or would do on a dry run."""

    deployment_module: str | None
    job_receipt: JobsDeployReceipt
    warnings: list[str]
