"""Own route of strict workspaces: what of their job definitions the control plane does not store (docs/api.md)."""

from __future__ import annotations

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import WorkspaceIdPath
from planes.control_plane.services.work import strictness
from planes.server.late_routes import LateRouter
from planes.wire.own_strictness import Strictness

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own: strict workspaces"])


@router.get("/strictness")
async def get_strictness(parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath) -> Strictness:
    return Strictness(is_strict=await strictness.is_strict(parts, principal, workspace_id))


@router.put("/strictness")
async def change_strictness(
    parts: CurrentParts, principal: CurrentPrincipal, workspace_id: WorkspaceIdPath, body: Strictness
) -> Strictness:
    is_strict = await strictness.change_strictness(parts, principal, workspace_id, is_strict=body.is_strict)
    return Strictness(is_strict=is_strict)
