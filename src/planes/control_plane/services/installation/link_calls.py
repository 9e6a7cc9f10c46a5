"""Checks the calls that data planes sign themselves: each token is for one call and is used once (Borders: 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from planes.control_plane.services.parts import Parts
from planes.domain.errors import NotAuthenticated
from planes.domain.identifiers import DataPlaneId
from planes.storage.control import data_planes
from planes.storage.control.connection import Connection
from planes.storage.control.data_planes import DataPlane
from planes.tokens.claims import unverified_key_id
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey
from planes.tokens.link_proof import verify_call


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A call as it came, with its bearer token."""

    token: str
    method: str
    path: str
    body: bytes


async def authenticate_call(parts: Parts, call: SignedCall) -> DataPlaneId:
    """The enrolled data plane that signed this very call.

    Raises: NotAuthenticated, also when the token was used before.
    """
    key_id = unverified_key_id(call.token)
    async with parts.database.transaction() as connection:
        plane = await data_planes.find_data_plane_by_key(connection, key_id) if key_id else None
        if plane is None or plane.public_key is None:
            raise refused()
        await check_call(connection, call, plane, plane.public_key, parts.clock.now())
    return DataPlaneId(plane.id)


async def check_call(connection: Connection, call: SignedCall, plane: DataPlane, key: str, now: datetime) -> None:
    """That this key of the plane's signed the call, which is spent by it.

    Raises: NotAuthenticated.
    """
    try:
        claims = verify_call(call.token, PublicKey.parse(key), call.method, call.path, call.body, now)
    except InvalidToken as exc:
        raise refused() from exc
    if claims.subject != plane.id or claims.issuer != plane.id or len(claims.token_id) > 36:
        raise refused()
    expires_at = datetime.fromtimestamp(claims.expires_at, UTC)
    if not await data_planes.remember_call(connection, claims.token_id, expires_at):
        raise refused()


def refused() -> NotAuthenticated:
    """What whoever is not believed is told."""
    return NotAuthenticated(
        "call_not_authenticated", "This call is not signed by an enrolled data plane, or is repeated."
    )
