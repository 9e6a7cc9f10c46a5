"""Who connects in the moment in which a server ends is answered or sees the connection end."""

from __future__ import annotations

import socket
from contextlib import suppress

import anyio
import pytest
from anyio.lowlevel import checkpoint
from fastapi import FastAPI

from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping

REQUEST = b"GET /nowhere HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("turns", range(6))]


async def end_after(turns: int, late: socket.socket, *, is_cancelled: bool) -> None:
    """So many turns of the loop after it connects: one of them accepts it, the next makes its transport."""
    listener = listen_tcp("127.0.0.1", 0)
    server = AppServer(FastAPI(), [listener], Stopping(), grace_seconds=90)
    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            await server.wait_ready()
            late.connect(listener.getsockname())
            late.sendall(REQUEST)
            for _ in range(turns):
                await checkpoint()
            if is_cancelled:
                group.cancel_scope.cancel()
            else:
                server.stop()
    late.settimeout(10)


async def test_a_stop_leaves_nobody_waiting(turns: int) -> None:
    with socket.socket() as late:
        await end_after(turns, late, is_cancelled=False)
        with suppress(ConnectionResetError):  # it was not accepted yet
            assert late.recv(12) == b"HTTP/1.1 404"


async def test_a_server_that_is_cancelled_leaves_nobody_waiting(turns: int) -> None:
    with socket.socket() as late:
        await end_after(turns, late, is_cancelled=True)
        with suppress(ConnectionResetError):
            assert late.recv(12) in (b"", b"HTTP/1.1 404")
