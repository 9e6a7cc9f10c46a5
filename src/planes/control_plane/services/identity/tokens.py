"""Mints the tokens of sessions, data planes, uploads and runs (Borders: 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from planes.control_plane.services.access import WorkspaceAccess
from planes.control_plane.services.parts import Parts
from planes.domain.access import Grant, Principal, grants_of
from planes.storage.control.identity import User
from planes.tokens.claims import CONTROL_AUDIENCE, Claims, TokenKind, mint

DATA_PLANE_TOKEN_SECONDS = 600

UploadKind = Literal["deployment", "configuration"]
_UPLOAD_GRANTS = {"deployment": Grant.DEPLOYMENT_UPLOAD, "configuration": Grant.CONFIGURATION_UPLOAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedToken:
    """`expires_at` in unix seconds."""

    token: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSubject:
    """Whom a run's token speaks for: who started the run or, for one that fired by itself, who deployed its job."""

    run_id: str
    fence: int
    user_id: str
    email: str
    membership_id: str
    organization_id: str
    workspace_id: str


def mint_session(parts: Parts, user: User, session_id: str, *, issued_at: datetime, token_id: str) -> str:
    """A person's token at the control plane. The same arguments give the same text."""
    claims = Claims(
        kind=TokenKind.SESSION,
        audience=CONTROL_AUDIENCE,
        subject=user.id,
        email=user.email,
        session_id=session_id,
        token_id=token_id,
        expires_at=int(issued_at.timestamp()) + parts.session_seconds,
    )
    return mint(parts.signing_key, claims, issued_at)


def mint_dataplane(parts: Parts, principal: Principal, access: WorkspaceAccess, epoch: int) -> MintedToken:
    """A client's token for one workspace at its data plane, with the grants of the role. `epoch` as `current_epoch`."""
    claims = _workspace_claims(parts, principal, access, epoch)
    return _minted(parts, replace(claims, grants=frozenset(grants_of(access.role, is_human=principal.is_human))))


def mint_upload(
    parts: Parts, principal: Principal, access: WorkspaceAccess, upload: tuple[UploadKind, str], epoch: int
) -> MintedToken:
    """A token for one upload; `upload` is its kind and the id that it will have. `epoch` as `current_epoch`."""
    kind, upload_id = upload
    claims = replace(
        _workspace_claims(parts, principal, access, epoch),
        kind=TokenKind.UPLOAD,
        grants=frozenset({_UPLOAD_GRANTS[kind]}),
        upload_kind=kind,
        upload_id=upload_id,
    )
    return _minted(parts, claims)


def mint_run(parts: Parts, subject: RunSubject, lifetime_seconds: int, epoch: int) -> MintedToken:
    """A run's token at the control plane; `lifetime_seconds` is what its environment, its code and its end may take."""
    claims = Claims(
        kind=TokenKind.RUN,
        audience=CONTROL_AUDIENCE,
        subject=subject.user_id,
        email=subject.email,
        membership_id=subject.membership_id,
        organization_id=subject.organization_id,
        workspace_id=subject.workspace_id,
        run_id=subject.run_id,
        fence=subject.fence,
        epoch=epoch,
        expires_at=int(parts.clock.now().timestamp()) + lifetime_seconds,
    )
    return _minted(parts, claims)


def _workspace_claims(parts: Parts, principal: Principal, access: WorkspaceAccess, epoch: int) -> Claims:
    expires_at = int(parts.clock.now().timestamp()) + DATA_PLANE_TOKEN_SECONDS
    if principal.runs_out_at is not None:
        expires_at = min(expires_at, principal.runs_out_at)
    return Claims(
        kind=TokenKind.DATA_PLANE,
        audience=access.dataplane_id,
        subject=principal.user_id,
        email=principal.email,
        membership_id=access.membership_id,
        organization_id=access.organization_id,
        workspace_id=access.workspace_id,
        region=access.dataplane_id,
        session_id=principal.session_id,
        run_id=principal.run_id,
        role=str(access.role),
        epoch=epoch,
        expires_at=expires_at,
    )


def _minted(parts: Parts, claims: Claims) -> MintedToken:
    return MintedToken(token=mint(parts.signing_key, claims, parts.clock.now()), expires_at=claims.expires_at)
