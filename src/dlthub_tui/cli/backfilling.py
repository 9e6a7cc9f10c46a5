"""The one-line command that loads a job's past once more, in slices side by side (docs/cli.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import anyio
from cyclopts import Parameter

from dlthub_tui.cli import exits
from dlthub_tui.cli.options import Home, JobName, JsonOf, Switch, Url, Whole
from dlthub_tui.cli.reaching import Followed, WrongUsage, worked

if TYPE_CHECKING:
    from dlthub_tui.client.backfills import Backfill, Slice
    from dlthub_tui.session.connection import Connection
    from dlthub_tui.session.names import Spot

_LOOKS_AGAIN_SECONDS = 1.0
Wait = Annotated[bool, Parameter(name=("--follow", "-f"), negative="", show_default=False)]


def backfill(
    job: JobName,
    /,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    slice_: Annotated[str | None, Parameter(name="--slice")] = None,
    parallel: Whole | None = None,
    attempts: Whole = 1,
    profile: str | None = None,
    dry_run: Switch = False,
    follow: Wait = False,
    status: Switch = False,
    cancel: Switch = False,
    resume: Switch = False,
    home: Home = None,
    url: Url = None,
    as_json: JsonOf = False,
) -> int:
    """Load a stretch of a job's past once more, in slices side by side. Its schedule goes on beside it.

    Ctrl+C stops the watching, never the backfill.

    Parameters
    ----------
    job
        [ORGANIZATION/]WORKSPACE/JOB, a job with a schedule or a period.
    from_
        Begin here: 2026-01-01, in the job's time zone; default: where its declared interval begins.
    to
        End here; default: the declared end, or what has elapsed.
    slice_
        How much each run loads: 30m, 6h, 1d, 1w.
    parallel
        How many slices at a time, up to 32; default: as many as the job lets run, four at most.
    attempts
        How often a slice is tried, up to 10.
    profile
        Run with this profile; default: the one of the workspace's jobs.
    dry_run
        Start nothing; say which slices it would be.
    follow
        Say each slice as it ends, and exit as the backfill ends: 0 completed, 1 not.
    status
        Start nothing; say where the job's newest backfill stands.
    cancel
        Cancel the job's newest backfill.
    resume
        Load again what failed or was cancelled of the job's newest backfill.
    as_json
        One JSON object on one line; with -f one for each slice that ends, then the backfill.
    """
    verbs = [name for name, is_given in (("status", status), ("cancel", cancel), ("resume", resume)) if is_given]

    async def act(connection: Connection, followed: Followed) -> int:
        from dlthub_tui.session.names import find_spot

        if len(verbs) > 1 or (verbs and (from_ or to or slice_ or dry_run)):
            raise WrongUsage("--status, --cancel and --resume are of a backfill that is there; each stands alone.")
        if not verbs and slice_ is None:
            raise WrongUsage("How much is one slice? Say --slice 1d, or 30m, 6h, 1w.")
        spot = await find_spot(connection.control, job)
        if spot.job is None or spot.run is not None:
            raise WrongUsage(f"{job} is no job. A job is WORKSPACE/JOB; dlthub-tui jobs WORKSPACE lists them.")
        wanted: dict[str, Any] = {
            "start": from_, "end": to, "slice": slice_, "parallel": parallel, "attempts": attempts,
            "profile": profile, "dry_run": dry_run,
        }  # fmt: skip
        found = await _ordered(connection, spot, verbs[0] if verbs else "", wanted)
        if not follow or not found.id:
            _say(found, spot, as_json=as_json)
            return exits.DONE
        return await _watch(connection, spot, found, followed, as_json=as_json)

    return worked(home, url, act)


async def _ordered(connection: Connection, spot: Spot, verb: str, wanted: dict[str, Any]) -> Backfill:
    from dlthub_tui.client import backfills

    assert spot.job is not None
    plane, workspace_id = connection.control, spot.place.workspace.id
    if not verb:
        return await backfills.start_backfill(plane, workspace_id, spot.job.id, wanted)
    listed = await backfills.list_backfills(plane, workspace_id, spot.job.id)
    if not listed:
        raise WrongUsage(f"{spot.address} was never backfilled.")
    change = {
        "status": backfills.get_backfill, "cancel": backfills.cancel_backfill, "resume": backfills.resume_backfill,
    }[verb]  # fmt: skip
    return await change(plane, workspace_id, listed[0].id)


async def _watch(connection: Connection, spot: Spot, found: Backfill, followed: Followed, *, as_json: bool) -> int:
    """Says each slice as it ends, until the backfill has ended.

    Goes on when the control plane was away. Raises: NotReachable after ten minutes without an answer.
    """
    from dlthub_tui.cli.patience import SILENT, Patience
    from dlthub_tui.client.backfills import UNDER_WAY, get_backfill

    told: dict[int, str] = {}
    patience = Patience("the backfill")
    followed.address = ""
    while True:
        for each in found.slices:
            if each.state not in {"waiting", "active"} and told.get(each.position) != each.state:
                told[each.position] = each.state
                if as_json:
                    print(json.dumps({"event": "slice", **_slice_shape(each)}), flush=True)
                else:
                    number = f" (run {each.run_number})" if each.run_number is not None else ""
                    exits.say_error(f"{each.start:%Y-%m-%d %H:%M} to {each.end:%Y-%m-%d %H:%M} {each.state}{number}")
        if found.state not in UNDER_WAY:
            break
        await anyio.sleep(_LOOKS_AGAIN_SECONDS)
        try:
            found = await get_backfill(connection.control, spot.place.workspace.id, found.id)
        except SILENT as exc:
            await patience.wait_after(exc)
            continue
        patience.end("The control plane")
    _say(found, spot, as_json=as_json, event="ended")
    return exits.DONE if found.state == "completed" else exits.FAILED


def _say(found: Backfill, spot: Spot, *, as_json: bool, event: str = "") -> None:
    if as_json:
        print(json.dumps({**({"event": event} if event else {}), **backfill_shape(found)}), flush=True)
        return
    from dlthub_tui.viewmodel import words
    from dlthub_tui.viewmodel.work.backfills import size_of

    what = "Would load" if not found.id else f"Backfill {found.state}:"
    parts = [f"{count} {state}" for state, count in found.counts.items() if count]
    span = f"{found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC"
    exits.say_error(
        f"{what} {spot.address}, {span}, {words.plural(found.total, 'slice')} of {size_of(found)}, "
        f"{found.parallel} at a time: {', '.join(parts)}."
    )


def backfill_shape(found: Backfill) -> dict[str, Any]:
    """A backfill for programs; its keys only grow."""
    return {
        "id": found.id or None,
        "job_ref": found.job_ref,
        "state": found.state,
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        "slice": found.slice_size,
        "parallel": found.parallel,
        "attempts": found.attempts,
        "profile": found.profile,
        "slices_total": found.total,
        "counts": dict(found.counts),
        "created_at": found.created_at.isoformat(),
        "finished_at": found.finished_at.isoformat() if found.finished_at else None,
        "slices": [_slice_shape(each) for each in found.slices],
    }


def _slice_shape(each: Slice) -> dict[str, Any]:
    return {
        "position": each.position,
        "start": each.start.isoformat(),
        "end": each.end.isoformat(),
        "state": each.state,
        "run_number": each.run_number,
        "attempt": each.attempt,
    }
