"""Invites of people who are not on the platform: an owner passes a link on, who has it joins.

The owner of an organization invites to all of it; the owner of a workspace to that one, as a collaborator (Contract:
8.1), and sees and ends such invites only.

    invite ──► pending ──accept──► member          pending ──revoke, or its inviter is no owner any more──► gone
                │  └─ another link: the old one is dead
                └─ three days: the link has run out; another one is still possible

A link says to which address it was made out, and proves nothing about it: an account that comes by one is not vouched
for (docs/adr/0011-invites.md). Nothing that a link answers tells whether there is an account already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlencode

from planes.control_plane.services import audit
from planes.control_plane.services.access import OrganizationAccess, authorize_organization, authorize_workspace
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity import members
from planes.control_plane.services.identity.members import Joining, own_organization, own_region, own_shared_workspace
from planes.control_plane.services.identity.sign_in import find_user_by_password, hash_new_password
from planes.control_plane.services.identity.users import find_known_user, unknown_user
from planes.control_plane.services.names import checked_email, checked_name
from planes.control_plane.services.parts import Parts
from planes.domain.access import OrganizationRole, Permission, Principal, WorkspaceRole
from planes.domain.errors import Conflict, InvalidRequest, NotFound, Reason
from planes.domain.identifiers import is_uuid, new_id
from planes.server.paging import Page
from planes.storage.control import identity, organizations, workspaces
from planes.storage.control import invites as stored
from planes.storage.control.connection import Connection
from planes.storage.control.identity import User
from planes.storage.control.invites import Invite
from planes.storage.control.organizations import Organization, OrganizationMember
from planes.storage.control.workspaces import WorkspaceMember
from planes.storage.keyset import Listed
from planes.tokens.opaque import hash_secret, new_secret

LINK_LIFETIME = timedelta(days=3)
MOST_PENDING = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvite:
    """`places` are ids of workspaces and the roles there."""

    email: str
    role: OrganizationRole
    places: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose invites are meant: an organization's, or a workspace's."""

    id: str
    is_workspace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where the caller may invite: in an organization, or in one workspace of it."""

    organization_id: str
    workspace_id: str | None = None

    def covers(self, invite: Invite) -> bool:
        """Whether the invite is this ground's to change."""
        if self.workspace_id is None:
            return invite.organization_id == self.organization_id
        return invite.role == OrganizationRole.COLLABORATOR and set(invite.workspaces) == {self.workspace_id}


