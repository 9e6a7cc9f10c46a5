"""How each plane's FastAPI application is built: error bodies, checks, and an honest OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig
from starlette.types import Lifespan

from planes.server.errors import install_error_handlers
from planes.server.middleware import BodyLimit, HeadAsGet, HostCheck, KnownClients, PlainAddresses, ServiceLog

_ERROR_STATUSES = {
    "400": "The request breaks a rule", "401": "No usable credential", "403": "Not allowed", "404": "Not found",
    "409": "Not now", "410": "Removed", "413": "Too large", "414": "The address is too long", "429": "Too many tries",
    "431": "The headers are too large", "500": "The server failed", "503": "Not now; try again",
}  # fmt: skip

# Left on, an OTEL variable in the environment would send requests, bodies and exceptions to wherever it points.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}

_ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status_code": {"type": "integer"},
        "code": {"type": ["string", "null"]},
        "detail": {"type": ["string", "null"]},
        "extra": {},
    },
}


def build_application(
    *,
    title: str,
    version: str,
    host_names: Callable[[], frozenset[str]],
    lifespan: Lifespan[FastAPI] | None = None,
    unlimited_bodies: Callable[[str], bool] | None = None,
) -> FastAPI:
    """An application without routes. Paths are taken as they are: no redirects, since the client follows none."""
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    install_error_handlers(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(PlainAddresses)
    app.add_middleware(BodyLimit, unlimited=unlimited_bodies)
    app.add_middleware(KnownClients)
    app.add_middleware(HostCheck, names=host_names)
    app.add_middleware(ServiceLog)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_our_errors(get_openapi(title=title, version=version, routes=app.routes))
        return app.openapi_schema

    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue]
    return app


def _with_our_errors(document: dict[str, Any]) -> dict[str, Any]:
    """Validation errors answer 400 with our body, so FastAPI's 422 is not in the document."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["ErrorResponse"] = _ERROR_SCHEMA
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
    for path in document.get("paths", {}).values():
        for operation in path.values():
            responses = operation["responses"]
            responses.pop("422", None)
            for status, description in _ERROR_STATUSES.items():
                responses.setdefault(status, {"description": description, "content": content})
    return document
