"""Alerts of a workspace: read and written in its region only. Where one goes is sent and never read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message: what it says in short, and what became of it."""

    trigger: str
    job_ref: str
    run_number: int
    state: str
    outcome: str | None
    status: int | None
    tries: int
    next_try_at: datetime | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """When, what, to whom. Of a URL only the host is known."""

    id: str
    name: str
    triggers: tuple[str, ...]
    jobs: tuple[str, ...]
    pipelines: tuple[str, ...]
    channel: str
    members: tuple[str, ...]
    addresses: tuple[str, ...]
    host: str | None
    is_enabled: bool
    each_try: bool
    last: Delivery | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where the workspace's mail is handed in; its password is never read."""

    host: str
    port: int
    security: str
    sender: str
    username: str
    has_password: bool


async def list_alerts(region: Transport, workspace_id: str) -> tuple[Alert, ...]:
    """Oldest first (own route)."""
    return Fields(await region.get(_path(workspace_id, "/alerts")), "alerts").many("items", _parse_alert)


async def save_alert(region: Transport, workspace_id: str, alert_id: str | None, body: Mapping[str, Any]) -> Alert:
    """Changes an alert; without an id a new one (own route)."""
    if alert_id is None:
        return _parse_alert(await region.post(_path(workspace_id, "/alerts"), dict(body)))
    return _parse_alert(await region.put(_path(workspace_id, f"/alerts/{alert_id}"), dict(body)))


async def remove_alert(region: Transport, workspace_id: str, alert_id: str) -> None:
    """With its messages (own route)."""
    await region.delete(_path(workspace_id, f"/alerts/{alert_id}"))


async def test_alert(region: Transport, workspace_id: str, alert_id: str) -> Delivery:
    """Sends a test at once; what became of it (own route)."""
    return _parse_delivery(await region.post(_path(workspace_id, f"/alerts/{alert_id}/-test")))


async def list_deliveries(region: Transport, workspace_id: str, alert_id: str, limit: int) -> tuple[Delivery, ...]:
    """The newest messages of an alert (own route)."""
    query = {"alert_id": alert_id, "limit": limit}
    answer = await region.get(_path(workspace_id, "/alert-deliveries"), query)
    return Fields(answer, "deliveries").many("items", _parse_delivery)


async def find_mail_server(region: Transport, workspace_id: str) -> MailServer | None:
    """What the workspace has (own route)."""
    found = Fields(await region.get(_path(workspace_id, "/mail-server")), "mail server").maybe_within("server")
    if found is None:
        return None
    return MailServer(
        host=found.text("host"),
        port=found.number("port"),
        security=found.text("security"),
        sender=found.text("sender"),
        username=found.maybe_text("username") or "",
        has_password=found.flag("has_password"),
    )


async def save_mail_server(region: Transport, workspace_id: str, body: Mapping[str, Any]) -> None:
    """Replaces it (own route)."""
    await region.put(_path(workspace_id, "/mail-server"), dict(body))


def _path(workspace_id: str, rest: str) -> str:
    return f"/own/v1/workspaces/{workspace_id}{rest}"


def _parse_alert(raw: Any) -> Alert:
    fields = Fields(raw, "alert")
    last = fields.raw("last_delivery")
    return Alert(
        id=fields.text("id"),
        name=fields.text("name"),
        triggers=fields.texts("triggers"),
        jobs=fields.texts("jobs"),
        pipelines=fields.texts("pipelines"),
        channel=fields.text("channel"),
        members=fields.texts("members"),
        addresses=fields.texts("addresses"),
        host=fields.maybe_text("host"),
        is_enabled=fields.flag("is_enabled"),
        each_try=fields.flag("each_try"),
        last=_parse_delivery(last) if last is not None else None,
    )


def _parse_delivery(raw: Any) -> Delivery:
    fields = Fields(raw, "delivery")
    facts = fields.within("facts")
    status = fields.maybe_number("status")
    return Delivery(
        trigger=fields.text("trigger"),
        job_ref=facts.maybe_text("job_ref") or "",
        run_number=facts.number("run_number", 0),
        state=fields.text("state"),
        outcome=fields.maybe_text("outcome"),
        status=int(status) if status is not None else None,
        tries=fields.number("tries"),
        next_try_at=fields.maybe_moment("next_try_at"),
        created_at=fields.maybe_moment("created_at"),
    )
