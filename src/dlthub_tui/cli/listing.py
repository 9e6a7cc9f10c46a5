"""One-line commands that list: runs, jobs, workspaces (docs/cli.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dlthub_tui.cli import exits
from dlthub_tui.cli.completing import STATES, complete_state
from dlthub_tui.cli.options import Home, JobName, Json, PlaceName, Repeated, Url, Whole
from dlthub_tui.cli.reaching import Followed, WrongUsage, worked
from dlthub_tui.settings import wants_colour

if TYPE_CHECKING:
    from dlthub_tui.client.models import Job, Run
    from dlthub_tui.session.connection import Connection

MOST_RUNS = 1000


def runs(
    place: JobName,
    /,
    *,
    status: Annotated[Repeated[str], Parameter(completer=complete_state)] = None,
    limit: Annotated[Whole, Parameter(name=("--limit", "-n"))] = 20,
    home: Home = None,
    url: Url = None,
    as_json: Json = False,
) -> int:
    """List runs of a workspace or of a job, the newest first.

    Parameters
    ----------
    place
        [ORGANIZATION/]WORKSPACE[/JOB].
    status
        Only runs in these states, such as failed or pending,running. May be repeated.
    limit
        How many at most, up to 1000.
    """

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.cli.shapes import run_shape
        from dlthub_tui.cli.tables import print_table
        from dlthub_tui.client.runs import list_runs
        from dlthub_tui.session.names import find_spot

        if not 1 <= limit <= MOST_RUNS:
            raise WrongUsage(f"--limit takes 1 to {MOST_RUNS}.")
        states = tuple(word.strip() for words in status or () for word in words.split(","))
        unknown = [word for word in states if word not in STATES]
        if unknown:
            raise WrongUsage(f"{unknown[0]} is no state; there are {', '.join(STATES)}.")
        spot = await find_spot(connection.control, place)
        job_id = spot.job.id if spot.job else None
        workspace = spot.place.workspace
        page = await list_runs(
            connection.control, workspace.id, job_id=job_id, statuses=states, limit=limit, has_dashboard=True
        )
        if as_json:
            print(json.dumps({"items": [run_shape(spot.place, one) for one in page.items], "total": page.total}))
            return exits.DONE
        rows = [run_row(one) for one in page.items]
        print_table(("JOB", "RUN", "STATE", "STARTED BY", "STARTED", "TOOK", "ROWS"), rows, colour=wants_colour())
        if page.total > len(page.items):
            exits.say_error(f"{len(page.items)} of {page.total}; --limit shows more.")
        return exits.DONE

    return worked(home, url, act)


def jobs(place: PlaceName, /, *, home: Home = None, url: Url = None, as_json: Json = False) -> int:
    """List the jobs of a workspace.

    Parameters
    ----------
    place
        [ORGANIZATION/]WORKSPACE.
    """

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.cli.shapes import listed_job_shape
        from dlthub_tui.cli.tables import local, print_table
        from dlthub_tui.client.jobs import list_jobs, list_passed_over
        from dlthub_tui.session.names import find_workspace, short_name
        from dlthub_tui.viewmodel.work.runs import passed_over_words

        found = await find_workspace(connection.control, place)
        listed = [one for one in await list_jobs(connection.control, found.workspace.id) if not one.is_archived]
        over = await list_passed_over(connection.control, found.workspace.id)
        if as_json:
            items = [listed_job_shape(found, one, over.get(one.id)) for one in listed]
            print(json.dumps({"items": items, "total": len(listed)}))
            return exits.DONE
        rows = [job_row(one) for one in listed]
        print_table(("JOB", "FIRES", "NEXT", "LAST RUN"), rows, colour=wants_colour())
        for one in filter(lambda one: one.id in over, listed):
            exits.say_error(f"{short_name(one)} did not start: {passed_over_words(over[one.id], local)}.")
        return exits.DONE

    return worked(home, url, act)


def workspaces(*, home: Home = None, url: Url = None, as_json: Json = False) -> int:
    """List the workspaces that you can see, with the region that each is locked to."""

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.cli.shapes import workspace_shape
        from dlthub_tui.cli.tables import print_table
        from dlthub_tui.session.names import list_places

        places = [one for one in await list_places(connection.control) if one.workspace.archived_at is None]
        if as_json:
            print(json.dumps({"items": [workspace_shape(one) for one in places], "total": len(places)}))
            return exits.DONE
        rows = [(one.name, one.workspace.dataplane_id, one.workspace.id) for one in places]
        print_table(("WORKSPACE", "REGION", "ID"), rows, colour=wants_colour())
        return exits.DONE

    return worked(home, url, act)


def job_row(job: Job) -> tuple[str, ...]:
    """The cells of one job. What is paused keeps its schedule, whose next moment starts nothing."""
    from dlthub_tui.cli.tables import local
    from dlthub_tui.session.names import short_name
    from dlthub_tui.viewmodel import words

    return (
        short_name(job),
        words.schedules(job.triggers, job.job_type, job.timezone),
        "paused" if job.is_paused else local(job.next_scheduled_run_at),
        job.latest_run.status if job.latest_run else "-",
    )


def run_row(run: Run) -> tuple[str, ...]:
    """The cells of one run. What waits, as another try does for its time, has not started."""
    from dlthub_tui.cli.tables import local
    from dlthub_tui.viewmodel import words
    from dlthub_tui.viewmodel.work.runs import rows_of, started_by

    rows = rows_of(run)
    return (
        words.short_ref(run.job_ref),
        str(run.number),
        run.status,
        started_by(run),
        local(run.started_at),
        "-" if run.duration_seconds is None else words.duration(run.duration_seconds),
        "-" if rows is None else words.count(rows),
    )
