"""Routes of variables (Contract: 1.5, operations 50 and 51)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.services.audit import Actor
from planes.data_plane.services.secrets.variables import WORKSPACE_SCOPE, scope_of
from planes.domain.access import Grant
from planes.domain.errors import InvalidRequest
from planes.server.late_routes import LateRouter
from planes.tokens.claims import Claims
from planes.wire.variables import (
    UpdatedVariablesResponse,
    UpdateWorkspaceVariablesRequest,
    WorkspaceVariablesResponse,
)

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}", tags=["variables"])


@router.get("/variables")
async def list_variables(
    request: Request,
    claims: Annotated[Claims, Depends(requires(Grant.VARIABLES_READ))],
    scope_profile: Annotated[str | None, Query(max_length=128)] = None,
    is_workspace_scope: bool = False,
) -> WorkspaceVariablesResponse:
    """The variables of every scope, or of one; values of secrets are null."""
    if scope_profile is not None and is_workspace_scope:
        raise InvalidRequest("invalid_request", "Give either scope_profile or is_workspace_scope, not both.")
    scopes = None
    if scope_profile is not None:
        scopes = [scope_of(scope_profile)]
    if is_workspace_scope:
        scopes = [WORKSPACE_SCOPE]
    return WorkspaceVariablesResponse(scopes=await services_of(request).variables.list_scopes(Actor.of(claims), scopes))


@router.patch("/variables", response_model_exclude_none=True)
async def update_variables(
    request: Request,
    body: UpdateWorkspaceVariablesRequest,
    claims: Annotated[Claims, Depends(requires(Grant.VARIABLES_WRITE))],
) -> UpdatedVariablesResponse:
    """Sets and deletes variables of one scope: all or nothing."""
    return UpdatedVariablesResponse(results=await services_of(request).variables.change(Actor.of(claims), body))
