"""Own routes of API keys: personal ones, and those of a workspace for its owners. Only who signed in makes keys."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from planes.control_plane.api.authentication import CurrentParts, CurrentSession
from planes.control_plane.services.identity import api_keys
from planes.control_plane.services.identity.api_keys import CreatedKey
from planes.domain.access import WorkspaceRole
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.control.api_keys import ApiKey, HeldKey
from planes.wire.own_control import (
    ApiKeyList,
    ApiKeyResponse,
    CreatedApiKeyResponse,
    CreatePersonalKeyRequest,
    CreateWorkspaceKeyRequest,
    HeldKeyResponse,
)
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1", tags=["own: API keys"])


@router.get("/api-keys")
async def list_personal_keys(parts: CurrentParts, principal: CurrentSession) -> ApiKeyList:
    return ApiKeyList(items=[_render(key) for key in await api_keys.list_personal_keys(parts, principal)])


@router.get("/held-api-keys", response_model=ListPage[HeldKeyResponse])
async def list_all_keys(
    parts: CurrentParts, principal: CurrentSession, page: Annotated[Page, Depends(PageQuery())]
) -> dict[str, Any]:
    found = await api_keys.list_all_keys(parts, principal, page)
    return envelope([_render_held(held) for held in found.items], page, found)


@router.post("/api-keys")
async def create_personal_key(
    parts: CurrentParts, principal: CurrentSession, body: CreatePersonalKeyRequest
) -> CreatedApiKeyResponse:
    created = await api_keys.create_personal_key(parts, principal, body.name, body.expires_in_days, body.email)
    return _render_created(created)


@router.delete("/api-keys/{key_id}", status_code=204, response_class=Response)
async def revoke_key(parts: CurrentParts, principal: CurrentSession, key_id: str) -> None:
    await api_keys.revoke_key(parts, principal, key_id)


@router.get("/workspaces/{workspace_id}/api-keys")
async def list_workspace_keys(parts: CurrentParts, principal: CurrentSession, workspace_id: str) -> ApiKeyList:
    found = await api_keys.list_workspace_keys(parts, principal, workspace_id)
    return ApiKeyList(items=[_render(key) for key in found])


@router.post("/workspaces/{workspace_id}/api-keys")
async def create_workspace_key(
    parts: CurrentParts, principal: CurrentSession, workspace_id: str, body: CreateWorkspaceKeyRequest
) -> CreatedApiKeyResponse:
    terms = (body.role, body.expires_in_days)
    return _render_created(await api_keys.create_workspace_key(parts, principal, workspace_id, body.name, terms))


@router.delete("/workspaces/{workspace_id}/api-keys/{key_id}", status_code=204, response_class=Response)
async def revoke_workspace_key(parts: CurrentParts, principal: CurrentSession, workspace_id: str, key_id: str) -> None:
    await api_keys.revoke_workspace_key(parts, principal, workspace_id, key_id)


def _render(key: ApiKey) -> ApiKeyResponse:
    return ApiKeyResponse(
        id=key.id,
        name=key.name,
        user_id=key.user_id,
        workspace_id=key.workspace_id,
        role=WorkspaceRole(key.role) if key.role else None,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )


def _render_held(held: HeldKey) -> HeldKeyResponse:
    return HeldKeyResponse(**_render(held.key).model_dump(), email=held.email, workspace_name=held.workspace_name)


def _render_created(created: CreatedKey) -> CreatedApiKeyResponse:
    return CreatedApiKeyResponse(**_render(created.key).model_dump(), api_key=created.secret)
