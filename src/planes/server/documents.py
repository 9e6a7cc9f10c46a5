"""What a plane's OpenAPI document says beyond FastAPI's: our errors, and which credential each route takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planes.domain.route_grants import Caller, RouteGrant

_ERROR_STATUSES = {
    "400": "The request breaks a rule", "401": "No usable credential", "403": "Not allowed", "404": "Not found",
    "409": "Not now", "410": "Removed", "413": "Too large", "414": "The address is too long", "429": "Too many tries",
    "431": "The headers are too large", "500": "The server failed", "503": "Not now; try again",
}  # fmt: skip

_ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status_code": {"type": "integer"},
        "code": {"type": ["string", "null"]},
        "detail": {"type": ["string", "null"]},
        "extra": {},
    },
}

# Every credential is a bearer token; who is not here brings none, or what is secret stands in the request itself.
_CREDENTIALS: Mapping[Caller, str] = {
    Caller.CREDENTIAL: "The token of a session, an API key, or the token of a run.",
    Caller.PERSON: "The token of a session, or a personal API key.",
    Caller.SIGNED_IN: "The token of a session.",
    Caller.ADMINISTRATOR: "The token of a session of an administrator of the platform.",
    Caller.DATA_PLANE: "A data plane's signature of this call.",
    Caller.REGION_TOKEN: "A token for this workspace at this data plane, from `-issue-dataplane-token`.",
    Caller.UPLOAD_TOKEN: "The token of this one upload, from `-issue-upload`.",
}


def complete(document: dict[str, Any], grants: Mapping[str, RouteGrant]) -> dict[str, Any]:
    """The document with both; `grants` by method and path, as in `domain.route_grants`."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    # Validation errors answer 400 with our body, so FastAPI's 422 is not in the document.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["ErrorResponse"] = _ERROR_SCHEMA
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
    asked: set[Caller] = set()
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            responses = operation["responses"]
            responses.pop("422", None)
            for status, description in _ERROR_STATUSES.items():
                responses.setdefault(status, {"description": description, "content": content})
            grant = grants.get(f"{method.upper()} {path}")
            operation["security"] = _security(grant)
            if operation["security"] and grant is not None:
                asked.add(grant.caller)
    components["securitySchemes"] = {
        str(caller): {"type": "http", "scheme": "bearer", "description": words}
        for caller, words in _CREDENTIALS.items()
        if caller in asked
    }
    return document


def _security(grant: RouteGrant | None) -> list[dict[str, list[str]]]:
    """One credential, with what its holder must be allowed; OpenAPI 3.1 has room for such words beside any scheme."""
    if grant is None or grant.caller not in _CREDENTIALS:
        return []
    return [{str(grant.caller): [str(allowed) for allowed in (grant.permission, grant.grant) if allowed is not None]}]
