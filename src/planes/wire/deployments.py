"""Bodies of deployments and configurations, the same on both planes (Contract: 1.7)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class DeploymentResponse(BaseModel):
    """One uploaded version of a workspace's code. `created_by` is a membership."""

    id: str
    workspace_id: str
    version: int
    content_hash: str
    file_count: int
    size_bytes: int
    requirements_size_bytes: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class RecordedDeployment(DeploymentResponse):
    """What a data plane is answered when it writes a deployment back; `retired` are versions it need not keep."""

    retired: list[str] = Field(default_factory=list)


class ConfigurationResponse(BaseModel):
    """One uploaded version of a workspace's `.dlt` files. `created_by` is a membership."""

    id: str
    workspace_id: str
    version: int
    content_hash: str
    file_count: int
    size_bytes: int
    profiles: list[str]
    created_at: datetime
    created_by: str
    updated_at: datetime
