"""Runs of a workspace."""

from __future__ import annotations

from datetime import UTC, datetime

from dlthub_tui.client.errors import NotFound
from dlthub_tui.client.models import Run, parse_run
from dlthub_tui.client.paging import Page, get_page
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Query, Transport


async def list_runs(
    plane: Transport, workspace_id: str, *, job_id: str | None = None, statuses: tuple[str, ...] = (),
    since: datetime | None = None, limit: int = 200, has_dashboard: bool = False,
) -> Page[Run]:  # fmt: skip
    """The newest runs first; `since`: those that were asked for from then on. Contract: 1.5 (41).

    Runs of the workspace's dashboard are left out unless its job is asked for, or `has_dashboard`.
    """
    start = since.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") if since else None
    query: Query = {
        "timezone": "UTC", "include_system_job_runs": has_dashboard, "job_id": job_id, "status": list(statuses) or None,
        "start": start,
    }  # fmt: skip
    return await get_page(plane, f"/api/v1/workspaces/{workspace_id}/job-runs", parse_run, query, limit=limit)


async def find_rows_loaded(plane: Transport, workspace_id: str, since: datetime) -> int | None:
    """What the runs from then on loaded together (own route); None: this control plane's version does not sum it."""
    query: Query = {"since": since.astimezone(UTC).isoformat(timespec="seconds")}
    try:
        answer = await plane.get(f"/own/v1/workspaces/{workspace_id}/rows-loaded", query)
    except NotFound:
        return None
    return Fields(answer, "rows").number("rows")


async def find_run(plane: Transport, workspace_id: str, job_id: str, number: int) -> Run | None:
    """The run of a job with this number."""
    query: Query = {"timezone": "UTC", "include_system_job_runs": True, "job_id": job_id, "number": number}
    page = await get_page(plane, f"/api/v1/workspaces/{workspace_id}/job-runs", parse_run, query, limit=1)
    return page.items[0] if page.items else None


async def get_run(plane: Transport, workspace_id: str, run_id: str) -> Run:
    """Contract: 1.5 (43)."""
    return parse_run(await plane.get(f"/api/v1/workspaces/{workspace_id}/job-runs/{run_id}"))


async def find_claimed_at(plane: Transport, workspace_id: str, run_id: str) -> datetime | None:
    """When its region took it; None while it waits (own route)."""
    answer = await plane.get(f"/own/v1/workspaces/{workspace_id}/job-runs/{run_id}")
    return Fields(answer, "run").maybe_moment("claimed_at")


async def cancel_run(plane: Transport, workspace_id: str, run_id: str) -> Run:
    """Asks a run to stop. Contract: 1.5 (44). Raises: Conflict when it had ended."""
    return parse_run(await plane.post(f"/api/v1/workspaces/{workspace_id}/job-runs/{run_id}/-cancel"))
