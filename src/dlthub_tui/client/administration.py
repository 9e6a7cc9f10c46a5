"""What the home's owner does for others: users, organizations, keys, data planes, sign-ins (docs/api.md)."""

from __future__ import annotations

from typing import Any

from dlthub_tui.client import sessions
from dlthub_tui.client.errors import Conflict
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.sessions import TokenPair
from dlthub_tui.client.transport import Transport


class NoOwner(Exception):
    """Nobody owns the installation yet."""


async def sign_in_as_owner(socket: Transport, owner_key: str) -> TokenPair:
    """The owner's session over the home's socket. Raises: NoOwner on an empty installation."""
    try:
        return await sessions.sign_in_locally(socket, owner_key)
    except Conflict as exc:
        raise NoOwner from exc


async def add_user(plane: Transport, email: str, password: str | None) -> dict[str, Any]:
    """Adds a local account; without a password the answer holds a one-use `sign_up_url`."""
    return _document(await plane.post("/own/v1/users", {"email": email, "password": password}), "user")


async def create_organization(plane: Transport, name: str, dataplane_id: str, owner: str) -> dict[str, Any]:
    """An organization with its region locked, for this owner. Answers CONTRACT's Organization."""
    body = {"name": name, "dataplane_id": dataplane_id, "owner_email": owner}
    return _document(await plane.post("/own/v1/organizations", body), "organization")


async def create_api_key(plane: Transport, email: str, days: int) -> dict[str, Any]:
    """A personal key of this user; `api_key` is shown this once."""
    body = {"email": email, "expires_in_days": days}
    return _document(await plane.post("/own/v1/api-keys", body), "API key")


async def add_data_plane(plane: Transport, dataplane_id: str, place: str) -> dict[str, Any]:
    """Makes a data plane known; `join_token` lets it enrol once."""
    body = {"dataplane_id": dataplane_id, "place": place}
    return _document(await plane.post("/own/v1/data-planes", body), "data plane")


async def approve_sign_in(plane: Transport, user_code: str, email: str | None) -> dict[str, Any]:
    """Lets the device with this code sign in as that user; without one, as the caller."""
    body = {"user_code": user_code, "email": email}
    return _document(await plane.post("/own/v1/sign-ins/-approve", body), "sign-in")


def _document(raw: Any, what: str) -> dict[str, Any]:
    Fields(raw, what)
    return dict(raw)
