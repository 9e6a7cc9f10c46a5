"""Why runs of a list failed: the last line of their logs that names an error, from their region."""

from __future__ import annotations

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.models import Run
from dlthub_tui.screens.asking.run_reading import find_last_error
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel.places import WorkspaceRef


class FailureReasons:
    """Told once for each run. To read the end of a log is written down there, so it is asked for few."""

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        self._context, self._workspace = context, workspace
        self._found: dict[str, str | None] = {}

    def of(self, run: Run) -> str | None:
        """Its reason; empty where its log names none or nobody has asked, None where the region does not say."""
        return self._found.get(run.id, "")

    def is_new(self, run: Run) -> bool:
        """Whether there is something to ask."""
        return run.status == "failed" and run.started_at is not None and self._found.get(run.id) is None

    def forget(self) -> None:
        """Asks again."""
        self._found.clear()

    async def learn(self, run: Run) -> bool:
        """Ask for a run's reason; whether it was asked for."""
        if not self.is_new(run):
            return False
        try:
            region = await self._context.connected.region(self._workspace)
            self._found[run.id] = await find_last_error(self._context, region, self._workspace.id, run.id)
        except ClientError:
            self._found[run.id] = None  # the place says what is wrong
        return True
