"""What the home's owner does for others: users, organizations, keys, data planes, sign-ins (docs/api.md)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from dlthub_tui.client import sessions
from dlthub_tui.client.errors import ClientError, Conflict, Refused
from dlthub_tui.client.paging import get_all
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.sessions import TokenPair
from dlthub_tui.client.transport import Transport


class NoOwner(Exception):
    """Nobody owns the installation yet."""


class NoAccount(ClientError):
    """Nobody on the platform has this address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"Nobody here has the address {email}. To make an account: dlthub-tui admin user add {email}")


async def sign_in_as_owner(socket: Transport, owner_key: str) -> TokenPair:
    """The owner's session over the home's socket. Raises: NoOwner on an empty installation."""
    try:
        return await sessions.sign_in_locally(socket, owner_key)
    except Conflict as exc:
        raise NoOwner from exc


async def add_user(plane: Transport, email: str, password: str | None) -> dict[str, Any]:
    """Adds a local account; without a password the answer holds a one-use `sign_up_url`."""
    return _document(await plane.post("/own/v1/users", {"email": email, "password": password}), "user")


async def list_users(plane: Transport) -> tuple[dict[str, Any], ...]:
    """Every account."""
    return await get_all(plane, "/own/v1/users", lambda raw: _document(raw, "user"))


async def list_organizations(plane: Transport) -> tuple[dict[str, Any], ...]:
    """Everybody's."""
    return await get_all(plane, "/own/v1/organizations", lambda raw: _document(raw, "organization"))


async def list_data_planes(plane: Transport) -> tuple[dict[str, Any], ...]:
    """Every data plane that was made known, as the control plane sees it."""
    health = Fields(await plane.get("/own/v1/health"), "health")
    return health.many("data_planes", lambda raw: _document(raw, "data plane"))


async def list_api_keys(plane: Transport) -> tuple[dict[str, Any], ...]:
    """Everybody's that work, those of workspaces too."""
    return await get_all(plane, "/own/v1/held-api-keys", lambda raw: _document(raw, "API key"))


async def revoke_api_key(plane: Transport, key_id: str) -> dict[str, Any]:
    """Ends a key of anybody, or of a workspace; `name` is None where it had run out before. Raises: NotFound."""
    known = {key["id"]: key for key in await list_api_keys(plane)}
    await plane.delete(f"/own/v1/api-keys/{quote(key_id, safe='')}")
    return {"id": key_id, "name": known[key_id]["name"] if key_id in known else None}


async def issue_link(plane: Transport, email: str) -> dict[str, Any]:
    """The account with another one-use `sign_up_url`, to choose a password or a new one.

    Raises: NoAccount.
    """
    for account in await list_users(plane):
        if account["email"].casefold() == email.casefold():
            return _document(await plane.post(f"/own/v1/users/{account['user_id']}/-issue-link", {}), "user")
    raise NoAccount(email)


async def create_organization(plane: Transport, name: str, dataplane_id: str, owner: str) -> dict[str, Any]:
    """An organization with its region locked, for this owner. Answers CONTRACT's Organization.

    Raises: NoAccount.
    """
    body = {"name": name, "dataplane_id": dataplane_id, "owner_email": owner}
    with _account_of(owner):
        return _document(await plane.post("/own/v1/organizations", body), "organization")


async def create_api_key(plane: Transport, email: str, days: int) -> dict[str, Any]:
    """A personal key of this user; `api_key` is shown this once.

    Raises: NoAccount.
    """
    body = {"email": email, "expires_in_days": days}
    with _account_of(email):
        return _document(await plane.post("/own/v1/api-keys", body), "API key")


async def add_data_plane(plane: Transport, dataplane_id: str, place: str) -> dict[str, Any]:
    """Makes a data plane known; `join_token` lets it enrol once."""
    body = {"dataplane_id": dataplane_id, "place": place}
    return _document(await plane.post("/own/v1/data-planes", body), "data plane")


async def tend_data_plane(plane: Transport, dataplane_id: str, verb: str) -> dict[str, Any]:
    """`drain` gives it no new run, `resume` does again, `clean` has it remove environments that nobody needs."""
    return _document(await plane.post(f"/own/v1/data-planes/{dataplane_id}/-{verb}", {}), "data plane")


async def rotate_signing_key(plane: Transport, *, at_once: bool) -> dict[str, Any]:
    """Another key signs tokens a minute from now; with `at_once`, now, and tokens of the one before are refused."""
    return _document(await plane.post("/own/v1/signing-keys/-rotate", {"at_once": at_once}), "signing key")


async def approve_sign_in(plane: Transport, user_code: str, email: str | None) -> dict[str, Any]:
    """Lets the device with this code sign in as that user; without one, as the caller.

    Raises: NoAccount.
    """
    body = {"user_code": user_code, "email": email}
    with _account_of(email or ""):
        return _document(await plane.post("/own/v1/sign-ins/-approve", body), "sign-in")


@contextmanager
def _account_of(email: str) -> Generator[None]:
    """An administrator is told how to make the account, not to ask an administrator for it."""
    try:
        yield
    except Refused as exc:
        if exc.code == "unknown_user":
            raise NoAccount(email) from exc
        raise


def _document(raw: Any, what: str) -> dict[str, Any]:
    Fields(raw, what)
    return dict(raw)
