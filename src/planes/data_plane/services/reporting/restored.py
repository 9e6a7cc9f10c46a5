"""What a region that comes from a backup says and forgets, since its control plane is a little older than it is.

The control plane is backed up first. So a region may know ends of runs that the control plane has not heard of, and
revocations by numbers that the control plane gives out again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from planes.data_plane.services.reporting.reports import build_status
from planes.storage.data import restored as stored
from planes.storage.data import runs
from planes.storage.database import Database
from planes.storage.types import Row
from planes.wire.link import ReportedStatus

_STATUS = "status"
# Longer than it takes to back up all planes of a home.
_SAID_AGAIN = timedelta(days=2)


async def make_ready(database: Database, backed_up_at: datetime) -> int:
    """Queues what became of the last runs, and forgets what is revoked until the control plane says it anew.

    Answers how many runs are said again. May run twice: what the control plane knows changes nothing there.
    """
    async with database.transaction() as connection:
        await stored.forget_revocations(connection)
        ended = await stored.ended_since(connection, backed_up_at - _SAID_AGAIN)
        for row in ended:
            await runs.remove_reports_of(connection, row["id"])
            await _queue(connection, row)
    return len(ended)


async def say_again(database: Database, run_id: str, fence: int) -> bool:
    """Says once more what became of a run that the control plane leases again under the same fence: it ended here."""
    async with database.transaction() as connection:
        row = await runs.find(connection, run_id)
        if row is None or row["state"] != runs.DONE or row["fence"] != fence or row["stop_reason"] == "stale":
            return False
        await runs.remove_reports_of(connection, run_id)
        await _queue(connection, row)
    return True


async def _queue(connection: Any, row: Row) -> None:
    said = [(ReportedStatus.STARTING, row["leased_at"])]
    if row["started_at"] is not None:
        said.append((ReportedStatus.RUNNING, row["started_at"]))
    said.append((ReportedStatus(row["outcome"]), row["ended_at"]))
    for status, at in said:
        report = build_status(row["fence"], status, at)
        await runs.queue_report(connection, row["id"], _STATUS, report.model_dump(mode="json"))
