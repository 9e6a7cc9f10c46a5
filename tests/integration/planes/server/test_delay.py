"""Answers of a kept connection do not wait until their head is confirmed."""

from __future__ import annotations

import time

import anyio
import httpx
import pytest
from fastapi import FastAPI

from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping

pytestmark = pytest.mark.anyio
# What Linux waits before it confirms a segment that nothing goes back with.
DELAYED_SECONDS = 0.04


async def test_later_answers_of_a_connection_come_at_once() -> None:
    stopping, listener, seconds = Stopping(), listen_tcp("127.0.0.1", 0), list[float]()
    server = AppServer(FastAPI(), [listener], stopping)

    async with anyio.create_task_group() as group:
        group.start_soon(server.serve)
        with anyio.fail_after(240):
            await server.wait_ready()
            async with httpx.AsyncClient(trust_env=False, timeout=240) as client:
                # Of a busy machine's answers some take longer than that; with the defect each of them does.
                while len(seconds) < 26 and sum(each < DELAYED_SECONDS for each in seconds[2:]) < 2:
                    begun = time.perf_counter()
                    await client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/openapi.json")
                    seconds.append(time.perf_counter() - begun)
        server.stop()
    listener.close()

    assert sum(each < DELAYED_SECONDS for each in seconds[2:]) == 2, seconds
