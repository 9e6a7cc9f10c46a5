"""What a region removes by itself, and when: logs of old runs, environments, unpacked code, leftovers of killed work.

    look ──► decide ──► one transaction each: still not needed? written down, set aside ──► removed from the disk
                          a death here: the next pass finds what is marked or set aside, and goes on

A pass may run in the plane (`Housekeeping.run`) and in another process (`admin gc`), at once: what decides is the
region's database, in which a run is written down before it looks for an environment or for its code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import anyio
import structlog

from planes.data_plane.services.audit import Audit
from planes.data_plane.services.upkeep.old_code import OldCode
from planes.data_plane.services.upkeep.old_environments import OldEnvironments
from planes.data_plane.services.upkeep.old_logs import OldLogs
from planes.data_plane.services.upkeep.removals import KeptParts, Kind, Removal
from planes.data_plane.services.upkeep.stillness import may_remove
from planes.domain.retention import Retention

_PERIOD_SECONDS = 3600.0
_log = structlog.get_logger("planes.data_plane.housekeeping")


@dataclass(slots=True)
class Report:
    """What a pass removed, or would: count and bytes by kind. `failed` could not be removed.

    `is_held`: a backup reads the region's folder, so nothing was removed.
    """

    removed: dict[Kind, list[int]] = field(default_factory=dict[Kind, list[int]])
    failed: int = 0
    is_held: bool = False

    def add(self, removal: Removal) -> None:
        """Counts one."""
        counts = self.removed.setdefault(removal.kind, [0, 0])
        counts[0] += 1
        counts[1] += removal.size_bytes


class Housekeeping:
    """`run` is one task of the plane."""

    def __init__(self, parts: KeptParts, audit: Audit, retention: Retention) -> None:
        self._parts = parts
        self._logs = OldLogs(parts, audit, retention)
        self._environments = OldEnvironments(parts, audit, retention)
        self._code = OldCode(parts, audit, retention)
        self._cleaned_before: datetime | None = None

    async def run(self) -> None:
        """Until it is cancelled: at the start, and every hour."""
        while True:
            try:
                report = await self.tidy()
                if report.removed or report.failed:
                    _log.info("housekeeping_done", failed=report.failed, **_counted(report))
            except Exception as exc:  # noqa: BLE001 - the edge of the loop: a full disk must not end it
                _log.error("housekeeping_failed", exc_info=exc)
            await anyio.sleep(_PERIOD_SECONDS)

    async def plan(self) -> Report:
        """What a pass would remove now. Changes nothing."""
        report = Report()
        for part in (self._logs, self._environments, self._code):
            for removal in await part.find():
                report.add(removal)
        return report

    async def tidy(self) -> Report:
        """One pass. What cannot be removed is left for the next one; may run twice, and at once with another."""
        report = Report()
        with may_remove(self._parts.folder) as may:
            report.is_held = not may
            if may:
                await self._tidy(report)
        return report

    async def clean(self, before: datetime) -> bool:
        """Removes environments that nobody needs and that were last used before; once for each moment.

        Whether anything was looked at: not while a backup reads the region's folder, nor a second time.
        """
        if self._cleaned_before is not None and before <= self._cleaned_before:
            return False
        report = Report()
        with may_remove(self._parts.folder) as may:
            if may:
                self._cleaned_before = before
                await self._carry_out(await self._environments.find(before), report)
                _log.info("cleaning_done", failed=report.failed, **_counted(report))
        return may

    async def _tidy(self, report: Report) -> None:
        for part in (self._logs, self._environments, self._code):
            await self._carry_out(await part.find(), report)

    async def _carry_out(self, removals: list[Removal], report: Report) -> None:
        for removal in removals:
            try:
                if await removal.carry_out():
                    report.add(removal)
            except OSError as exc:
                report.failed += 1
                _log.error("not_removed", kind=str(removal.kind), name=removal.name, reason=exc.strerror)


def _counted(report: Report) -> dict[str, int]:
    return {str(kind): count for kind, (count, _) in report.removed.items()}