@dataclass(frozen=True, slots=True)
class Invited:
    """`url` works once."""

    invite: Invite
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What the person who was invited reads."""

    email: str
    role: str
    organization: Organization
    invited_by: str
    places: list[tuple[str, str]]


async def list_invites(parts: Parts, principal: Principal, organization_id: str, page: Page) -> Listed[Invite]:
    """Whom nobody has seen yet, by e-mail, also where the link has run out; for the organization's owners.

    Raises: NotFound, NotAllowed.
    """
    async with parts.database.reading() as connection:
        access = await authorize_organization(connection, principal, organization_id, Permission.MANAGE_ORGANIZATION)
        return await stored.list_invites(connection, access.organization_id, page.bounds)


async def list_workspace_invites(parts: Parts, principal: Principal, workspace_id: str, page: Page) -> Listed[Invite]:
    """Those who are invited to this workspace alone; for its owners.

    Raises: NotFound, NotAllowed.
    """
    async with parts.database.reading() as connection:
        access = await authorize_workspace(
            connection, principal, workspace_id, Permission.MANAGE_WORKSPACE, allow_archived=True
        )
        return await stored.list_invites(connection, access.organization_id, page.bounds, access.workspace_id)


async def invite_to_workspace(
    parts: Parts, principal: Principal, workspace_id: str, email: str, role: WorkspaceRole
) -> WorkspaceMember | Invited:
    """Gives somebody known a role in the workspace at once; for anybody else keeps an invite, in place of one of this
    workspace.

    Raises: NotFound, NotAllowed, TooManyRequests; InvalidRequest for a playground; Conflict for a present member, for
    somebody whom the organization has invited already, and when too many wait.
    """
    now, email = parts.clock.now(), checked_email(email)
    async with parts.database.transaction() as connection:
        workspace = await own_shared_workspace(connection, parts, principal, workspace_id)
        user = await find_known_user(connection, email, workspace.organization_id)
        if user is not None:
            came = await members.place_user(connection, Actor.of(principal), workspace, user, role, now)
        else:
            new = NewInvite(email=email, role=OrganizationRole.COLLABORATOR, places={workspace.id: role})
            ground = _Ground(organization_id=workspace.organization_id, workspace_id=workspace.id)
            came = await _send(connection, parts, principal, new, ground)
    parts.news.tell_all()
    return came


async def invite(
    parts: Parts, principal: Principal, organization_id: str, new: NewInvite
) -> OrganizationMember | Invited:
    """Takes a user of the platform in at once; for anybody else keeps an invite, in place of one that waits.

    Raises: NotFound, NotAllowed, InvalidRequest, TooManyRequests; Conflict for a member, without a region, and when
    too many wait.
    """
    now, email = parts.clock.now(), checked_email(new.email)
    async with parts.database.transaction() as connection:
        access = await own_region(connection, parts, principal, organization_id)
        await _check_places(connection, access, new)
        user = await find_known_user(connection, email, access.organization_id)
        if user is not None:
            joining = Joining(organization_id=access.organization_id, user=user, role=new.role, places=new.places)
            joined = members.member_of(await members.join(connection, Actor.of(principal), joining, now), user)
        else:
            ground = _Ground(organization_id=access.organization_id)
            joined = await _send(connection, parts, principal, replace(new, email=email), ground)
    parts.news.tell_all()
    return joined


async def issue_link(parts: Parts, principal: Principal, asked: Asked, invite_id: str) -> Invited:
    """Another link for an invite, which then is the caller's; the old one is dead.

    Raises: NotFound, NotAllowed, InvalidRequest, TooManyRequests.
    """
    now, secret = parts.clock.now(), new_secret()
    async with parts.database.transaction() as connection:
        found = await _own_invite(connection, parts, principal, asked, invite_id)
        await _may_bring_people(connection, parts, principal)
        _count_link(parts, found.organization_id)
        renewed = replace(
            found, invited_by=principal.user_id, invited_by_email=principal.email, expires_at=now + LINK_LIFETIME
        )
        await stored.renew_invite(connection, renewed, hash_secret(secret))
        await audit.record(connection, Actor.of(principal), now, _event("invite_link_issued", renewed))
    return Invited(renewed, _url(parts, secret))


async def revoke(parts: Parts, principal: Principal, asked: Asked, invite_id: str) -> None:
    """Ends an invite and its link.

    Raises: NotFound, NotAllowed.
    """
    async with parts.database.transaction() as connection:
        found = await _own_invite(connection, parts, principal, asked, invite_id)
        await stored.remove_invite(connection, found.id)
        await audit.record(connection, Actor.of(principal), parts.clock.now(), _event("invite_revoked", found))


async def get_invitation(parts: Parts, link: str) -> Invitation:
    """What a link is for.

    Raises: NotFound when it is unknown, used, revoked, or has run out.
    """
    async with parts.database.reading() as connection:
        found = await _of_link(connection, parts, link)
        organization = await organizations.find_organization(connection, found.organization_id)
        places = [(await workspaces.find_workspace(connection, each), role) for each, role in found.workspaces.items()]
    assert organization is not None
    return Invitation(
        email=found.email, role=found.role, organization=organization, invited_by=found.invited_by_email,
        places=[(place.name, role) for place, role in places if place is not None],
    )  # fmt: skip


async def accept_as_user(parts: Parts, link: str, password: str, address: str) -> bool:
    """Takes the account of the invite's address in; False for a wrong password, and where there is none.

    Raises: NotFound, TooManyRequests.
    """
    async with parts.database.reading() as connection:
        found = await _of_link(connection, parts, link)
    user = await find_user_by_password(parts, found.email, password, address)
    if user is None:
        return False
    async with parts.database.transaction() as connection:
        await _accept(connection, parts, link, user, is_new=False)
    parts.news.tell_all()
    return True


async def accept_as_new(parts: Parts, link: str, name: str, password: str, address: str) -> bool:
    """Makes an account for the invite's address and takes it in; False where there is one already.

    Raises: NotFound, InvalidRequest, TooManyRequests.
    """
    keys = (f"invite:{hash_secret(link)}", f"address:{address}")
    parts.passwords.check(*keys)
    async with parts.database.reading() as connection:
        found = await _of_link(connection, parts, link)
    now = parts.clock.now()
    user = User(
        id=new_id(), email=found.email, name=checked_name(name) if name.strip() else None, kind="human",
        password_hash=await hash_new_password(parts, password), is_administrator=False, is_vouched=False,
        created_at=now, updated_at=now,
    )  # fmt: skip
    async with parts.database.transaction() as connection:
        await parts.database.lock(connection, f"user:{user.email}")
        is_free = await identity.find_user_by_email(connection, user.email) is None
        if is_free:
            await identity.add_user(connection, user)
            event = Record(action="user_added", subject=user.id, facts={"is_administrator": False})
            await audit.record(connection, Actor(user_id=user.id), now, event)
            await _accept(connection, parts, link, user, is_new=True)
    if not is_free:
        parts.passwords.count(*keys)
    return is_free


async def _accept(connection: Connection, parts: Parts, link: str, user: User, *, is_new: bool) -> None:
    """Of two who come with a link the second finds it used: the link is looked up again with the members held."""
    organization_id = (await _of_link(connection, parts, link)).organization_id
    await parts.database.lock(connection, f"members:{organization_id}")
    found = await _of_link(connection, parts, link)
    if not await stored.remove_invite(connection, found.id):
        raise _no_link()
    now, actor = parts.clock.now(), Actor(user_id=user.id)
    joining = Joining(
        organization_id=found.organization_id, user=user, role=OrganizationRole(found.role), places=found.workspaces
    )
    event = _event("invite_accepted", found)
    facts: dict[str, audit.Fact] = {"user_id": user.id, "invited_by": found.invited_by, "is_new": is_new}
    await audit.record(connection, actor, now, replace(event, facts=event.facts | facts))
    await members.join(connection, actor, joining, now)


async def _send(connection: Connection, parts: Parts, principal: Principal, new: NewInvite, ground: _Ground) -> Invited:
    now, secret, organization_id = parts.clock.now(), new_secret(), ground.organization_id
    await _may_bring_people(connection, parts, principal)
    _count_link(parts, organization_id)
    waiting = await stored.find_invite_of(connection, organization_id, new.email)
    if waiting is not None and not ground.covers(waiting):
        raise Conflict("invite_waits", "This address is invited to more than this workspace already.")
    if waiting is not None:
        await stored.remove_invite(connection, waiting.id)
    elif await stored.count_invites(connection, organization_id) >= MOST_PENDING:
        raise Conflict("too_many_invites", f"{MOST_PENDING} invites wait already. Revoke some first.")
    added = Invite(
        id=new_id(), organization_id=organization_id, email=new.email, role=new.role, invited_by=principal.user_id,
        invited_by_email=principal.email, created_at=now, expires_at=now + LINK_LIFETIME, workspaces=new.places,
    )  # fmt: skip
    await stored.add_invite(connection, added, hash_secret(secret))
    await audit.record(connection, Actor.of(principal), now, _event("invited", added))
    return Invited(added, _url(parts, secret))


async def _may_bring_people(connection: Connection, parts: Parts, principal: Principal) -> None:
    user = await identity.find_user(connection, principal.user_id)
    if not parts.owners_invite and (user is None or not user.is_administrator):
        raise unknown_user()


async def _check_places(connection: Connection, access: OrganizationAccess, new: NewInvite) -> None:
    """Workspaces are of this organization, and nobody's playground; owners have all, collaborators only these."""
    if new.role is OrganizationRole.OWNER and new.places:
        raise _refused("an owner of the organization has every workspace")
    if new.role is OrganizationRole.COLLABORATOR and not new.places:
        raise _refused("a collaborator needs a workspace")
    for workspace_id in new.places:
        found = await workspaces.find_workspace(connection, workspace_id) if is_uuid(workspace_id) else None
        if found is None or found.organization_id != access.organization_id or found.is_playground:
            raise _refused("names no workspace of this organization that others may join")


