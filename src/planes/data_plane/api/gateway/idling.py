"""Ends apps that nobody uses, and closes the connections of those that ended."""

from __future__ import annotations

import anyio
import structlog

from planes.data_plane.api.gateway.proxying import AppTransports
from planes.data_plane.runner.stopping import IDLE
from planes.data_plane.services.runs.runs import Runs

_LOOKS = 20
_log = structlog.get_logger("planes.data_plane.gateway")


class Idling:
    """`run` is one task of the plane. An app may be idle for `idle_seconds` and a twentieth of it."""

    def __init__(self, runs: Runs, transports: AppTransports, idle_seconds: float) -> None:
        self._runs = runs
        self._transports = transports
        self._idle_seconds = idle_seconds

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await anyio.sleep(self._idle_seconds / _LOOKS)
            for app in self._runs.apps.list_idle(self._idle_seconds):
                _log.info("app_idle", run_id=app.run_id)
                await self._runs.stop(app.run_id, None, IDLE)
            await self._transports.keep_only(self._runs.apps.run_ids())
