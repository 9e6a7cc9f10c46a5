"""Our own routes of a workspace's environments (docs/api.md)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.services.audit import Actor
from planes.domain.access import Grant
from planes.server.late_routes import LateRouter
from planes.tokens.claims import Claims
from planes.wire.own_environments import EnvironmentsResponse

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}", tags=["own"])
Reader = Annotated[Claims, Depends(requires(Grant.READ))]
Key = Annotated[str, Path(max_length=64)]


@router.get("/environments")
async def list_environments(request: Request, claims: Reader) -> EnvironmentsResponse:
    """What is built here for the workspace, and what uses it."""
    return await services_of(request).environments.list_all(Actor.of(claims))


@router.delete("/environments/{key}", status_code=204)
async def remove_environment(request: Request, key: Key, claims: Reader) -> None:
    """Removes one that no run uses; interpreters that stand by in it end."""
    await services_of(request).environments.remove(Actor.of(claims), key)
    await request.app.state.running.executor.stand_by.end_environment(key)
