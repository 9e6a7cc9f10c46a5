"""Sends what alerts have queued: each alert's messages in order, several alerts at a time.

    queued ──► try ──taken──► sent
                ▲ │
                └─┴─not now: later, and later again──► failed

A message is a row until somebody took it, so a restart sends it again rather than not at all; its id stays the same.
A receiver that does not answer holds up its own alert alone, and a workspace takes a part of the places only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import anyio
import anyio.abc
import structlog

from planes.data_plane.delivery import AllowedDestinations, Mail, Outcome, Post, Verdict, Webhooks, send_mail
from planes.data_plane.services.alerts.alert_messages import Event, mail_subject, mail_text, slack_body, webhook_body
from planes.data_plane.services.alerts.alert_queue import AlertQueue
from planes.data_plane.services.alerts.alert_targets import Target, open_target
from planes.data_plane.services.alerts.alerts import shown_delivery
from planes.data_plane.services.alerts.mail_servers import MailServers
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.reports import build_member_ids
from planes.domain.alerts import (
    HOUR,
    MOST_TESTS_PER_HOUR,
    RETRY_SECONDS,
    AlertChannel,
    AlertTrigger,
    DeliveryState,
    next_try_at,
)
from planes.domain.errors import NotFound, PlaneError, TooManyRequests
from planes.domain.identifiers import new_id
from planes.storage.data import alerts
from planes.storage.errors import StorageError
from planes.storage.types import Row
from planes.wire.own_alerts import AlertDelivery as ShownDelivery

MOST_AT_ONCE = 16
MOST_AT_ONCE_OF_WORKSPACE = 4
KEPT = 5_000
_LOOKED_AT = 500
_PAUSE_SECONDS = 2.0
_log = structlog.get_logger("planes.data_plane.alerts")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """`waits` are the seconds after each try that failed; `allowed` what may be called beside the public internet."""

    allowed: AllowedDestinations
    waits: Sequence[float] = RETRY_SECONDS


class AlertDelivery:
    """`run` is one task of the plane."""

    def __init__(
        self, parts: Parts, audit: Audit, queue: AlertQueue, mail_servers: MailServers, settings: DeliverySettings
    ) -> None:
        self._parts = parts
        self._audit = audit
        self._queue = queue
        self._mail_servers = mail_servers
        self._settings = settings
        self._webhooks = Webhooks(settings.allowed)
        self._busy: dict[str, str] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        began = self._parts.clock.now()
        is_tidy = False
        async with anyio.create_task_group() as group:
            while True:
                self._queue.news = anyio.Event()
                try:
                    if not is_tidy:
                        await self._end_tests(began)
                        is_tidy = True
                    seconds = await self._begin_due(group)
                except Exception as exc:  # noqa: BLE001 - the edge of the loop: a full disk must not end it
                    _log.error("alerts_stumbled", exc_info=exc)
                    seconds = _PAUSE_SECONDS
                with anyio.move_on_after(seconds):  # until something is due: without end while nothing waits
                    await self._queue.news.wait()

    async def _end_tests(self, before: datetime) -> None:
        """Those that an earlier life of this process was about to send."""
        async with self._parts.database.transaction() as connection:
            await alerts.end_tests(connection, "interrupted", DeliveryState.FAILED, before)

    async def test(self, actor: Actor, alert_id: str) -> ShownDelivery:
        """Sends a test at once, whether the alert is on or off, and says what became of it.

        Raises: NotFound, TooManyRequests.
        """
        now = self._parts.clock.now()
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"alerts {actor.workspace_id}")
            alert = await alerts.find(connection, alert_id, actor.workspace_id)
            if alert is None:
                raise NotFound("not_found", "There is no such alert here.")
            recent = await alerts.count_since(connection, alert_id, now - HOUR, tests=True)
            if recent >= MOST_TESTS_PER_HOUR:
                raise TooManyRequests("too_many_tests", f"An alert is tested {MOST_TESTS_PER_HOUR} times an hour.")
            row = _test_row(alert, now)
            await alerts.add_delivery(connection, row)
            await self._audit.append(connection, actor, Action.ALERT_TESTED, alert_id)
        outcome = await self._try(alert, row)
        state = DeliveryState.SENT if outcome.verdict is Verdict.DELIVERED else DeliveryState.FAILED
        return shown_delivery(row | await self._end(row, state, outcome))

    async def _begin_due(self, group: anyio.abc.TaskGroup) -> float:
        """Begins what can be begun; answers the seconds until more is due."""
        async with self._parts.database.reading() as connection:
            waiting = await alerts.list_waiting(connection, _LOOKED_AT)
        now = self._parts.clock.now()
        for row in waiting:
            if row["alert_id"] in self._busy:
                continue  # its end is news
            if row["at"] > now:
                return max(0.0, (row["at"] - now).total_seconds())
            of_workspace = sum(1 for workspace_id in self._busy.values() if workspace_id == row["workspace_id"])
            if len(self._busy) >= MOST_AT_ONCE:
                break
            if of_workspace < MOST_AT_ONCE_OF_WORKSPACE:
                self._busy[row["alert_id"]] = row["workspace_id"]
                group.start_soon(self._send_due, row["alert_id"], row["workspace_id"])
        return math.inf

    async def _send_due(self, alert_id: str, workspace_id: str) -> None:
        try:
            while await self._send_next(alert_id):
                pass
            async with self._parts.database.transaction() as connection:
                await alerts.prune(connection, workspace_id, KEPT)
        except Exception as exc:  # noqa: BLE001 - the edge of an alert: the others go on
            _log.error("alert_stumbled", alert_id=alert_id, exc_info=exc)
            await anyio.sleep(_PAUSE_SECONDS)
        finally:
            del self._busy[alert_id]
            self._queue.wake()

    async def _send_next(self, alert_id: str) -> bool:
        """One try of the message whose turn it is. False when there is none, or the receiver takes none now."""
        now = self._parts.clock.now()
        async with self._parts.database.transaction() as connection:
            alert = await alerts.find(connection, alert_id)
            row = await alerts.find_due(connection, alert_id, now)
            if alert is None or row is None:
                return False
            until = await self._queue.waits_until(connection, alert, row)
            if until is not None:
                await alerts.change_delivery(connection, row["id"], {"next_try_at": until})
                return True
            # Counted before it is tried: what ends this process does not make it be tried for ever.
            row["tries"] += 1
            again_at = next_try_at(row["tries"], now, self._settings.waits)
            await alerts.change_delivery(connection, row["id"], {"tries": row["tries"], "next_try_at": again_at or now})
        if not alert["is_enabled"]:
            await self._end(row, DeliveryState.HELD_BACK, Outcome(Verdict.REFUSED, "turned_off"))
            return True
        outcome = await self._try(alert, row)
        if outcome.verdict is Verdict.DELIVERED:
            await self._end(row, DeliveryState.SENT, outcome)
            return True
        if outcome.verdict is Verdict.REFUSED or again_at is None:
            await self._end(row, DeliveryState.FAILED, outcome)
            return outcome.verdict is Verdict.REFUSED
        async with self._parts.database.transaction() as connection:
            again_at = next_try_at(row["tries"], self._parts.clock.now(), self._settings.waits) or again_at
            values = {"next_try_at": again_at, "outcome": outcome.code, "status": outcome.status}
            await alerts.change_delivery(connection, row["id"], values)
            await alerts.put_off(connection, alert_id, again_at)
        return False

    async def _end(self, row: Row, state: DeliveryState, outcome: Outcome) -> dict[str, Any]:
        values = {
            "state": str(state),
            "outcome": outcome.code,
            "status": outcome.status,
            "next_try_at": None,
            "ended_at": self._parts.clock.now(),
        }
        async with self._parts.database.transaction() as connection:
            await alerts.change_delivery(connection, row["id"], values)
        _log.info("alert_ended", alert_id=row["alert_id"], trigger=row["trigger"], state=str(state),
                  outcome=outcome.code, tries=row["tries"])  # fmt: skip
        return values

    async def _try(self, alert: Row, row: Row) -> Outcome:
        try:
            target = await open_target(self._parts, alert)
            if alert["channel"] == AlertChannel.MAIL:
                return await self._mail(self._event(alert, row), target)
            return await self._post(alert["channel"], self._event(alert, row), target)
        except StorageError:
            return Outcome(Verdict.REFUSED, "cannot_be_opened")

    async def _mail(self, event: Event, target: Target) -> Outcome:
        server = await self._mail_servers.find(event.workspace_id)
        if server is None:
            return Outcome(Verdict.REFUSED, "no_mail_server")
        try:
            to = await self._recipients(event, target)
        except PlaneError:
            return Outcome(Verdict.AGAIN, "members_unknown")
        if not to:
            return Outcome(Verdict.REFUSED, "nobody_left")
        mail = Mail(
            to=to,
            subject=mail_subject(event),
            text=mail_text(event),
            message_id=event.delivery_id,
            written_at=event.created_at,
        )
        return await send_mail(server, mail, self._settings.allowed)

    async def _recipients(self, event: Event, target: Target) -> list[str]:
        """Members get mail while they are members: the control plane says now who they are. Raises: PlaneError."""
        found: list[str] = []
        if target.members:
            answer = await self._parts.link.find_members(build_member_ids(event.workspace_id, target.members))
            found = [member.email for member in answer.members]
        return list(dict.fromkeys([*found, *target.addresses]))

    async def _post(self, channel: str, event: Event, target: Target) -> Outcome:
        assert target.url is not None, "an alert that posts has an address"
        body = slack_body(event) if channel == AlertChannel.SLACK else webhook_body(event)
        return await self._webhooks.post(
            Post(
                url=target.url,
                body=body,
                message_id=event.delivery_id,
                timestamp=int(self._parts.clock.now().timestamp()),
                signing_secret=target.signing_secret,
            )
        )

    def _event(self, alert: Row, row: Row) -> Event:
        return Event(
            trigger=AlertTrigger(row["trigger"]),
            alert_id=alert["id"],
            alert_name=alert["name"],
            delivery_id=row["id"],
            created_at=row["created_at"],
            organization_id=alert["organization_id"],
            workspace_id=alert["workspace_id"],
            dataplane_id=self._parts.dataplane_id,
            run_id=row["run_id"],
            facts=row["facts"],
            control_plane_url=self._parts.control_plane_url,
        )


def _test_row(alert: Row, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "alert_id": alert["id"],
        "workspace_id": alert["workspace_id"],
        "trigger": str(AlertTrigger.TEST),
        "run_id": None,
        "facts": {},
        "state": str(DeliveryState.PENDING),
        "tries": 1,
        "next_try_at": None,
        "outcome": None,
        "status": None,
        "created_at": now,
        "ended_at": None,
    }
