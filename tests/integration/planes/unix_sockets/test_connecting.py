"""A read over a Unix socket that is cancelled in the turn in which bytes arrive leaves no error in the loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from planes.unix_sockets.connecting import UnixTransport, connect_unix


@pytest.fixture
def listener(tmp_path: Path) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        yield listening


async def read_of_stream(path: str, ready: Callable[[], None]) -> None:
    async with await connect_unix(path) as stream:
        ready()
        await stream.receive()


async def read_of_transport(path: str, ready: Callable[[], None]) -> None:
    async with (
        UnixTransport(path, httpx.Limits()) as transport,
        httpx.AsyncClient(transport=transport, base_url="http://app", timeout=240) as client,
    ):

        async def body() -> AsyncGenerator[bytes]:
            yield b"x"
            ready()

        await client.post("/", content=body())


@pytest.mark.parametrize("read", [read_of_stream, read_of_transport])
def test_a_read_that_is_cancelled_as_bytes_arrive_leaves_no_error(
    listener: socket.socket, read: Callable[[str, Callable[[], None]], Awaitable[None]]
) -> None:
    reported: list[dict[str, Any]] = []
    peers: list[socket.socket] = []

    async def cancel_as_bytes_arrive() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: reported.append(context))
        with anyio.CancelScope() as scope:

            def arrive() -> None:
                peer, _ = listener.accept()
                peers.append(peer)
                peer.send(b"HTTP/1.1 200 OK\r\n")
                # Runs in the loop's next turn, before what that turn's look at the sockets finds.
                loop.call_soon(scope.cancel)

            # The reader waits by then: a turn for each step to its read.
            def in_turns(left: int = 50) -> None:
                loop.call_soon(in_turns, left - 1) if left else arrive()

            await read(listener.getsockname(), in_turns)
        assert scope.cancelled_caught
        await anyio.lowlevel.checkpoint()
        for peer in peers:
            peer.close()

    asyncio.run(cancel_as_bytes_arrive())
    assert reported == []


async def ask(path: Path, address: str) -> tuple[httpx.Response, bytes]:
    """The answer of a server behind the socket, and the head that it was sent."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        writer.close()

    async with (
        await asyncio.start_unix_server(answer, path),
        httpx.AsyncClient(transport=UnixTransport(str(path), httpx.Limits()), timeout=240) as client,
    ):
        return await client.get(f"{address}/own/v1/health"), heads[0]


@pytest.mark.parametrize("address", ["https://control.example", "https://control.example:8443"])
def test_a_platform_whose_clients_come_by_tls_answers_over_its_socket(tmp_path: Path, address: str) -> None:
    answer, head = asyncio.run(ask(tmp_path / "s", address))

    assert (answer.text, str(answer.request.url)) == ("ok", f"{address}/own/v1/health")
    assert f"\r\nhost: {address.removeprefix('https://')}\r\n".encode() in head.lower()
