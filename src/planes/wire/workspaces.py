"""Bodies of workspaces and their members (Contract: 1.7)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from planes.domain.access import OrganizationRole, WorkspaceRole
from planes.wire.organizations import OrganizationResponse

MAXIMUM_NAME = 200
# What the names may not hold is decided where they are stored; these bound what is read at all.
NameText = Annotated[str, StringConstraints(max_length=1000)]
DescriptionText = Annotated[str, StringConstraints(max_length=10_000)]


class MemberKind(StrEnum):
    HUMAN = "human"
    MANAGED = "managed"
    SERVICE_ACCOUNT = "service_account"


class PredefinedProfiles(BaseModel):
    """Which profile stands for which access."""

    DATA_WRITE: str = "prod"
    DATA_READ: str = "access"


class WorkspaceResponse(BaseModel):
    """`dataplane_url` is the last address that the workspace's data plane reported."""

    id: str
    name: str
    description: str | None
    organization_id: str
    dataplane_id: str
    dataplane_url: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    is_playground: bool
    predefined_profiles: PredefinedProfiles = Field(default_factory=PredefinedProfiles)


class WorkspaceMemberResponse(BaseModel):
    id: str
    organization_membership_id: str
    user_id: str
    email: str
    name: str | None
    role: WorkspaceRole


class OrganizationWorkspaceResponse(WorkspaceResponse):
    """A workspace in its organization's list: with its owners and how many people have a role of their own."""

    member_count: int
    owner_members: list[WorkspaceMemberResponse]


class WorkspaceMembershipResponse(BaseModel):
    role: WorkspaceRole
    workspace: WorkspaceResponse


class CreateWorkspaceRequest(BaseModel):
    name: NameText
    description: DescriptionText | None = None


class UpdateWorkspaceRequest(BaseModel):
    """An absent key keeps the value; a null `description` clears it."""

    name: NameText | None = None
    description: DescriptionText | None = None


class OrganizationMeResponse(BaseModel):
    """The caller in an organization, with every workspace that they see."""

    email: str
    user_id: str
    organization_membership_id: str
    organization: OrganizationResponse
    role: OrganizationRole
    workspace_memberships: list[WorkspaceMembershipResponse]


class WorkspaceMeResponse(BaseModel):
    """The caller in a workspace."""

    email: str
    user_id: str
    organization_membership_id: str
    organization: OrganizationResponse
    organization_role: OrganizationRole
    workspace: WorkspaceResponse
    workspace_role: WorkspaceRole


class DataplaneTokenResponse(BaseModel):
    """`expires_at` in unix seconds."""

    token: str
    expires_at: int
