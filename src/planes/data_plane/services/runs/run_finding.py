"""Where a run of a workspace is, for readers: its row, the folder of its log, what wakes followers."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path

import anyio

from planes.data_plane.executor.layout import WorkspacePlace
from planes.data_plane.logs import WakeSource
from planes.data_plane.services.held_runs import HeldRuns
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.runs.run_wakes import RunWakes
from planes.domain.errors import Gone
from planes.storage.data import runs
from planes.storage.types import Row


class RunFinder:
    """Looks among the runs that are held, then among all that ever came here."""

    def __init__(self, parts: Parts, held: HeldRuns) -> None:
        self._parts = parts
        self._held = held

    async def find_run(self, workspace_id: str, run_id: str) -> Row | None:
        """A run of this workspace, as far as it has come here; None for every other id."""
        async with self._parts.database.reading() as connection:
            return await runs.find_in_workspace(connection, workspace_id, run_id)

    async def find_log(self, workspace_id: str, run_id: str) -> Path | None:
        """The folder of a run of this workspace; None for every other id.

        Raises: Gone when housekeeping has removed the log.
        """
        held = self._held.find(run_id)
        if held is not None and held.folder is not None and held.workspace_id == workspace_id:
            return held.folder  # whoever starts a run opens its log at once, and must not be in the start's way
        row = await self.find_run(workspace_id, run_id)
        if row is None:
            return None
        if row["log_removed_at"] is not None:
            raise Gone("log_removed", _log_removed_words(row))
        place = WorkspacePlace(
            plane=self._parts.folder, organization_id=row["organization_id"], workspace_id=workspace_id
        )
        return place.run(run_id).root

    async def await_log(self, workspace_id: str, run_id: str, seconds: float) -> Path | None:
        """The same, waiting up to `seconds` for the lease to arrive (Borders: 1).

        A lease that is there by then but not yet written down is waited for, however long a busy disk takes.

        Raises: Gone.
        """
        with anyio.move_on_after(seconds):
            while True:
                arrival = self._held.next_arrival
                found = await self.find_log(workspace_id, run_id)
                if found is not None:
                    return found
                await arrival.wait()
        await self._held.settle(workspace_id, run_id)  # the transaction has its own deadline
        return await self.find_log(workspace_id, run_id)

    def wakes(self, run_id: str, folder: Path) -> AbstractAsyncContextManager[WakeSource]:
        """What wakes followers of the run's log."""
        held = self._held.find(run_id)
        return RunWakes(folder, held.taken if held is not None else None)


def _log_removed_words(run: Row) -> str:
    """What a reader is told of a log that housekeeping has removed."""
    at: datetime = run["log_removed_at"]
    return f"The log was removed on {at.day} {at:%b %Y} ({run['log_removed_why']})."
