"""Bodies of the own routes of versions, under `/own/v1/workspaces/{ws}` of the control plane (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from planes.wire.deploying import DeployWorkspaceResponse
from planes.wire.deployments import DeploymentResponse
from planes.wire.link import Uuid

KEPT_AT_MOST = 10_000


class DeployedAs(BaseModel):
    """The newest module deploy of a version. `deployed_by` is a membership."""

    deployment_module: str
    configuration_id: str
    job_count: int
    deployed_at: datetime
    deployed_by: str


class VersionResponse(DeploymentResponse):
    """A deployment in the history of the code: `is_latest` is what runs from now on."""

    is_latest: bool
    retired_at: datetime | None
    deploy: DeployedAs | None


class RollBackRequest(BaseModel):
    deployment_id: Uuid
    dry_run: bool = False


class RollBackResponse(DeployWorkspaceResponse):
    """The receipt of a deploy, and the version that is the latest now (or would be, on a dry run)."""

    deployment: DeploymentResponse


class Retention(BaseModel):
    """How many of the newest versions of the code are kept."""

    keep_versions: Annotated[int, Field(strict=True, ge=1, le=KEPT_AT_MOST)]
