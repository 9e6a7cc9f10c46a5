"""Who calls, as FastAPI dependencies (Contract: 1.4). Each is checked before a byte of the body is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Path, Request

from planes.data_plane.services.assembly import Services
from planes.domain.access import Grant, WorkspaceRole
from planes.domain.errors import NotAllowed
from planes.domain.route_grants import DATA_PLANE_ROUTES
from planes.server.bearer import bearer_token, route_name
from planes.tokens.claims import Claims

_ABOVE_VIEWERS = frozenset({str(WorkspaceRole.OWNER), str(WorkspaceRole.DEVELOPER)})

WorkspacePath = Annotated[str, Path(max_length=64)]


def services_of(request: Request) -> Services:
    """The services of the plane that serves this request."""
    return request.app.state.services


def requires(grant: Grant) -> Callable[..., Awaitable[Claims]]:
    """A dependency that answers the claims of a token with this grant for the workspace of the path.

    The route's entry in `domain.route_grants` is asked for, too.
    """

    async def check(request: Request, workspace_id: WorkspacePath) -> Claims:
        credentials = services_of(request).credentials
        claims = await credentials.check(bearer_token(request), workspace_id, grant)
        entry = DATA_PLANE_ROUTES.get(route_name(request))
        if entry is None:
            return claims
        if entry.grant is not None and entry.grant is not grant:
            claims = await credentials.check(bearer_token(request), workspace_id, entry.grant)
        if entry.lowest_role is not WorkspaceRole.VIEWER and claims.role not in _ABOVE_VIEWERS:
            raise NotAllowed(
                "not_allowed", "This is for the workspace's owners and developers: it names secrets or people."
            )
        return claims

    return check


def spends_upload(kind: str, parameter: str) -> Callable[..., Awaitable[Claims]]:
    """A dependency that answers the claims of an upload token for this path, and makes it unusable.

    `kind` is `deployment` or `configuration`; `parameter` the name of the id in the path.
    """

    async def spend(request: Request, workspace_id: WorkspacePath) -> Claims:
        upload_id: str = request.path_params[parameter]
        return await services_of(request).credentials.spend(bearer_token(request), workspace_id, kind, upload_id)

    return spend
