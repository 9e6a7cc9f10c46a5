"""The body of `GET /api/v1/me` (Contract: 1.7)."""

from __future__ import annotations

from pydantic import BaseModel

from planes.wire.organizations import OrganizationMembershipResponse, OrganizationResponse
from planes.wire.workspaces import WorkspaceResponse


class MeResponse(BaseModel):
    """`latest_workspace` is null until the caller's first organization has a region (Borders: 1)."""

    email: str
    user_id: str
    name: str | None
    organization_membership_id: str
    primary_organization: OrganizationResponse
    latest_organization: OrganizationResponse
    latest_workspace: WorkspaceResponse | None
    organization_memberships: list[OrganizationMembershipResponse]
