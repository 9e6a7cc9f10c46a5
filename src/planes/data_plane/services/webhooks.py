"""Webhooks of jobs: an address in the region with a secret, and what came in. The control plane sees neither."""

from __future__ import annotations

import base64
import json
import secrets as random_secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import anyio

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.variables import author_of
from planes.domain import webhooks as rules
from planes.domain.errors import Conflict, InvalidRequest, NotAuthenticated, NotFound, Reason, TooManyRequests
from planes.domain.identifiers import is_uuid, new_id
from planes.domain.webhooks import Secrets
from planes.storage.data import webhooks as stored
from planes.storage.keyset import Bounds, Listed
from planes.storage.types import Row
from planes.storage.vault import Place
from planes.wire.own_webhooks import (
    MOST_WEBHOOKS,
    CallTaken,
    CreatedWebhookResponse,
    WebhookCall,
    WebhookRequest,
    WebhookResponse,
)

_MINUTE = timedelta(minutes=1)
_STRANGER = "The call shows no secret of this address and is not signed by it."


@dataclass(frozen=True, slots=True)
class SentCall:
    """What a webhook was sent: headers as a JSON object, the body as it came."""

    headers: bytes = field(repr=False)
    body: bytes = field(repr=False)


class Webhooks:
    """Keeps them, and takes calls. `news` is set when a call waits for its run."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit
        self.news = anyio.Event()

    async def list_all(self, actor: Actor) -> list[WebhookResponse]:
        """The workspace's."""
        async with self._parts.database.reading() as connection:
            rows = await stored.list_all(connection, actor.workspace_id)
            shown = [await self._shown(connection, row) for row in rows]
        await self._audit.note(actor, Action.WEBHOOKS_READ, count=len(rows))
        return shown

    async def add(self, actor: Actor, request: WebhookRequest) -> CreatedWebhookResponse:
        """An address for a job's `webhook:` trigger, which the control plane is asked about.

        Raises: NotFound, InvalidRequest, Conflict (`webhook_exists`, `too_many_webhooks`), Unavailable.
        """
        job = await self._parts.link.find_webhook_job(actor.workspace_id, request.job_id)
        trigger = request.trigger or (job.triggers[0] if len(job.triggers) == 1 else None)
        if trigger is None or trigger not in job.triggers:
            known = ", ".join(job.triggers) or "none"
            reason = Reason(key="trigger", message=f"it is none of the job's webhook triggers: {known}")
            raise InvalidRequest("invalid_request", "This job cannot be called so; nothing was changed.", (reason,))
        secret, now = _new_secret(), self._parts.clock.now()
        row: dict[str, Any] = {
            "id": new_id(),
            "workspace_id": actor.workspace_id,
            "organization_id": actor.organization_id,
            "job_id": request.job_id,
            "job_ref": job.job_ref[:512],
            "trigger": trigger,
            "version": 1,
            "created_at": now,
            "created_by": author_of(actor),
            "rotated_at": None,
        }
        row["sealed"] = await self._seal_secrets(row, Secrets(secret))
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"webhooks {actor.workspace_id}")
            if len(await stored.list_all(connection, actor.workspace_id)) >= MOST_WEBHOOKS:
                raise Conflict("too_many_webhooks", f"A workspace has at most {MOST_WEBHOOKS} webhooks.")
            if await stored.find_of_trigger(connection, request.job_id, trigger) is not None:
                raise Conflict("webhook_exists", "This trigger has its address. Rotate its secret, or remove it first.")
            await stored.add(connection, row)
            await self._audit.append(connection, actor, Action.WEBHOOK_ADDED, row["id"], job_ref=row["job_ref"])
            shown = await self._shown(connection, row)
        return CreatedWebhookResponse(**shown.model_dump(), secret=secret)

    async def rotate(self, actor: Actor, webhook_id: str, keep_old_seconds: int) -> CreatedWebhookResponse:
        """Another secret; the old one is good for so long. Raises: NotFound."""
        secret, now = _new_secret(), self._parts.clock.now()
        await self._parts.vault.prepare(actor.organization_id)
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"webhooks {actor.workspace_id}")
            row = await self._of(connection, actor, webhook_id)
            old = await self._secrets(row)
            until = now + timedelta(seconds=keep_old_seconds) if keep_old_seconds else None
            row = {**row, "version": row["version"] + 1, "rotated_at": now}
            row["sealed"] = await self._seal_secrets(row, Secrets(secret, old.present if until else None, until))
            await stored.change(
                connection, webhook_id, {name: row[name] for name in ("version", "rotated_at", "sealed")}
            )
            await self._audit.append(
                connection, actor, Action.WEBHOOK_ROTATED, webhook_id, keep_old_seconds=keep_old_seconds
            )
            shown = await self._shown(connection, row)
        return CreatedWebhookResponse(**shown.model_dump(), secret=secret)

    async def remove(self, actor: Actor, webhook_id: str) -> None:
        """With all that came in; calls that wait get no run. Raises: NotFound."""
        async with self._parts.database.transaction() as connection:
            await self._of(connection, actor, webhook_id)
            await stored.remove(connection, webhook_id)
            await self._audit.append(connection, actor, Action.WEBHOOK_REMOVED, webhook_id)

    async def list_calls(self, actor: Actor, webhook_id: str, bounds: Bounds) -> Listed[WebhookCall]:
        """A page of calls, newest first. Raises: NotFound."""
        async with self._parts.database.reading() as connection:
            await self._of(connection, actor, webhook_id)
            found = await stored.list_calls(connection, webhook_id, bounds)
        await self._audit.note(actor, Action.WEBHOOKS_READ, webhook_id, calls=len(found.items))
        return found.carrying([_shown_call(row) for row in found.items])

    async def check(self, webhook_id: str, headers: Mapping[str, str]) -> None:
        """Whether the body is worth reading: the caller shows the secret, or says that it has signed.

        Raises: NotFound, NotAuthenticated.
        """
        _, secrets = await self._at_address(webhook_id)
        if not rules.is_bearer(headers, secrets) and not rules.may_be_signed(headers):
            raise _refused()

    async def take(self, webhook_id: str, headers: Mapping[str, str], body: bytes) -> CallTaken:
        """Keeps a call, sealed, until it has its run. The same call again is taken once.

        The secrets are those of now: a body takes its time, and meanwhile one may have been replaced.

        Raises: NotFound, NotAuthenticated, TooManyRequests.
        """
        row, secrets = await self._at_address(webhook_id)
        now = self._parts.clock.now()
        is_bearer = rules.is_bearer(headers, secrets)
        if not is_bearer and not rules.is_signed(headers, body, secrets, now):
            raise _refused(rules.fault_of(headers, body, secrets, now))
        call: dict[str, Any] = {
            "id": new_id(),
            "webhook_id": row["id"],
            "workspace_id": row["workspace_id"],
            "organization_id": row["organization_id"],
            "received_at": now,
            "size_bytes": len(body),
            "state": stored.WAITING,
            "tries": 0,
            "next_try_at": now,
        }
        call["repeats"] = rules.repeats_of(headers, call["id"], is_bearer=is_bearer)
        sent = json.dumps({"headers": rules.kept_headers(headers), "body": base64.b64encode(body).decode()})
        call["sealed"] = await self._parts.vault.seal(_place_of_call(call), sent.encode())
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"webhook {row['id']}")
            repeated = await stored.find_repeated(connection, row["id"], call["repeats"])
            if repeated is not None:
                return CallTaken(id=repeated["id"], is_repeated=True)
            if await stored.count_since(connection, row["id"], now - _MINUTE) >= rules.MOST_CALLS_A_MINUTE:
                raise TooManyRequests(
                    "too_many_calls", f"At most {rules.MOST_CALLS_A_MINUTE} calls a minute are taken. Send it again."
                )
            if await stored.count_waiting(connection, row["id"]) >= rules.MOST_WAITING:
                raise TooManyRequests("too_many_waiting", f"{rules.MOST_WAITING} calls wait for their run already.")
            if await stored.find(connection, row["id"]) is None:
                raise NotFound("not_found", "There is nothing here.")
            await stored.add_call(connection, call)
            before = now - timedelta(days=rules.KEPT_DAYS)
            await stored.prune(connection, row["id"], rules.KEPT_CALLS, before)
            actor = Actor.webhook(row["id"], row["organization_id"], row["workspace_id"])
            await self._audit.append(connection, actor, Action.WEBHOOK_CALLED, call["id"], size_bytes=len(body))
        self.news.set()
        return CallTaken(id=call["id"])

    async def sent_by(self, workspace_id: str, call_id: str) -> SentCall | None:
        """Headers and body of a call, for the run that answers it; None when it is no longer kept."""
        async with self._parts.database.reading() as connection:
            call = await stored.find_call(connection, call_id, workspace_id)
        if call is None or call["sealed"] is None:
            return None
        found = json.loads(await self._parts.vault.open(_place_of_call(call), call["sealed"]))
        return SentCall(json.dumps(found["headers"]).encode(), base64.b64decode(found["body"]))

    async def _at_address(self, webhook_id: str) -> tuple[Row, list[str]]:
        """The webhook at an address, with the secrets that open it now. Raises: NotFound."""
        row: Row | None = None
        if is_uuid(webhook_id):
            async with self._parts.database.reading() as connection:
                row = await stored.find(connection, webhook_id)
        if row is None:
            raise NotFound("not_found", "There is nothing here.")
        return row, (await self._secrets(row)).good_at(self._parts.clock.now())

    async def _of(self, connection: Any, actor: Actor, webhook_id: str) -> Row:
        row = await stored.find(connection, webhook_id, actor.workspace_id)
        if row is None:
            raise NotFound("not_found", "There is no such webhook here.")
        return row

    async def _secrets(self, row: Row) -> Secrets:
        found = json.loads(await self._parts.vault.open(_place(row), row["sealed"]))
        until = found["before_until"]
        return Secrets(found["present"], found["before"], datetime.fromisoformat(until) if until else None)

    async def _seal_secrets(self, row: Row, secrets: Secrets) -> bytes:
        until = secrets.before_until.isoformat() if secrets.before_until else None
        kept = {"present": secrets.present, "before": secrets.before, "before_until": until}
        return await self._parts.vault.seal(_place(row), json.dumps(kept).encode())

    async def _shown(self, connection: Any, row: Row) -> WebhookResponse:
        newest = (await stored.list_calls(connection, row["id"], Bounds(limit=1))).items
        return WebhookResponse(
            **{name: row[name] for name in ("id", "job_id", "job_ref", "trigger", "created_at", "created_by")},
            rotated_at=row["rotated_at"],
            url=f"{self._parts.public_url}/webhooks/{row['id']}",
            waiting=await stored.count_waiting(connection, row["id"]),
            last_received_at=newest[0]["received_at"] if newest else None,
            last_state=newest[0]["state"] if newest else None,
        )


def _shown_call(row: Row) -> WebhookCall:
    return WebhookCall(**{name: row[name] for name in WebhookCall.model_fields})


def _new_secret() -> str:
    return rules.PREFIX + base64.b64encode(random_secrets.token_bytes(32)).decode()


def _place(row: Row) -> Place:
    return Place(
        organization_id=row["organization_id"], workspace_id=row["workspace_id"], scope="webhooks", name=row["id"],
        version=row["version"],
    )  # fmt: skip


def _place_of_call(row: Row) -> Place:
    return Place(
        organization_id=row["organization_id"], workspace_id=row["workspace_id"], scope="webhook_calls",
        name=row["id"], version=1,
    )  # fmt: skip


def _refused(fault: str = "") -> NotAuthenticated:
    said = f"The call is signed, but {fault}." if fault else _STRANGER
    return NotAuthenticated("not_authenticated", said)
