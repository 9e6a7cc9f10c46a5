"""Who may do what in a workspace: its members, and the keys that speak for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.errors import NotAllowed
from dlthub_tui.client.paging import get_all
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody with a role of their own: owner, developer or viewer. `membership_id` is of the organization."""

    id: str
    membership_id: str
    user_id: str
    email: str
    name: str | None
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """`role` is None for a personal key, which may do what its owner may."""

    id: str
    name: str
    role: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown once. `repr` hides it."""

    name: str
    text: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"NewKey({self.name!r})"


async def list_members(plane: Transport, workspace_id: str) -> tuple[Member, ...]:
    """People; a key of the workspace is a member too, and listed with the keys. Contract: 1.5 (21)."""
    return await get_all(plane, f"/api/v1/workspaces/{workspace_id}/members", _parse_member, {"kind": "human"})


async def find_emails(plane: Transport, workspace_id: str) -> dict[str, str]:
    """Addresses of a workspace's people by their memberships; none for who may not see them."""
    try:
        return {member.membership_id: member.email for member in await list_members(plane, workspace_id)}
    except NotAllowed:
        return {}


async def find_owners(plane: Transport, workspace_id: str) -> tuple[str, ...]:
    """Addresses of those who decide there; none for who may not see them."""
    try:
        members = await list_members(plane, workspace_id)
    except NotAllowed:
        return ()
    return tuple(member.email for member in members if member.role == "owner")


async def add_member(plane: Transport, workspace_id: str, email: str, role: str) -> None:
    """Own route. Raises: NotFound where nobody with this address is on the platform; Conflict."""
    await plane.post(f"/own/v1/workspaces/{workspace_id}/members", {"email": email, "role": role})


async def change_role(plane: Transport, workspace_id: str, member_id: str, role: str) -> None:
    """Own route. Raises: Conflict for the last owner."""
    await plane.patch(f"/own/v1/workspaces/{workspace_id}/members/{member_id}", {"role": role})


async def remove_member(plane: Transport, workspace_id: str, member_id: str) -> None:
    """Own route. Raises: Conflict for the last owner."""
    await plane.delete(f"/own/v1/workspaces/{workspace_id}/members/{member_id}")


async def list_keys(plane: Transport, workspace_id: str | None) -> tuple[ApiKey, ...]:
    """A workspace's keys, or one's own (own routes). Raises: NotAllowed where one is no owner of the workspace."""
    return Fields(await plane.get(_keys(workspace_id)), "keys").many("items", _parse_key)


async def create_key(plane: Transport, workspace_id: str | None, name: str, role: str | None, days: int) -> NewKey:
    """A key of the workspace with a role, or one's own (own routes)."""
    body: dict[str, Any] = {"name": name, "expires_in_days": days}
    fields = Fields(await plane.post(_keys(workspace_id), body if role is None else body | {"role": role}), "key")
    return NewKey(name, fields.text("api_key"), fields.moment("expires_at"))


async def revoke_key(plane: Transport, workspace_id: str | None, key_id: str) -> None:
    """Ends a key, at once (own routes)."""
    await plane.delete(f"{_keys(workspace_id)}/{key_id}")


def _keys(workspace_id: str | None) -> str:
    return "/own/v1/api-keys" if workspace_id is None else f"/own/v1/workspaces/{workspace_id}/api-keys"


def _parse_member(raw: Any) -> Member:
    fields = Fields(raw, "member")
    return Member(
        id=fields.text("id"),
        membership_id=fields.text("organization_membership_id"),
        user_id=fields.text("user_id"),
        email=fields.text("email"),
        name=fields.maybe_text("name"),
        role=fields.text("role"),
    )


def _parse_key(raw: Any) -> ApiKey:
    fields = Fields(raw, "key")
    return ApiKey(
        id=fields.text("id"),
        name=fields.maybe_text("name") or "",
        role=fields.maybe_text("role"),
        created_at=fields.moment("created_at"),
        expires_at=fields.moment("expires_at"),
        last_used_at=fields.maybe_moment("last_used_at"),
    )
