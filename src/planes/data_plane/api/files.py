"""Routes that list the files of a version (Contract: 1.5, operations 48 and 49)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.services.audit import Actor
from planes.domain.access import Grant
from planes.server.late_routes import LateRouter
from planes.storage.data.uploads import CONFIGURATIONS, DEPLOYMENTS
from planes.tokens.claims import Claims
from planes.wire.files import ManifestFilesResponse

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}", tags=["files"])
Reader = Annotated[Claims, Depends(requires(Grant.READ))]


@router.get("/deployments/{deployment_id}/files")
async def list_deployment_files(request: Request, deployment_id: str, claims: Reader) -> ManifestFilesResponse:
    """Names, sizes and digests of a deployment's files."""
    return await services_of(request).listings.list_files(Actor.of(claims), DEPLOYMENTS, deployment_id)


@router.get("/configurations/{configuration_id}/files")
async def list_configuration_files(request: Request, configuration_id: str, claims: Reader) -> ManifestFilesResponse:
    """Names, sizes and digests of a configuration's files."""
    return await services_of(request).listings.list_files(Actor.of(claims), CONFIGURATIONS, configuration_id)
