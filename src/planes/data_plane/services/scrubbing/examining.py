"""After a run's end: looks into its sealed log for registered values that were printed, and writes down where.

ended ──► examined        what a crash cuts short is done again at the next start
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.executor.layout import WorkspacePlace
from planes.data_plane.executor.local import log_folder
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.scrubbing.hits import Hits, stable_id
from planes.data_plane.services.scrubbing.log_marks import LINES_PER_NAME, Marks, find_marks
from planes.data_plane.services.secrets.secrets_used import SecretOrigin, SecretUse, parse_uses
from planes.storage.data import leaks, runs
from planes.storage.types import Row

_AT_ONCE = 50
_PAUSE_SECONDS = 2.0
_log = structlog.get_logger("planes.data_plane.examining")


class Examining:
    """`run` is one task of the plane."""

    def __init__(self, parts: Parts, hits: Hits) -> None:
        self._parts = parts
        self._hits = hits
        self._news = anyio.Event()

    def wake(self) -> None:
        """A run has ended."""
        self._news.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self._news = anyio.Event()
            try:
                if await self.examine_next():
                    continue
            except Exception as exc:  # noqa: BLE001 - the edge of the loop: a full disk must not end it
                _log.error("examining_failed", exc_info=exc)
                await anyio.sleep(_PAUSE_SECONDS)
                continue
            await self._news.wait()  # as long as it takes: nothing ends

    async def examine_next(self) -> int:
        """Looks at some ended runs; answers at how many."""
        async with self._parts.database.reading() as connection:
            rows = await leaks.list_unexamined(connection, _AT_ONCE)
        for row in rows:
            await self._examine(row)
        return len(rows)

    async def _examine(self, run: Row) -> None:
        uses = parse_uses(run["secrets_used"])
        counts: Mapping[str, int] | None = run["masked"]
        marks = Marks()
        if counts is None or counts.keys() & uses.keys():
            place = WorkspacePlace(
                plane=self._parts.folder, organization_id=run["organization_id"], workspace_id=run["workspace_id"]
            )
            marks = await to_thread.run_sync(find_marks, log_folder(place.run(run["id"]).root))
        known = dict(marks.counts) if counts is None else dict(counts)
        found = [_leak(run, name, uses[name], count, marks) for name, count in known.items() if name in uses]
        async with self._parts.database.transaction() as connection:
            await lock_findings(self._parts, connection, run["id"])
            now = await runs.find(connection, run["id"])
            if now is None or any(now[name] != run[name] for name in ("masked", "secrets_used")):
                return  # a rescrub has found more meanwhile: the run is looked at again
            await self._hits.note(connection, run, known, run["ended_at"])
            await leaks.save_of_run(connection, run["id"], found)
            await runs.change(connection, run["id"], {"examined_at": self._parts.clock.now()})
        if found:
            _log.warning("secrets_printed", run_id=run["id"], names=len(found))


async def lock_findings(parts: Parts, connection: Any, run_id: str) -> None:
    """Lets one transaction at a time decide on what was found in a run's log."""
    await parts.database.lock(connection, f"findings {run_id}")


def _leak(run: Row, name: str, use: SecretUse, count: int, marks: Marks) -> dict[str, Any]:
    lines = marks.lines.get(name, [])
    return {
        "id": stable_id(run["id"], f"leak {name}"),
        "workspace_id": run["workspace_id"],
        "run_id": run["id"],
        "job_ref": run["job_ref"],
        "profile": run["profile"],
        "name": name,
        "origin": str(use.origin),
        "scope": use.scope,
        "version": use.version,
        "configuration_id": use.configuration_id,
        "fingerprint": use.fingerprint,
        "count": count,
        "lines": lines,
        "more_lines": len(lines) >= LINES_PER_NAME and marks.counts[name] > len(lines),
        "set_at": use.set_at,
        "state": leaks.EXPIRED if use.origin is SecretOrigin.PLATFORM else leaks.OPEN,
        "at": run["ended_at"],
    }
