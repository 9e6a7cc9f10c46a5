"""API keys: personal ones speak for their person, those of a workspace for a service account of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from planes.control_plane.services import audit, revocations
from planes.control_plane.services.access import authorize_administrator, authorize_workspace
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.users import get_user_by_email
from planes.control_plane.services.names import checked_name
from planes.control_plane.services.parts import Parts
from planes.domain.access import OrganizationRole, Permission, Principal
from planes.domain.errors import NotFound
from planes.domain.identifiers import is_uuid, new_id
from planes.server.paging import Page
from planes.storage.control import api_keys as stored
from planes.storage.control import identity, organizations, workspaces
from planes.storage.control.api_keys import ApiKey, HeldKey
from planes.storage.control.connection import Connection
from planes.storage.control.identity import User
from planes.storage.control.organizations import OrganizationMembership
from planes.storage.control.workspaces import WorkspaceMembership
from planes.storage.keyset import Listed
from planes.tokens.opaque import PERSONAL_KEY_PREFIX, WORKSPACE_KEY_PREFIX, hash_secret, new_secret
from planes.wire.link import RevokedClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedKey:
    """`secret` is known here and never again."""

    key: ApiKey
    secret: str


async def create_personal_key(
    parts: Parts, principal: Principal, name: str, days: int, email: str | None = None
) -> CreatedKey:
    """A key that speaks for the caller or, for administrators, for the user with this address.

    Raises: NotAllowed, InvalidRequest.
    """
    key_name = checked_name(name)
    async with parts.database.transaction() as connection:
        user_id: str = principal.user_id
        if email is not None:
            await authorize_administrator(connection, principal)
            user_id = (await get_user_by_email(connection, email)).id
        created = _new_key(parts, principal, key_name, days, user_id)
        await stored.add_api_key(connection, created.key)
        await _audit(connection, parts, principal, created.key, "personal_key_created", None)
    return created


async def list_personal_keys(parts: Parts, principal: Principal) -> Sequence[ApiKey]:
    """The caller's own keys, newest first."""
    async with parts.database.reading() as connection:
        return await stored.list_personal_keys(connection, principal.user_id)


async def list_all_keys(parts: Parts, principal: Principal, page: Page) -> Listed[HeldKey]:
    """Everybody's keys that work, those of workspaces too; for administrators.

    Raises: NotAllowed.
    """
    async with parts.database.reading() as connection:
        await authorize_administrator(connection, principal)
        return await stored.list_all_keys(connection, page.bounds, parts.clock.now())


async def revoke_key(parts: Parts, principal: Principal, key_id: str) -> None:
    """Ends one of the caller's keys at once; an administrator ends anybody's, and those of workspaces.

    Raises: NotFound.
    """
    async with parts.database.transaction() as connection:
        key = await stored.find_api_key(connection, id=key_id) if is_uuid(key_id) else None
        if key is None or key.revoked_at is not None:
            raise _no_key()
        if key.workspace_id is not None or key.user_id != principal.user_id:
            user = await identity.find_user(connection, principal.user_id)
            if user is None or not user.is_administrator:
                raise _no_key()
        if key.workspace_id is None:
            await _revoke(connection, parts, key)
            await _audit(connection, parts, principal, key, "personal_key_revoked", None)
        else:
            place = await workspaces.find_workspace(connection, key.workspace_id)
            assert place is not None, "a key's workspace is a row"
            await _revoke_with_account(connection, parts, principal, key, place.organization_id)
    parts.news.tell_all()


