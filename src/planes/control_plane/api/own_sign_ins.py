"""Own routes of device sign-ins that wait for approval. The code is typed by whoever approves (Security: 10)."""

from __future__ import annotations

from planes.control_plane.api.authentication import CurrentParts, CurrentSession
from planes.control_plane.services.identity import sign_in_approvals
from planes.server.late_routes import LateRouter
from planes.storage.control.codes import DeviceCode
from planes.wire.own_control import (
    DecidedSignInResponse,
    DecideSignInRequest,
    PendingSignInList,
    PendingSignInResponse,
)

router = LateRouter(prefix="/own/v1/sign-ins", tags=["own: sign-ins"])


@router.get("")
async def list_pending(parts: CurrentParts, principal: CurrentSession) -> PendingSignInList:
    """For administrators."""
    found = await sign_in_approvals.list_pending(parts, principal)
    return PendingSignInList(items=[_render(code) for code in found])


@router.post("/-inspect")
async def inspect(parts: CurrentParts, principal: CurrentSession, body: DecideSignInRequest) -> PendingSignInResponse:
    """Who waits with a typed code: to be read before approving."""
    return _render(await sign_in_approvals.inspect(parts, principal, body.user_code))


@router.post("/-approve")
async def approve(parts: CurrentParts, principal: CurrentSession, body: DecideSignInRequest) -> DecidedSignInResponse:
    """Signs the caller in on that machine; an administrator may sign in another user."""
    approved = await sign_in_approvals.approve(parts, principal, body.user_code, body.email)
    return DecidedSignInResponse(id=approved.code.id, state="approved", email=approved.user.email)


@router.post("/{sign_in_id}/-refuse")
async def refuse(parts: CurrentParts, principal: CurrentSession, sign_in_id: str) -> DecidedSignInResponse:
    """For administrators."""
    await sign_in_approvals.refuse(parts, principal, sign_in_id)
    return DecidedSignInResponse(id=sign_in_id, state="refused", email=None)


def _render(code: DeviceCode) -> PendingSignInResponse:
    return PendingSignInResponse(
        id=code.id,
        requester_address=code.requester_address,
        client=code.client,
        created_at=code.created_at,
        expires_at=code.expires_at,
    )
