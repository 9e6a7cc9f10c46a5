"""The connections to an app that has ended are closed, wherever the requests to it stand."""

from __future__ import annotations

import socket
from pathlib import Path

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from tests.fakes.silence import silent_at_path, silent_at_port, until_closed

from planes.data_plane.api.gateway.proxying import AppTransport, AppTransports
from planes.data_plane.executor.apps import AppPlace
from planes.data_plane.services.apps import App
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio
# From before the connection is begun until the answer is waited for.
TURNS = 20


def app() -> App:
    return App(
        run_id=new_id(),
        organization_id=new_id(),
        workspace_id=new_id(),
        job_id=new_id(),
        job_ref="jobs.notes.board",
        profile="access",
    )


def listening(folder: Path, kind: str) -> tuple[socket.socket, AppPlace]:
    """An app that never answers, and where it is."""
    if kind == "tcp":
        silent, port = silent_at_port()
        return silent, AppPlace(port=port, health="http")
    return silent_at_path(folder / "s"), AppPlace(port=80, health="http", socket=str(folder / "s"))


async def ask(transport: AppTransport, port: int) -> None:
    with pytest.raises(httpx.ConnectError, match="were ended"):
        await transport.handle_async_request(httpx.Request("GET", f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("turns", range(TURNS))
async def test_a_request_ends_with_its_app_and_leaves_no_connection(tmp_path: Path, turns: int, kind: str) -> None:
    silent, place = listening(tmp_path, kind)
    transports = AppTransports()
    transport = transports.of(app(), place)
    with silent:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, transport, place.port)
            for _ in range(turns):
                await checkpoint()
            await transports.keep_only(())
        await until_closed(silent)


async def test_nothing_is_asked_after_the_end(tmp_path: Path) -> None:
    silent, place = listening(tmp_path, "unix")
    with silent:
        transport = AppTransports().of(app(), place)
        await transport.aclose()

        await ask(transport, place.port)

        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()
