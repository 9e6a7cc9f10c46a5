"""Connections over Unix sockets through the loop's own transports.

`anyio.connect_unix` waits with a bare reader of the loop. Where bytes arrive in the same turn in which the read is
cancelled, as when a browser leaves while its app answers, that reader sets the result of a cancelled future, and the
loop reports `InvalidStateError` with a traceback (anyio 4.16; its issue 1267 mended the same race for closing alone).
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from anyio.abc import SocketStream


async def connect_unix(path: str | Path) -> SocketStream:
    """A connection to the socket at this path. Raises: OSError."""
    plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, str(path))
        return await SocketStream.from_socket(plain)
    except BaseException:
        plain.close()
        raise
