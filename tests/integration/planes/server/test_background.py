"""An application whose loops fail does not go on as if it were whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from fastapi import FastAPI

from planes.server.background import in_background
from planes.server.listening import AppServer, PlaneFailed, listen_tcp
from planes.server.streams import Stopping

pytestmark = pytest.mark.anyio


def application(stopping: Stopping, breaks: anyio.Event, ended: list[str]) -> FastAPI:
    async def loop() -> None:
        try:
            await breaks.wait()
            raise ValueError("of a defect")
        finally:
            ended.append("loop")

    async def other() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("other")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with in_background([loop, other], stopping):
            yield

    return FastAPI(lifespan=lifespan)


async def test_a_failed_loop_ends_the_server_and_is_told() -> None:
    stopping, breaks, ended = Stopping(), anyio.Event(), list[str]()
    listener = listen_tcp("127.0.0.1", 0)
    server = AppServer(application(stopping, breaks, ended), [listener], stopping)

    async def break_when_ready() -> None:
        await server.wait_ready()
        async with httpx.AsyncClient(trust_env=False, timeout=240) as client:
            answer = await client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/openapi.json")
            assert answer.status_code == 200
        breaks.set()

    async def serve_and_break() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(break_when_ready)
            group.start_soon(server.serve)

    with anyio.fail_after(240):
        with pytest.raises(ExceptionGroup) as caught:
            await serve_and_break()
        await server.wait_stopped()

    assert caught.group_contains(PlaneFailed)
    assert isinstance(stopping.failure, ValueError)
    assert sorted(ended) == ["loop", "other"]


async def test_an_end_that_was_asked_for_is_no_failure() -> None:
    stopping, ended = Stopping(), list[str]()
    server = AppServer(application(stopping, anyio.Event(), ended), [listen_tcp("127.0.0.1", 0)], stopping)

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            await server.wait_ready()
            server.stop()

    assert stopping.failure is None
    assert sorted(ended) == ["loop", "other"]
