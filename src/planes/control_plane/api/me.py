"""The caller (Contract: 1.5, operation 8)."""

from __future__ import annotations

from planes.control_plane.api.authentication import CurrentHuman, CurrentParts
from planes.control_plane.api.place_views import render_organization, render_workspace
from planes.control_plane.services.organizations import organizations
from planes.domain.access import OrganizationRole
from planes.server.late_routes import LateRouter
from planes.wire.me import MeResponse
from planes.wire.organizations import OrganizationMembershipResponse

router = LateRouter(prefix="/api/v1", tags=["me"])


@router.get("/me")
async def get_me(parts: CurrentParts, principal: CurrentHuman) -> MeResponse:
    me = await organizations.get_me(parts, principal)
    return MeResponse(
        email=me.user.email,
        user_id=me.user.id,
        name=me.user.name,
        organization_membership_id=me.membership_id,
        primary_organization=render_organization(me.primary),
        latest_organization=render_organization(me.latest_organization),
        latest_workspace=render_workspace(me.latest_workspace) if me.latest_workspace else None,
        organization_memberships=[
            OrganizationMembershipResponse(
                id=membership.id,
                is_active=membership.is_active,
                organization=render_organization(organization),
                role=OrganizationRole(membership.role),
            )
            for membership, organization in me.memberships
        ],
    )
