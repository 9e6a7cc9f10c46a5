"""From a list to the first masked line of a run's log."""

from __future__ import annotations

from contextlib import aclosing

from dlthub_tui.client.models import LogLine, Run
from dlthub_tui.messages import Open
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.places import RunPlace, WorkspaceRef
from dlthub_tui.viewmodel.work.runs import name_of

MARK = "[masked"


async def open_masked(screen: PlaceScreen, workspace: WorkspaceRef, run: Run, name: str = "") -> None:
    """Opens the log at the first line with a mask (of a name), as the region finds it, or says that there is none."""
    from dlthub_tui.client.logs import Wanted, search_lines

    region = await screen.context.connected.region(workspace)
    found = search_lines(region, (workspace.id, run.id), Wanted(text=f"{MARK}:{name}" if name else MARK), limit=1)
    async with aclosing(found) as answers:
        async for answer in answers:
            if isinstance(answer, LogLine):
                place = RunPlace(workspace, run.id, run.job_ref, run.number, answer.number, is_log_only=True)
                screen.post_message(Open(place))
                return
    screen.say(f"Nothing is masked in the log of {name_of(run)}.")
