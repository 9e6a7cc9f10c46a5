"""A server that takes connections and says nothing: what of them stays open when their other end is closed."""

from __future__ import annotations

import socket
from pathlib import Path

from anyio import to_thread


def silent_at_port() -> tuple[socket.socket, int]:
    """One at a free port of this machine, and the port."""
    silent = socket.create_server(("127.0.0.1", 0))
    return silent, silent.getsockname()[1]


def silent_at_path(path: Path) -> socket.socket:
    """One at a unix socket."""
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(path))
    silent.listen()
    return silent


async def until_closed(silent: socket.socket) -> None:
    """Until the other end has closed the connection that it made, if it made one. Raises: TimeoutError."""
    silent.setblocking(False)
    try:
        connection, _ = silent.accept()
    except BlockingIOError:
        return
    with connection:
        connection.settimeout(240)
        while await to_thread.run_sync(connection.recv, 65536):
            pass
