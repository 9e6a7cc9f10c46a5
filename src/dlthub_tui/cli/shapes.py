"""What the one-line commands print for programs: these keys, named as on the wire (docs/cli.md). They only grow."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dlthub_tui.viewmodel.work.runs import rows_of

if TYPE_CHECKING:
    from dlthub_tui.client.jobs import PassedOver
    from dlthub_tui.client.models import Job, LogLine, Run
    from dlthub_tui.session.names import NamedWorkspace, Spot


def workspace_shape(place: NamedWorkspace) -> dict[str, Any]:
    """A workspace."""
    workspace = place.workspace
    return {
        "id": workspace.id,
        "name": workspace.name,
        "organization": place.organization.name,
        "organization_id": workspace.organization_id,
        "dataplane_id": workspace.dataplane_id,
        "is_archived": workspace.archived_at is not None,
        "link": place.address,
    }


def job_shape(place: NamedWorkspace, job: Job) -> dict[str, Any]:
    """A job with its latest run."""
    from dlthub_tui.session.names import short_name

    latest = job.latest_run
    return {
        "id": job.id,
        "job_ref": job.job_ref,
        "job_type": job.job_type,
        "profile": job.profile,
        "triggers": list(job.triggers),
        "is_paused": job.is_paused,
        "is_archived": job.is_archived,
        "next_scheduled_run_at": moment(job.next_scheduled_run_at),
        "latest_run": None if latest is None else {"number": latest.number, "status": latest.status},
        "link": f"{place.address}/{short_name(job)}",
    }


def listed_job_shape(place: NamedWorkspace, job: Job, over: PassedOver | None) -> dict[str, Any]:
    """A job of a list, with the start that was passed over and not followed by another."""
    told = None if over is None else {"at": moment(over.at), "trigger": over.trigger, "status": over.status}
    return {**job_shape(place, job), "passed_over": told}


def run_shape(place: NamedWorkspace, run: Run) -> dict[str, Any]:
    """A run; `rows` are those its pipelines reported, null where none did."""
    return {
        "id": run.id,
        "number": run.number,
        "status": run.status,
        "job_ref": run.job_ref,
        "trigger": run.trigger,
        "profile": run.profile,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
        "duration_seconds": run.duration_seconds,
        "interval_start": moment(run.interval_start),
        "interval_end": moment(run.interval_end),
        "rows": rows_of(run),
        "link": f"{place.address}/{run.job_ref.removeprefix('jobs.')}/{run.number}",
    }


def line_shape(line: LogLine, content: str) -> dict[str, Any]:
    """A line of a log; `line_num` counts from 0."""
    return {
        "line_num": line.number,
        "content": content,
        "io_stream": line.stream,
        "source": line.source,
        "reported_at": moment(line.at),
    }


def spot_shape(spot: Spot, tab: str | None) -> dict[str, Any]:
    """What a link names; null for parts that it does not name. `line` counts from 1, as in the link."""
    # Of a job or a run there are no tabs: the app opens it, too.
    tab = tab if spot.job is None else None
    return {
        "link": spot.address if tab is None else f"{spot.address}:{tab}",
        "workspace": workspace_shape(spot.place),
        "job": None if spot.job is None else job_shape(spot.place, spot.job),
        "run": None if spot.run is None else run_shape(spot.place, spot.run),
        "line": None if spot.line is None else spot.line + 1,
        "tab": tab,
    }


def moment(at: datetime | None) -> str | None:
    """ISO 8601 with its offset, in UTC."""
    return None if at is None else at.isoformat()
