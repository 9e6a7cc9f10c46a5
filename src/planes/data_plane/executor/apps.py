"""Where an interactive run listens, and whether it answers (Contract: 5.4).

An app is told its port when it is started; the gateway and the health check reach it there, or through the unix socket
of the run's forwarder where it listens in a network of its own (`runner.forwarding`).
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import anyio
import anyio.abc

from planes.data_plane.runner.folders import RunFolder, app_socket, read_record, write_record
from planes.unix_sockets.connecting import connect_unix

Health = Literal["marimo", "streamlit", "mcp", "http"]

LOOPBACK = "127.0.0.1"
_PROBE_SECONDS = 5.0
_BETWEEN_PROBES_SECONDS = 0.1
_MOST_HEAD_BYTES = 4096
_PATHS = {"marimo": b"/health", "streamlit": b"/_stcore/health", "http": b"/"}
_NOT_READY = frozenset({502, 503, 504})
_INITIALIZE = json.dumps({
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "health", "version": "1"}},
}).encode()  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPlace:
    """`socket` is the forwarder's; None where there is none: then the app listens on this machine's loopback."""

    port: int
    health: Health
    socket: str | None = None


def health_of(launcher: str) -> Health:
    """How apps of a launcher (its module's name) say that they are ready."""
    known: dict[str, Health] = {
        "marimo": "marimo", "dashboard": "marimo", "streamlit": "streamlit", "mcp": "mcp",
    }  # fmt: skip
    return known.get(launcher.rpartition(".")[2], "http")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return found.getsockname()[1]


def write_app(run: Path, place: AppPlace) -> None:
    """Notes the place in the run's folder, so that it is known after a restart. May run twice."""
    folder = RunFolder(run)
    folder.control.mkdir(mode=0o700, exist_ok=True)
    record: dict[str, Any] = {"port": place.port, "health": place.health}
    write_record(folder.control / "app.json", record)


def find_app(run: Path) -> AppPlace | None:
    """The place of an interactive run; None for any other."""
    folder = RunFolder(run)
    record, runner = read_record(folder.control / "app.json"), read_record(folder.runner_path)
    if record is None:
        return None
    return AppPlace(**record, socket=None if runner is None else str(app_socket(Path(runner["socket"]))))


async def wait_healthy(place: AppPlace) -> None:
    """Returns when the app answers; waits as long as that takes, so run it beside the wait for the run's end."""
    while True:
        if await is_healthy(place):
            return
        await anyio.sleep(_BETWEEN_PROBES_SECONDS)  # nothing announces that a port answers


async def is_healthy(place: AppPlace) -> bool:
    """Whether the app answers as one that is ready."""
    try:
        with anyio.fail_after(_PROBE_SECONDS):
            status = await _ask(place)
    except (OSError, TimeoutError, anyio.EndOfStream, anyio.BrokenResourceError, ValueError):
        return False
    match place.health:
        case "mcp":
            # FastMCP has no route for its health, and its path may be set by the job: whatever it answers, it is there.
            return 200 <= status < 500
        case "http":
            # A server of the job's own says what it likes of a page that it may not have, but that it is not ready.
            return status not in _NOT_READY
        case _:
            return status == 200


async def _ask(place: AppPlace) -> int:
    """The status of the answer to the probe. Raises: OSError, ValueError and what streams raise."""
    async with await _connect(place) as stream:
        await stream.send(_probe(place))
        head = b""
        while b"\r\n" not in head and len(head) < _MOST_HEAD_BYTES:
            head += await stream.receive()
    return int(head.split(b" ", 2)[1])


async def _connect(place: AppPlace) -> anyio.abc.ByteStream:
    if place.socket is not None:
        return await connect_unix(place.socket)
    return await anyio.connect_tcp(LOOPBACK, place.port)


def _probe(place: AppPlace) -> bytes:
    common = f"host: localhost:{place.port}\r\nconnection: close\r\n".encode()
    if place.health == "mcp":
        return (
            b"POST /mcp HTTP/1.1\r\n" + common + b"content-type: application/json\r\n"
            b"accept: application/json, text/event-stream\r\n"
            + f"content-length: {len(_INITIALIZE)}\r\n\r\n".encode()
            + _INITIALIZE
        )
    path = _PATHS[place.health]
    return b"GET " + path + b" HTTP/1.1\r\n" + common + b"\r\n"
