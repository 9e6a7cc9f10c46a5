"""One-line commands about one run: start it, print its log, stop it, open the app there (docs/cli.md)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dlthub_tui.cli import exits
from dlthub_tui.cli.options import (
    Ascii,
    Calm,
    Follow,
    Home,
    JobName,
    Json,
    JsonOf,
    ReadOnly,
    RunName,
    Slow,
    Switch,
    Url,
    Whole,
)
from dlthub_tui.cli.reaching import Followed, WrongUsage, worked
from dlthub_tui.settings import find_url, wants_colour
from dlthub_tui.viewmodel.look import TERMINAL_STATES

if TYPE_CHECKING:
    from dlthub_tui.cli.log_output import LogOutput
    from dlthub_tui.cli.opening import OpenRequest
    from dlthub_tui.client.models import Run
    from dlthub_tui.session.connection import Connection
    from dlthub_tui.session.names import Spot


def run(
    job: JobName,
    /,
    *,
    follow: Follow = False,
    profile: str | None = None,
    refresh: Switch = False,
    home: Home = None,
    url: Url = None,
    as_json: JsonOf = False,
) -> int:
    """Start a job. With -f, print its log and exit as the run ends: 0 completed, 1 not.

    Ctrl+C stops the printing, never the run.

    Parameters
    ----------
    job
        [ORGANIZATION/]WORKSPACE/JOB. The job's last word is enough where only one job has it.
    profile
        Run with this profile; default: the one of the workspace's jobs.
    refresh
        Load everything again.
    as_json
        One JSON object on one line; with -f one for each event.
    """

    async def act(connection: Connection, followed: Followed) -> int:
        from dlthub_tui.cli.shapes import run_shape
        from dlthub_tui.client.jobs import trigger
        from dlthub_tui.session.names import find_spot
        from dlthub_tui.viewmodel.work.runs import declined

        spot = await find_spot(connection.control, job)
        if spot.job is None or spot.run is not None:
            raise WrongUsage(f"{job} is no job. A job is WORKSPACE/JOB; dlthub-tui jobs WORKSPACE lists them.")
        plane, workspace = connection.control, spot.place.workspace
        (receipt,) = await trigger(plane, workspace.id, [spot.job.id], profile=profile, refresh=refresh)
        if receipt.run is None:
            exits.say_error(declined(receipt.job_ref, receipt.status, receipt.reasons))
            return exits.FAILED
        # The answer's run does not carry its job.
        started = _with_run(spot, replace(receipt.run, job_ref=receipt.job_ref))
        assert started.run is not None
        if as_json:
            event = {"event": "started"} if follow else {}
            print(json.dumps({**event, **run_shape(spot.place, started.run)}), flush=True)
        else:
            exits.say_error(f"Started {started.address}, profile {started.run.profile}.")
        if not follow:
            return exits.DONE
        return await _follow(connection, started, _output(as_json=as_json, events=True), followed)

    return worked(home, url, act)


def logs(
    run: RunName,
    /,
    *,
    follow: Follow = False,
    since: str | None = None,
    tail: Annotated[Whole | None, Parameter(name=("--tail", "-n"))] = None,
    timestamps: Annotated[bool, Parameter(name=("--timestamps", "-t"), negative="", show_default=False)] = False,
    home: Home = None,
    url: Url = None,
    as_json: JsonOf = False,
) -> int:
    """Print the log of a run, scrubbed. With -f, go on until it is over and exit as it ends.

    Parameters
    ----------
    run
        [ORGANIZATION/]WORKSPACE/JOB[/NUMBER][#LINE]; without a number the job's last run.
    since
        Begin at a moment: 10m, 1h30m, or 2026-11-25T14:00.
    tail
        Only the last lines, this many.
    timestamps
        Print when each line was read, in your time zone.
    as_json
        One JSON object for each line.
    """

    async def act(connection: Connection, followed: Followed) -> int:
        from dlthub_tui.cli.log_output import NoMoment, first_line, parse_since, print_stored
        from dlthub_tui.session.names import find_spot
        from dlthub_tui.viewmodel import words

        if tail is not None and tail < 0:
            raise WrongUsage("--tail takes 0 or more.")
        try:
            moment = parse_since(since, datetime.now(UTC)) if since is not None else None
        except NoMoment as exc:
            raise WrongUsage(str(exc)) from exc
        spot = await _last_run(await find_spot(connection.control, run), run)
        assert spot.run is not None
        workspace = spot.place.workspace
        output = _output(as_json=as_json, times=timestamps)
        output.next_line = await first_line(connection, workspace, spot.run, since=moment, tail=tail)
        output.next_line = max(output.next_line, spot.line or 0)
        if follow:
            return await _follow(connection, spot, output, followed)
        begun_at = output.next_line
        end = await print_stored(connection, workspace, spot.run, output)
        if spot.line is not None and output.next_line == begun_at >= end:
            run_address = replace(spot, line=None).address
            raise WrongUsage(f"{run_address} has {words.plural(end, 'line')} and no line {spot.line + 1}.")
        return exits.DONE

    return worked(home, url, act)


def stop(run: RunName, /, *, home: Home = None, url: Url = None, as_json: Json = False) -> int:
    """Ask a run to stop. It gets time to end by itself.

    Parameters
    ----------
    run
        [ORGANIZATION/]WORKSPACE/JOB[/NUMBER]; without a number the job's last run.
    """

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.cli.shapes import run_shape
        from dlthub_tui.client.errors import Conflict
        from dlthub_tui.client.runs import cancel_run
        from dlthub_tui.session.names import find_spot

        spot = replace(await _last_run(await find_spot(connection.control, run), run), line=None)
        assert spot.run is not None
        try:
            stopped = await cancel_run(connection.control, spot.place.workspace.id, spot.run.id)
        except Conflict:
            exits.say_error(f"{spot.address} had ended before. Nothing was stopped.")
            return exits.FAILED
        sentence = f"Stopping {spot.address}."
        exits.say_result(run_shape(spot.place, stopped), as_json=as_json, sentence=sentence)
        return exits.DONE

    return worked(home, url, act)


def open_link(
    link: RunName,
    /,
    *,
    home: Home = None,
    url: Url = None,
    as_json: JsonOf = False,
    read_only: ReadOnly = False,
    ascii_only: Ascii = False,
    slow: Slow = False,
    calm: Calm = False,
) -> int:
    """Open the terminal app at a link, as `y` copies it there.

    Parameters
    ----------
    link
        [ORGANIZATION/]WORKSPACE[/JOB[/NUMBER[#LINE]]], or a tab of a workspace: WORKSPACE:runs.
    as_json
        Open nothing; print what the link names, as one JSON object on one line.
    """
    if not as_json:
        from dlthub_tui.cli.opening import OpenRequest

        return _opened_at(
            OpenRequest(home, find_url(url), read_only, ascii=ascii_only, slow=slow, calm=calm, link=link)
        )

    async def act(connection: Connection, _: Followed) -> int:
        from dlthub_tui.cli.shapes import spot_shape
        from dlthub_tui.session.names import find_spot
        from dlthub_tui.viewmodel.frame import without_tab

        path, tab = without_tab(link)
        print(json.dumps(spot_shape(await find_spot(connection.control, path), tab)))
        return exits.DONE

    return worked(home, url, act)


def _opened_at(request: OpenRequest) -> int:
    from dlthub_tui.cli.opening import has_terminal, open_on_terminal

    if not has_terminal():
        exits.say_error("open needs a terminal. --json prints what a link names.")
        return exits.WRONG_USAGE
    return open_on_terminal(request)


async def _follow(connection: Connection, spot: Spot, output: LogOutput, followed: Followed) -> int:
    from dlthub_tui.cli.log_output import follow_to_end
    from dlthub_tui.cli.shapes import run_shape
    from dlthub_tui.viewmodel import words
    from dlthub_tui.viewmodel.work.runs import rows_of

    spot = replace(spot, line=None)  # what is said is of the run
    assert spot.run is not None
    followed.address = "" if spot.run.status in TERMINAL_STATES else spot.address
    ended = await follow_to_end(connection, spot.place.workspace, spot.run, output)
    followed.address = ""
    if output.events and output.as_json:
        print(json.dumps({"event": "ended", **run_shape(spot.place, ended)}), flush=True)
    else:
        took = "" if ended.duration_seconds is None else f" after {words.duration(ended.duration_seconds)}"
        rows = rows_of(ended)
        loaded = "" if rows is None else f"; {words.plural(rows, 'row')} loaded"
        exits.say_error(f"{spot.address} {ended.status}{took}{loaded}.")
        await _tell_another_try(connection, spot, ended)
    return exits.DONE if ended.status == "completed" else exits.FAILED


async def _tell_another_try(connection: Connection, spot: Spot, ended: Run) -> None:
    """Where its job asks for that: who reads only that it failed starts it once more, beside the next try."""
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.client.runs import list_runs

    if ended.status != "failed" or spot.job is None:
        return
    try:
        newest = await list_runs(connection.control, spot.place.workspace.id, job_id=spot.job.id, limit=10)
    except ClientError:
        return  # it is told that the run failed, whoever falls silent now
    for run in newest.items:
        if run.is_another_try and run.previous_run_id == ended.id:
            exits.say_error(f"Another try of it: dlthub-tui logs {_with_run(spot, run).address} -f")


async def _last_run(spot: Spot, text: str) -> Spot:
    """The spot with a run: the one it names, or the job's last."""
    if spot.run is not None:
        return spot
    if spot.job is None:
        raise WrongUsage(f"{text} is a workspace. A run is WORKSPACE/JOB/NUMBER, or WORKSPACE/JOB for the last one.")
    if spot.job.latest_run is None:
        raise WrongUsage(f"{spot.address} has not run yet. Start it: dlthub-tui run {spot.address} -f")
    return _with_run(spot, spot.job.latest_run)


def _with_run(spot: Spot, run: Run) -> Spot:
    from dlthub_tui.session.names import Spot

    return Spot(spot.place, spot.job, run, spot.line)


def _output(*, as_json: bool, times: bool = False, events: bool = False) -> LogOutput:
    from dlthub_tui.cli.log_output import LogOutput

    return LogOutput(as_json=as_json, times=times, events=events, colour=not as_json and wants_colour())