async def _own_invite(
    connection: Connection, parts: Parts, principal: Principal, asked: Asked, invite_id: str
) -> Invite:
    if asked.is_workspace:
        workspace = await own_shared_workspace(connection, parts, principal, asked.id)
        ground = _Ground(organization_id=workspace.organization_id, workspace_id=workspace.id)
    else:
        access = await own_organization(connection, parts, principal, asked.id)
        ground = _Ground(organization_id=access.organization_id)
    known = is_uuid(invite_id)
    found = await stored.find_invite(connection, ground.organization_id, invite_id.lower()) if known else None
    if found is None or not ground.covers(found):
        raise NotFound("invite_not_found", "There is no such invite: it was accepted or revoked.")
    return found


async def _of_link(connection: Connection, parts: Parts, link: str) -> Invite:
    found = await stored.find_invite_by_link(connection, hash_secret(link))
    if found is None or found.expires_at <= parts.clock.now():
        raise _no_link()
    return found


def _count_link(parts: Parts, organization_id: str) -> None:
    parts.links.check(organization_id)
    parts.links.count(organization_id)


def _event(action: str, invite: Invite) -> Record:
    facts: dict[str, audit.Fact] = {"role": invite.role, "workspace_count": len(invite.workspaces)}
    return Record(action=action, subject=invite.id, organization_id=invite.organization_id, facts=facts)


def _url(parts: Parts, secret: str) -> str:
    return f"{parts.public_url}/invite?{urlencode({'link': secret})}"


def _refused(message: str) -> InvalidRequest:
    reason = Reason(key="workspaces", message=message)
    return InvalidRequest("invalid_request", "The request breaks a rule.", (reason,))


def _no_link() -> NotFound:
    return NotFound("link_not_found", "This link was used or revoked, or has run out. Ask who invited you for another.")
