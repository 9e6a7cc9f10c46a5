"""Says queued reports to the control plane, in order, until it has heard them.

Reports are rows, so neither a restart nor a control plane that is away loses one. A report that is refused for what it
says is not repeated: a stale fence means that the run is no longer this plane's. Who is not recognised, as while clocks
differ, or does not find the route, was not heard, and says it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import structlog

from planes.data_plane.services.parts import Parts
from planes.domain.errors import Conflict, InvalidRequest, PlaneError, Unavailable
from planes.storage.data import runs
from planes.storage.types import Row
from planes.wire.link import PipelineRunReport, StatusReport

STATUS = "status"
PIPELINE_RUN = "pipeline_run"

# These say that the run is not this plane's any more, or has ended without it.
_TAKEN_AWAY = frozenset({"stale_fence", "run_ended", "run_not_found"})
# A call that came to pieces on its way.
_GARBLED = "bad_request"
_BATCH = 100
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 10.0
_SOON_SECONDS = 0.25
_log = structlog.get_logger("planes.data_plane.outbox")


class Outbox:
    """`on_stale` is called with the run id when the control plane no longer takes this plane's word for a run."""

    def __init__(self, parts: Parts, on_stale: Callable[[str], Awaitable[None]]) -> None:
        self._parts = parts
        self._on_stale = on_stale
        self._news = anyio.Event()
        self._stirred = anyio.Event()
        self._said = anyio.Event()
        self._may_say = anyio.Event()
        self._may_say.set()

    def hold(self) -> None:
        """Says nothing until `go_on`. May run twice."""
        if self._may_say.is_set():
            self._may_say = anyio.Event()

    def go_on(self) -> None:
        """What was held is said. May run twice."""
        self._may_say.set()

    async def queue(
        self, connection: Any, run_id: str, report: StatusReport | PipelineRunReport, target_id: str | None = None
    ) -> None:
        """Adds a report to the caller's transaction; call `wake` after it."""
        kind = STATUS if isinstance(report, StatusReport) else PIPELINE_RUN
        await runs.queue_report(connection, run_id, kind, report.model_dump(mode="json"), target_id)

    def wake(self) -> None:
        """Something was queued."""
        self._news.set()
        self._stirred.set()

    def wake_soon(self) -> None:
        """Something was queued that may wait a moment for what follows it: that a run starts is of no use to anybody
        while it does, and to say so would take the time that the start needs.
        """
        self._stirred.set()

    async def unsaid_runs(self) -> dict[str, int]:
        """Runs (id → fence) of which something is still to be said: their leases are kept until then."""
        async with self._parts.database.reading() as connection:
            reports = await runs.list_reports(connection, 10_000)
        return {report["run_id"]: report["body"]["fence"] for report in reports}

    async def wait_said(self, run_id: str) -> None:
        """Returns when nothing that was queued of this run is left to say. Waits without end until then."""
        while True:
            said = self._said
            if run_id not in await self.unsaid_runs():
                return
            await said.wait()

    async def run(self) -> None:
        """Delivers for ever. Waits for news without end, and for a control plane that is away with growing pauses."""
        wait = _FIRST_WAIT_SECONDS
        while True:
            await self._may_say.wait()
            self._news, self._stirred = anyio.Event(), anyio.Event()
            try:
                async with self._parts.database.reading() as connection:
                    waiting = await runs.list_reports(connection, _BATCH)
                is_said = await self._deliver(waiting)
            except Exception as exc:  # noqa: BLE001 - the edge of the loop: a full disk must not end it
                _log.error("outbox_stumbled", exc_info=exc)
                waiting, is_said = [], False
            if not is_said:
                await anyio.sleep(wait)  # nothing tells when the control plane is back, or there is room
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
                continue
            wait = _FIRST_WAIT_SECONDS
            if not waiting:
                await self._stirred.wait()
                with anyio.move_on_after(_SOON_SECONDS):
                    await self._news.wait()

    async def _deliver(self, waiting: list[Row]) -> bool:
        """False when the control plane does not answer, or answers something else than what was said."""
        dropped: set[str] = set()
        for report in waiting:
            if report["run_id"] in dropped:
                continue
            if not self._may_say.is_set():
                return True
            try:
                await self._say(report)
            except PlaneError as exc:
                if exc.code in _TAKEN_AWAY:
                    _log.warning("run_taken_away", run_id=report["run_id"], code=exc.code)
                    dropped.add(report["run_id"])
                    await self._drop(report["run_id"])
                    continue
                if not _is_judged(exc):
                    if not isinstance(exc, Unavailable):
                        _log.warning("report_not_heard", run_id=report["run_id"], code=exc.code)
                    return False
                _log.error("report_refused", run_id=report["run_id"], kind=report["kind"], code=exc.code)
            async with self._parts.database.transaction() as connection:
                await runs.remove_report(connection, report["id"])
            self._tell_said()
        return True

    async def _say(self, report: Row) -> None:
        if report["kind"] == STATUS:
            body = StatusReport.model_validate(report["body"])
            await self._parts.link.report_status(report["run_id"], body)
        else:
            body = PipelineRunReport.model_validate(report["body"])
            await self._parts.link.report_pipeline_run(report["run_id"], report["target_id"], body)

    async def _drop(self, run_id: str) -> None:
        async with self._parts.database.transaction() as connection:
            await runs.remove_reports_of(connection, run_id)
        self._tell_said()
        await self._on_stale(run_id)

    def _tell_said(self) -> None:
        said, self._said = self._said, anyio.Event()
        said.set()


def _is_judged(error: PlaneError) -> bool:
    """Whether the control plane has read the report, and would say the same of it again."""
    return isinstance(error, Conflict | InvalidRequest) and error.code != _GARBLED
