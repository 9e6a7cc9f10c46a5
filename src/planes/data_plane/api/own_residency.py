"""What this region stores: of a workspace for its members, and whether anything of an organization (docs/api.md)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.services.audit import Actor
from planes.domain.access import Grant
from planes.server.late_routes import LateRouter
from planes.tokens.claims import Claims
from planes.wire.link import Uuid
from planes.wire.own_residency import RegionHoldings, RegionPresence

router = LateRouter(prefix="/own/v1", tags=["own"])
Reader = Annotated[Claims, Depends(requires(Grant.READ))]


@router.get("/workspaces/{workspace_id}/residency")
async def get_holdings(request: Request, claims: Reader) -> RegionHoldings:
    """How much of what is stored here."""
    return await services_of(request).holdings.of_workspace(Actor.of(claims))


@router.get("/organizations/{organization_id}/presence")
async def get_presence(request: Request, organization_id: Uuid) -> RegionPresence:
    """Whether anything is: asked without a credential, since a region gives none to whom it does not serve."""
    return await services_of(request).holdings.presence_of(organization_id)
