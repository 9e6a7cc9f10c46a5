"""Invites of people who are not on the platform yet (own routes)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.errors import NotAllowed, NotFound
from dlthub_tui.client.paging import get_all
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """`role` in the organization; `workspaces` are ids with the roles there."""

    id: str
    email: str
    role: str
    workspaces: Mapping[str, str]
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InviteLink:
    """A link as it is shown once. `repr` hides it."""

    invite: Invite
    url: str

    def __repr__(self) -> str:
        return f"InviteLink({self.invite.email!r})"


@dataclass(frozen=True, slots=True)
class Inviting:
    """Where one invites: everywhere in an organization that one owns, or in one workspace of it, as a collaborator."""

    organization_id: str
    workspace_id: str | None = None

    @property
    def path(self) -> str:
        """Where the invites are."""
        if self.workspace_id is None:
            return f"/own/v1/organizations/{self.organization_id}/invites"
        return f"/own/v1/workspaces/{self.workspace_id}/invites"


async def find_inviting(
    plane: Transport, organization_id: str, workspace_id: str
) -> tuple[Inviting, tuple[Invite, ...]] | None:
    """Where somebody who stands in this workspace invites, the widest, and who waits there; None for no owner."""
    for inviting in (Inviting(organization_id), Inviting(organization_id, workspace_id)):
        with suppress(NotAllowed, NotFound):  # an older platform knows the first one only, or none
            return inviting, await list_invites(plane, inviting)
    return None


async def list_invites(plane: Transport, inviting: Inviting) -> tuple[Invite, ...]:
    """Who was invited and did not come yet. Raises: NotAllowed where one is no owner."""
    return await get_all(plane, inviting.path, _parse_invite)


async def invite(
    plane: Transport, organization_id: str, email: str, role: str, workspaces: Mapping[str, str]
) -> InviteLink | None:
    """A link for the address; None where that person is known, and in already. Raises: Conflict, TooMany."""
    places = [{"workspace_id": workspace_id, "role": place} for workspace_id, place in workspaces.items()]
    body: dict[str, Any] = {"email": email, "role": role, "workspaces": places}
    return _parse_link(await plane.post(Inviting(organization_id).path, body))


async def invite_to_workspace(plane: Transport, inviting: Inviting, email: str, role: str) -> InviteLink | None:
    """The same for a workspace's owner: the person joins as a collaborator. Raises: Conflict, TooMany."""
    return _parse_link(await plane.post(inviting.path, {"email": email, "role": role}))


async def issue_link(plane: Transport, inviting: Inviting, invite_id: str) -> InviteLink | None:
    """Another link; the one before ends. Raises: NotFound, TooMany."""
    return _parse_link(await plane.post(f"{inviting.path}/{invite_id}/-issue-link"))


async def revoke_invite(plane: Transport, inviting: Inviting, invite_id: str) -> None:
    """Ends an invite and its link. Raises: NotFound."""
    await plane.delete(f"{inviting.path}/{invite_id}")


def _parse_link(raw: Any) -> InviteLink | None:
    fields = Fields(raw, "invite")
    url = fields.maybe_text("invite_url")
    return InviteLink(_parse_invite(fields.raw("invite")), url) if url else None


def _parse_invite(raw: Any) -> Invite:
    fields = Fields(raw, "invite")
    return Invite(
        id=fields.text("id"),
        email=fields.text("email"),
        role=fields.text("role"),
        workspaces=dict(fields.many("workspaces", _parse_place)),
        invited_by=fields.text("invited_by"),
        expires_at=fields.moment("expires_at"),
    )


def _parse_place(raw: Any) -> tuple[str, str]:
    fields = Fields(raw, "workspace of an invite")
    return fields.text("workspace_id"), fields.text("role")
