"""Which messages an event makes. They are written with the event, in its transaction: neither is without the other.

Each alert says an event of a run once. Of a run that is tried again the last failure is told, and this one if the next
try does not come: newer code, a cancel or an archived job may have made it fall away. What is too much is written down
as held back, so that nothing is lost silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import anyio

from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.reports import name_to_say
from planes.domain.alerts import (
    HOUR,
    MOST_PENDING,
    MOST_PER_HOUR,
    NEXT_TRY_GRACE,
    AlertTrigger,
    DeliveryState,
    concerns,
)
from planes.domain.identifiers import new_id
from planes.scrub import Registered
from planes.storage.data import alerts, runs, telemetry
from planes.storage.types import Row
from planes.wire.link import Lease

_OF_OUTCOME = {"completed": AlertTrigger.RUN_SUCCESS, "failed": AlertTrigger.RUN_FAILURE}
_MOST_PIPELINES = 20


class AlertQueue:
    """Its methods run within a transaction of the caller's, who calls `wake` after it. Each may run twice."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.news = anyio.Event()
        self.full_at: Callable[[], datetime | None] = lambda: None
        """Tells when the region last had no free slot."""

    def wake(self) -> None:
        """Something may have been queued."""
        self.news.set()

    async def run_ended(self, connection: Any, run: Row) -> None:
        """A run has completed or failed; one that was stopped says nothing."""
        trigger = _OF_OUTCOME.get(run["outcome"] or "")
        if trigger is not None:
            await self._queue(connection, run, trigger, {})

    async def tried_again(self, connection: Any, run_id: str, lease: Lease) -> None:
        """The lease of the next try has come: only its own failure is to be told. Nothing of another job's run."""
        run = await runs.find_in_workspace(connection, lease.workspace_id, run_id)
        if run is not None and run["job_ref"] == lease.job_ref[:512] and _tries_left(run) > 0:
            await alerts.forget_failure(connection, run_id, AlertTrigger.RUN_FAILURE)

    async def waits_until(self, connection: Any, alert: Row, delivery: Row) -> datetime | None:
        """Until when a failure is not told yet, as its next try may wait for a slot; None: it may be told now.

        Not for ever: in a region without room a try that fell away looks like one that waits.
        """
        full_at = self.full_at()
        if full_at is None or delivery["tries"] or alert["each_try"] or delivery["trigger"] != AlertTrigger.RUN_FAILURE:
            return None
        run = await runs.find(connection, delivery["run_id"]) if delivery["run_id"] is not None else None
        if run is None or _tries_left(run) <= 0:
            return None
        last = delivery["created_at"] + _next_try(run) + NEXT_TRY_GRACE + HOUR
        until = min(full_at + NEXT_TRY_GRACE, last)
        return until if until > self._parts.clock.now() else None

    async def secrets_printed(self, connection: Any, run: Row, total: int, secrets: int) -> None:
        """Something was masked in a run's log. Counts only: the names of secrets are not everybody's."""
        await self._queue(connection, run, AlertTrigger.PRINTS_SECRETS, {"masked": total, "secrets": secrets})

    async def _queue(self, connection: Any, run: Row, trigger: AlertTrigger, extra: Mapping[str, int]) -> None:
        is_tried_again = trigger is AlertTrigger.RUN_FAILURE and _tries_left(run) > 0
        wanted = [
            alert
            for alert in await alerts.list_all(connection, run["workspace_id"], only_enabled=True)
            if trigger in alert["triggers"]
        ]
        if not wanted:
            return
        await self._parts.database.lock(connection, f"alerts {run['workspace_id']}")
        pipelines = await telemetry.list_pipeline_names(connection, run["id"])
        ran = {*pipelines, *_declared(run)}
        for alert in wanted:
            if not concerns(alert["jobs"], alert["pipelines"], run["job_ref"], ran):
                continue
            if not await alerts.has_delivery(connection, alert["id"], run["id"], trigger):
                wait = _next_try(run) + NEXT_TRY_GRACE if is_tried_again and not alert["each_try"] else timedelta()
                await self._add(connection, alert, run, trigger, {**_facts(run, pipelines), **extra}, wait)

    async def _add(
        self,
        connection: Any,
        alert: Row,
        run: Row,
        trigger: AlertTrigger,
        facts: Mapping[str, Any],
        wait: timedelta,
    ) -> None:
        now = self._parts.clock.now()
        recent = await alerts.count_since(connection, alert["id"], now - HOUR, tests=False)
        reason: str | None = None
        if recent >= MOST_PER_HOUR:
            reason = "too_many"
        elif await alerts.count_pending(connection, run["workspace_id"]) >= MOST_PENDING:
            reason = "too_many_waiting"
        held_back = await alerts.count_held_back(connection, alert["id"]) if reason is None else 0
        await alerts.add_delivery(
            connection,
            {
                "id": new_id(),
                "alert_id": alert["id"],
                "workspace_id": run["workspace_id"],
                "trigger": str(trigger),
                "run_id": run["id"],
                "facts": {**facts, "held_back": held_back},
                "state": str(DeliveryState.PENDING if reason is None else DeliveryState.HELD_BACK),
                "tries": 0,
                "next_try_at": now + wait if reason is None else None,
                "outcome": reason,
                "created_at": now,
                "ended_at": None if reason is None else now,
            },
        )


def _tries_left(run: Row) -> int:
    """How many tries may follow when this one fails, as its lease said."""
    left = cast("dict[str, Any]", run["lease"]).get("tries_left")
    return left if isinstance(left, int) else 0


def _next_try(run: Row) -> timedelta:
    """How long after its end the next try may begin, as its lease said."""
    seconds = cast("dict[str, Any]", run["lease"]).get("next_try_seconds")
    return timedelta(seconds=seconds if isinstance(seconds, int) else 0)


def _declared(run: Row) -> list[str]:
    """The pipeline that the job's definition says it delivers: one that failed before it ran is meant, too."""
    definition = cast("dict[str, Any]", run["lease"]).get("definition")
    deliver = cast("dict[str, Any]", definition).get("deliver") if isinstance(definition, dict) else None
    name = cast("dict[str, Any]", deliver).get("pipeline_name") if isinstance(deliver, dict) else None
    return [name] if isinstance(name, str) else []


def _facts(run: Row, pipelines: Iterable[str]) -> dict[str, Any]:
    """What is said of a run: what the control plane may know as well (Security: 2)."""
    nothing = Registered.empty()
    return {
        "job_ref": run["job_ref"],
        "run_number": run["number"],
        "profile": run["profile"],
        "status": run["outcome"],
        "started_at": run["started_at"].isoformat() if run["started_at"] else None,
        "ended_at": run["ended_at"].isoformat() if run["ended_at"] else None,
        "pipelines": [name_to_say(name, nothing) for name in sorted(pipelines)[:_MOST_PIPELINES]],
    }
