"""Whom a command speaks to before it says who it is."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from dlthub_tui.cli.reaching import Target, reached
from dlthub_tui.client.errors import NoControlPlane
from dlthub_tui.settings import KEY_VARIABLE

pytestmark = [pytest.mark.anyio]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("200 OK", b"<html>"),
        ("200 OK", b'{"hello": 1}'),
        ("200 OK", b'{"fingerprints": []}'),
        ("401 Unauthorized", b"<html>"),
        ("404 Not Found", b'{"detail": "Not Found"}'),
    ],
)
async def test_what_is_no_control_plane_gets_no_key(
    head: str, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    async def answer(stream: SocketStream) -> None:
        async with stream:
            heard.append(await stream.receive())
            await stream.send(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await anyio.sleep_forever()

    monkeypatch.setenv(KEY_VARIABLE, "the-key-of-a-script")
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        port = listener.extra(SocketAttribute.local_port)
        with pytest.raises(NoControlPlane):
            async with reached(Target(tmp_path, f"http://127.0.0.1:{port}")):
                pass
        looks_up = await asyncio.get_running_loop().run_in_executor(None, threading.current_thread)
        assert looks_up.name.startswith("lookup")  # so that the end waits for no name server
        tasks.cancel_scope.cancel()

    assert len(heard) == 1
    assert b"the-key-of-a-script" not in heard[0]
