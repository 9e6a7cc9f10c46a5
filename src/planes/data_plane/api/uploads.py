"""Routes that take code and configuration (Contract: 1.5, operations 46 and 47)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request

from planes.data_plane.api.authentication import services_of, spends_upload
from planes.data_plane.api.multipart import receive_form
from planes.data_plane.services.audit import Actor
from planes.data_plane.services.uploads.configurations import MAXIMUM_ARCHIVE_BYTES
from planes.data_plane.services.uploads.spools import FileSpool, MemorySpool
from planes.data_plane.services.uploads.uploads import MAXIMUM_REQUIREMENTS_BYTES
from planes.domain.identifiers import new_id
from planes.server.late_routes import LateRouter
from planes.tokens.claims import Claims
from planes.wire.deployments import ConfigurationResponse, DeploymentResponse

router = LateRouter(prefix="/api/v1/workspaces/{workspace_id}", tags=["uploads"])

_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}


def is_upload(path: str) -> bool:
    """Whether the path is one of these routes, which bound their bodies themselves."""
    return path.endswith("/-upload")


def _form(*parts: str) -> dict[str, Any]:
    schema = {"type": "object", "required": list(parts), "properties": dict.fromkeys(parts, _FILE)}
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}},
        "parameters": [],
        "responses": {
            "413": {"description": "Larger than the region takes", **error},
            "503": {"description": "The control plane does not answer: nothing was stored", **error},
            "507": {"description": "The region has no room left", **error},
        },
    }


@router.post("/deployments/{deployment_id}/-upload", openapi_extra=_form("file", "requirements_file"))
async def upload_deployment(
    request: Request,
    deployment_id: str,
    claims: Annotated[Claims, Depends(spends_upload("deployment", "deployment_id"))],
) -> DeploymentResponse:
    """Stores a version of the workspace's code. The token works once, whatever becomes of the upload."""
    services = services_of(request)
    limit = services.parts.upload_limit_bytes
    requirements = MemorySpool(MAXIMUM_REQUIREMENTS_BYTES)
    with FileSpool(services.parts.incoming_folder / new_id(), limit) as archive:
        spools = {"file": archive, "requirements_file": requirements}
        receive = partial(receive_form, request, spools, limit + MAXIMUM_REQUIREMENTS_BYTES)
        await services.credentials.while_good(claims, receive)
        check = partial(services.credentials.check_again, claims)
        return await services.uploads.store_deployment(
            Actor.of(claims), deployment_id, archive, requirements.content, check
        )


@router.post("/configurations/{configuration_id}/-upload", openapi_extra=_form("file"))
async def upload_configuration(
    request: Request,
    configuration_id: str,
    claims: Annotated[Claims, Depends(spends_upload("configuration", "configuration_id"))],
) -> ConfigurationResponse:
    """Stores a version of the workspace's `.dlt` files, encrypted; they never touch a disk in clear."""
    services = services_of(request)
    archive = MemorySpool(MAXIMUM_ARCHIVE_BYTES)
    receive = partial(receive_form, request, {"file": archive}, MAXIMUM_ARCHIVE_BYTES)
    await services.credentials.while_good(claims, receive)
    check = partial(services.credentials.check_again, claims)
    return await services.uploads.store_configuration(Actor.of(claims), configuration_id, archive.content, check)
