"""Users of the platform and their first passwords.

Administrators add users, and so vouch for their addresses; whom an invite brings (`invites`) nobody vouches for, until
an administrator gives that person a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from planes.control_plane.services import audit, revocations
from planes.control_plane.services.access import authorize_administrator
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.sessions import revoke_session
from planes.control_plane.services.identity.sign_in import hash_new_password
from planes.control_plane.services.names import checked_email, checked_name
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.domain.errors import Conflict, InvalidRequest, NotFound, Reason
from planes.domain.identifiers import is_uuid, new_id
from planes.server.paging import Page
from planes.storage.control import api_keys, identity, organizations
from planes.storage.control.connection import Connection
from planes.storage.control.identity import SignUpLink, User
from planes.storage.control.sessions import list_live_sessions
from planes.storage.keyset import Listed
from planes.tokens.opaque import hash_secret, new_secret
from planes.wire.link import RevokedClaim

LINK_LIFETIME = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Without a password the user gets a link to choose one."""

    email: str
    name: str | None = None
    password: str | None = None
    is_administrator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedUser:
    """`sign_up_url` works once."""

    user: User
    sign_up_url: str | None


async def prepare(parts: Parts, new: NewUser) -> User:
    """Checks a new user and hashes the password; stores nothing.

    Raises: InvalidRequest.
    """
    now = parts.clock.now()
    return User(
        id=new_id(),
        email=checked_email(new.email),
        name=checked_name(new.name) if new.name else None,
        kind="human",
        password_hash=await hash_new_password(parts, new.password) if new.password else None,
        is_administrator=new.is_administrator,
        is_vouched=True,
        created_at=now,
        updated_at=now,
    )


async def add_user(parts: Parts, principal: Principal, new: NewUser) -> AddedUser:
    """Adds somebody to the platform; a link if there is no password.

    Raises: NotAllowed, InvalidRequest, Conflict when the address is taken.
    """
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
    user = await prepare(parts, new)
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        await parts.database.lock(connection, f"user:{user.email}")
        await authorize_administrator(connection, principal)
        if await identity.find_user_by_email(connection, user.email) is not None:
            raise Conflict("user_exists", "Somebody with this e-mail address is here already.")
        await identity.add_user(connection, user)
        link = None if user.password_hash else await _add_link(connection, parts, user)
        facts: dict[str, audit.Fact] = {"is_administrator": user.is_administrator}
        await audit.record(
            connection, Actor.of(principal), now, Record(action="user_added", subject=user.id, facts=facts)
        )
    return AddedUser(user=user, sign_up_url=link)


async def issue_link(parts: Parts, principal: Principal, user_id: str) -> AddedUser:
    """Another link for a user, to choose a password or a new one.

    Raises: NotAllowed, NotFound.
    """
    async with parts.database.transaction() as connection:
        await authorize_administrator(connection, principal)
        user = await identity.find_user(connection, user_id) if is_uuid(user_id) else None
        if user is None or user.kind != "human":
            raise NotFound("user_not_found", "There is no such user.")
        link = await _add_link(connection, parts, user)
        event = Record(action="sign_up_link_issued", subject=user.id, facts={})
        await audit.record(connection, Actor.of(principal), parts.clock.now(), event)
    return AddedUser(user=user, sign_up_url=link)


async def list_users(parts: Parts, principal: Principal, page: Page) -> Listed[User]:
    """Everybody on the platform, by e-mail; for administrators.

    Raises: NotAllowed.
    """
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
        return await identity.list_humans(connection, page.bounds)


async def get_user_by_email(connection: Connection, email: str) -> User:
    """Raises: InvalidRequest when nobody on the platform has this address."""
    user = await identity.find_user_by_email(connection, checked_email(email))
    if user is None or user.kind != "human":
        raise unknown_user()
    return user


async def get_known_user(connection: Connection, email: str, organization_id: str | None = None) -> User:
    """Whom the address alone names: somebody vouched for, or who is in this organization already.

    Raises: InvalidRequest, in the same words for nobody and for an account that nobody vouches for.
    """
    user = await find_known_user(connection, checked_email(email), organization_id)
    if user is None:
        raise unknown_user()
    return user


async def find_known_user(connection: Connection, email: str, organization_id: str | None) -> User | None:
    """As `get_known_user`, of an address in lower case."""
    user = await identity.find_user_by_email(connection, email)
    if user is None or user.kind != "human":
        return None
    membership = await organizations.find_membership(connection, organization_id, user.id) if organization_id else None
    is_member = membership is not None and membership.is_active
    return user if user.is_vouched or is_member else None


def unknown_user() -> InvalidRequest:
    """The refusal of an address that nobody known has."""
    reason = Reason(key="email", message="nobody on this platform has this address")
    return InvalidRequest("unknown_user", "Ask an administrator to add this user first.", (reason,))


async def get_invited(parts: Parts, link: str) -> User:
    """Whom a sign-up link is for.

    Raises: NotFound when it is unknown, used or has run out.
    """
    async with parts.database.reading() as connection:
        return await _invited(connection, parts, link)


async def choose_password(parts: Parts, link: str, password: str) -> User:
    """Sets the first password, once. What was done with the address before anybody vouched for it ends.

    Raises: NotFound, InvalidRequest.
    """
    await get_invited(parts, link)
    password_hash = await hash_new_password(parts, password)
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        user = await _invited(connection, parts, link)
        if not await identity.spend_sign_up_link(connection, hash_secret(link), now):
            raise _no_link()
        if not user.is_vouched:
            await _end_access(connection, parts, user)
        await identity.set_password(connection, user.id, password_hash, now)
        event = Record(action="password_chosen", subject=user.id, facts={})
        await audit.record(connection, Actor(user_id=user.id), now, event)
    parts.news.tell_all()
    return user


async def _end_access(connection: Connection, parts: Parts, user: User) -> None:
    now = parts.clock.now()
    while live := await list_live_sessions(connection, user.id, now):
        for session in live:
            await revoke_session(connection, parts, session.id, "vouched")
    for key in await api_keys.list_personal_keys(connection, user.id):
        if await api_keys.revoke_api_key(connection, key.id, now):
            await revocations.revoke(connection, RevokedClaim.SESSION, key.id, now)


async def _invited(connection: Connection, parts: Parts, link: str) -> User:
    found = await identity.find_sign_up_link(connection, hash_secret(link))
    if found is None or found.spent_at is not None or found.expires_at <= parts.clock.now():
        raise _no_link()
    user = await identity.find_user(connection, found.user_id)
    if user is None:
        raise _no_link()
    return user


async def _add_link(connection: Connection, parts: Parts, user: User) -> str:
    now = parts.clock.now()
    secret = new_secret()
    await identity.add_sign_up_link(connection, SignUpLink(
        link_hash=hash_secret(secret), user_id=user.id, created_at=now, expires_at=now + LINK_LIFETIME, spent_at=None
    ))  # fmt: skip
    return f"{parts.public_url}/sign-up?{urlencode({'link': secret})}"


def _no_link() -> NotFound:
    return NotFound("link_not_found", "This link was used or has run out. Ask an administrator for another.")
