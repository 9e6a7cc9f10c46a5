"""The main job without a terminal: planes, an owner, an organization in a region, a deploy, a run and its log."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.cli.tour.folders import remove_left_behind, temporary_folder
from dlthub_tui.paths import example_folder
from dlthub_tui.settings import our_version

if TYPE_CHECKING:
    from collections.abc import Generator

    from dlthub_tui.client.models import Run, Workspace
    from dlthub_tui.embed.embedded import Platform
    from dlthub_tui.session.connection import Connection

REGION = "eu1"
OWNER = "owner@dlthub-tui.example"
JOBS = ("jobs.weather.load", "jobs.housekeeping.careless")
_SECONDS = 900
_LAST = frozenset({"completed", "failed", "cancelled", "skipped"})


class MainJobFailed(Exception):
    """A run of the main job did not complete."""


def run_main_job(home: Path | None) -> int:
    """Runs it in this home, or in a temporary one that is gone afterwards; answers the exit code."""
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.embed.serving import CannotStart

    exits.put_away_on_signals()
    try:
        with _home(home) as folder:
            anyio.run(_main_job, folder)
    except (ClientError, CannotStart, MainJobFailed, TimeoutError) as exc:
        exits.say_error(str(exc) or f"The main job took more than {_SECONDS} s.")
        return exits.FAILED
    return exits.DONE


@contextmanager
def _home(given: Path | None) -> Generator[Path]:
    if given is not None:
        yield given
        return
    remove_left_behind()
    with temporary_folder() as folder:
        yield folder / "home"


async def _main_job(home: Path) -> None:
    from dlthub_tui.embed.embedded import EmbeddedPlatform

    planes = EmbeddedPlatform(home, our_version, port=0)
    with anyio.fail_after(_SECONDS):
        platform = await planes.start(_say)
        _say(f"Control plane at {platform.control_plane_url}.")
        try:
            async with _signed_in(home, platform) as connection:
                await _deploy_and_run(home, connection)
        finally:
            with anyio.CancelScope(shield=True):
                await planes.leave(keep_running=False)


async def _deploy_and_run(home: Path, connection: Connection) -> None:
    from dlthub_tui.client.jobs import list_jobs, trigger
    from dlthub_tui.session.deploys import Deploy, StepReport

    workspace = await _workspace(connection)
    _say(f"Organization orchard is locked to {REGION}. Workspace {workspace.name} lives there.")

    def report(step: StepReport) -> None:
        if step.state != "running":
            _say(f"{step.step}: {step.detail or f'{step.total_bytes:,} bytes'}")

    deploy = Deploy(connection, workspace, home / "client" / "environments")
    try:
        difference = await deploy.prepare(example_folder(), report)
        await deploy.send(difference, report)
    finally:
        deploy.close()
    jobs = {job.job_ref: job.id for job in await list_jobs(connection.control, workspace.id, recent_runs=0)}
    for job_ref in JOBS:
        started = await trigger(connection.control, workspace.id, [jobs[job_ref]])
        if started[0].run is None:
            raise MainJobFailed(f"{job_ref} did not start: {started[0].status}. {' '.join(started[0].reasons)}")
        await _follow(connection, workspace, started[0].run, job_ref)


async def _follow(connection: Connection, workspace: Workspace, run: Run, job_ref: str) -> None:
    """Prints the log as it comes, scrubbed once more, then waits for the run's end."""
    from dlthub_tui.client import logs, runs
    from planes.scrub import scrub_text

    _say(f"Run {run.number} of {job_ref}:")
    region = await connection.region(workspace)
    async for line in logs.follow(region, workspace.id, run.id, 0):
        print(exits.inert(f"  {line.source:<6} {scrub_text(line.content)}"), flush=True)
    while run.status not in _LAST:
        run = await runs.get_run(connection.control, workspace.id, run.id)
        await anyio.sleep(0.1)
    _say(f"{job_ref} {run.status}.")
    if run.status != "completed":
        raise MainJobFailed(f"{job_ref} {run.status}; its log is above.")


async def _workspace(connection: Connection) -> Workspace:
    from dlthub_tui.client import organizations

    found = [one for one in await organizations.list_organizations(connection.control) if one.dataplane_id == REGION]
    if found:
        organization = found[0]
    else:
        organization = await organizations.create_organization(connection.control, "orchard")
        organization = await organizations.set_region(connection.control, organization.id, REGION)
    there = await organizations.list_workspaces(connection.control, organization.id)
    known = [workspace for workspace in there if workspace.name == "weather"]
    return known[0] if known else await organizations.create_workspace(connection.control, organization.id, "weather")


@asynccontextmanager
async def _signed_in(home: Path, platform: Platform) -> AsyncGenerator[Connection]:
    from dlthub_tui.client import sessions
    from dlthub_tui.client.administration import NoOwner, sign_in_as_owner
    from dlthub_tui.session.connection import Connection, read_owner_key
    from dlthub_tui.session.store import SessionStore

    store = SessionStore(home / "client", uses_keyring=False)
    connection = Connection(platform.control_plane_url, store, socket_path=platform.socket_path)
    try:
        owner_key = read_owner_key(home) or ""
        try:
            pair = await sign_in_as_owner(connection.open_plane, owner_key)
        except NoOwner:
            pair = await sessions.create_first_owner(connection.open_plane, owner_key, OWNER, None)
        await connection.begin(pair, is_kept=False)
        yield connection
    finally:
        await connection.aclose()


def _say(sentence: str) -> None:
    exits.say_error(sentence)
