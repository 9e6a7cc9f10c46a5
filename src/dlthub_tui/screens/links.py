"""From a deep link to a place: `org/workspace[/job[/run[#line]]]`."""

from __future__ import annotations

from dlthub_tui.client.models import Job
from dlthub_tui.screens.context import Context
from dlthub_tui.viewmodel.places import JobPlace, Place, RunPlace, WorkspacePlace, WorkspaceRef


async def find_place(context: Context, text: str) -> Place | None:
    """The place a link names, if everything on the way is there."""
    from dlthub_tui.client.jobs import list_jobs
    from dlthub_tui.client.runs import find_run

    path, _, line_text = text.strip().partition("#")
    path, _, tab = path.partition(":")
    parts = [part for part in path.split("/") if part]
    if len(parts) < 2:
        return None
    workspace = await find_workspace(context, parts[0], parts[1])
    if workspace is None:
        return None
    if len(parts) == 2:
        return WorkspacePlace(workspace, tab or "jobs")
    jobs = await list_jobs(context.connected.control, workspace.id)
    job = _job(jobs, parts[2])
    if job is None:
        return None
    if len(parts) == 3 or not parts[3].isdigit():
        return JobPlace(workspace, job.id, job.job_ref)
    run = await find_run(context.connected.control, workspace.id, job.id, int(parts[3]))
    if run is None:
        return None
    line = int(line_text) - 1 if line_text.isdigit() else None
    return RunPlace(workspace, run.id, job.job_ref, run.number, line)


def _job(jobs: tuple[Job, ...], name: str) -> Job | None:
    return next((job for job in jobs if job.job_ref.removeprefix("jobs.") == name.removeprefix("jobs.")), None)


async def find_workspace(context: Context, organization: str, name: str) -> WorkspaceRef | None:
    """The workspace with this name in the organization with that name."""
    from dlthub_tui.client.organizations import get_membership, list_organizations, list_workspaces

    plane = context.connected.control
    for found in await list_organizations(plane):
        if organization not in {found.name, found.id}:
            continue
        membership = await get_membership(plane, found.id)
        for workspace in await list_workspaces(plane, found.id):
            if name in {workspace.name, workspace.id}:
                return WorkspaceRef(
                    id=workspace.id, name=workspace.name, organization_id=found.id, organization_name=found.name,
                    dataplane_id=workspace.dataplane_id, dataplane_url=workspace.dataplane_url, role=membership.role,
                )  # fmt: skip
    return None
