"""How each plane's FastAPI application is built: error bodies, checks, and an honest OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig
from starlette.types import Lifespan

from planes.domain.route_grants import RouteGrant
from planes.server.documents import complete
from planes.server.errors import install_error_handlers
from planes.server.middleware import BodyLimit, HeadAsGet, HostCheck, KnownClients, PlainAddresses, ServiceLog

# Left on, an OTEL variable in the environment would send requests, bodies and exceptions to wherever it points.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def build_application(
    *,
    title: str,
    version: str,
    host_names: Callable[[], frozenset[str]],
    grants: Mapping[str, RouteGrant],
    lifespan: Lifespan[FastAPI] | None = None,
    unlimited_bodies: Callable[[str], bool] | None = None,
) -> FastAPI:
    """An application without routes; `grants` is the table of those that it will have.

    Paths are taken as they are: no redirects, since the client follows none.
    """
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
            app.openapi_schema = complete(get_openapi(title=title, version=version, routes=app.routes), grants)
        return app.openapi_schema

    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue]
    return app
