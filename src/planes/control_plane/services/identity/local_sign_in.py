"""Signing in over the home's socket: the owner of an installation, or root, without a password (Security: 5)."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from planes.control_plane.services import audit
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity import users
from planes.control_plane.services.identity.sessions import SignedIn, start_session
from planes.control_plane.services.parts import Parts
from planes.domain.errors import Conflict, NotAuthenticated
from planes.storage.control import identity
from planes.storage.control.connection import Connection
from planes.storage.control.identity import User


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProof:
    """A peer of the socket with its answer to a challenge."""

    peer_uid: int
    challenge: str
    answer: str


async def sign_in(parts: Parts, proof: LocalProof) -> SignedIn:
    """A session of the home's owner.

    Raises: NotAuthenticated; Conflict (`no_owner`) on an empty installation.
    """
    await _check(parts, proof)
    async with parts.database.transaction() as connection:
        owner = await identity.find_first_administrator(connection)
        if owner is None:
            raise Conflict("no_owner", "Nobody owns this installation yet. Create its owner first.")
        return await _start(connection, parts, owner, proof)


async def create_first_owner(parts: Parts, proof: LocalProof, owner: users.NewUser) -> SignedIn:
    """Creates the owner of an empty installation and signs them in.

    Raises: NotAuthenticated; Conflict (`owner_exists`); InvalidRequest.
    """
    await _check(parts, proof)
    prepared = await users.prepare(parts, owner)
    async with parts.database.transaction() as connection:
        await parts.database.lock(connection, "first owner")
        if await identity.find_first_administrator(connection) is not None:
            raise Conflict("owner_exists", "This installation has an owner already.")
        await identity.add_user(connection, prepared)
        event = Record(action="first_owner_created", subject=prepared.id, facts={"uid": proof.peer_uid})
        await audit.record(connection, Actor(user_id=prepared.id), parts.clock.now(), event)
        return await _start(connection, parts, prepared, proof)


async def _check(parts: Parts, proof: LocalProof) -> None:
    owner_key = (await anyio.Path(parts.owner_key_file).read_text()).strip()
    is_answered = parts.challenges.is_answered(proof.challenge, proof.answer, owner_key)
    if not is_answered or proof.peer_uid not in {parts.owner_uid, 0}:
        raise NotAuthenticated("challenge_failed", "Only the owner of this home may sign in here.")


async def _start(connection: Connection, parts: Parts, owner: User, proof: LocalProof) -> SignedIn:
    # Root is audited as root; where the home is root's, root is its owner.
    method = "local" if proof.peer_uid == parts.owner_uid else "local_root"
    return await start_session(connection, parts, owner, method)
