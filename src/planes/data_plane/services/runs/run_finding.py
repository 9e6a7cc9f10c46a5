"""Where a run of a workspace is, for readers: its row, the folder of its log, what wakes followers."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import anyio

from planes.data_plane.executor.layout import WorkspacePlace
from planes.data_plane.logs import WakeSource
from planes.data_plane.services.held_runs import HeldRuns
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.runs.run_wakes import RunWakes
from planes.domain.errors import Gone, PlaneError
from planes.storage.data import runs
from planes.storage.errors import StorageError
from planes.storage.types import Row

# The lease of a run that starts is nearly always here by then, and a client that only replays a log has not given up.
_ASKS_AFTER_SECONDS = 0.1
# Whoever asks for logs of runs that there are not must not be in the way of what the planes tell each other.
_QUESTIONS_AT_ONCE = 4
# Who starts a run opens its log at once. There is nothing to read in it before a runner has the run, and to write down
# who reads takes the disk and the processor from the very start.
_STARTS_FIRST_SECONDS = 0.1


class AwaitedLog(NamedTuple):
    """The folder of a run. Without one the run may `have_ended` before it came here: then it never has a log."""

    folder: Path | None
    has_ended: bool = False


class RunFinder:
    """Looks among the runs that are held, then among all that ever came here."""

    def __init__(self, parts: Parts, held: HeldRuns) -> None:
        self._parts = parts
        self._held = held
        self._questions = anyio.CapacityLimiter(_QUESTIONS_AT_ONCE)

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

    async def await_log(self, workspace_id: str, run_id: str, seconds: float) -> AwaitedLog:
        """The same, waiting up to `seconds` for the lease to arrive (Borders: 1), or to hear that none will.

        A lease that is there by then but not yet written down is waited for, however long a busy disk takes. Whatever
        is no run of this workspace takes the whole time.

        Raises: Gone.
        """
        found: Path | None = None
        failure: PlaneError | StorageError | None = None
        has_ended = False

        async def ask(scope: anyio.CancelScope) -> None:
            nonlocal has_ended
            has_ended = await self._has_ended(workspace_id, run_id)
            if has_ended:
                scope.cancel()

        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as group:
                group.start_soon(ask, group.cancel_scope)
                try:
                    found = await self._arrival(workspace_id, run_id)
                except (PlaneError, StorageError) as exc:
                    failure = exc  # out of the group it would come as one of many
                group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if found is None:
            await self._held.settle(workspace_id, run_id)  # the transaction has its own deadline
            found = await self.find_log(workspace_id, run_id)
        if found is not None:
            await self._held.wait_prepared(run_id, _STARTS_FIRST_SECONDS)
        return AwaitedLog(found, has_ended)

    async def _arrival(self, workspace_id: str, run_id: str) -> Path:
        while True:
            arrival = self._held.next_arrival
            found = await self.find_log(workspace_id, run_id)
            if found is not None:
                return found
            await arrival.wait()

    async def _has_ended(self, workspace_id: str, run_id: str) -> bool:
        """What the control plane says, and False where it says nothing."""
        await anyio.sleep(_ASKS_AFTER_SECONDS)
        try:
            async with self._questions:
                return await self._parts.link.has_ended(workspace_id, run_id)
        except PlaneError:
            return False

    def wakes(self, run_id: str, folder: Path) -> AbstractAsyncContextManager[WakeSource]:
        """What wakes followers of the run's log."""
        held = self._held.find(run_id)
        return RunWakes(folder, held.taken if held is not None else None)


def _log_removed_words(run: Row) -> str:
    """What a reader is told of a log that housekeeping has removed."""
    at: datetime = run["log_removed_at"]
    return f"The log was removed on {at.day} {at:%b %Y} ({run['log_removed_why']})."
