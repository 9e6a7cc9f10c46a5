"""The own route about what of a workspace is here, and where the rest is (docs/api.md)."""

from __future__ import annotations

from dataclasses import asdict

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import WorkspaceIdPath
from planes.control_plane.services.organizations import holdings
from planes.server.late_routes import LateRouter
from planes.wire.own_residency import ControlPlaneHoldings, OtherRegion

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own: residency"])


@router.get("/residency")
async def get_holdings(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath
) -> ControlPlaneHoldings:
    found = await holdings.of_workspace(parts, principal, workspace_id)
    return ControlPlaneHoldings(
        organization_id=found.organization_id,
        dataplane_id=found.dataplane_id,
        locked_at=found.locked_at,
        locked_by=found.locked_by,
        **asdict(found.rows),
        regions=[OtherRegion(dataplane_id=one.id, place=one.region, url=one.url) for one in found.regions],
    )
