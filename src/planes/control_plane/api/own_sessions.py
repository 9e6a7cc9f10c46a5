"""Own routes of a person's sessions, and of signing in over the home's socket: over TCP not there (Security: 5)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request
from starlette.responses import Response

from planes.control_plane.api.authentication import CurrentParts, CurrentSession
from planes.control_plane.api.filters import IdText
from planes.control_plane.api.sessions import render_session
from planes.control_plane.services.identity import local_sign_in, sessions
from planes.control_plane.services.identity.local_sign_in import LocalProof
from planes.control_plane.services.identity.users import NewUser
from planes.control_plane.services.memory.challenges import LIFETIME_SECONDS
from planes.domain.errors import NotFound
from planes.server.late_routes import LateRouter
from planes.server.protocol import Peer, peer_of
from planes.wire.own_control import (
    ChallengeResponse,
    FirstOwnerRequest,
    LocalSignInRequest,
    SessionList,
    SessionResponse,
)
from planes.wire.sessions import UserSession

router = LateRouter(prefix="/own/v1/sessions", tags=["own: sessions"])


async def local_peer(request: Request) -> Peer:
    """The process at the other end of the home's socket.

    Raises: NotFound over TCP.
    """
    peer = peer_of(request.scope)
    if peer is None:
        raise NotFound("not_found", "Not Found")
    return peer


SessionIdPath = Annotated[IdText, Path()]
LocalPeer = Annotated[Peer, Depends(local_peer)]


@router.get("")
async def list_sessions(parts: CurrentParts, principal: CurrentSession) -> SessionList:
    """The caller's sessions that go on, the one used last first."""
    found = await sessions.list_sessions(parts, principal)
    return SessionList(items=[
        SessionResponse(
            id=each.id, method=each.method, created_at=each.created_at, last_refreshed_at=each.last_refreshed_at,
            expires_at=each.expires_at, is_current=each.id == principal.session_id,
        )
        for each in found
    ])  # fmt: skip


@router.delete("/{session_id}", status_code=204, response_class=Response)
async def end_session(parts: CurrentParts, principal: CurrentSession, session_id: SessionIdPath) -> None:
    """Signs the caller out there, at once."""
    await sessions.end_own_session(parts, principal, session_id)


@router.post("/-challenge")
async def issue_challenge(parts: CurrentParts, _peer: LocalPeer) -> ChallengeResponse:
    return ChallengeResponse(challenge=parts.challenges.issue(), expires_in=LIFETIME_SECONDS)


@router.post("/-local")
async def sign_in(parts: CurrentParts, peer: LocalPeer, body: LocalSignInRequest) -> UserSession:
    return render_session(await local_sign_in.sign_in(parts, _proof(peer, body)))


@router.post("/-first-owner")
async def create_first_owner(parts: CurrentParts, peer: LocalPeer, body: FirstOwnerRequest) -> UserSession:
    owner = NewUser(email=body.email, name=body.name, password=body.password, is_administrator=True)
    return render_session(await local_sign_in.create_first_owner(parts, _proof(peer, body), owner))


def _proof(peer: Peer, body: LocalSignInRequest) -> LocalProof:
    return LocalProof(peer_uid=peer.uid, challenge=body.challenge, answer=body.answer)
