"""Polls over a real server: hanging up, and stopping."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from tests.fakes.control_stage import Stage, definition

from planes.server.listening import AppServer, listen_tcp
from planes.tokens.link_proof import sign_call

pytestmark = pytest.mark.anyio

BODY = {"free_slots": 8, "held": [], "url": "http://127.0.0.1:8402", "epoch": 0}


@asynccontextmanager
async def served(stage: Stage) -> AsyncGenerator[tuple[AppServer, int]]:
    listener = listen_tcp("127.0.0.1", 0)
    server = AppServer(stage.plane.app, [listener], stage.plane.stopping, grace_seconds=90)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            with anyio.fail_after(240):
                await server.wait_ready()
            try:
                yield server, listener.getsockname()[1]
            finally:
                server.stop()
                with anyio.CancelScope(shield=True):
                    await server.wait_stopped()
    finally:
        listener.close()


def raw_poll(stage: Stage, port: int) -> bytes:
    content = json.dumps(BODY).encode()
    token = sign_call(stage.keys["eu1"], "eu1", "POST", "/link/v1/-poll", content, stage.clock.now())
    head = (
        f"POST /link/v1/-poll HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def test_run_is_not_given_to_a_poll_whose_plane_has_died(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    async with served(stage) as (_, port):
        dead = socket.create_connection(("127.0.0.1", port))
        dead.sendall(raw_poll(stage, port))
        with anyio.fail_after(240):
            while not stage.parts.news._events.get("eu1"):
                await anyio.sleep(0.01)
        dead.close()
        await stage.trigger(ids["load"])
        with anyio.fail_after(240):
            while any("run_asgi" in repr(task) for task in asyncio.all_tasks()):
                await anyio.sleep(0.01)
            left_alone = await stage.runs()
            answer = await stage.poll()

    assert [run["status"] for run in left_alone] == ["pending"]
    assert [lease["fence"] for lease in answer["leases"]] == [1]


async def test_open_poll_does_not_hold_up_a_stop(stage: Stage) -> None:
    answers: list[httpx.Response] = []
    async with served(stage) as (server, port), httpx.AsyncClient(trust_env=False, timeout=30) as client:
        content = json.dumps(BODY).encode()
        token = sign_call(stage.keys["eu1"], "eu1", "POST", "/link/v1/-poll", content, stage.clock.now())
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

        async def poll() -> None:
            url = f"http://127.0.0.1:{port}/link/v1/-poll"
            answers.append(await client.post(url, content=content, headers=headers))

        with anyio.fail_after(20):  # a poll that nobody ends takes 25
            async with anyio.create_task_group() as group:
                group.start_soon(poll)
                while not stage.parts.news._events.get("eu1"):
                    await anyio.sleep(0.01)
                server.stop()

    assert [answer.status_code for answer in answers] == [200]
