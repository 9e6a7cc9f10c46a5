"""The mail server of a workspace. Its password is sealed, and never read back by anybody but the sender of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from planes.data_plane.delivery import AllowedDestinations, Denied, check_host
from planes.data_plane.delivery import MailServer as Server
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.variables import author_of
from planes.domain.errors import InvalidRequest, Reason
from planes.storage.data import alerts
from planes.storage.types import Row
from planes.storage.vault import Place
from planes.wire.own_alerts import MailServer, MailServerRequest, MailServerResponse

_WHERE = ("host", "port", "security", "username")


class MailServers:
    """Reads and changes them; one for each workspace."""

    def __init__(self, parts: Parts, audit: Audit, allowed: AllowedDestinations) -> None:
        self._parts = parts
        self._audit = audit
        self._allowed = allowed

    async def read(self, actor: Actor) -> MailServer:
        """What the workspace has, without its password."""
        row = await self._row(actor.workspace_id)
        await self._audit.note(actor, Action.MAIL_SERVER_READ)
        return MailServer(server=_shown(row))

    async def replace(self, actor: Actor, request: MailServerRequest) -> MailServer:
        """Replaces it. A password goes only where it was meant to go: another place needs it again.

        Raises: InvalidRequest.
        """
        self._check(request)
        await self._parts.vault.prepare(actor.organization_id)
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"mail server {actor.workspace_id}")
            before = await alerts.find_mail_server(connection, actor.workspace_id)
            row: dict[str, Any] = {
                "workspace_id": actor.workspace_id,
                "organization_id": actor.organization_id,
                **{name: getattr(request, name) for name in (*_WHERE, "sender")},
                "version": before["version"] + 1 if before else 1,
                "updated_at": self._parts.clock.now(),
                "updated_by": author_of(actor),
            }
            password = await self._password(request, before)
            row["sealed"] = await self._parts.vault.seal(_place(row), password.encode()) if password else None
            await alerts.save_mail_server(connection, row)
            await self._audit.append(connection, actor, Action.MAIL_SERVER_CHANGED, str(row["version"]))
        return MailServer(server=_shown(row))

    async def remove(self, actor: Actor) -> None:
        """Forgets it. May run twice."""
        async with self._parts.database.transaction() as connection:
            if await alerts.find_mail_server(connection, actor.workspace_id) is None:
                return
            await alerts.remove_mail_server(connection, actor.workspace_id)
            await self._audit.append(connection, actor, Action.MAIL_SERVER_REMOVED)

    async def find(self, workspace_id: str) -> Server | None:
        """For the sender of alerts. Raises: CannotOpen."""
        row = await self._row(workspace_id)
        if row is None:
            return None
        return Server(
            **{name: row[name] for name in (*_WHERE, "sender")},
            password=await self._open(row),
            greets_as=urlsplit(self._parts.public_url).hostname or "localhost",
        )

    async def _row(self, workspace_id: str) -> Row | None:
        async with self._parts.database.reading() as connection:
            return await alerts.find_mail_server(connection, workspace_id)

    def _check(self, request: MailServerRequest) -> None:
        reasons: list[Reason] = []
        try:
            check_host(request.host, request.port, self._allowed)
        except Denied:
            reasons.append(Reason(key="host", message=NOT_PUBLIC))
        if request.password is not None and request.username is None:
            reasons.append(Reason(key="username", message="a password needs a user name"))
        if reasons:
            raise InvalidRequest(
                "invalid_request", "This mail server cannot be used; nothing was changed.", (*reasons,)
            )

    async def _password(self, request: MailServerRequest, before: Row | None) -> str | None:
        if request.password is not None:
            return request.password.get_secret_value()
        if request.username is None or before is None or before["sealed"] is None:
            return None
        if any(before[name] != getattr(request, name) for name in _WHERE):
            reason = Reason(key="password", message="another server or user needs the password again")
            raise InvalidRequest(
                "invalid_request", "A stored password goes to its own server only; nothing was changed.", (reason,)
            )
        return await self._open(before)

    async def _open(self, row: Row) -> str | None:
        if row["sealed"] is None:
            return None
        return (await self._parts.vault.open(_place(row), row["sealed"])).decode()


NOT_PUBLIC = (
    "no address of the public internet, and none that this region's administrator allows"
    " (DLTHUB_TUI_ALERT_DESTINATIONS)"
)


def _shown(row: Mapping[str, Any] | None) -> MailServerResponse | None:
    if row is None:
        return None
    names = (*_WHERE, "sender", "updated_at", "updated_by")
    return MailServerResponse(**{name: row[name] for name in names}, has_password=row["sealed"] is not None)


def _place(row: Mapping[str, Any]) -> Place:
    return Place(
        organization_id=row["organization_id"],
        workspace_id=row["workspace_id"],
        scope="mail-server",
        name="password",
        version=row["version"],
    )
