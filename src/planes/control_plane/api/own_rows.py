"""The own route about how many rows a workspace loaded (docs/api.md)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.api.filters import WorkspaceIdPath
from planes.control_plane.services.work import runs
from planes.server.late_routes import LateRouter
from planes.server.moments import aware
from planes.wire.moments import Moment
from planes.wire.own_jobs import RowsLoadedResponse

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own: jobs"])


@router.get("/rows-loaded")
async def get_rows_loaded(
    parts: CurrentParts,
    principal: CurrentPrincipal,
    workspace_id: WorkspaceIdPath,
    since: Annotated[Moment | None, Query()] = None,
) -> RowsLoadedResponse:
    rows = await runs.rows_loaded(parts, principal, workspace_id, aware("since", since))
    return RowsLoadedResponse(rows=rows)
