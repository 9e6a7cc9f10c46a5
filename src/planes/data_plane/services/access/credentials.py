"""Verifies the tokens that clients bring to this region (Contract: 1.4, Stack: verified tokens are cached)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import anyio

from planes.data_plane.services.access.residency import Residency
from planes.data_plane.services.access.revocations import Revocations
from planes.data_plane.services.parts import Parts
from planes.domain.access import Grant, tell_lack
from planes.domain.errors import NotAllowed, NotAuthenticated, NotFound, Unavailable
from planes.storage.data import runs, uploads
from planes.storage.errors import AlreadyThere
from planes.tokens.claims import Claims, TokenKind, verify
from planes.tokens.errors import InvalidToken
from planes.tokens.opaque import is_api_key
from planes.tokens.remembered import Remembered

_CACHE_ENTRIES = 4096


class Credentials:
    """Turns a bearer text into verified claims. A signature is checked once; time and revocation on every request."""

    def __init__(self, parts: Parts, revocations: Revocations, residency: Residency) -> None:
        self._parts = parts
        self._revocations = revocations
        self._residency = residency
        self._verified = Remembered[Claims](_CACHE_ENTRIES)
        self._generation = revocations.generation

    @property
    def remembered(self) -> int:
        """How many tokens need no second look at their signature."""
        return len(self._verified)

    async def check(self, token: str, workspace_id: str, grant: Grant) -> Claims:
        """A client's token for the workspace of the path, with the grant. One that a run asked for ends with the run.

        Raises: NotAuthenticated, NotFound (another workspace: like one that does not exist), NotAllowed.
        """
        claims = self._verify(token, TokenKind.DATA_PLANE)
        await self._fits(claims, workspace_id)
        if claims.run_id is not None:
            await self._still_runs(workspace_id, claims.run_id)
        if grant not in claims.grants:
            raise NotAllowed("not_allowed", tell_lack(grant))
        return claims

    async def wait_refused(self, claims: Claims) -> None:
        """Returns when the token of these claims is revoked: what it opened ends then (Security: 10)."""
        await self._revocations.wait_revoked(claims)

    def check_again(self, claims: Claims) -> None:
        """For what comes after the work that its token allowed. Raises: NotAuthenticated when it was revoked since."""
        if self._revocations.is_revoked(claims):
            raise refused()

    async def while_good(self, claims: Claims, work: Callable[[], Awaitable[None]]) -> None:
        """Does what takes long, and stops it as soon as the token of these claims is revoked.

        Raises: NotAuthenticated, what the work raises.
        """
        is_done = False
        try:
            async with anyio.create_task_group() as group:

                async def stop() -> None:
                    await self.wait_refused(claims)
                    group.cancel_scope.cancel()

                group.start_soon(stop)
                await work()
                is_done = True
                group.cancel_scope.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        if not is_done:
            raise refused()

    async def spend(self, token: str, workspace_id: str, kind: str, upload_id: str) -> Claims:
        """An upload token for exactly this upload, which it can open once: a failed upload stays spent (Borders: 2).

        `kind` is `deployment` or `configuration`.
        Raises: NotAuthenticated, NotFound, NotAllowed.
        """
        claims = self._verify(token, TokenKind.UPLOAD)
        if claims.upload_kind != kind or claims.upload_id != upload_id:
            raise NotFound("not_found", "There is nothing here for this token.")
        await self._fits(claims, workspace_id)
        expires_at = datetime.fromtimestamp(claims.expires_at, UTC)
        try:
            async with self._parts.database.transaction() as connection:
                await uploads.spend_token(connection, claims.token_id, expires_at, self._parts.clock.now())
        except AlreadyThere as exc:
            raise NotAuthenticated(
                "upload_token_spent", "This upload token was used before. Ask for a new upload."
            ) from exc
        return claims

    def _verify(self, token: str, kind: TokenKind) -> Claims:
        if not self._revocations.keys:
            raise Unavailable("not_enrolled", "This region has not met its control plane yet. Try again shortly.")
        claims = self._signed(token)
        if claims.kind is not kind or claims.expires_at <= self._parts.clock.now().timestamp():
            raise refused()
        if self._revocations.is_revoked(claims):
            raise refused()
        return claims

    def _signed(self, token: str) -> Claims:
        if self._generation != self._revocations.generation:
            self._verified.clear()
            self._generation = self._revocations.generation
        digest, now = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest(), self._parts.clock.now()
        claims = self._verified.find(digest, now)
        if claims is None:
            try:
                claims = verify(
                    token,
                    self._revocations.keys,
                    audience=self._parts.dataplane_id,
                    kinds=(TokenKind.DATA_PLANE, TokenKind.UPLOAD),
                    now=now,
                )
            except InvalidToken as exc:
                raise refused(token) from exc
            self._verified.keep(digest, claims, expires_at=claims.expires_at, now=now)
        return claims

    async def _still_runs(self, workspace_id: str, run_id: str) -> None:
        async with self._parts.database.reading() as connection:
            run = await runs.find_in_workspace(connection, workspace_id, run_id)
        if run is None or run["state"] == runs.DONE:
            raise refused()

    async def _fits(self, claims: Claims, workspace_id: str) -> None:
        if claims.workspace_id != workspace_id:
            raise NotFound("not_found", "There is no such workspace here.")
        await self._residency.admit(claims)


def refused(token: str = "") -> NotAuthenticated:
    """Said of what a client brought instead of a token of this region. An API key is never one (Contract: 1.4)."""
    if is_api_key(token):
        detail = "An API key is for the control plane: its -issue-dataplane-token gives a token for here."
        return NotAuthenticated("token_refused", detail)
    return NotAuthenticated("token_refused", "The token is not valid here: ask the control plane for a new one.")
