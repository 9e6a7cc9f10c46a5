"""Who calls, as FastAPI dependencies: `CurrentPrincipal`, `CurrentHuman`, `CurrentSession`, `CurrentDataPlane`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from planes.control_plane.services.link_calls import authenticate_call
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.principals import Principals
from planes.domain.access import Principal, PrincipalKind
from planes.domain.errors import NotAllowed
from planes.domain.identifiers import DataPlaneId
from planes.server.bearer import bearer_token


def current_parts(request: Request) -> Parts:
    """The parts of this control plane."""
    return request.app.state.parts


async def current_principal(request: Request) -> Principal:
    """Any caller: a session, a personal or a workspace key, or a run.

    Raises: NotAuthenticated.
    """
    principals: Principals = request.app.state.principals
    return await principals.authenticate(bearer_token(request))


async def current_human(principal: Annotated[Principal, Depends(current_principal)]) -> Principal:
    """A person, signed in or by a personal key.

    Raises: NotAllowed for keys of workspaces and tokens of runs.
    """
    if not principal.is_human:
        raise NotAllowed("human_only", "Only a person may do this, not the key of a workspace.")
    return principal


async def current_session(principal: Annotated[Principal, Depends(current_principal)]) -> Principal:
    """A person who signed in: no key makes keys or changes who belongs where.

    Raises: NotAllowed.
    """
    if principal.kind is not PrincipalKind.SESSION:
        raise NotAllowed("sign_in_required", "Sign in to do this: an API key is not enough.")
    return principal


async def current_data_plane(request: Request) -> DataPlaneId:
    """The data plane that signed this call of `/link/v1`.

    Raises: NotAuthenticated.
    """
    return await authenticate_call(
        current_parts(request),
        bearer_token(request),
        method=request.method,
        path=request.scope["path"],
        body=await request.body(),
    )


CurrentParts = Annotated[Parts, Depends(current_parts)]
CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
CurrentHuman = Annotated[Principal, Depends(current_human)]
CurrentSession = Annotated[Principal, Depends(current_session)]
CurrentDataPlane = Annotated[DataPlaneId, Depends(current_data_plane)]
