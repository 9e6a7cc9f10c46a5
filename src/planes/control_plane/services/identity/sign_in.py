"""Passwords: checking one, choosing one. Both throttled, both off the event loop."""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from planes.control_plane.services.names import checked_email
from planes.control_plane.services.parts import Parts
from planes.domain.errors import InvalidRequest, Reason
from planes.storage.control import identity
from planes.storage.control.identity import User
from planes.tokens.passwords import MINIMUM_LENGTH, hash_password, password_matches


async def find_user_by_password(parts: Parts, email: str, password: str, address: str) -> User | None:
    """The user whose password this is; None for a wrong one and for an unknown user, after the same time.

    Raises: TooManyRequests after ten failures in five minutes of one account from one address, or of one address.
    """
    try:
        known = checked_email(email)
    except InvalidRequest:
        known = ""
    keys = (f"account:{known}|{address}", f"address:{address}")
    parts.passwords.check(*keys)
    async with parts.database.reading() as connection:
        user = await identity.find_user_by_email(connection, known)
    check = partial(password_matches, user.password_hash if user else None, password)
    is_right = await to_thread.run_sync(check, limiter=parts.hashing)
    parts.passwords.check(*keys)  # however many are tried at once, no more than these are answered
    if not is_right or user is None or user.kind != "human":
        parts.passwords.count(*keys)
        return None
    parts.passwords.forget(keys[0])
    return user


async def hash_new_password(parts: Parts, password: str) -> str:
    """The form in which a chosen password is stored.

    Raises: InvalidRequest when it is too short.
    """
    if not MINIMUM_LENGTH <= len(password) <= 256:
        reason = Reason(key="password", message=f"must be {MINIMUM_LENGTH} to 256 characters")
        raise InvalidRequest("invalid_request", "Choose a longer password.", (reason,))
    return await to_thread.run_sync(partial(hash_password, password), limiter=parts.hashing)
