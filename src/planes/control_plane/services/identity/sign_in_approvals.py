"""Approving device sign-ins by somebody who is signed in: in the terminal app or by `admin approve`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planes.control_plane.services.access import authorize_administrator
from planes.control_plane.services.audit import Actor
from planes.control_plane.services.identity import device_codes
from planes.control_plane.services.identity.users import get_user_by_email
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.domain.errors import NotAuthenticated
from planes.storage.control import identity
from planes.storage.control.codes import DeviceCode
from planes.storage.control.identity import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    code: DeviceCode
    user: User


async def list_pending(parts: Parts, principal: Principal) -> Sequence[DeviceCode]:
    """Every sign-in that waits, newest first.

    Raises: NotAllowed.
    """
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
    return await device_codes.list_pending(parts)


async def inspect(parts: Parts, principal: Principal, user_code: str) -> DeviceCode:
    """Raises: NotFound, TooManyRequests."""
    return await device_codes.find_typed(parts, user_code, f"user:{principal.user_id}")


async def approve(parts: Parts, principal: Principal, user_code: str, email: str | None) -> Approved:
    """Signs in the caller or, for administrators, the user with this address on the machine that shows the code.

    Raises: NotFound, TooManyRequests, NotAllowed, InvalidRequest.
    """
    async with parts.database.reading() as connection:
        if email is not None:
            await authorize_administrator(connection, principal)
            user = await get_user_by_email(connection, email)
        else:
            user = await identity.find_user(connection, principal.user_id)
    if user is None:
        raise NotAuthenticated("not_authenticated", "This user is no longer here.")
    code = await device_codes.find_typed(parts, user_code, f"user:{principal.user_id}")
    await device_codes.approve(parts, code, user.id, Actor.of(principal))
    return Approved(code=code, user=user)


async def refuse(parts: Parts, principal: Principal, sign_in_id: str) -> None:
    """Raises: NotAllowed, NotFound."""
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
    await device_codes.refuse(parts, sign_in_id, Actor.of(principal))