async def create_workspace_key(
    parts: Parts, principal: Principal, workspace_id: str, name: str, terms: tuple[str, int]
) -> CreatedKey:
    """A key of one workspace; `terms` are its role (developer or viewer) and its days.

    Raises: NotFound, NotAllowed, InvalidRequest.
    """
    role, days = terms
    key_name = checked_name(name)
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.MANAGE_WORKSPACE)
        account = User(
            id=new_id(), email=f"key-{new_id()}@service.invalid", name=key_name, kind="service_account",
            password_hash=None, is_administrator=False, is_vouched=True, created_at=now, updated_at=now,
        )  # fmt: skip
        membership = OrganizationMembership(
            id=new_id(), organization_id=access.organization_id, user_id=account.id,
            role=OrganizationRole.COLLABORATOR, is_active=True, created_at=now, updated_at=now,
        )  # fmt: skip
        place = WorkspaceMembership(
            id=new_id(), workspace_id=access.workspace_id, organization_membership_id=membership.id, role=role
        )
        created = _new_key(parts, principal, key_name, days, account.id, (access.workspace_id, role))
        await identity.add_user(connection, account)
        await organizations.add_membership(connection, membership)
        await workspaces.add_workspace_membership(connection, place, now)
        await stored.add_api_key(connection, created.key)
        await _audit(connection, parts, principal, created.key, "workspace_key_created", access.organization_id)
    return created


async def list_workspace_keys(parts: Parts, principal: Principal, workspace_id: str) -> Sequence[ApiKey]:
    """The workspace's keys, newest first; for its owners.

    Raises: NotFound, NotAllowed.
    """
    async with parts.database.reading() as connection:
        await authorize_workspace(connection, principal, workspace_id, Permission.MANAGE_WORKSPACE, allow_archived=True)
        return await stored.list_workspace_keys(connection, workspace_id)


async def revoke_workspace_key(parts: Parts, principal: Principal, workspace_id: str, key_id: str) -> None:
    """Ends a key of the workspace at once, with its service account's place in the organization.

    Raises: NotFound, NotAllowed.
    """
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(
            connection, principal, workspace_id, Permission.MANAGE_WORKSPACE, allow_archived=True
        )
        key = await stored.find_api_key(connection, id=key_id) if is_uuid(key_id) else None
        if key is None or key.workspace_id != access.workspace_id or key.revoked_at is not None:
            raise _no_key()
        await _revoke_with_account(connection, parts, principal, key, access.organization_id)
    parts.news.tell_all()


def _new_key(
    parts: Parts, principal: Principal, name: str, days: int, user_id: str, bound: tuple[str, str] | None = None
) -> CreatedKey:
    now = parts.clock.now()
    workspace_id, role = bound or (None, None)
    secret = new_secret(WORKSPACE_KEY_PREFIX if bound else PERSONAL_KEY_PREFIX)
    key = ApiKey(
        id=new_id(), key_hash=hash_secret(secret), name=name, user_id=user_id, workspace_id=workspace_id, role=role,
        created_by=principal.user_id, created_at=now, expires_at=now + timedelta(days=days), last_used_at=None,
        revoked_at=None,
    )  # fmt: skip
    return CreatedKey(key=key, secret=secret)


async def _revoke(connection: Connection, parts: Parts, key: ApiKey) -> None:
    now = parts.clock.now()
    if not await stored.revoke_api_key(connection, key.id, now):
        raise _no_key()
    # Data-plane tokens that were minted with the key name it as their session.
    await revocations.revoke(connection, RevokedClaim.SESSION, key.id, now)


async def _revoke_with_account(
    connection: Connection, parts: Parts, principal: Principal, key: ApiKey, organization_id: str
) -> None:
    """A workspace's key; its service account leaves the organization with it."""
    await _revoke(connection, parts, key)
    membership = await organizations.find_membership(connection, organization_id, key.user_id)
    if membership is not None:
        await workspaces.remove_memberships_of(connection, membership.id)
        await organizations.change_membership(
            connection, membership.id, role=membership.role, is_active=False, now=parts.clock.now()
        )
    await _audit(connection, parts, principal, key, "workspace_key_revoked", organization_id)


async def _audit(
    connection: Connection, parts: Parts, principal: Principal, key: ApiKey, action: str, organization_id: str | None
) -> None:
    facts: dict[str, audit.Fact] = {"user_id": key.user_id, "workspace_id": key.workspace_id, "role": key.role}
    event = Record(action=action, subject=key.id, organization_id=organization_id, facts=facts)
    await audit.record(connection, Actor.of(principal), parts.clock.now(), event)


def _no_key() -> NotFound:
    return NotFound("api_key_not_found", "There is no such key, or it is revoked already.")
