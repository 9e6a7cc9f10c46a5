"""A browser's session on the control plane: begun by password or swap code, held in a cookie (Security: 9, 11).

The cookie is the session's own token, signed and short-lived like any other; what it opens, a revocation ends at once.
"""

from __future__ import annotations

from datetime import timedelta

from planes.control_plane.services.identity import sessions
from planes.control_plane.services.identity.tokens import mint_session
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.domain.errors import NotAuthenticated
from planes.domain.identifiers import new_id
from planes.storage.control import identity
from planes.storage.control import sessions as stored
from planes.storage.control.identity import User
from planes.tokens.opaque import hash_secret, new_secret

METHOD = "browser"


async def by_password(parts: Parts, user: User) -> str:
    """The cookie's value for a user who has just given the password."""
    async with parts.database.transaction() as connection:
        return (await sessions.start_session(connection, parts, user, METHOD)).jwt


async def by_swap_code(parts: Parts, code: str) -> str:
    """The cookie's value for the holder of a swap code: the session that issued it. The code is spent.

    Raises: NotAuthenticated.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        session_id = await stored.spend_swap_code(connection, hash_secret(code), now)
        session = await stored.find_session(connection, session_id) if session_id else None
        user = await identity.find_user(connection, session.user_id) if session else None
    if session is None or user is None or session.revoked_at is not None:
        raise NotAuthenticated("swap_code_refused", "This link was used before, or is too old.")
    return mint_session(parts, user, session.id, issued_at=now, token_id=new_id())


async def swap_code_of(parts: Parts, principal: Principal) -> str:
    """A code that carries this session to its region, once, within a minute. Raises: NotAuthenticated."""
    if principal.session_id is None:
        raise NotAuthenticated("not_authenticated", "Sign in to go on.")
    now, code = parts.clock.now(), new_secret()
    expires_at = now + timedelta(seconds=sessions.SWAP_CODE_SECONDS)
    async with parts.database.transaction() as connection:
        await stored.add_swap_code(connection, hash_secret(code), principal.session_id, now=now, expires_at=expires_at)
    return code


async def end(parts: Parts, principal: Principal) -> None:
    """Ends a session that began in a browser, and what it opened in a region. Any other goes on where it began."""
    if principal.session_id is None:
        return
    async with parts.database.transaction() as connection:
        session = await stored.find_session(connection, principal.session_id)
    if session is not None and session.method == METHOD:
        await sessions.end_own_session(parts, principal, session.id)
