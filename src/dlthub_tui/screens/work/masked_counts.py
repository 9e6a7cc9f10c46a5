"""How much was masked in the runs of a list: from their region, for the whole list at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.models import Run
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.work import runs as view

COUNTED_AFTER = timedelta(minutes=1)
ASKS_AGAIN_SECONDS = 5.0


class MaskedCounts:
    """Counts of runs that ended. Of a silent region they are asked for again after a while."""

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        self._context, self._workspace = context, workspace
        self._again = 0.0
        self.totals: Mapping[str, int] | None = {}
        """By run, as far as they were asked for; None is not known."""

    def forget(self) -> None:
        """Asks again, also before its time: logs are scrubbed again when a secret becomes known."""
        self.totals, self._again = {}, 0.0

    def is_final(self, run: Run) -> bool:
        """Whether its region has counted by now: it does a moment after a run's end."""
        return run.finished_at is not None and self._context.look.now() - run.finished_at > COUNTED_AFTER

    async def learn(self, runs: Sequence[Run]) -> bool:
        """Ask for what may have changed; whether there was anything to ask."""
        from dlthub_tui.client.leaks import get_masked_totals

        known = self.totals or {}
        ended = [run for run in runs if not view.is_active(run)]
        asked = [run.id for run in ended if run.id not in known or not self.is_final(run)]
        if not asked or time.monotonic() < self._again:
            return False
        try:
            region = await self._context.connected.region(self._workspace)
            found = await get_masked_totals(region, self._workspace.id, asked)
        except ClientError:
            # The place says what is wrong; another column need not.
            self._again = time.monotonic() + ASKS_AGAIN_SECONDS
            self.totals = None
        else:
            self.totals = {**known, **found}
        return True
