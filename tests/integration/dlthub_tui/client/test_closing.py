"""Who closes a transport leaves nothing open, wherever its requests stand."""

from __future__ import annotations

import socket
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint
from tests.fakes.silence import silent_at_path, silent_at_port, until_closed

from dlthub_tui.client.errors import NotReachable
from dlthub_tui.client.transport import Transport

pytestmark = pytest.mark.anyio
# From before the connection is begun until the answer is waited for.
TURNS = 20


async def ask(plane: Transport) -> None:
    with pytest.raises(NotReachable, match="this connection was ended"):
        await plane.get("/")


def listening(place: Path) -> tuple[socket.socket, Transport]:
    """A server that says nothing, at this path of a socket or at a port, and a transport to it."""
    if place.name == "tcp":
        silent, port = silent_at_port()
        return silent, Transport(f"http://127.0.0.1:{port}")
    return silent_at_path(place), Transport("http://127.0.0.1:1", socket_path=str(place))


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("turns", range(TURNS))
async def test_a_request_ends_with_its_transport_and_leaves_no_connection(
    turns: int, kind: str, tmp_path: Path
) -> None:
    silent, plane = listening(tmp_path / kind)
    with silent:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, plane)
            for _ in range(turns):
                await checkpoint()
            await plane.aclose()
        await until_closed(silent)
