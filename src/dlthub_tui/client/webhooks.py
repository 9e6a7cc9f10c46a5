"""Webhooks of jobs, in their region only (own routes). A secret is answered once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where to send to; `secret` only in the answer that makes it."""

    id: str
    job_id: str
    job_ref: str
    trigger: str
    url: str
    created_at: datetime
    rotated_at: datetime | None
    waiting: int
    last_received_at: datetime | None
    last_state: str | None
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a webhook; `outcome` says why it got no run, or does not get one yet."""

    id: str
    received_at: datetime
    size_bytes: int
    state: str
    outcome: str | None
    run_id: str | None
    tries: int


async def list_webhooks(region: Transport, workspace_id: str) -> tuple[Webhook, ...]:
    """Those of the workspace."""
    return Fields(await region.get(_path(workspace_id)), "webhooks").many("items", _parse)


async def add_webhook(region: Transport, workspace_id: str, job_id: str, trigger: str | None) -> Webhook:
    """An address for a job's trigger, with its secret."""
    return _parse(await region.post(_path(workspace_id), {"job_id": job_id, "trigger": trigger}))


async def rotate_webhook(region: Transport, workspace_id: str, webhook_id: str, keep_old_seconds: int) -> Webhook:
    """Another secret; the old one is good for so long."""
    body = {"keep_old_seconds": keep_old_seconds}
    return _parse(await region.post(_path(workspace_id, f"/{webhook_id}/-rotate"), body))


async def remove_webhook(region: Transport, workspace_id: str, webhook_id: str) -> None:
    """With all that came in."""
    await region.delete(_path(workspace_id, f"/{webhook_id}"))


async def list_calls(region: Transport, workspace_id: str, webhook_id: str, limit: int) -> tuple[Call, ...]:
    """The newest calls of one."""
    answer = await region.get(_path(workspace_id, f"/{webhook_id}/calls"), {"limit": limit})
    return Fields(answer, "calls of a webhook").many("items", _parse_call)


def _path(workspace_id: str, rest: str = "") -> str:
    return f"/own/v1/workspaces/{workspace_id}/webhooks{rest}"


def _parse(raw: Any) -> Webhook:
    fields = Fields(raw, "webhook")
    return Webhook(
        id=fields.text("id"),
        job_id=fields.text("job_id"),
        job_ref=fields.text("job_ref"),
        trigger=fields.text("trigger"),
        url=fields.text("url"),
        created_at=fields.moment("created_at"),
        rotated_at=fields.maybe_moment("rotated_at"),
        waiting=fields.number("waiting"),
        last_received_at=fields.maybe_moment("last_received_at"),
        last_state=fields.maybe_text("last_state"),
        secret=fields.maybe_text("secret"),
    )


def _parse_call(raw: Any) -> Call:
    fields = Fields(raw, "call of a webhook")
    return Call(
        id=fields.text("id"),
        received_at=fields.moment("received_at"),
        size_bytes=fields.number("size_bytes"),
        state=fields.text("state"),
        outcome=fields.maybe_text("outcome"),
        run_id=fields.maybe_text("run_id"),
        tries=fields.number("tries"),
    )
