"""Routes of signing in and staying signed in (Contract: 1.5, operations 1 to 7)."""

from __future__ import annotations

import structlog
from fastapi import Request
from starlette.responses import Response

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.api.requester import address_of, client_of
from planes.control_plane.services.identity import authorization_codes, device_codes, sessions
from planes.control_plane.services.identity.authorization_codes import AuthorizationRequest
from planes.control_plane.services.identity.sessions import SignedIn, TokenPair
from planes.control_plane.services.parts import Parts
from planes.domain.errors import PlaneError, Unavailable
from planes.server.late_routes import LateRouter
from planes.wire.sessions import (
    AuthorizationUrlRequest,
    AuthorizationUrlResponse,
    DeviceCodeResponse,
    RedeemAuthorizationCodeRequest,
    RedeemDeviceCodeRequest,
    RefreshRequest,
    RefreshResponse,
    SwapCodeResponse,
    UserSession,
)

router = LateRouter(prefix="/auth/v1/sessions", tags=["sessions"])
_log = structlog.get_logger("planes.control_plane.sessions")


@router.post("/-issue-device-code")
async def issue_device_code(parts: CurrentParts, request: Request) -> DeviceCodeResponse:
    issued = await device_codes.issue(parts, address_of(request), client_of(request))
    address = f"{parts.public_url}/device"
    return DeviceCodeResponse(
        device_code=issued.device_code,
        user_code=issued.user_code,
        verification_uri=address,
        verification_uri_complete=address,
        interval=device_codes.INTERVAL_SECONDS,
    )


@router.post("/-redeem-device-code")
async def redeem_device_code(parts: CurrentParts, body: RedeemDeviceCodeRequest) -> UserSession:
    return render_session(await device_codes.redeem(parts, body.device_code))


@router.post("/-issue-authorization-url")
async def issue_authorization_url(
    parts: CurrentParts, request: Request, body: AuthorizationUrlRequest
) -> AuthorizationUrlResponse:
    wanted = AuthorizationRequest(
        redirect_uri=body.redirect_uri,
        code_challenge=body.code_challenge,
        state=body.state,
        address=address_of(request),
        client=client_of(request),
    )
    return AuthorizationUrlResponse(authorization_url=await authorization_codes.issue_url(parts, wanted))


@router.post("/-redeem-authorization-code")
async def redeem_authorization_code(parts: CurrentParts, body: RedeemAuthorizationCodeRequest) -> UserSession:
    return render_session(await authorization_codes.redeem(parts, body.code, body.code_verifier))


@router.post("/-refresh")
async def refresh(parts: CurrentParts, body: RefreshRequest) -> RefreshResponse:
    pair = await _refreshed(parts, body.refresh_token)
    return RefreshResponse(jwt=pair.jwt, refresh_token=pair.refresh_token)


@router.post("/-issue-swap-code")
async def issue_swap_code(parts: CurrentParts, body: RefreshRequest) -> SwapCodeResponse:
    code = await sessions.issue_swap_code(parts, body.refresh_token)
    return SwapCodeResponse(swap_code=code, expires_in=sessions.SWAP_CODE_SECONDS)


@router.post("/-revoke", status_code=204, response_class=Response)
async def revoke(parts: CurrentParts, body: RefreshRequest) -> None:
    await sessions.end_session(parts, body.refresh_token)


def render_session(signed_in: SignedIn) -> UserSession:
    """The wire form of a new session."""
    return UserSession(
        id=signed_in.user.id, email=signed_in.user.email, jwt=signed_in.jwt, refresh_token=signed_in.refresh_token
    )


async def _refreshed(parts: Parts, refresh_token: str) -> TokenPair:
    """A 500 here would log the client out (Contract: 2.4): whatever fails is said to be transient."""
    try:
        return await sessions.refresh(parts, refresh_token)
    except PlaneError:
        raise
    except Exception as exc:
        _log.exception("refresh_failed")
        raise Unavailable("refresh_unavailable", "The session cannot be renewed now. Try again soon.") from exc
