"""From a bearer token to the principal behind it: session tokens, API keys, tokens of runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal, PrincipalKind, WorkspaceRole
from planes.domain.errors import NotAuthenticated
from planes.domain.identifiers import MembershipId, OrganizationId, RunId, SessionId, UserId, WorkspaceId
from planes.storage.control import api_keys, identity, sessions, workspaces
from planes.storage.control import revocations as stored_revocations
from planes.storage.control.connection import Connection
from planes.tokens.claims import CONTROL_AUDIENCE, Claims, TokenKind, verify
from planes.tokens.errors import InvalidToken
from planes.tokens.opaque import hash_secret, is_api_key
from planes.tokens.remembered import Remembered

_CAPACITY = 2000
_TOUCH_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    principal: Principal
    epoch: int


class Principals:
    """Authenticates. Verified session tokens are remembered by hash until they run out or anything is revoked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._remembered = Remembered[_Verified](_CAPACITY)

    async def authenticate(self, token: str) -> Principal:
        """Raises: NotAuthenticated, in the same words for every reason."""
        if is_api_key(token):
            return await self._of_key(token)
        return await self._of_token(token)

    async def _of_token(self, token: str) -> Principal:
        now = self._parts.clock.now()
        digest = hash_secret(token)
        async with self._parts.database.reading() as connection:
            epoch = await stored_revocations.read_epoch(connection)
            known = self._remembered.find(digest, now)
            if known is not None and known.epoch == epoch:
                return known.principal
            claims = self._verified(token, now)
            if claims.kind is TokenKind.RUN:
                return await self._of_run(connection, claims)
            principal = await _of_session(connection, claims)
        verified = _Verified(principal=principal, epoch=epoch)
        self._remembered.keep(digest, verified, expires_at=claims.expires_at, now=now)
        return principal

    def _verified(self, token: str, now: datetime) -> Claims:
        try:
            return verify(
                token,
                self._parts.public_keys,
                audience=CONTROL_AUDIENCE,
                kinds=[TokenKind.SESSION, TokenKind.RUN],
                now=now,
            )
        except InvalidToken as exc:
            raise _refused() from exc

    async def _of_run(self, connection: Connection, claims: Claims) -> Principal:
        run_id, workspace_id, organization_id = claims.run_id, claims.workspace_id, claims.organization_id
        if run_id is None or workspace_id is None or organization_id is None or claims.fence is None:
            raise _refused()
        if not await self._parts.is_run_live(connection, RunId(run_id), claims.fence):
            raise _refused()
        return Principal(
            kind=PrincipalKind.RUN,
            user_id=UserId(claims.subject),
            email=claims.email,
            organization_id=OrganizationId(organization_id),
            workspace_id=WorkspaceId(workspace_id),
            membership_id=MembershipId(claims.membership_id) if claims.membership_id else None,
            run_id=RunId(run_id),
        )

    async def _of_key(self, secret: str) -> Principal:
        now = self._parts.clock.now()
        async with self._parts.database.reading() as connection:
            key = await api_keys.find_api_key(connection, key_hash=hash_secret(secret))
            if key is None or key.revoked_at is not None or key.expires_at <= now:
                raise _refused()
            principal = replace(await _of_stored_key(connection, key), runs_out_at=int(key.expires_at.timestamp()))
        if key.last_used_at is None or now - key.last_used_at > _TOUCH_AFTER:
            async with self._parts.database.transaction() as connection:
                await api_keys.used_api_key(connection, key.id, now)
        return principal


async def _of_session(connection: Connection, claims: Claims) -> Principal:
    session = await sessions.find_session(connection, claims.session_id or "")
    user = await identity.find_user(connection, claims.subject)
    if session is None or user is None or session.revoked_at is not None or session.user_id != user.id:
        raise _refused()
    return Principal(
        kind=PrincipalKind.SESSION, user_id=UserId(user.id), email=user.email, session_id=SessionId(session.id)
    )


async def _of_stored_key(connection: Connection, key: api_keys.ApiKey) -> Principal:
    """`session_id` carries the key's id: revoking the key revokes the tokens that were minted with it."""
    user = await identity.find_user(connection, key.user_id)
    if user is None:
        raise _refused()
    if key.workspace_id is None or key.role is None:
        return Principal(
            kind=PrincipalKind.PERSONAL_KEY, user_id=UserId(user.id), email=user.email, session_id=SessionId(key.id)
        )
    workspace = await workspaces.find_workspace(connection, key.workspace_id)
    if workspace is None:
        raise _refused()
    return Principal(
        kind=PrincipalKind.WORKSPACE_KEY,
        user_id=UserId(user.id),
        email=user.email,
        session_id=SessionId(key.id),
        organization_id=OrganizationId(workspace.organization_id),
        workspace_id=WorkspaceId(workspace.id),
        workspace_role=WorkspaceRole(key.role),
    )


def _refused() -> NotAuthenticated:
    return NotAuthenticated(
        "not_authenticated", "The credential is unknown, has run out or was revoked. Sign in again."
    )
