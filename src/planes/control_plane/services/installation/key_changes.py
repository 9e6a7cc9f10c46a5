"""A data plane that is known by an earlier key is followed to the one that it has now."""

from __future__ import annotations

from pydantic import ValidationError

from planes.control_plane.services import audit
from planes.control_plane.services.audit import NOBODY, Record
from planes.control_plane.services.installation.link_calls import SignedCall, check_call, refused
from planes.control_plane.services.parts import Parts
from planes.domain.identifiers import DataPlaneId
from planes.storage.control import data_planes
from planes.tokens.attestation import verify_statement
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey
from planes.wire.key_changes import KeyChange, change_bytes, follow_changes
from planes.wire.link import KeyChangesRequest


async def follow(parts: Parts, call: SignedCall) -> DataPlaneId:
    """Knows the data plane by the key that signed the call, if the one it is known by leads there. May run twice.

    Raises: NotAuthenticated.
    """
    try:
        asked = KeyChangesRequest.model_validate_json(call.body)
    except ValidationError as exc:
        raise refused() from exc  # it names nobody whose key could have signed it
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        plane = await data_planes.find_data_plane(connection, asked.dataplane_id)
        if plane is None or plane.public_key is None:
            raise refused()
        new_key = asked.changes[-1].new_key if asked.changes else plane.public_key
        await check_call(connection, call, plane, new_key, now)
        if new_key == plane.public_key:
            return DataPlaneId(plane.id)
        key = PublicKey.parse(new_key)
        is_led = follow_changes(asked.changes, plane.id, plane.public_key, _is_signed) == new_key
        if not is_led or await data_planes.find_data_plane_by_key(connection, key.kid) is not None:
            raise refused()
        await data_planes.change_key(connection, plane.id, key_id=key.kid, public_key=key.text)
        event = Record(action="data_plane_key_changed", subject=plane.id, facts={"key": key.fingerprint})
        await audit.record(connection, NOBODY, now, event)
    return DataPlaneId(plane.id)


def _is_signed(change: KeyChange) -> bool:
    try:
        verify_statement(change.old_key, change_bytes(change), change.signature)
    except InvalidToken:
        return False
    return True
