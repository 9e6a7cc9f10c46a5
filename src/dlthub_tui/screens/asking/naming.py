"""What the command line does with a job that is named: `run load_orders`, `log load_orders`."""

from __future__ import annotations

from dlthub_tui.messages import Open
from dlthub_tui.screens.asking.starting import Stopper
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.context import ListPlace
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.places import JobPlace, RunPlace, WorkspacePlace, WorkspaceRef
from dlthub_tui.viewmodel.text import Role, guard


async def do_with_job(screen: ActingScreen[None], workspace: WorkspaceRef, command: str, job_id: str) -> None:
    """Does it, and says or opens what came of it."""
    from dlthub_tui.client.jobs import get_job

    plane = screen.context.connected.control
    job = await get_job(plane, workspace.id, job_id)
    name = words.short_ref(job.job_ref)
    match command:
        case "run":
            await Stopper(screen.context, workspace, screen).start([job])
        case "refresh":
            await Stopper(screen.context, workspace, screen).start([job], refresh=True)
        case "log" if job.latest_run is not None:
            run = job.latest_run
            screen.post_message(Open(RunPlace(workspace, run.id, job.job_ref, run.number, is_log_only=True)))
        case "log":
            screen.say(f"{guard(name)} has not run yet.", Role.WARN)
        case "runs":
            screen.context.list_places[f"{workspace.id}/runs"] = ListPlace(name, None, 0)
            screen.post_message(Open(WorkspacePlace(workspace, "runs")))
        case _:
            screen.post_message(Open(JobPlace(workspace, job.id, job.job_ref)))
