"""From a deep link to a place: `org/workspace[/job[/run[#line]]]`, or a tab, `org/workspace:runs`."""

from __future__ import annotations

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel.frame import without_tab
from dlthub_tui.viewmodel.places import JobPlace, Place, RunPlace, WorkspacePlace, WorkspaceRef

_MOST_NAMED = 3


class NotOnePlace(Exception):
    """A link names nothing, or several things; says which come near."""


async def find_place(context: Context, text: str) -> Place:
    """The place a link names, if everything on the way is there. Raises: NotOnePlace."""
    from dlthub_tui.client.organizations import get_membership
    from dlthub_tui.session.names import AmbiguousName, NoSuchName, find_spot

    plane = context.connected.control
    path, tab = without_tab(text)
    try:
        spot = await find_spot(plane, path)
    except NoSuchName as exc:
        near = f"Nearest: {', '.join(exc.near)}." if exc.near else "Links look like org/workspace/job/run#line."
        raise NotOnePlace(f'Nothing is at "{text}". {near}') from exc
    except AmbiguousName as exc:
        named, more = exc.candidates[:_MOST_NAMED], len(exc.candidates) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        raise NotOnePlace(f'"{text}" names {len(exc.candidates)} things: {", ".join(named)}{rest}.') from exc
    membership = await get_membership(plane, spot.place.organization.id)
    workspace = WorkspaceRef.of(spot.place.workspace, membership, spot.place.address)
    if spot.job is None:
        return WorkspacePlace(workspace, tab or "jobs")
    if spot.run is None:
        return JobPlace(workspace, spot.job.id, spot.job.job_ref)
    return RunPlace(workspace, spot.run.id, spot.job.job_ref, spot.run.number, spot.line)


async def find_workspace(context: Context, workspace_id: str) -> WorkspaceRef:
    """A workspace by its id. Raises: NotFound for who is no member."""
    from dlthub_tui.client.organizations import get_membership, get_workspace

    plane = context.connected.control
    found = await get_workspace(plane, workspace_id)
    return context.reference(found, await get_membership(plane, found.organization_id))
