"""Sign-in by device code: the code is shown on one machine and typed on another (Contract: 2.3, Security: 10).

pending ──approve──► approved ──redeem──► redeemed
   └────refuse, or five wrong passwords──► refused
Each state ends with the code's five minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from planes.control_plane.services import audit
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.sessions import SignedIn, start_session
from planes.control_plane.services.parts import Parts
from planes.domain.errors import InvalidRequest, NotAllowed, NotFound, PlaneError
from planes.domain.identifiers import is_uuid, new_id
from planes.storage.control import codes as stored
from planes.storage.control import identity
from planes.storage.control.codes import DeviceCode
from planes.storage.control.connection import Connection
from planes.tokens.opaque import hash_secret, new_secret, new_user_code

LIFETIME = timedelta(minutes=5)
INTERVAL_SECONDS = 2
# Timers are not exact: only a clearly faster client is told to slow down.
_FASTEST = timedelta(seconds=1)
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedDeviceCode:
    device_code: str
    user_code: str


async def issue(parts: Parts, address: str, client: str) -> IssuedDeviceCode:
    """A new pair of codes for a client at this address.

    Raises: TooManyRequests.
    """
    parts.starts.check(address)
    parts.starts.count(address)
    now = parts.clock.now()
    issued = IssuedDeviceCode(device_code=new_secret(), user_code=new_user_code())
    async with parts.database.transaction() as connection:
        await stored.add_device_code(connection, DeviceCode(
            id=new_id(), device_hash=hash_secret(issued.device_code), user_code_hash=_hash_typed(issued.user_code),
            state="pending", user_id=None, requester_address=address, client=client, failed_tries=0, created_at=now,
            expires_at=now + LIFETIME, polled_at=None,
        ))  # fmt: skip
    return issued


async def redeem(parts: Parts, device_code: str) -> SignedIn:
    """The session, once somebody has approved.

    Raises: NotAllowed (`authorization_pending`, `slow_down`) while nobody has; InvalidRequest when the code is unknown,
    has run out, was refused or redeemed.
    """
    async with parts.database.transaction() as connection:
        found = await stored.find_device_code(connection, device_hash=hash_secret(device_code))
        outcome = await _redeem(connection, parts, found)
    if isinstance(outcome, PlaneError):
        raise outcome
    return outcome


async def find_typed(parts: Parts, user_code: str, guesser: str) -> DeviceCode:
    """The pending sign-in of a code that somebody typed. `guesser` names who types: five wrong codes in five minutes.

    Raises: NotFound, TooManyRequests.
    """
    parts.codes.check(guesser)
    async with parts.database.reading() as connection:
        found = await stored.find_device_code(connection, user_code_hash=_hash_typed(user_code))
    parts.codes.check(guesser)  # however many are typed at once, no more than these are answered
    if found is None or found.state != "pending" or found.expires_at <= parts.clock.now():
        parts.codes.count(guesser)
        raise NotFound("code_unknown", "No sign-in waits for this code. It may have run out, or be mistyped.")
    return found


async def list_pending(parts: Parts) -> Sequence[DeviceCode]:
    """Sign-ins that wait, newest first."""
    async with parts.database.reading() as connection:
        return await stored.list_pending_device_codes(connection, parts.clock.now())


async def approve(parts: Parts, code: DeviceCode, user_id: str, actor: Actor) -> None:
    """Signs `user_id` in on the machine that shows the code.

    Raises: NotFound when it is no longer pending.
    """
    await _decide(parts, code.id, actor, {"state": "approved", "user_id": user_id})


async def refuse(parts: Parts, code_id: str, actor: Actor) -> None:
    """Ends a pending sign-in.

    Raises: NotFound when it is not pending.
    """
    await _decide(parts, code_id, actor, {"state": "refused"})


async def count_wrong_password(parts: Parts, code: DeviceCode) -> None:
    """One try less for this code: the fifth refuses it."""
    async with parts.database.transaction() as connection:
        current = await stored.find_device_code(connection, id=code.id)
        if current is None:
            return
        tries = current.failed_tries + 1
        state = "refused" if tries >= _TRIES else "pending"
        values = {"failed_tries": tries, "state": state}
        await stored.move_device_code(connection, code.id, expected="pending", values=values)


async def _decide(parts: Parts, code_id: str, actor: Actor, values: dict[str, str]) -> None:
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        current = await stored.find_device_code(connection, id=code_id) if is_uuid(code_id) else None
        is_open = current is not None and current.expires_at > now
        if not is_open or not await stored.move_device_code(connection, code_id, expected="pending", values=values):
            raise NotFound("sign_in_not_found", "No sign-in waits under this id. It may have run out.")
        facts: dict[str, audit.Fact] = {"user_id": values.get("user_id")}
        event = Record(action=f"device_code_{values['state']}", subject=code_id, facts=facts)
        await audit.record(connection, actor, now, event)


async def _redeem(connection: Connection, parts: Parts, code: DeviceCode | None) -> SignedIn | PlaneError:
    now = parts.clock.now()
    if code is None or code.state == "redeemed":
        return InvalidRequest("invalid_device_code", "This device code is unknown or was used. Start again.")
    if code.expires_at <= now:
        return InvalidRequest("expired_token", "The code has run out. Start again.")
    if code.state == "refused":
        return InvalidRequest("access_denied", "The sign-in was refused.")
    if code.state == "pending":
        await stored.move_device_code(connection, code.id, expected="pending", values={"polled_at": now})
        if code.polled_at is not None and now - code.polled_at < _FASTEST:
            return NotAllowed("slow_down", "slow_down")
        return NotAllowed("authorization_pending", "authorization_pending")
    user = await identity.find_user(connection, code.user_id or "")
    taken = await stored.move_device_code(connection, code.id, expected="approved", values={"state": "redeemed"})
    if user is None or not taken:
        return InvalidRequest("invalid_device_code", "This device code is unknown or was used. Start again.")
    return await start_session(connection, parts, user, "device_code")


def _hash_typed(user_code: str) -> str:
    """Dashes, spaces and case do not matter to who types."""
    return hash_secret("".join(character for character in user_code.upper() if character.isalnum()))
