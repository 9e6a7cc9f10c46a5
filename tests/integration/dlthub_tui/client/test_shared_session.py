"""A stored session that several processes of one user renew, at a real control plane."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, identity_stage

from dlthub_tui.client.errors import NotSignedIn
from dlthub_tui.client.sessions import TokenPair
from dlthub_tui.session.connection import Connection
from dlthub_tui.session.store import SessionStore
from planes.server.listening import AppServer, listen_tcp

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(stage: IdentityStage) -> AsyncGenerator[str]:
    with closing(listen_tcp("127.0.0.1", 0)) as listener:
        server = AppServer(stage.plane.app, [listener], stage.plane.stopping)
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            with anyio.fail_after(240):
                await server.wait_ready()
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.stop()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[IdentityStage]:
    async with identity_stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'control.db'}") as opened:
        yield opened


@pytest.fixture
async def url(stage: IdentityStage) -> AsyncGenerator[str]:
    async with served(stage) as address:
        yield address


def pair_of(somebody: Caller) -> TokenPair:
    return TokenPair(jwt=somebody.jwt, refresh_token=somebody.refresh_token, email=somebody.email)


def connection_of(url: str, folder: Path) -> Connection:
    return Connection(url, SessionStore(folder, uses_keyring=False))


async def who(connection: Connection) -> str:
    return (await connection.control.get("/api/v1/me"))["email"]


async def test_a_command_that_renewed_the_session_ends_it_for_no_app(
    stage: IdentityStage, url: str, tmp_path: Path
) -> None:
    owner = await stage.first_owner()
    app, command = (connection_of(url, tmp_path / "client") for _ in range(2))
    await app.begin(pair_of(owner), is_kept=True)
    assert await command.resume()
    stage.clock.advance(hours=1, seconds=1)

    assert await who(command) == owner.email
    stage.clock.advance(seconds=11)  # a spent refresh token is forgiven for ten
    assert await who(app) == owner.email
    stage.clock.advance(hours=2)
    assert [await who(command), await who(app)] == [owner.email, owner.email]

    for connection in (app, command):
        await connection.aclose()


async def test_who_is_signed_out_takes_no_session_of_others_along(
    stage: IdentityStage, url: str, tmp_path: Path
) -> None:
    owner = await stage.first_owner()
    other = await stage.add_user(owner, "ben@orchard.example")
    app, command = (connection_of(url, tmp_path / "client") for _ in range(2))
    await app.begin(pair_of(owner), is_kept=True)
    await command.begin(pair_of(other), is_kept=True)
    assert (await stage.post("/auth/v1/sessions/-revoke", None, {"refresh_token": owner.refresh_token})).is_success

    with pytest.raises(NotSignedIn):
        await who(app)
    assert await command.resume()
    assert await who(command) == other.email

    for connection in (app, command):
        await connection.aclose()


async def test_an_older_session_in_the_store_is_not_taken(stage: IdentityStage, url: str, tmp_path: Path) -> None:
    owner = await stage.first_owner()
    app, stale = (connection_of(url, tmp_path / "client") for _ in range(2))
    await app.begin(pair_of(owner), is_kept=True)
    await stale.begin(pair_of(owner), is_kept=True)
    stage.clock.advance(hours=1, seconds=1)
    assert await who(app) == owner.email
    await stale.begin(pair_of(owner), is_kept=True)  # as when a newer one could not be written
    stage.clock.advance(hours=1, seconds=1)

    assert await who(app) == owner.email

    for connection in (app, stale):
        await connection.aclose()
