"""Who calls, as FastAPI dependencies: `CurrentPrincipal`, `CurrentHuman`, `CurrentSession`, `CurrentDataPlane`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request

from planes.control_plane.services.identity.principals import Principals
from planes.control_plane.services.installation import key_changes
from planes.control_plane.services.installation.link_calls import SignedCall, authenticate_call
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal, PrincipalKind
from planes.domain.errors import NotAllowed
from planes.domain.identifiers import DataPlaneId
from planes.domain.route_grants import CONTROL_PLANE_ROUTES, Caller, kinds_of
from planes.server.bearer import bearer_token, route_name


def current_parts(request: Request) -> Parts:
    """The parts of this control plane."""
    return request.app.state.parts


async def _current_parts(request: Request) -> Parts:
    """The same as a dependency: the framework gives one that is no coroutine a thread, for each request."""
    return current_parts(request)


async def current_principal(request: Request) -> Principal:
    """Any caller: a session, a personal or a workspace key, or a run; with what the route's entry asks of it.

    Raises: NotAuthenticated; NotAllowed for a kind of caller that the entry leaves out.
    """
    principals: Principals = request.app.state.principals
    principal = await principals.authenticate(bearer_token(request))
    entry = CONTROL_PLANE_ROUTES.get(route_name(request))
    if entry is None:
        return principal
    if principal.kind not in kinds_of(entry.caller):
        if entry.caller is Caller.PERSON:
            raise _persons_only()
        raise _sign_in_required()
    return replace(principal, asks=entry.permission)


async def current_human(principal: Annotated[Principal, Depends(current_principal)]) -> Principal:
    """A person, signed in or by a personal key.

    Raises: NotAllowed for keys of workspaces and tokens of runs.
    """
    if not principal.is_human:
        raise _persons_only()
    return principal


async def current_session(principal: Annotated[Principal, Depends(current_principal)]) -> Principal:
    """A person who signed in: no key makes keys or changes who belongs where.

    Raises: NotAllowed.
    """
    if principal.kind is not PrincipalKind.SESSION:
        raise _sign_in_required()
    return principal


def _persons_only() -> NotAllowed:
    return NotAllowed("human_only", "Only a person may do this, not the key of a workspace.")


def _sign_in_required() -> NotAllowed:
    return NotAllowed("sign_in_required", "Sign in to do this: an API key is not enough.")


async def current_data_plane(request: Request) -> DataPlaneId:
    """The data plane that signed this call of `/link/v1`.

    Raises: NotAuthenticated.
    """
    return await authenticate_call(current_parts(request), await _signed_call(request))


async def followed_data_plane(request: Request) -> DataPlaneId:
    """The same, where the call says how the key that signed it came in the place of the known one: it is known now.

    Raises: NotAuthenticated.
    """
    return await key_changes.follow(current_parts(request), await _signed_call(request))


async def _signed_call(request: Request) -> SignedCall:
    return SignedCall(bearer_token(request), request.method, request.scope["path"], await request.body())


CurrentParts = Annotated[Parts, Depends(_current_parts)]
CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
CurrentHuman = Annotated[Principal, Depends(current_human)]
CurrentSession = Annotated[Principal, Depends(current_session)]
CurrentDataPlane = Annotated[DataPlaneId, Depends(current_data_plane)]
FollowedDataPlane = Annotated[DataPlaneId, Depends(followed_data_plane)]
