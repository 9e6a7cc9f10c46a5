"""Checks the calls that data planes sign themselves: each token is for one call and is used once (Borders: 1)."""

from __future__ import annotations

from datetime import UTC, datetime

from planes.control_plane.services.parts import Parts
from planes.domain.errors import NotAuthenticated
from planes.domain.identifiers import DataPlaneId
from planes.storage.control import data_planes
from planes.tokens.claims import unverified_key_id
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey
from planes.tokens.link_proof import verify_call


async def authenticate_call(parts: Parts, token: str, *, method: str, path: str, body: bytes) -> DataPlaneId:
    """The enrolled data plane that signed this very call.

    Raises: NotAuthenticated, also when the token was used before.
    """
    now = parts.clock.now()
    key_id = unverified_key_id(token)
    async with parts.database.transaction() as connection:
        plane = await data_planes.find_data_plane_by_key(connection, key_id) if key_id else None
        if plane is None or plane.public_key is None:
            raise _refused()
        try:
            claims = verify_call(token, PublicKey.parse(plane.public_key), method, path, body, now)
        except InvalidToken as exc:
            raise _refused() from exc
        if claims.subject != plane.id or claims.issuer != plane.id or len(claims.token_id) > 36:
            raise _refused()
        expires_at = datetime.fromtimestamp(claims.expires_at, UTC)
        if not await data_planes.remember_call(connection, claims.token_id, expires_at):
            raise _refused()
    return DataPlaneId(plane.id)


def _refused() -> NotAuthenticated:
    return NotAuthenticated(
        "call_not_authenticated", "This call is not signed by an enrolled data plane, or is repeated."
    )
