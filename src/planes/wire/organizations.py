"""Bodies of organizations (Contract: 1.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from planes.domain.access import OrganizationRole


class OrganizationResponse(BaseModel):
    """`dataplane_id` is null until a region is chosen, then permanent."""

    id: str
    name: str
    description: str | None
    dataplane_id: str | None
    created_at: datetime
    updated_at: datetime


class OrganizationMembershipResponse(BaseModel):
    id: str
    is_active: bool
    organization: OrganizationResponse
    role: OrganizationRole


class SetRegionRequest(BaseModel):
    dataplane_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
