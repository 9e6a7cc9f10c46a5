"""Calls that wait get their run: the control plane is asked for one, by ids only, until it says yes or never.

The calls of one webhook start in the order in which they came. Asked twice about one call, the control plane answers
the same run, so a lost answer doubles nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import anyio
import structlog

from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.reports import build_webhook_run
from planes.data_plane.services.webhooks import Webhooks
from planes.domain.errors import PlaneError, Unavailable
from planes.storage.data import webhooks as stored
from planes.storage.types import Row

_LONGEST_WAIT_SECONDS = 5.0
_SHORTEST_WAIT_SECONDS = 0.25
_WAITS_AT_MOST = timedelta(hours=24)
_PAUSE_SECONDS = 5.0
_log = structlog.get_logger("planes.data_plane.webhooks")


class WebhookCalls:
    """`run` is one task of the plane."""

    def __init__(self, parts: Parts, webhooks: Webhooks) -> None:
        self._parts = parts
        self._webhooks = webhooks

    async def run(self) -> None:
        """Until it is cancelled. Sleeps without end while nothing waits."""
        while True:
            self._webhooks.news = anyio.Event()
            try:
                seconds = await self._start_due()
            except Exception as exc:  # noqa: BLE001 - the edge of the loop: a full disk must not end it
                _log.error("webhooks_stumbled", exc_info=exc)
                seconds = _PAUSE_SECONDS
            with anyio.move_on_after(seconds):
                await self._webhooks.news.wait()

    async def _start_due(self) -> float:
        """Asks for what is due; answers the seconds until more is."""
        while True:
            async with self._parts.database.reading() as connection:
                waiting = await stored.first_waiting(connection)
            now = self._parts.clock.now()
            due = [call for call in waiting if call["next_try_at"] is None or call["next_try_at"] <= now]
            if not due:
                moments = [call["next_try_at"] for call in waiting]
                return max(_SHORTEST_WAIT_SECONDS, (min(moments) - now).total_seconds()) if moments else float("inf")
            for call in due:
                await self._ask(call)

    async def _ask(self, call: Row) -> None:
        asked = build_webhook_run(call)
        now = self._parts.clock.now()
        if now - call["received_at"] > _WAITS_AT_MOST:
            await self._write(call, state=stored.REFUSED, outcome="waited_too_long", sealed=None, ended_at=now)
            return
        try:
            answer = await self._parts.link.start_webhook_run(asked)
        except Unavailable:
            await self._later(call, "control_plane_unreachable")
            return
        except PlaneError as exc:
            await self._write(call, state=stored.REFUSED, outcome=exc.code[:64], sealed=None, ended_at=now)
            return
        if answer.run_id is not None:
            values = {"state": stored.STARTED, "run_id": answer.run_id, "outcome": None, "ended_at": now}
            await self._write(call, **values)
        elif answer.is_final:
            await self._write(call, state=stored.REFUSED, outcome=answer.status, sealed=None, ended_at=now)
        else:
            await self._later(call, answer.status)

    async def _later(self, call: Row, outcome: str) -> None:
        wait = min(_LONGEST_WAIT_SECONDS, _SHORTEST_WAIT_SECONDS * 2 ** min(call["tries"], 10))
        again = self._parts.clock.now() + timedelta(seconds=wait)
        await self._write(call, outcome=outcome, tries=call["tries"] + 1, next_try_at=again)

    async def _write(self, call: Row, **values: Any) -> None:
        async with self._parts.database.transaction() as connection:
            await stored.change_call(connection, call["id"], values)
