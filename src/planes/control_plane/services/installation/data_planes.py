"""The catalogue of data planes, how they join, and whether they are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from planes.control_plane.services import audit
from planes.control_plane.services.access import authorize_administrator
from planes.control_plane.services.audit import NOBODY, Actor, Record
from planes.control_plane.services.names import checked_description, checked_name
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.domain.errors import InvalidRequest, NotAuthenticated, Reason
from planes.domain.identifiers import is_data_plane_id
from planes.storage.control import data_planes as stored
from planes.storage.control.connection import Connection
from planes.storage.control.data_planes import DataPlane
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey
from planes.tokens.opaque import hash_secret, new_secret
from planes.wire.addresses import is_loopback
from planes.wire.link import EnrolRequest

JOIN_TOKEN_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDataPlane:
    """`place` is what people read as its region."""

    dataplane_id: str
    place: str
    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinToken:
    """Works once; a newer one of the same plane ends it."""

    dataplane_id: str
    token: str
    expires_at: datetime


async def list_catalogue(parts: Parts) -> Sequence[DataPlane]:
    """The data planes that organizations can choose: those that have enrolled."""
    async with parts.database.reading() as connection:
        return await stored.list_data_planes(connection, enrolled_only=True)


async def list_all(parts: Parts) -> Sequence[DataPlane]:
    """Every data plane, also those that have not enrolled yet."""
    async with parts.database.reading() as connection:
        return await stored.list_data_planes(connection, enrolled_only=False)


async def has_enrolled(parts: Parts, dataplane_id: str) -> bool:
    """Whether this data plane has joined."""
    async with parts.database.reading() as connection:
        plane = await stored.find_data_plane(connection, dataplane_id)
    return plane is not None and plane.enrolled_at is not None


async def add_data_plane(parts: Parts, principal: Principal, new: NewDataPlane) -> JoinToken:
    """A join token for a new data plane, or for one that gets a new key.

    Raises: NotAllowed, InvalidRequest.
    """
    async with parts.database.transaction() as connection:
        await authorize_administrator(connection, principal)
        return await _issue(connection, parts, new, Actor.of(principal))


async def issue_join_token(parts: Parts, new: NewDataPlane) -> JoinToken:
    """The same for the host of this process, which starts its own data planes: a known one keeps its words."""
    async with parts.database.transaction() as connection:
        known = await stored.find_data_plane(connection, new.dataplane_id)
        if known is not None:
            new = replace(new, place=known.region, name=known.name, description=known.description)
        return await _issue(connection, parts, new, NOBODY)


async def enrol(parts: Parts, request: EnrolRequest) -> None:
    """Takes a data plane in with its key and address. The join token is spent by it.

    Raises: NotAuthenticated when the token is unknown, used, or another plane's; InvalidRequest for a bad key.
    """
    now = parts.clock.now()
    try:
        key = PublicKey.parse(request.public_key)
    except InvalidToken as exc:
        reason = Reason(key="public_key", message="must be an Ed25519 key")
        raise InvalidRequest("invalid_request", "The request breaks a rule.", (reason,)) from exc
    async with parts.database.transaction() as connection:
        token_hash = hash_secret(request.join_token)
        if not await stored.spend_join_token(connection, token_hash, request.dataplane_id, now):
            raise NotAuthenticated(
                "join_token_rejected",
                "The join token is unknown, was used or has run out. For another: dlthub-tui admin data-plane add.",
            )
        owner = await stored.find_data_plane_by_key(connection, key.kid)
        if owner is not None and owner.id != request.dataplane_id:
            reason = Reason(key="public_key", message="is another data plane's")
            raise InvalidRequest("invalid_request", "The request breaks a rule.", (reason,))
        await stored.enrol(
            connection, request.dataplane_id, key_id=key.kid, public_key=key.text, url=request.url, now=now
        )
        event = Record(action="data_plane_enrolled", subject=request.dataplane_id, facts={"key": key.fingerprint})
        await audit.record(connection, NOBODY, now, event)


def is_reachable(parts: Parts, plane: DataPlane) -> bool:
    """Whether the plane polled lately: a poll takes up to 25 s, a lease says how long silence may last."""
    if plane.last_seen_at is None:
        return False
    return parts.clock.now() - plane.last_seen_at <= timedelta(seconds=max(parts.lease_seconds, 30))


def is_insecure(plane: DataPlane) -> bool:
    """Whether clients reach it over a network without TLS (Security: 12)."""
    address = urlsplit(plane.url or "")
    return address.scheme == "http" and not is_loopback(address.hostname or "")


async def _issue(connection: Connection, parts: Parts, new: NewDataPlane, actor: Actor) -> JoinToken:
    if not is_data_plane_id(new.dataplane_id):
        reason = Reason(key="dataplane_id", message="must be letters and up to three digits, such as eu1")
        raise InvalidRequest("invalid_request", "The request breaks a rule.", (reason,))
    now = parts.clock.now()
    place = checked_name(new.place, "place")[:64]
    name = checked_name(new.name)[:64] if new.name else place
    description = checked_description(new.description)
    if await stored.find_data_plane(connection, new.dataplane_id) is None:
        await stored.add_data_plane(connection, DataPlane(
            id=new.dataplane_id, name=name, region=place, description=description, key_id=None, public_key=None,
            url=None, created_at=now, enrolled_at=None, last_seen_at=None,
        ))  # fmt: skip
    else:
        await stored.describe_data_plane(connection, new.dataplane_id, name=name, region=place, description=description)
    await stored.drop_join_tokens(connection, new.dataplane_id)
    token, expires_at = new_secret(), now + JOIN_TOKEN_LIFETIME
    await stored.add_join_token(connection, hash_secret(token), new.dataplane_id, now=now, expires_at=expires_at)
    await audit.record(connection, actor, now, Record(action="join_token_issued", subject=new.dataplane_id, facts={}))
    return JoinToken(dataplane_id=new.dataplane_id, token=token, expires_at=expires_at)
