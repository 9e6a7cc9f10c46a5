"""A workspace with real jobs on a running platform, deployed by our own client as the home's owner."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from dlthub_tui.client import organizations
from dlthub_tui.client.administration import sign_in_as_owner
from dlthub_tui.client.errors import TimedOut
from dlthub_tui.client.models import Workspace
from dlthub_tui.embed.finding import find_platform
from dlthub_tui.session.connection import Connection, read_owner_key
from dlthub_tui.session.deploys import Deploy
from dlthub_tui.session.store import SessionStore


@asynccontextmanager
async def as_owner(home: Path) -> AsyncGenerator[Connection]:
    """The platform of this home, over its socket."""
    found = find_platform(home)
    assert found is not None
    assert found.control_plane is not None
    connection = Connection(
        found.control_plane, SessionStore(home / "client", uses_keyring=False), socket_path=found.socket
    )
    try:
        await connection.begin(await sign_in_as_owner(connection.open_plane, read_owner_key(home) or ""), is_kept=False)
        yield connection
    finally:
        await connection.aclose()


async def make_workspace(connection: Connection, organization: str, name: str, region: str = "eu1") -> Workspace:
    """A workspace in an organization, both made where they are missing."""
    plane = connection.control
    known = {one.name: one for one in await organizations.list_organizations(plane)}
    found = known.get(organization) or await organizations.create_organization(plane, organization)
    if found.dataplane_id is None:
        found = await organizations.set_region(plane, found.id, region)
    return await organizations.create_workspace(plane, found.id, name)


async def deploy_folder(connection: Connection, workspace: Workspace, folder: Path) -> None:
    """Sends a folder; once more where a busy machine did not answer in time."""
    deploy = Deploy(connection, workspace, folder.parent / "environments")
    try:
        for is_last in (False, False, True):
            try:
                await deploy.send(await deploy.prepare(folder, lambda _: None), lambda _: None)
            except TimedOut:
                if is_last:
                    raise
            else:
                return
    finally:
        deploy.close()
