"""What a demo begins with: an owner, an organization in each region, and runs that were really run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dlthub_tui.cli.tour.platform import NoDemo
from dlthub_tui.embed.finding import find_platform
from dlthub_tui.paths import example_folder

if TYPE_CHECKING:
    from dlthub_tui.client.models import Workspace
    from dlthub_tui.session.connection import Connection

OWNER = "ana@orchard.example"
SECRET = "SHOP__API_KEY"  # noqa: S105 - a name
_RUN_SECONDS = 900
_LAST = frozenset({"completed", "failed", "cancelled", "skipped"})


@dataclass(frozen=True, slots=True)
class Seed:
    """A workspace with a past. `runs` are names of jobs, in the order in which they are run."""

    organization: str
    region: str
    workspace: str
    example: str
    runs: tuple[str, ...]


SEEDS = (
    Seed("vineyard", "us1", "cellar", "fruitshop", ("receive_orders", "print_labels", *["receive_orders"] * 4)),
    Seed("orchard", "eu1", "weather", "weather", ("load", "careless", "broken", "load")),
)


async def seed(home: Path, key: str, say: Callable[[str], None]) -> None:
    """Makes and runs everything. `key` is the secret that the shop's job prints. Raises: NoDemo, ClientError."""
    async with _as_first_owner(home) as connection:
        for one in SEEDS:
            say(f"{one.organization} in {one.region}: deploying {one.workspace}, running {len(one.runs)} jobs.")
            workspace = await _workspace(connection, one)
            await set_secret(connection, workspace, key)
            await _deploy(home, connection, workspace, example_folder(one.example))
            for name in one.runs:
                await _run(connection, workspace, name)


async def set_secret(connection: Connection, workspace: Workspace, key: str) -> None:
    """The key of the shop, as the profile's secret."""
    from dlthub_tui.client.variables import set_variable

    region = await connection.region(workspace)
    await set_variable(region, workspace.id, "prod", SECRET, key, is_secret=True)


async def _workspace(connection: Connection, wanted: Seed) -> Workspace:
    from dlthub_tui.client import organizations

    plane = connection.control
    found = await organizations.create_organization(plane, wanted.organization)
    found = await organizations.set_region(plane, found.id, wanted.region)
    return await organizations.create_workspace(plane, found.id, wanted.workspace)


async def _deploy(home: Path, connection: Connection, workspace: Workspace, folder: Path) -> None:
    from dlthub_tui.session.deploys import Deploy, StepReport

    def silent(_: StepReport) -> None:
        """Nobody follows this deploy."""

    deploy = Deploy(connection, workspace, home / "client" / "environments")
    try:
        await deploy.send(await deploy.prepare(folder, silent), silent)
    finally:
        deploy.close()


async def _run(connection: Connection, workspace: Workspace, name: str) -> None:
    """Runs a job to its end, however that is."""
    from dlthub_tui.client.jobs import list_jobs, trigger
    from dlthub_tui.client.runs import get_run
    from dlthub_tui.session.names import jobs_named

    plane = connection.control
    (job,) = jobs_named(await list_jobs(plane, workspace.id), name)
    (receipt,) = await trigger(plane, workspace.id, [job.id])
    if receipt.run is None:
        raise NoDemo(f"{name} did not start: {receipt.status}. {' '.join(receipt.reasons)}")
    run = receipt.run
    with anyio.move_on_after(_RUN_SECONDS):
        while run.status not in _LAST:
            await anyio.sleep(0.2)
            run = await get_run(plane, workspace.id, run.id)
    if run.status not in _LAST:
        raise NoDemo(f"{name} did not end in {_RUN_SECONDS} s.")


@asynccontextmanager
async def _as_first_owner(home: Path) -> AsyncGenerator[Connection]:
    from dlthub_tui.client import sessions
    from dlthub_tui.client.organizations import get_me
    from dlthub_tui.session.connection import Connection, read_owner_key
    from dlthub_tui.session.store import SessionStore

    found = await anyio.to_thread.run_sync(find_platform, home)
    if found is None or found.control_plane is None:
        raise NoDemo(f"No platform runs for {home}.")
    store = SessionStore(home / "client", uses_keyring=False)
    connection = Connection(found.control_plane, store, socket_path=found.socket)
    try:
        owner_key = read_owner_key(home) or ""
        await connection.begin(
            await sessions.create_first_owner(connection.open_plane, owner_key, OWNER, None), is_kept=False
        )
        # The first look makes the owner's own organization, still without a region: the tour chooses it.
        await get_me(connection.control)
        yield connection
    finally:
        await connection.aclose()
