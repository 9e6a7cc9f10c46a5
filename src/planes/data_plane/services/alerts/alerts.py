"""Alerts of a workspace: when, what, to whom. Kept in its region; the control plane knows of none."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from planes.data_plane.delivery import AllowedDestinations, Denied, check_host, host_of, key_of
from planes.data_plane.services.alerts.alert_targets import Target, open_target, seal_target
from planes.data_plane.services.alerts.mail_servers import NOT_PUBLIC
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.variables import author_of
from planes.domain.alerts import AlertChannel
from planes.domain.errors import Conflict, InvalidRequest, NotFound, Reason
from planes.domain.identifiers import new_id
from planes.storage.data import alerts
from planes.storage.keyset import Bounds, Listed
from planes.storage.types import Row
from planes.wire.own_alerts import MOST_ALERTS, AlertDelivery, AlertRequest, AlertResponse

_CHOICES = ("name", "triggers", "jobs", "pipelines", "is_enabled")


class Alerts:
    """Reads and changes them, for whoever may write in the workspace."""

    def __init__(self, parts: Parts, audit: Audit, allowed: AllowedDestinations) -> None:
        self._parts = parts
        self._audit = audit
        self._allowed = allowed

    async def list_all(self, actor: Actor) -> list[AlertResponse]:
        """Every alert with its newest message, oldest alert first."""
        async with self._parts.database.reading() as connection:
            rows = await alerts.list_all(connection, actor.workspace_id)
            last = {row["id"]: await alerts.find_last_delivery(connection, row["id"]) for row in rows}
        await self._audit.note(actor, Action.ALERTS_READ, count=len(rows))
        return [await self._shown(row, last[row["id"]]) for row in rows]

    async def get(self, actor: Actor, alert_id: str) -> AlertResponse:
        """Raises: NotFound."""
        row, last = await self._find(actor.workspace_id, alert_id)
        await self._audit.note(actor, Action.ALERTS_READ, alert_id)
        return await self._shown(row, last)

    async def add(self, actor: Actor, request: AlertRequest) -> AlertResponse:
        """Raises: InvalidRequest; Conflict when there are as many as there may be."""
        target = _target(request, None)
        self._check(request, target)
        now = self._parts.clock.now()
        row: dict[str, Any] = {
            "id": new_id(),
            "workspace_id": actor.workspace_id,
            "organization_id": actor.organization_id,
            "version": 1,
            "created_at": now,
            "created_by": author_of(actor),
        }
        row |= {"each_try": False, **self._values(actor, request, target)}
        await self._parts.vault.prepare(actor.organization_id)
        row["sealed"] = await seal_target(self._parts, row, target)
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"alerts {actor.workspace_id}")
            if len(await alerts.list_all(connection, actor.workspace_id)) >= MOST_ALERTS:
                raise Conflict("too_many_alerts", f"A workspace has at most {MOST_ALERTS} alerts. Delete one first.")
            await alerts.add(connection, row)
            await self._note_change(connection, actor, Action.ALERT_ADDED, row)
        return await self._shown(row, None)

    async def replace(self, actor: Actor, alert_id: str, request: AlertRequest) -> AlertResponse:
        """What is left out of where it goes stays as it is. Messages that wait go to the new place.

        Raises: NotFound, InvalidRequest.
        """
        await self._parts.vault.prepare(actor.organization_id)
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"alerts {actor.workspace_id}")
            before = await alerts.find(connection, alert_id, actor.workspace_id)
            if before is None:
                raise _no_alert()
            is_same = before["channel"] == request.channel
            target = _target(request, await open_target(self._parts, before) if is_same else None)
            self._check(request, target)
            values = self._values(actor, request, target) | {"version": before["version"] + 1}
            row = before | values
            row["sealed"] = values["sealed"] = await seal_target(self._parts, row, target)
            await alerts.change(connection, alert_id, values)
            await self._note_change(connection, actor, Action.ALERT_CHANGED, row)
            last = await alerts.find_last_delivery(connection, alert_id)
        return await self._shown(row, last)

    async def remove(self, actor: Actor, alert_id: str) -> None:
        """With its messages, those that wait included. Raises: NotFound."""
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"alerts {actor.workspace_id}")
            row = await alerts.find(connection, alert_id, actor.workspace_id)
            if row is None:
                raise _no_alert()
            await alerts.remove(connection, alert_id)
            await self._note_change(connection, actor, Action.ALERT_REMOVED, row)

    async def list_deliveries(
        self, actor: Actor, alert_id: str | None, state: str | None, bounds: Bounds
    ) -> Listed[AlertDelivery]:
        """A page of messages, newest first. Raises: NotFound for an unknown alert."""
        if alert_id is not None:
            await self._find(actor.workspace_id, alert_id)
        async with self._parts.database.reading() as connection:
            found = await alerts.list_deliveries(connection, actor.workspace_id, alert_id, state, bounds)
        await self._audit.note(actor, Action.ALERTS_READ, alert_id, messages=len(found.items))
        return found.carrying([shown_delivery(row) for row in found.items])

    async def _find(self, workspace_id: str, alert_id: str) -> tuple[Row, Row | None]:
        async with self._parts.database.reading() as connection:
            row = await alerts.find(connection, alert_id, workspace_id)
            last = await alerts.find_last_delivery(connection, alert_id) if row is not None else None
        if row is None:
            raise _no_alert()
        return row, last

    def _check(self, request: AlertRequest, target: Target) -> None:
        reasons: list[Reason] = []
        if request.channel == AlertChannel.MAIL:
            if not target.members and not target.addresses:
                reasons.append(Reason(key="addresses", message="mail needs somebody to go to"))
        elif target.url is None:
            reasons.append(Reason(key="url", message="needed: the address to post to"))
        else:
            reasons += self._problems_of_url(target.url)
        if target.signing_secret is not None:
            try:
                key_of(target.signing_secret)
            except ValueError:
                reasons.append(Reason(key="signing_secret", message="base64 follows whsec_"))
        reasons += [
            Reason(key=key, message="one line of printable characters")
            for key, texts in (("name", [request.name]), ("pipelines", request.pipelines))
            if not all(text.isprintable() for text in texts)
        ]
        if reasons:
            raise InvalidRequest("invalid_request", "This alert cannot be used; nothing was changed.", (*reasons,))

    def _problems_of_url(self, url: str) -> list[Reason]:
        try:
            host, port = host_of(url)
            check_host(host, port, self._allowed)
        except ValueError as exc:
            return [Reason(key="url", message=str(exc))]
        except Denied:
            return [Reason(key="url", message=NOT_PUBLIC)]
        return []

    def _values(self, actor: Actor, request: AlertRequest, target: Target) -> dict[str, Any]:
        """The columns that a request sets, but for the sealed one and its version."""
        return {
            **{name: getattr(request, name) for name in _CHOICES},
            "triggers": list(dict.fromkeys(request.triggers)),
            "channel": str(request.channel),
            "shown_target": host_of(target.url)[0][:255] if target.url is not None else None,
            "updated_at": self._parts.clock.now(),
            "updated_by": author_of(actor),
            **({} if request.each_try is None else {"each_try": request.each_try}),
        }

    async def _shown(self, row: Row, last: Row | None) -> AlertResponse:
        target = await open_target(self._parts, row)
        names = (*_CHOICES, "each_try", "id", "channel", "created_at", "created_by", "updated_at", "updated_by")
        return AlertResponse(
            **{name: row[name] for name in names},
            members=list(target.members),
            addresses=list(target.addresses),
            host=row["shown_target"],
            is_signed=target.signing_secret is not None,
            last_delivery=shown_delivery(last) if last is not None else None,
        )

    async def _note_change(self, connection: Any, actor: Actor, action: Action, row: Row) -> None:
        await self._audit.append(
            connection, actor, action, row["id"],
            channel=row["channel"], triggers=row["triggers"], is_enabled=row["is_enabled"],
        )  # fmt: skip


def shown_delivery(row: Row) -> AlertDelivery:
    """A stored message for people."""
    return AlertDelivery(**{name: row[name] for name in AlertDelivery.model_fields})


def _target(request: AlertRequest, before: Target | None) -> Target:
    """Where it goes from now on: what is given, and of the rest what held before."""
    before = before or Target()
    if request.channel == AlertChannel.MAIL:
        return Target(
            members=before.members if request.members is None else tuple(dict.fromkeys(request.members)),
            addresses=before.addresses if request.addresses is None else tuple(dict.fromkeys(request.addresses)),
        )
    secret = _text(request.signing_secret) if request.channel == AlertChannel.WEBHOOK else None
    if request.url is None:
        return Target(url=before.url, signing_secret=secret or before.signing_secret)
    return Target(url=_text(request.url), signing_secret=secret)


def _text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _no_alert() -> NotFound:
    return NotFound("not_found", "There is no such alert here.")
